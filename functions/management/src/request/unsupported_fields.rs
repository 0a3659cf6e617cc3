//! Fields of LiteLLM's requests that are not served here.

/// Fields that are taken and have no effect: no limit and no permission hangs on them.
///
/// | field | why nothing is missed |
/// |---|---|
/// | `send_invite_email` | LiteLLM without a mail server sends none either |
/// | `allowed_cache_controls` | there is no cache of answers to control |
/// | `created_by`, `updated_by` | who acted is known from the call itself |
pub const IGNORED_FIELDS: &[&str] =
    &["send_invite_email", "allowed_cache_controls", "created_by", "updated_by"];

/// Fields that promise something: they are taken only where they ask for nothing (`null`, `false`, `""`, `[]`, `{}`),
/// as LiteLLM's SDK and dashboard send them by default.
pub const UNSUPPORTED_FIELDS: &[&str] = &[
    "agent_id",
    "aliases",
    "allowed_passthrough_routes",
    "allowed_routes",
    "auto_rotate",
    "budget_fallbacks",
    "budget_id",
    "budget_limits",
    "config",
    "enforced_params",
    "guardrails",
    "key_max_budget",
    "key_type",
    "model_aliases",
    "object_permission",
    "organization_id",
    "organizations",
    "permissions",
    "policies",
    "project_id",
    "prompts",
    "rotation_interval",
    "rpm_limit_type",
    "spend",
    "sso_user_id",
    "team_id",
    "team_member_budget",
    "team_member_budget_duration",
    "team_member_key_duration",
    "team_member_permissions",
    "team_member_rpm_limit",
    "team_member_tpm_limit",
    "teams",
    "tpd_limit",
    "tpm_limit_type",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Administrators look into the documents, not here.
    #[test]
    fn the_documents_name_every_field() {
        let documents = include_str!("../../../../docs/MIGRATE.md");
        let row = |begins: &str| documents.lines().find(|line| line.starts_with(begins)).unwrap_or_default();
        let (ignored, refused) = (row("| ignored |"), row("| refused |"));
        for (told, fields) in [(ignored, IGNORED_FIELDS), (refused, UNSUPPORTED_FIELDS)] {
            for field in fields {
                assert!(told.contains(&format!("`{field}`")), "{field} is missing");
            }
            assert_eq!(told.matches('`').count(), 2 * fields.len(), "{told}");
        }
    }
}
