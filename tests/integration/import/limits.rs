//! Limits are carried over, or their rows are skipped and named.

use shared::store::Store;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::scope::{Scope, ScopeState};
use stargate_core::secret::SecretHash;
use tests::table::Table;

use super::Export;

const BUDGETS: &str = "LiteLLM_BudgetTable.json";
const ORGS: &str = "LiteLLM_OrganizationTable.json";
const USERS: &str = "LiteLLM_UserTable.json";
const TEAMS: &str = "LiteLLM_TeamTable.json";
const SEATS: &str = "LiteLLM_TeamMembership.json";
const KEYS: &str = "LiteLLM_VerificationToken.json";

async fn state(store: &Store, scope: Scope) -> Option<ScopeState> {
    store.scope_states(&[scope]).await.unwrap().pop().flatten()
}

async fn key(store: &Store, letter: &str) -> Option<ScopeState> {
    let secret = SecretHash::parse(&letter.repeat(64)).unwrap();
    let pointer = store.find_pointer(&secret).await.unwrap()?;
    Some(store.keys(&[pointer.key]).await.unwrap().pop().unwrap().state)
}

fn member(team: &str, user: &str) -> Scope {
    Scope::Member(TeamId::parse(team).unwrap(), UserId::parse(user).unwrap())
}

