//! Who may import whom, read from the sources: `functions -> {web, auth, fault} -> store -> core`, and core imports core.
//!
//! A room of `shared` that is not named in [`EDGES`] is core. A failure names file, line and word.

mod code;

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `shared` that may be async, fail, read the clock or know a wire. Every other file is core.
const EDGES: [&str; 16] = [
    "auth",
    "clock",
    "config",
    "fault",
    "jwt",
    "lib",
    "offering",
    "offload",
    "origin",
    "panics",
    "standing",
    "store",
    "telemetry",
    "tokens",
    "vault",
    "web",
];

/// No file has two reasons to exist.
const LONGEST_FILE: usize = 400;

/// Words that a set of files may not contain. A word that ends in `_` or `::` is a prefix; `crate::x` also finds
/// `x` in `crate::{..}` and `super::x`.
struct Rule {
    applies: fn(&str) -> bool,
    words: &'static [&'static str],
    why: &'static str,
}

const RULES: [Rule; 5] = [
    Rule {
        applies: is_core,
        words: &[
            "tokio",
            "axum",
            "reqwest",
            "aws_",
            "lambda_",
            "http::",
            "async",
            ".await",
            "Timestamp::now",
            "Zoned::now",
            "SystemTime",
            "Instant",
            "crate::auth",
            "crate::clock",
            "crate::config",
            "crate::fault",
            "crate::store",
            "crate::telemetry",
            "crate::web",
        ],
        why: "core is pure: no async, AWS, HTTP or clock, and it imports core only",
    },
    Rule {
        applies: is_store,
        words: &["axum", "http::", "lambda_", "reqwest", "crate::auth", "crate::fault", "crate::web"],
        why: "the store does not know HTTP, nor who calls it",
    },
    Rule {
        applies: |file| !is_store(file) && !is_on_one_machine(file),
        words: &["aws_sdk_dynamodb"],
        why: "only the store names the DynamoDB SDK",
    },
    Rule {
        applies: |file| !is_room(file, "functions/inference/src/", "bedrock") && !is_on_one_machine(file),
        words: &["aws_sdk_bedrockruntime"],
        why: "only bedrock.rs of inference names the Bedrock SDK",
    },
    Rule {
        applies: |file| !is_on_one_machine(file),
        words: &["dynoxide", "stargate::"],
        why: "what stands in for AWS is for one machine and never deployed",
    },
];

/// What a function's manifest may not depend on: another function, or what only one machine needs.
const FUNCTIONS: [&str; 3] = ["budget-reset", "inference", "management"];

fn is_core(file: &str) -> bool {
    file.starts_with("shared/src/") && !EDGES.iter().any(|edge| is_room(file, "shared/src/", edge))
}

fn is_store(file: &str) -> bool {
    is_room(file, "shared/src/", "store")
}

fn is_on_one_machine(file: &str) -> bool {
    file.starts_with("infra/local/") || file.starts_with("tests/")
}

/// Whether `file` is `{folder}{room}.rs` or lies in `{folder}{room}/`.
fn is_room(file: &str, folder: &str, room: &str) -> bool {
    file.strip_prefix(folder)
        .and_then(|rest| rest.strip_prefix(room))
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Every breach of the import rule in one source file, as `file:line: word (why)`.
fn breaches(file: &str, source: &str) -> Vec<String> {
    let code = code::without_comments_and_strings(source);
    let rules = RULES.iter().filter(|rule| (rule.applies)(file));
    rules
        .flat_map(|rule| rule.words.iter().map(move |word| (rule, *word)))
        .flat_map(|(rule, word)| {
            let lines = code::lines_with(&code, word);
            lines.into_iter().map(move |line| format!("{file}:{line}: `{word}` ({})", rule.why))
        })
        .collect()
}

/// Dependencies of a deployed crate's manifest that would let it import what it may not. The server is made of functions.
fn manifest_breaches(file: &str, manifest: &str) -> Vec<String> {
    let own = file.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or_default();
    let mut found = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        let sibling = FUNCTIONS.contains(&name) && name != own && own != "server";
        if sibling || name == "stargate" || name == "dynoxide-rs" {
            found.push(format!("{file}:{}: `{name}` (a function imports `shared` only)", at + 1));
        }
    }
    found
}

/// A file too long to have one reason, and work that was put off.
fn loose_ends(file: &str, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let length = source.lines().count();
    if length > LONGEST_FILE {
        found.push(format!("{file}:{length}: longer than {LONGEST_FILE} lines: split it by noun"));
    }
    let put_off = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for (at, line) in source.lines().enumerate() {
        for word in put_off.iter().filter(|word| line.contains(**word)) {
            found.push(format!("{file}:{}: `{word}` (do it, or say in prose what is not done)", at + 1));
        }
    }
    found
}

