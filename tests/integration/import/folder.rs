//! Folders and files that are no export say what is the matter with them.

use std::path::Path;

use stargate_core::catalog::Catalog;
use stargate_core::ledger::LedgerSettings;
use stargate_import::{self, ImportOptions};
use tests::table::Table;

use super::{Export, NOW};

#[test]
fn a_folder_that_is_no_export_is_refused_whatever_the_options() {
    let refused = |from: &Path, partial: bool, dry_run: bool| {
        let options = ImportOptions { from: from.to_owned(), dry_run, partial, aws: false };
        stargate_import::Export::read(&options, NOW).err().unwrap().to_string()
    };
    let none = Export::new("none");
    let other = Export::new("other").with("users.csv", "user_id\na\n");
    let file = other.folder.join("users.csv");
    for (partial, dry_run) in [(false, false), (true, false), (false, true), (true, true)] {
        let missing = refused(&none.folder.join("typo"), partial, dry_run);
        assert!(
            missing.starts_with("--from ") && missing.ends_with("typo: there is no such folder"),
            "{missing}"
        );
        assert!(refused(&file, partial, dry_run).contains("it is a file; name the folder"));
        for folder in [&none.folder, &other.folder] {
            let text = refused(folder, partial, dry_run);
            assert!(
                text.contains("it has none of LiteLLM's tables, such as LiteLLM_UserTable.csv"),
                "{text}"
            );
        }
    }
    let half =
        Export::new("half").with("LiteLLM_UserTable.json", "[]").with("LiteLLM_TeamTable.csv", "team_id\n");
    let text = refused(&half.folder, false, false);
    let missing =
        "LiteLLM_BudgetTable, LiteLLM_OrganizationTable, LiteLLM_TeamMembership, LiteLLM_VerificationToken";
    assert!(text.contains(&format!("there is no file of {missing}: export each")), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_says_where() {
    for (at, (file, text, want)) in [
        (
            "LiteLLM_UserTable.json",
            "{broken",
            "LiteLLM_UserTable.json: not JSON: key must be a string at line 1 column 2",
        ),
        (
            "LiteLLM_UserTable.json",
            "",
            "LiteLLM_UserTable.json: not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "LiteLLM_UserTable.json",
            r#"{"user_id": "a"}"#,
            "LiteLLM_UserTable.json: must be a list of rows, such as",
        ),
        (
            "LiteLLM_UserTable.json",
            r#"[{"user_id": "a"}, 7]"#,
            "LiteLLM_UserTable.json: row 2 must be a JSON object",
        ),
        (
            "LiteLLM_UserTable.jsonl",
            "{\"user_id\": \"a\"}\n\n{broken",
            "LiteLLM_UserTable.jsonl: line 3 is not JSON: ",
        ),
        ("LiteLLM_UserTable.csv", "", "LiteLLM_UserTable.csv: it is empty, without even a head line"),
        ("LiteLLM_UserTable.csv", "user_id,max_budget,max_budget\na,1,\n", "has the column max_budget twice"),
        ("LiteLLM_UserTable.csv", "user_id,max_budget\na\n", "LiteLLM_UserTable.csv: CSV error: record 1"),
    ]
    .into_iter()
    .enumerate()
    {
        let export = Export::of_nothing(&format!("unreadable-{at}"));
        std::fs::remove_file(export.folder.join("LiteLLM_UserTable.json")).unwrap();
        let export = export.with(file, text);
        let error = stargate_import::Export::read(&export.options(false), NOW).err().unwrap().to_string();
        assert!(error.contains(want) && !error.contains('\n'), "{file} {text}: {error}");
    }
    let twice = Export::of_nothing("two-files").with("LiteLLM_UserTable.csv", "user_id\na\n");
    let error = stargate_import::Export::read(&twice.options(false), NOW).err().unwrap().to_string();
    assert_eq!(
        error,
        "LiteLLM_UserTable.json and LiteLLM_UserTable.csv: are the same table twice: keep the newer one"
    );
}

/// Nobody knows what the columns that an export leaves out limit.
#[tokio::test]
async fn what_is_not_there_is_an_error_and_with_partial_a_line_of_the_report() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("unread")
        .with("LiteLLM_UserTables.csv", "user_id\na\n")
        .with("LiteLLM_TeamTable.csv", "\u{feff}team_id,metadata\nt,{}\n");
    std::fs::remove_file(export.folder.join("LiteLLM_TeamTable.json")).unwrap();
    std::fs::remove_file(export.folder.join("LiteLLM_BudgetTable.json")).unwrap();
    let error = |options: &ImportOptions| {
        stargate_import::Export::read(options, NOW).err().map(|error| error.to_string())
    };
    assert!(
        error(&export.options(true))
            .unwrap()
            .contains("there is no file of LiteLLM_BudgetTable: export each")
    );
    let missing = "LiteLLM_TeamTable.csv: it has no column max_budget, budget_duration, models, rpm_limit, tpm_limit, \
                   max_parallel_requests, blocked, organization_id: ";
    let whole = export.with("LiteLLM_BudgetTable.json", "[]");
    assert_eq!(
        error(&whole.options(true)).unwrap(),
        format!("{missing}export all columns, or give --partial, which takes them for empty")
    );
    std::fs::remove_file(whole.folder.join("LiteLLM_BudgetTable.json")).unwrap();
    let partial = ImportOptions { partial: true, ..whole.options(true) };
    let read = stargate_import::Export::read(&partial, NOW).unwrap();
    let (report, ended) = read.import(true, &store, &Catalog::load_bundled("global").unwrap()).await;
    ended.unwrap();
    for part in [
        "LiteLLM_UserTables.csv: it is not one of the tables that are imported, and is not read\n".to_owned(),
        "LiteLLM_BudgetTable: it is not there, and is taken for empty\n".to_owned(),
        format!("{missing}taken for empty\n"),
        "teams                 1 ".to_owned(),
    ] {
        assert!(report.to_string().contains(&part), "{part}: {report}");
    }
}
