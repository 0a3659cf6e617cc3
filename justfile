# Common tasks. `just` lists them; https://just.systems explains the format.

default:
    @just --list

# Serve the whole gateway on this machine, with a scripted Bedrock and an embedded DynamoDB.
run *ARGS:
    cargo run -- {{ ARGS }}

# Run the tests that need only Rust. `just test store::` filters them.
test *FILTER:
    cargo test --workspace {{ FILTER }}

# Run the tests with every cell of the tables that a normal run rotates through.
test-full:
    STARGATE_TEST_FULL=1 cargo test --workspace

# Format the code and check it as CI does.
check:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Run the stages of CI, or some of them: `just ci test clients`.
ci *STAGES:
    .ci/run {{ STAGES }}

# Write the documents that tests generate: docs/FAULTS.md and docs/CLIENTS.md.
generate:
    UPDATE_DOCS=1 cargo test --workspace fault_table
    python3 tests/external/clients/run.py --write

# Measure what the gateway adds to Bedrock, and its cold starts, in a release build.
bench:
    cargo build --release --workspace
    target/release/bench
    target/release/cold_start