/// The workspace's files that `wanted` picks, with their paths from the root and their text.
fn files(wanted: fn(&Path) -> bool) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let mut found = Vec::new();
    for top in ["functions", "infra", "shared", "tests"] {
        walk(&root.join(top), wanted, &mut found);
    }
    let named = |path: PathBuf| {
        let name =
            path.strip_prefix(root).expect("found under the root").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("a source file is UTF-8"))
    };
    found.into_iter().map(named).collect()
}

fn walk(folder: &Path, wanted: fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace") {
        let path = entry.expect("an entry of that folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules", "work"].contains(&name.as_str()) {
                walk(&path, wanted, found);
            }
        } else if wanted(&path) {
            found.push(path);
        }
    }
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_manifest(path: &Path) -> bool {
    path.ends_with("Cargo.toml")
}

fn assert_none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_import_rule_holds() {
    let sources = files(is_rust);
    assert!(sources.iter().any(|(file, _)| is_core(file)), "no core file was found: is the walk broken?");
    assert!(sources.iter().any(|(file, _)| is_store(file)), "no store file was found: is the walk broken?");
    let mut found: Vec<_> = sources.iter().flat_map(|(file, source)| breaches(file, source)).collect();
    for (file, manifest) in files(is_manifest).iter().filter(|(file, _)| !is_on_one_machine(file)) {
        found.extend(manifest_breaches(file, manifest));
    }
    assert_none(&found);
}

#[test]
fn no_file_is_long_and_none_puts_work_off() {
    let found: Vec<_> = files(is_rust).iter().flat_map(|(file, source)| loose_ends(file, source)).collect();
    assert_none(&found);
}

#[test]
fn a_planted_breach_is_found_with_its_line_and_word() {
    for (file, source, expected) in [
        ("shared/core/src/money.rs", "\nuse tokio::time;\n", "money.rs:2: `tokio`"),
        ("shared/core/src/money/decimal.rs", "pub async fn f() {}", "decimal.rs:1: `async`"),
        (
            "shared/core/src/entity/key.rs",
            "fn f() {\n    jiff::Timestamp::now();\n}",
            "key.rs:2: `Timestamp::now`",
        ),
        ("shared/core/src/entity/key.rs", "use http::StatusCode;", "key.rs:1: `http::`"),
        (
            "shared/core/src/entity/user.rs",
            "use crate::{\n    money::Nanos,\n    store::{Store, Item},\n};",
            "user.rs:3: `crate::store`",
        ),
        ("shared/src/a_new_room.rs", "use super::web::Json;", "a_new_room.rs:1: `crate::web`"),
        ("shared/src/store/entities/keys.rs", "use crate::fault::Fault;", "keys.rs:1: `crate::fault`"),
        ("shared/src/auth.rs", "use aws_sdk_dynamodb::Client;", "auth.rs:1: `aws_sdk_dynamodb`"),
        (
            "functions/inference/src/pipeline/stream.rs",
            "use aws_sdk_bedrockruntime as b;",
            "flow.rs:1: `aws_sdk_bedrockruntime`",
        ),
        ("functions/management/src/lib.rs", "stargate::run()", "lib.rs:1: `stargate::`"),
    ] {
        let found = breaches(file, source);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }
    let manifest = "[package]\nname = \"inference\"\n[dependencies]\nmanagement.workspace = true\n";
    let found = manifest_breaches("functions/inference/Cargo.toml", manifest);
    assert!(found.len() == 1 && found[0].contains("Cargo.toml:4: `management`"), "{found:?}");
    assert_eq!(loose_ends("a.rs", &"\n".repeat(LONGEST_FILE + 1)).len(), 1);
    assert_eq!(loose_ends("a.rs", concat!("// TO", "DO")).len(), 1);
}

#[test]
fn what_is_allowed_is_not_a_breach() {
    for (file, source) in [
        ("shared/core/src/money.rs", "//! No tokio here.\nuse crate::{usage::Usage, model::store_of};"),
        (
            "shared/core/src/money.rs",
            "const A: &str = \"axum\"; const B: &str = r#\"say \"tokio\" \"#; const C: char = '\"';",
        ),
        (
            "shared/core/src/catalog.rs",
            "fn f<'a>(tokio_like: &'a str, my_http: u8) { crate::storehouse::f() }",
        ),
        (
            "shared/src/store/ledger.rs",
            "use aws_sdk_dynamodb::Client; aws_smithy_runtime_api::http::Response",
        ),
        (
            "shared/src/api/error_format.rs",
            "use axum::Json; use crate::store::Store; async fn f() { g().await }",
        ),
        ("functions/inference/src/bedrock/stream.rs", "use aws_sdk_bedrockruntime::Client;"),
        ("infra/local/src/lib.rs", "use aws_sdk_dynamodb::Client; use dynoxide::Database;"),
    ] {
        assert_none(&breaches(file, source));
    }
}