/// A value for every field that limits and does not exist here, in every table that may have it.
#[tokio::test]
async fn a_row_with_a_limit_that_does_not_exist_here_is_skipped_and_named() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let token = "1".repeat(64);
    for (at, (file, row, field)) in [
        (KEYS, r#""tpd_limit": 1000"#, "tpd_limit"),
        (KEYS, r#""tpd_limit": 0"#, "tpd_limit"),
        (KEYS, r#""budget_limits": [{"max_budget": 5, "budget_duration": "1d"}]"#, "budget_limits"),
        (KEYS, r#""budget_limits": "[{\"max_budget\": 5}]""#, "budget_limits"),
        (KEYS, r#""policies": ["strict"]"#, "policies"),
        (KEYS, r#""project_id": "p""#, "project_id"),
        (KEYS, r#""agent_id": "p""#, "agent_id"),
        (KEYS, r#""allowed_routes": ["info_routes"]"#, "allowed_routes"),
        (KEYS, r#""key_type": "read_only""#, "key_type"),
        (KEYS, r#""metadata": {"model_itpm_limit": {"m": 1}}"#, "metadata.model_itpm_limit"),
        (KEYS, r#""metadata": {"tag_rpm_limit": {"m": 1}}"#, "metadata.tag_rpm_limit"),
        (KEYS, r#""metadata": {"max_iterations": 3}"#, "metadata.max_iterations"),
        (KEYS, r#""metadata": "{\"guardrails\": [\"pii\"]}""#, "metadata.guardrails"),
        (KEYS, r#""weekly_limit": 3"#, "weekly_limit"),
        (KEYS, r#""allowed_ips": "{10.0.0.1}""#, "allowed_ips"),
        (KEYS, r#""model_max_budget": [1]"#, "model_max_budget"),
        (KEYS, r#""model_max_budget": {"m": {"tpd_limit": 1}}"#, "tpd_limit of m"),
        (KEYS, r#""object_permission_id": "blocks""#, "blocked_tools"),
        (TEAMS, r#""tpd_limit": 1000"#, "tpd_limit"),
        (TEAMS, r#""budget_limits": [{"max_budget": 5}]"#, "budget_limits"),
        (TEAMS, r#""metadata": {"end_user_budget_id": "b"}"#, "metadata.end_user_budget_id"),
        (TEAMS, r#""metadata": {"team_member_budget_id": "daily"}"#, "budget daily was skipped: tpd_limit"),
        (TEAMS, r#""metadata": {"team_member_budget_id": 7}"#, "team_member_budget_id"),
        (TEAMS, r#""members_with_roles": {"a": "b"}"#, "members_with_roles"),
        (USERS, r#""tpd_limit": 1000"#, "tpd_limit"),
        (USERS, r#""budget_limits": [{"max_budget": 5}]"#, "budget_limits"),
        (USERS, r#""policies": "{strict}""#, "policies"),
        (ORGS, r#""budget_id": "daily""#, "budget daily was skipped: tpd_limit"),
        (KEYS, r#""budget_id": "daily""#, "budget daily was skipped: tpd_limit"),
        (SEATS, r#""budget_id": "daily""#, "budget daily was skipped: tpd_limit"),
        (SEATS, r#""tpd_limit": 5"#, "tpd_limit"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = match file {
            KEYS => format!(r#""token": "{token}""#),
            TEAMS => r#""team_id": "t""#.to_owned(),
            USERS => r#""user_id": "u""#.to_owned(),
            SEATS => r#""user_id": "u", "team_id": "t""#.to_owned(),
            _ => r#""organization_id": "o""#.to_owned(),
        };
        let export = Export::of_nothing(&format!("unknown-limit-{at}"));
        let export = if file == SEATS {
            export.with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_id": "u"}]}]"#)
        } else {
            export
        };
        let permission = r#"[{"object_permission_id": "blocks", "blocked_tools": ["shell"]}]"#;
        let export = export
            .with("LiteLLM_ObjectPermissionTable.json", permission)
            .with(BUDGETS, r#"[{"budget_id": "daily", "max_budget": 5, "tpd_limit": 7}]"#)
            .with(file, &format!("[{{{id}, \"max_budget\": 5, {row}}}]"));
        let report = export.import(&store, true).await.to_string();
        let of_row = report.lines().any(|line| line.contains("skipped: ") && line.contains(field));
        assert!(of_row, "{file} {row}: {report}");
        let made =
            report.lines().skip(1).filter(|line| !line.starts_with("teams") && !line.starts_with("users"));
        let made: Vec<&str> = made.take_while(|line| !line.contains(':')).collect();
        assert!(
            made.iter().all(|line| line.split_whitespace().nth(1) == Some("0")),
            "{file} {row}: {report}"
        );
    }
}

#[tokio::test]
async fn what_widens_is_dropped_and_reported() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("wider")
        .with(
            KEYS,
            &format!(
                r#"[{{"token": "{}", "max_budget": 2, "budget_fallbacks": {{"a": ["b"]}}, "config": {{"a": 1}},
                    "permissions": {{"get_spend_routes": true}}, "colour": "red", "access_group_ids": ["g"],
                    "metadata": {{"temp_budget_increase": 5, "budget_owner": "mario", "place": "Rome"}}}}]"#,
                "1".repeat(64)
            ),
        )
        .with(TEAMS, r#"[{"team_id": "t", "team_member_permissions": ["/key/generate"], "default_team_member_models": ["m"]}]"#);
    let report = export.import(&store, false).await;
    for part in [
        "LiteLLM_TeamTable row 1: not carried over: default_team_member_models, team_member_permissions\n",
        "LiteLLM_VerificationToken row 1: not carried over: access_group_ids, budget_fallbacks, config, permissions, \
         metadata.budget_owner, metadata.temp_budget_increase\n",
        "LiteLLM_VerificationToken: the column colour is unknown, and is not carried over\n",
    ] {
        assert!(report.to_string().contains(part), "{part}: {report}");
    }
    assert!(report.is_whole(), "{report}");
    assert_eq!(key(&store, "1").await.unwrap().headroom, Money::from_usd(2));
}

/// A period that is over there is over here, too: the budget's table says when.
#[tokio::test]
async fn what_was_spent_in_a_period_that_is_over_is_not_charged() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let (over, runs) = ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let budget = |id: &str, reset: &str| {
        format!(
            r#"{{"budget_id": "{id}", "max_budget": 100, "budget_duration": "30d", "budget_reset_at": "{reset}"}}"#
        )
    };
    let life = r#"{"budget_id": "life", "max_budget": 100, "budget_reset_at": "2026-11-01T00:00:00Z"}"#;
    let key_of =
        |letter: &str, more: &str| format!(r#"{{"token": "{}", "spend": 1.5, {more}}}"#, letter.repeat(64));
    let export = Export::of_nothing("periods")
        .with(BUDGETS, &format!("[{}, {}, {life}]", budget("over", over), budget("runs", runs)))
        .with(ORGS, r#"[{"organization_id": "over", "budget_id": "over", "spend": 99.9}, {"organization_id": "runs", "budget_id": "runs", "spend": 99.9}]"#)
        .with(USERS, r#"[{"user_id": "a"}, {"user_id": "b"}]"#)
        .with(TEAMS, r#"[{"team_id": "t", "members_with_roles": [{"user_id": "a"}, {"user_id": "b"}]}]"#)
        .with(SEATS, r#"[{"user_id": "a", "team_id": "t", "budget_id": "over", "spend": 4.9}, {"user_id": "b", "team_id": "t", "budget_id": "runs", "spend": 4.9}]"#)
        .with(KEYS, &format!(
            "[{}, {}, {}, {}, {}]",
            key_of("1", r#""budget_id": "over""#),
            key_of("2", r#""budget_id": "runs""#),
            // Its own period comes before that of its budget; without any period nothing is over.
            key_of("3", &format!(r#""budget_id": "over", "budget_duration": "7d", "budget_reset_at": "{runs}""#)),
            key_of("4", &format!(r#""budget_id": "runs", "budget_duration": "7d", "budget_reset_at": "{over}""#)),
            key_of("5", r#""budget_id": "life""#),
        ));
    let report = export.import(&store, false).await;
    assert!(report.is_whole(), "{report}");
    for (id, spent) in [("over", "0"), ("runs", "99.9")] {
        let org = state(&store, Scope::Org(OrgId::parse(id).unwrap())).await.unwrap();
        assert_eq!(org.spend, Money::parse(spent).unwrap(), "{id}");
    }
    for (id, spent) in [("a", "0"), ("b", "4.9")] {
        assert_eq!(state(&store, member("t", id)).await.unwrap().spend, Money::parse(spent).unwrap(), "{id}");
    }
    for (letter, spent) in [("1", "0"), ("2", "1.5"), ("3", "1.5"), ("4", "0"), ("5", "1.5")] {
        assert_eq!(key(&store, letter).await.unwrap().spend, Money::parse(spent).unwrap(), "{letter}");
    }
}

#[tokio::test]
async fn odd_amounts_cost_nobody_a_key() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("odd")
        .with(USERS, r#"[{"user_id": "a", "max_budget": 10, "spend": -0.25}]"#)
        .with(
            KEYS,
            &format!(
                r#"[{{"token": "{}", "user_id": "a", "model_max_budget": {{"x": {{}}, "claude-haiku-4-5": null,
                        "claude-sonnet-4-5": {{"max_budget": null, "budget_duration": "1d"}}}}}},
                    {{"token": "{}", "spend": "-1e-9", "model_max_budget": {{"claude-haiku-4-5": {{"max_budget": 2}}, "y": {{}}}}}}]"#,
                "1".repeat(64), "2".repeat(64)
            ),
        );
    let report = export.import(&store, false).await;
    assert!(report.is_whole(), "{report}");
    for row in ["LiteLLM_UserTable row 1", "LiteLLM_VerificationToken row 2"] {
        assert!(
            report.to_string().contains(&format!("{row}: spend is negative: it counts as zero")),
            "{report}"
        );
    }
    let user = state(&store, Scope::User(UserId::parse("a").unwrap())).await.unwrap();
    assert_eq!((user.spend, user.headroom), (Money::ZERO, Money::from_usd(10)));
    assert!(key(&store, "1").await.unwrap().ties.models.is_empty());
    assert!(key(&store, "2").await.unwrap().ties.models.contains("claude-haiku-4-5"));
}

/// A team's budget for members binds each member without a budget, with or without a row, and members whom a key implies.
#[tokio::test]
async fn members_have_their_teams_budget_where_they_have_none() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("members")
        .with(
            BUDGETS,
            r#"[{"budget_id": "team", "max_budget": 7, "budget_duration": "1d", "model_max_budget": {"claude-haiku-4-5": {"max_budget": 3}}},
                {"budget_id": "rate", "rpm_limit": 5}, {"budget_id": "own", "max_budget": 9, "model_max_budget": {"claude-haiku-4-5": {"max_budget": 4}}}]"#,
        )
        .with(USERS, r#"[{"user_id": "bare"}, {"user_id": "rate"}, {"user_id": "own"}, {"user_id": "late"}]"#)
        .with(
            TEAMS,
            r#"[{"team_id": "t", "metadata": {"team_member_budget_id": "team"}, "default_team_member_models": ["claude-haiku-4-5"],
                "members_with_roles": [{"user_id": "bare"}, {"user_id": "rate"}, {"user_id": "own", "role": "admin"}]}]"#,
        )
        .with(SEATS, r#"[{"user_id": "rate", "team_id": "t", "budget_id": "rate"}, {"user_id": "own", "team_id": "t", "budget_id": "own"}]"#)
        .with(KEYS, &format!(r#"[{{"token": "{}", "user_id": "late", "team_id": "t"}}]"#, "1".repeat(64)));
    let report = export.import(&store, false).await;
    assert!(report.to_string().contains("administrators of teams: own (team t)\n"), "{report}");
    for (id, budget, rpm, duration, of_model) in [
        ("bare", 7, None, Some("1d"), 3),
        ("rate", 7, Some(5), Some("1d"), 3),
        ("own", 9, None, None, 4),
        ("late", 7, None, Some("1d"), 3),
    ] {
        let seat = state(&store, member("t", id)).await.unwrap();
        assert_eq!((seat.limits.max_budget, seat.limits.rpm), (Some(Money::from_usd(budget)), rpm), "{id}");
        assert_eq!(seat.limits.budget_duration.as_ref().map(|text| text.as_str()), duration, "{id}");
        let part = Scope::Model(Box::new(member("t", id)), "claude-haiku-4-5".to_owned());
        let part = state(&store, part).await.unwrap();
        assert_eq!(part.limits.max_budget, Some(Money::from_usd(of_model)), "{id}");
        assert!(seat.ties.models.contains("claude-haiku-4-5"), "{id}");
    }
    let late = state(&store, member("t", "late")).await.unwrap();
    assert!(late.limits.models.contains("claude-haiku-4-5"), "as those who join later");
}

#[tokio::test]
async fn administrators_are_listed_and_those_who_left_are_blocked() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let export = Export::of_nothing("roles").with(
        USERS,
        r#"[{"user_id": "boss", "user_role": "proxy_admin"}, {"user_id": "eye", "user_role": "proxy_admin_viewer"},
            {"user_id": "orga", "user_role": "org_admin"}, {"user_id": "gone", "metadata": {"scim_active": false}},
            {"user_id": "bad", "user_role": "proxy_admin", "tpd_limit": 1}]"#,
    );
    for is_dry in [true, false] {
        let report = export.import(&store, is_dry).await.to_string();
        assert!(
            report.contains("administrators: boss (proxy_admin), eye (proxy_admin_viewer)\n"),
            "{report}"
        );
    }
    let gone = state(&store, Scope::User(UserId::parse("gone").unwrap())).await.unwrap();
    assert!(gone.limits.blocked, "a directory has ended this account");
    let export = export.replace(
        USERS,
        r#""boss", "user_role": "proxy_admin""#,
        r#""boss", "user_role": "internal_user""#,
    );
    let report = export.import(&store, false).await.to_string();
    let part = "user boss: proxy_admin here and internal_user in the export: it stays proxy_admin";
    assert!(report.contains(part) && report.contains("administrators: boss (proxy_admin), eye"), "{report}");
}

/// Limits of models that an import can set only once are not lost without a word.
#[tokio::test]
async fn limits_of_models_are_set_or_named() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let row =
        |budgets: &str| format!(r#"[{{"token": "{}", "model_max_budget": {budgets}}}]"#, "1".repeat(64));
    let export = Export::of_nothing("models")
        .with(KEYS, &row(r#"{"claude-haiku-4-5": 1, "anthropic/claude-haiku-4-5": 1, "bedrock/*": 2}"#));
    let report = export.import(&store, false).await.to_string();
    assert!(report.contains("bedrock/* is no model here"), "{report}");
    let models = key(&store, "1").await.unwrap().ties.models;
    assert_eq!(models.iter().collect::<Vec<_>>(), ["claude-haiku-4-5"]);
    let export = export.with(KEYS, &row(r#"{"claude-haiku-4-5": 1, "claude-sonnet-4-5": 1}"#));
    let report = export.import(&store, false).await;
    assert!(
        report.to_string().contains("its row has a limit of claude-sonnet-4-5, and it is here without"),
        "{report}"
    );
    assert!(!report.is_whole());
}
