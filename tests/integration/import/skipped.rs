//! Nobody is let loose by a row that is skipped, for whatever reason, in the first run and in every later one.

use shared::store::Store;
use stargate_core::entity::{User, UserRole};
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope};
use stargate_core::secret::SecretHash;
use tests::table::Table;

use super::{Export, NOW};

const USERS: &str = "LiteLLM_UserTable.json";
const TEAMS: &str = "LiteLLM_TeamTable.json";
const KEYS: &str = "LiteLLM_VerificationToken.json";

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

async fn is_there(store: &Store, scope: Scope) -> bool {
    store.scope_states(&[scope]).await.unwrap().pop().flatten().is_some_and(|state| !state.deleted)
}

async fn has_key(store: &Store, letter: &str) -> bool {
    store.find_pointer(&SecretHash::parse(&letter.repeat(64)).unwrap()).await.unwrap().is_some()
}

/// The row of user `b` is skipped for many reasons. Its keys and membership are skipped too, in both runs, until it is right.
#[tokio::test]
async fn a_user_is_skipped_with_keys_and_memberships_until_the_row_is_right() {
    let good = r#"{"user_id": "b", "user_email": "b@x.org", "max_budget": 10}"#;
    for (at, (wrong, why)) in [
        (r#"{"user_id": "b", "user_email": "SAME@x.org", "max_budget": 10}"#, "its user_email is another's already"),
        (r#"{"user_id": "b", "max_budget": "ten"}"#, "max_budget: "),
        (r#"{"user_id": "b", "max_budget": 10, "tpd_limit": 5}"#, "tpd_limit cannot be carried over"),
        (r#"{"user_id": "b", "max_budget": 10, "metadata": {"guardrails": ["pii"]}}"#, "metadata.guardrails cannot"),
        (r#"{"user_id": "b", "max_budget": 10, "budget_id": "gone"}"#, "budget_id: there is no budget gone"),
        (r#"{"user_id": "b", "max_budget": 10}, {"user_id": "b", "max_budget": null}"#, "several rows have b"),
        (r#"{"user_id": "b", "max_budget": 10, "model_rpm_limit": 1, "metadata": {"model_rpm_limit": 5}}"#, "no object of whole numbers"),
        (r#"{"user_id": "b", "model_max_budget": {"claude-haiku-4-5": 1, "claude-haiku-4-5-20251001": 100}}"#, "whose limits differ"),
        (r#"{"max_budget": 10}"#, "may be this user's"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = Table::fresh().await;
        let store = table.store(LedgerSettings::default());
        let same = r#"{"user_id": "a", "user_email": "same@x.org", "max_budget": 1}"#;
        let export = Export::of_nothing(&format!("skipped-user-{at}"))
            .with(USERS, &format!("[{same}, {wrong}]"))
            .with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_id": "b", "role": "user"}]}]"#)
            .with(
                KEYS,
                &format!(
                    r#"[{{"token": "{}", "user_id": "b"}}, {{"token": "{}", "user_id": "b", "team_id": "t"}},
                        {{"token": "{}", "user_id": "a"}}]"#,
                    "1".repeat(64), "2".repeat(64), "3".repeat(64)
                ),
            );
        for is_dry in [true, false, false] {
            let report = export.import(&store, is_dry).await;
            let text = report.to_string();
            assert!(text.contains(why), "{why}: {text}");
            assert!(text.contains(": skipped: user b was skipped") || text.contains("user b: skipped"), "{text}");
            assert!(!report.is_whole() && !text.contains("made without limits"), "{why}: {text}");
            assert!(!is_there(&store, Scope::User(user("b"))).await, "{why}: {text}");
            let seat = Scope::Member(TeamId::parse("t").unwrap(), user("b"));
            assert!(!is_there(&store, seat).await, "{why}: {text}");
            assert!(!has_key(&store, "1").await && !has_key(&store, "2").await, "{why}: {text}");
            assert_eq!(has_key(&store, "3").await, !is_dry, "others go on: {why}");
        }
        let export = export.with(USERS, &format!("[{same}, {good}]"));
        let report = export.import(&store, false).await;
        assert!(report.is_whole(), "{why}: {report}");
        let b = store.find_user(&user("b")).await.unwrap().unwrap();
        assert_eq!(b.state.headroom, Money::from_usd(10));
        assert!(has_key(&store, "1").await && has_key(&store, "2").await, "{why}: {report}");
    }
}

#[tokio::test]
async fn an_organization_is_skipped_with_teams_members_and_keys() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("skipped-org")
        .with("LiteLLM_BudgetTable.json", r#"[{"budget_id": "b", "max_budget": 7, "tpd_limit": 100}]"#)
        .with("LiteLLM_OrganizationTable.json", r#"[{"organization_id": "o", "budget_id": "b"}]"#)
        .with(USERS, r#"[{"user_id": "a"}]"#)
        .with(
            TEAMS,
            r#"[{"team_id": "t", "organization_id": "o", "members_with_roles": [{"user_id": "a"}]},
                {"team_id": "free"}]"#,
        )
        .with(
            KEYS,
            &format!(
                r#"[{{"token": "{}", "organization_id": "o"}}, {{"token": "{}", "team_id": "t"}},
                    {{"token": "{}", "user_id": "a", "team_id": "t"}}, {{"token": "{}", "user_id": "a"}}]"#,
                "1".repeat(64),
                "2".repeat(64),
                "3".repeat(64),
                "4".repeat(64)
            ),
        );
    for _ in 0..2 {
        let report = export.import(&store, false).await.to_string();
        for part in [
            "LiteLLM_BudgetTable row 1: skipped: tpd_limit cannot be carried over",
            "LiteLLM_OrganizationTable row 1: skipped: budget_id: budget b was skipped: tpd_limit",
            "team t: skipped: organization o was skipped",
            "member a of team t: skipped: team t was skipped",
            ": skipped: organization o was skipped",
        ] {
            assert!(report.contains(part), "{part}: {report}");
        }
        let (org, team) = (OrgId::parse("o").unwrap(), TeamId::parse("t").unwrap());
        assert!(!is_there(&store, Scope::Org(org)).await && !is_there(&store, Scope::Team(team)).await);
        for (letter, is_made) in [("1", false), ("2", false), ("3", false), ("4", true)] {
            assert_eq!(has_key(&store, letter).await, is_made, "{letter}: {report}");
        }
    }
    let export = export.replace("LiteLLM_BudgetTable.json", ", \"tpd_limit\": 100", "");
    assert!(export.import(&store, false).await.is_whole());
    let org = store.find_org(&OrgId::parse("o").unwrap()).await.unwrap().unwrap();
    assert_eq!(org.state.headroom, Money::from_usd(7));
    assert!(has_key(&store, "1").await && has_key(&store, "2").await && has_key(&store, "3").await);
}

/// What is here already stays, and is blocked as it is there; new things of it are not made.
#[tokio::test]
async fn a_row_that_becomes_wrong_keeps_what_is_here_and_makes_nothing_new() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let key =
        |letter: &str, more: &str| format!(r#"{{"token": "{}", "user_id": "a"{more}}}"#, letter.repeat(64));
    let export = Export::of_nothing("becomes-wrong")
        .with(USERS, r#"[{"user_id": "a", "max_budget": 10, "spend": 1}]"#)
        .with(KEYS, &format!("[{}]", key("1", "")));
    assert!(export.import(&store, false).await.is_whole());
    let export = export
        .with(USERS, r#"[{"user_id": "a", "max_budget": 10, "spend": 4, "tpd_limit": 9}]"#)
        .with(KEYS, &format!("[{}, {}]", key("1", r#", "blocked": true"#), key("2", "")));
    let report = export.import(&store, false).await.to_string();
    for part in [
        "user a: skipped: tpd_limit cannot be carried over: remove it in LiteLLM, or in the export, and import again; \
         it is here already, with the limits that it has here",
        ": skipped: user a was skipped; it is here already, without limits: check them",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    assert!(!has_key(&store, "2").await, "{report}");
    let a = store.find_user(&user("a")).await.unwrap().unwrap();
    assert_eq!(a.state.headroom, Money::from_usd(6), "what was spent there is charged");
    let pointer = store.find_pointer(&SecretHash::parse(&"1".repeat(64)).unwrap()).await.unwrap().unwrap();
    let key = store.keys(std::slice::from_ref(&pointer.key)).await.unwrap().pop().unwrap();
    assert!(key.state.limits.blocked, "a key that was revoked there is revoked here: {report}");
    // A row that cannot be read at all is named, too, where it is here.
    let export = export.with(USERS, r#"[{"user_id": "a", "max_budget": "x"}]"#).with(KEYS, "[]");
    let report = export.import(&store, false).await.to_string();
    assert!(
        report.contains("user a: its row is skipped, and it is here already: check its limits"),
        "{report}"
    );
    assert!(report.contains(&format!("key#{}: it is in the export no more", "1".repeat(64))), "{report}");
}

/// What an earlier version of the importer made without limits.
#[tokio::test]
async fn what_is_here_without_the_limits_of_its_row_is_named() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let bare = User {
        id: user("dup2"),
        email: None,
        alias: None,
        role: UserRole::default(),
        limits: Limits::default(),
        metadata: "{}".to_owned(),
        created: NOW,
    };
    store.create_user(&bare).await.unwrap();
    let export = Export::of_nothing("earlier").with(
        USERS,
        r#"[{"user_id": "dup1", "user_email": "Same@x.com"}, {"user_id": "dup2", "user_email": "same@X.com", "max_budget": 10}]"#,
    );
    let report = export.import(&store, false).await;
    let text = report.to_string();
    assert!(text.contains("here without the limits of their rows: user dup2\n"), "{text}");
    assert!(
        text.contains(
            "user dup2: its row has max_budget $10.00, and it is here without: set it, or delete it"
        ),
        "{text}"
    );
    assert!(!report.is_whole(), "{text}");
    let export = export.with(USERS, r#"[{"user_id": "dup2", "max_budget": "x"}]"#);
    let text = export.import(&store, true).await.to_string();
    assert!(text.contains("user dup2: its row is skipped, and it is here already, without limits"), "{text}");
}

#[tokio::test]
async fn a_user_without_a_row_is_made_without_limits_or_refused_by_the_setting() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("no-row")
        .with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_id": "member"}]}]"#)
        .with(KEYS, &format!(r#"[{{"token": "{}", "user_id": "ghost"}}]"#, "1".repeat(64)));
    for is_dry in [true, false] {
        let report = export.import_with(&store, is_dry, false).await;
        let text = report.to_string();
        for part in [
            "user ghost: skipped: no row has it, but a key or a team names it; STARGATE_CREATE_MISSING_USERS is deny",
            "member member of team t: skipped: user member was skipped",
            ": skipped: user ghost was skipped",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("without limits"), "{text}");
        assert!(!is_there(&store, Scope::User(user("ghost"))).await && !has_key(&store, "1").await);
    }
    let report = export.import(&store, false).await;
    assert!(report.is_whole(), "{report}");
    assert!(report.to_string().contains("users made without limits: ghost, member\n"), "{report}");
    assert!(has_key(&store, "1").await);
}

#[tokio::test]
async fn a_member_of_an_address_that_several_users_have_is_nobody() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("addresses")
        .with(
            USERS,
            r#"[{"user_id": "a", "user_email": "x@x.org"}, {"user_id": "b", "user_email": "X@x.org"}]"#,
        )
        .with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_email": "x@X.org"}]}]"#);
    let report = export.import(&store, false).await.to_string();
    assert!(report.contains("a member whose address several users have"), "{report}");
    for id in ["a", "b"] {
        assert!(!is_there(&store, Scope::Member(TeamId::parse("t").unwrap(), user(id))).await);
    }
}

/// A membership that says nobody may be anybody's: members without a row of their own wait until it is right.
#[tokio::test]
async fn a_membership_that_names_nobody_lets_no_member_loose() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let seats = r#"[{"user_id": "a", "team_id": "t", "spend": 1}, {"team_id": "t", "budget_id": "b"}]"#;
    let export = Export::of_nothing("nobody")
        .with(USERS, r#"[{"user_id": "a"}, {"user_id": "b"}]"#)
        .with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_id": "a"}, {"user_id": "b"}]}]"#)
        .with("LiteLLM_TeamMembership.json", seats)
        .with(KEYS, &format!(r#"[{{"token": "{}", "user_id": "b", "team_id": "t"}}]"#, "1".repeat(64)));
    for _ in 0..2 {
        let report = export.import(&store, false).await.to_string();
        assert!(
            report.contains("member b of team t: skipped: a row of LiteLLM_TeamMembership says no ids"),
            "{report}"
        );
        for (id, is_made) in [("a", true), ("b", false)] {
            let seat = Scope::Member(TeamId::parse("t").unwrap(), user(id));
            assert_eq!(is_there(&store, seat).await, is_made, "{id}: {report}");
        }
        assert!(!has_key(&store, "1").await, "{report}");
    }
}

/// Nobody is let loose because a row of theirs could not be read.
#[tokio::test]
async fn what_belongs_to_a_row_that_was_skipped_is_skipped_too() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let (alice, dan, info) = ("a".repeat(64), "d".repeat(64), "e".repeat(64));
    let export = Export::new("broken-rows")
        .with("LiteLLM_BudgetTable.json", r#"[{"budget_id": "b", "max_budget": 7, "allowed_models": ["claude-haiku-4-5"]},
            {"budget_id": "bad", "max_budget": "much"}]"#)
        .with("LiteLLM_OrganizationTable.json", "[]")
        .with("LiteLLM_UserTable.json", r#"[{"user_id": "alice", "max_budget": 5, "spend": 4.99, "budget_duration": "30days"},
            {"user_id": "dan", "user_email": "dan@x.org", "user_role": "org_admin"},
            {"user_id": "late", "max_budget": 10, "spend": 9.5, "budget_duration": "30d", "budget_reset_at": "2026-11-01T00:00:00Z"},
            {"user_id": "eve"}]"#)
        .with("LiteLLM_TeamTable.json", r#"[{"team_id": "t", "metadata": {"team_member_budget_id": "b", "model_rpm_limit": {"claude-haiku-4-5": 3}},
            "members_with_roles": [{"user_id": null, "user_email": "Dan@x.org", "role": "user"}, {"user_id": "eve", "role": "user"},
            {"user_email": "nobody@x.org"}]}]"#)
        .with("LiteLLM_TeamMembership.json", r#"[{"user_id": "eve", "team_id": "t", "budget_id": "bad"}]"#)
        .with("LiteLLM_VerificationToken.json", &format!(
            r#"[{{"token": "{alice}", "user_id": "alice"}}, {{"token": "{dan}", "user_id": "dan", "team_id": "t", "budget_id": "b"}},
                {{"token": "{info}", "user_id": "dan", "allowed_routes": ["info_routes"]}},
                {{"token": "{}", "user_id": "eve", "team_id": "t"}}]"#, "f".repeat(64)));
    for is_dry in [true, false] {
        let report = export.import(&store, is_dry).await.to_string();
        for part in [
            "keys                  1        0        0        0        3",
            "members               1        0        0        0        2",
            "users                 3        0        0        0        1",
            "LiteLLM_UserTable row 2: org_admin is no role here: internal_user",
            ": skipped: user alice was skipped",
            "member eve of team t: skipped: its row was skipped",
            "allowed_routes: a key for info_routes only",
        ] {
            assert!(report.contains(part), "{is_dry} {part}: {report}");
        }
    }
    assert!(store.find_user(&user("alice")).await.unwrap().is_none());
    let (team, dan_id) = (TeamId::parse("t").unwrap(), user("dan"));
    let member = store.find_member(&team, &dan_id).await.unwrap().unwrap();
    assert_eq!(member.state.limits.max_budget, Some(Money::from_usd(7)), "the team's budget for members");
    assert!(member.state.limits.models.contains("claude-haiku-4-5"));
    assert!(store.find_team(&team).await.unwrap().unwrap().state.ties.models.contains("claude-haiku-4-5"));
    let late = store.find_user(&user("late")).await.unwrap().unwrap();
    assert_eq!(late.state.spend, Money::ZERO, "that period is over");
    // Corrected, the row comes with all that it limits.
    let export = export.replace(USERS, "30days", "30d");
    export.import(&store, false).await;
    let alice = store.find_user(&user("alice")).await.unwrap().unwrap();
    assert_eq!(alice.state.headroom, Money::parse("0.01").unwrap());
}
