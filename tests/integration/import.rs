//! A LiteLLM installation, imported: its people change nothing.

mod folder;
mod limits;
mod skipped;

use std::fs;
use std::path::PathBuf;

use shared::store::{Admission, KeyRef, Store};
use stargate_core::catalog::Catalog;
use stargate_core::entity::UserRole;
use stargate_core::id::{TeamId, UserId};
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;
use stargate_core::spend::SpendRecord;
use stargate_import::{self, ImportOptions, Report};
use tests::calls::{call, pico, record};
use tests::table::Table;

const NOW: Moment = Moment::from_ms(1_795_000_000_000);

/// What developers have in their environment.
const SECRET: &str = "sk-litellm-1234567890";

struct Export {
    folder: PathBuf,
}

impl Export {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("stargate-import-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// With every table, empty but for those that are written.
    fn of_nothing(name: &str) -> Self {
        TABLES.into_iter().fold(Self::new(name), |export, table| export.with(&format!("{table}.json"), "[]"))
    }

    fn with(self, file: &str, text: &str) -> Self {
        fs::write(self.folder.join(file), text).unwrap();
        self
    }

    fn replace(self, file: &str, from: &str, to: &str) -> Self {
        let text = fs::read_to_string(self.folder.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.with(file, &text.replace(from, to))
    }

    async fn import(&self, store: &Store, dry_run: bool) -> Report {
        self.import_with(store, dry_run, true).await
    }

    async fn import_with(&self, store: &Store, dry_run: bool, creates_missing_users: bool) -> Report {
        let export = stargate_import::Export::read(&self.options(dry_run), NOW).unwrap();
        let catalog = Catalog::load_bundled("global").unwrap();
        let (report, ended) = export.import(creates_missing_users, store, &catalog).await;
        ended.unwrap();
        report
    }

    fn options(&self, dry_run: bool) -> ImportOptions {
        ImportOptions { from: self.folder.clone(), dry_run, partial: false, aws: false }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

const TABLES: [&str; 6] = [
    "LiteLLM_BudgetTable",
    "LiteLLM_OrganizationTable",
    "LiteLLM_UserTable",
    "LiteLLM_TeamTable",
    "LiteLLM_TeamMembership",
    "LiteLLM_VerificationToken",
];

/// Tables as a script, `psql` and Prisma export them: JSON, JSON lines and CSV.
fn export(name: &str) -> Export {
    let token = Secret::new(SECRET).hash();
    let token = token.as_str();
    Export::new(name)
        .with("LiteLLM_BudgetTable.json", r#"[{"budget_id": "b1", "max_budget": 20.5, "budget_duration": "30d", "rpm_limit": 9}]"#)
        .with("LiteLLM_OrganizationTable.json", r#"[{"organization_id": "o1", "organization_alias": "Org", "budget_id": "b1", "spend": 2}]"#)
        .with(
            "LiteLLM_TeamTable.json",
            r#"[{"team_id": "t1", "team_alias": "Team", "organization_id": "o1", "max_budget": 100, "spend": 12.25,
                "models": ["claude-haiku-4-5"], "members_with_roles": [{"user_id": "mario", "role": "admin"}],
                "metadata": {"cost": "centre"}}]"#,
        )
        .with(
            "LiteLLM_UserTable.csv",
            "user_id,user_email,user_role,max_budget,spend,budget_duration,models,metadata,created_at,password,rpm_limit,tpm_limit,max_parallel_requests\n\
             mario,Mario@Company.com,internal_user,50,3.000000000001,30d,\"{claude-haiku-4-5,\"\"a b\"\"}\",\"{\"\"a\"\": 1}\",2025-01-02 03:04:05,,,,\n\
             boss,,proxy_admin,,0,,{},{},2025-01-02 03:04:05.678,scrypt:secret,,,\n",
        )
        .with("LiteLLM_TeamMembership.json", r#"[{"user_id": "mario", "team_id": "t1", "spend": 1.5, "budget_id": "b1"}]"#)
        .with(
            "LiteLLM_VerificationToken.jsonl",
            &[
                format!(r#"{{"token": "{token}", "key_name": "sk-...7890", "key_alias": "laptop", "user_id": "mario", "spend": 0.75,
                    "max_budget": 10, "expires": "2030-01-01T00:00:00Z", "metadata": {{"tags": ["ci"]}}, "model_max_budget":
                    {{"claude-haiku-4-5": {{"budget_limit": 5, "time_period": "1d"}}, "gpt-9": 3}}}}"#).replace('\n', " "),
                format!(r#"{{"token": "{}", "team_id": "t1", "user_id": "luigi", "aliases": {{"a": "b"}}, "blocked": true}}"#, "a".repeat(64)),
                format!(r#"{{"token": "{}", "team_id": "litellm-dashboard", "user_id": "mario"}}"#, "b".repeat(64)),
                r#"{"token": "sk-in-the-clear", "user_id": "mario"}"#.to_owned(),
                format!(r#"{{"token": "{}", "budget_duration": "30days"}}"#, "c".repeat(64)),
            ]
            .join("\n"),
        )
}

fn spend_record(pointer: &KeyRef, admission: &Admission) -> SpendRecord {
    SpendRecord { cost: pico(1), ..record(pointer, admission, NOW) }
}

const WANTED: &str = "
                   made    there    spend     gone  skipped
keys                  2        0        0        0        2
members               2        0        0        0        0
organisations         1        0        0        0        0
teams                 1        0        0        0        0
users                 3        0        0        0        0
administrators: boss (proxy_admin)
administrators of teams: mario (team t1)
users made without limits: luigi
LiteLLM_UserTable row 2: not carried over: password
LiteLLM_VerificationToken row 4: skipped: token is no SHA-256 in hexadecimal
LiteLLM_VerificationToken row 5: skipped: budget_duration: '30days' is not a duration: write a whole number above zero and \
one of s, m, h, d, w, mo, y, up to 100 years, such as 30m, 24h, 7d, 30d, 1mo, 1y, or hourly, daily, weekly, monthly, yearly
user mario: a b is no model here: /model/new gives a model that name
key laptop: gpt-9 is no model here: /model/new gives a model that name
user luigi: no row has it, but a key or a team names it: made without limits
member luigi of team t1: made: it has a key there
key sk-... (hash aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa): b, which it has a name for, is no model here
";

#[tokio::test]
async fn an_installation_is_carried_over_and_its_keys_go_on_working() {
    let table = Table::fresh().await;
    let (store, export) = (table.store(LedgerSettings::default()), export("whole"));
    let planned = export.import(&store, true).await;
    assert_eq!(format!("\n{planned}"), WANTED);
    assert_eq!(table.count().await, 0, "a dry run writes nothing");
    let done = export.import(&store, false).await;
    assert_eq!(format!("\n{done}"), WANTED);
    assert!(!done.is_whole());

    let mario = store.find_user(&UserId::parse("mario").unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (mario.state.spend, mario.state.total_spend),
        (Money::parse("3.000000000001").unwrap(), Money::ZERO)
    );
    assert_eq!(mario.state.headroom, Money::parse("46.999999999999").unwrap());
    assert!(mario.user.limits.models.contains("a b") && mario.user.metadata.contains("\"a\""));
    assert_eq!(store.user_of_email("mario@company.com").await.unwrap(), Some(mario.user.id.clone()));
    assert_eq!(mario.user.created.to_string(), "2025-01-02T03:04:05Z");
    let boss = store.find_user(&UserId::parse("boss").unwrap()).await.unwrap().unwrap();
    assert_eq!((boss.user.role, boss.user.limits.max_budget), (UserRole::ProxyAdmin, None));
    let team = store.find_team(&TeamId::parse("t1").unwrap()).await.unwrap().unwrap();
    assert_eq!((team.state.spend, team.team.org.is_some()), (Money::parse("12.25").unwrap(), true));
    let member = store.find_member(&team.team.id, &mario.user.id).await.unwrap().unwrap();
    assert_eq!((member.state.limits.rpm, member.state.spend), (Some(9), Money::parse("1.5").unwrap()));

    let mut pointer = store.find_pointer(&Secret::new(SECRET).hash()).await.unwrap().unwrap();
    let key = store.keys(std::slice::from_ref(&pointer.key)).await.unwrap().pop().unwrap();
    assert_eq!((key.key.hint.as_str(), key.key.tags.as_slice()), ("sk-...7890", &["ci".to_owned()][..]));
    assert_eq!(key.state.headroom, Money::parse("9.25").unwrap());
    assert!(key.state.ties.models.contains("claude-haiku-4-5"));
    let admission = store.admit(&mut pointer, &call(1), || NOW).await.unwrap();
    store.settle(&admission, &spend_record(&pointer, &admission), || NOW).await.unwrap();
    table.audit(&Scope::User(mario.user.id)).await;
}

#[tokio::test]
async fn an_import_may_be_repeated_and_brings_what_was_spent_since() {
    let table = Table::fresh().await;
    let (store, export) = (table.store(LedgerSettings::default()), export("twice"));
    export.import(&store, false).await;
    let rows = |report: &Report| -> Vec<String> {
        report
            .to_string()
            .lines()
            .skip(1)
            .take(5)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    };
    let again = export.import(&store, false).await;
    let same = [
        "keys 0 2 0 0 2",
        "members 0 1 0 0 0",
        "organisations 0 1 0 0 0",
        "teams 0 1 0 0 0",
        "users 0 2 0 0 0",
    ];
    assert_eq!(rows(&again), same.map(str::to_owned));
    // Until the day of the move people spend there, and some begin to spend here.
    let mut pointer = store.find_pointer(&Secret::new(SECRET).hash()).await.unwrap().unwrap();
    let admission = store.admit(&mut pointer, &call(1), || NOW).await.unwrap();
    store.settle(&admission, &spend_record(&pointer, &admission), || NOW).await.unwrap();
    let text = fs::read_to_string(export.folder.join("LiteLLM_UserTable.csv")).unwrap();
    let export = export.with("LiteLLM_UserTable.csv", &text.replace("3.000000000001", "40"));
    for want in ["users 0 1 1 0 0", "users 0 2 0 0 0"] {
        assert_eq!(rows(&export.import(&store, false).await)[4], want);
        let mario = store.find_user(&UserId::parse("mario").unwrap()).await.unwrap().unwrap();
        let both = Money::parse("40.000000000001").unwrap();
        assert_eq!(mario.state.spend, both, "what was spent there, and the one picodollar of here");
        assert_eq!(mario.state.headroom, Money::from_usd(50) - both);
        table.audit(&Scope::User(mario.user.id)).await;
    }
    // What was deleted here stays deleted; what was blocked there is blocked here; what is not there any more is told.
    store.delete_user(&UserId::parse("luigi").unwrap(), NOW).await.unwrap();
    let text = fs::read_to_string(export.folder.join("LiteLLM_VerificationToken.jsonl")).unwrap();
    let export = export.with(
        "LiteLLM_VerificationToken.jsonl",
        &text.replace("\"spend\": 0.75", "\"spend\": 0.75, \"blocked\": true"),
    );
    let report = export.import(&store, false).await;
    assert_eq!(
        rows(&report),
        [
            "keys 0 1 0 1 2",
            "members 0 1 0 1 0",
            "organisations 0 1 0 0 0",
            "teams 0 1 0 0 0",
            "users 0 2 0 1 0"
        ]
        .map(str::to_owned)
    );
    assert!(
        report.to_string().contains("user luigi: it was deleted here since, and is not brought back"),
        "{report}"
    );
    assert!(store.admit(&mut pointer, &call(1), || NOW).await.is_err(), "blocked");
    let export = export.with("LiteLLM_VerificationToken.jsonl", "");
    let report = export.import(&store, false).await.to_string();
    assert!(
        report.contains(&format!("key#{}: it is in the export no more", Secret::new(SECRET).hash().as_str())),
        "{report}"
    );
}
