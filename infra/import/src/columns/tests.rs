//! Every column has a fate.

use super::*;

fn other_fields_of(table: &'static str, json: &str) -> OtherFields {
    other_fields(&DumpRow { table, number: 1, values: serde_json::from_str(json).unwrap() }).unwrap()
}

/// Every column of LiteLLM 1.110's schema, with a value.
#[test]
fn every_column_is_carried_over_or_noted_or_named() {
    for (table, columns, limits, dropped) in [
        (
            BUDGETS,
            "budget_id max_budget soft_budget max_parallel_requests tpm_limit rpm_limit tpd_limit model_max_budget
             budget_duration budget_reset_at allowed_models temp_budget_increase temp_budget_expiry created_at created_by
             updated_at updated_by",
            "tpd_limit",
            "temp_budget_expiry temp_budget_increase",
        ),
        (
            ORGANIZATIONS,
            "organization_id organization_alias budget_id models spend model_spend object_permission_id created_at
             created_by updated_at updated_by",
            "",
            "object_permission_id",
        ),
        (
            TEAMS,
            "team_id team_alias organization_id object_permission_id admins members members_with_roles max_budget
             soft_budget spend models max_parallel_requests tpm_limit rpm_limit tpd_limit budget_duration budget_reset_at
             blocked created_at updated_at model_spend model_max_budget router_settings team_member_permissions
             access_group_ids policies default_team_member_models budget_limits model_id allow_team_guardrail_config",
            "budget_limits policies tpd_limit",
            "access_group_ids allow_team_guardrail_config default_team_member_models model_id object_permission_id
             router_settings team_member_permissions",
        ),
        (
            USERS,
            "user_id user_alias team_id sso_user_id organization_id object_permission_id password password_reset_required
             last_breach_check_at teams user_role max_budget spend user_email models max_parallel_requests tpm_limit
             rpm_limit budget_duration budget_reset_at allowed_cache_controls policies model_spend model_max_budget
             created_at updated_at",
            "policies",
            "allowed_cache_controls object_permission_id password sso_user_id",
        ),
        (MEMBERSHIPS, "user_id team_id spend total_spend budget_id", "", ""),
        (
            KEYS,
            "token key_name key_alias soft_budget_cooldown spend total_spend expires models aliases config router_settings
             user_id team_id agent_id project_id permissions max_parallel_requests blocked tpm_limit rpm_limit tpd_limit
             max_budget budget_duration budget_reset_at allowed_cache_controls allowed_routes key_type policies
             access_group_ids model_spend model_max_budget budget_fallbacks budget_id organization_id object_permission_id
             created_at created_by updated_at updated_by settings_updated_at last_active rotation_count auto_rotate
             rotation_interval last_rotation_at key_rotation_at budget_limits",
            "agent_id budget_limits policies project_id tpd_limit",
            "access_group_ids allowed_cache_controls auto_rotate budget_fallbacks config object_permission_id permissions
             rotation_interval router_settings",
        ),
    ] {
        let values = columns.split_whitespace().map(|name| (name.to_owned(), Value::from(1)));
        let found = other_fields(&DumpRow { table, number: 1, values: values.collect() }).unwrap();
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found, OtherFields { limits: names(limits), dropped: names(dropped), unknown: Vec::new() }, "{table}");
        for column in limit_columns(table) {
            assert!(columns.contains(column) || *column == "metadata", "{table} {column}");
        }
    }
}

#[test]
fn an_unknown_column_that_looks_like_a_limit_is_one() {
    let found = other_fields_of(
        USERS,
        r#"{"user_id": "a", "hourly_limit": 0, "allowed_hours": ["9"], "blocked_until": "2030", "budget_group": "x",
            "expires_on": "2030", "denied_models": "{x}", "theme": "dark", "denied_ips": [], "other_limit": null}"#,
    );
    let limits = "allowed_hours blocked_until budget_group denied_models expires_on hourly_limit";
    assert_eq!(found.limits, limits.split(' ').collect::<Vec<_>>());
    assert_eq!((found.dropped, found.unknown), (Vec::new(), vec!["theme".to_owned()]));
}

#[test]
fn limits_in_metadata_are_limits_and_peoples_own_notes_are_not() {
    let found = other_fields_of(
        KEYS,
        r#"{"metadata": {"guardrails": ["pii"], "policies": [], "tag_rpm_limit": {"a": 1}, "model_rpm_limit": {"a": 1},
            "max_iterations": 5, "temp_budget_increase": 10, "budget_owner": "mario", "cost_centre": "7", "tags": ["x"]}}"#,
    );
    let limits = ["metadata.guardrails", "metadata.max_iterations", "metadata.tag_rpm_limit"];
    assert_eq!(found.limits, limits);
    assert_eq!(found.dropped, ["metadata.budget_owner", "metadata.temp_budget_increase"]);
    assert_eq!(
        other_fields_of(KEYS, r#"{"metadata": "{\"tag_rpm_limit\": {\"a\": 1}}"}"#).limits,
        ["metadata.tag_rpm_limit"]
    );
}

#[test]
fn rows_that_prisma_adds_are_read_from_their_own_tables() {
    let linked = r#"{"budget_id": "b", "litellm_budget_table": {"max_budget": 1}, "litellm_team_table": {"team_id": "t"}}"#;
    assert_eq!(other_fields_of(KEYS, linked), OtherFields::default());
    assert_eq!(
        other_fields_of(KEYS, r#"{"litellm_budget_table": {"max_budget": 1}}"#).limits,
        ["litellm_budget_table"]
    );
}
