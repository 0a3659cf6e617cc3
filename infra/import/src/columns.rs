//! What becomes of each column of LiteLLM's tables (version 1.110), and of each field of `metadata`. None is dropped silently.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::folder::{BUDGETS, KEYS, MEMBERSHIPS, ORGANIZATIONS, TEAMS, USERS};
use super::row::{DumpRow, RowError, has_value};

/// What the fields of a row say besides what is carried over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OtherFields {
    /// Limits that do not exist here: the row is skipped.
    pub limits: Vec<String>,
    /// What widens, or has no meaning here: dropped and reported.
    pub dropped: Vec<String>,
    /// Columns that this version of the importer does not know, without the look of a limit.
    pub unknown: Vec<String>,
}

/// Columns with one meaning in every table.
const CARRIED: &[&str] = &[
    "max_budget",
    "soft_budget",
    "budget_duration",
    "budget_reset_at",
    "budget_id",
    "rpm_limit",
    "tpm_limit",
    "max_parallel_requests",
    "models",
    "model_max_budget",
    "blocked",
    "expires",
    "metadata",
    "spend",
    "created_at",
    "user_id",
    "team_id",
    "organization_id",
];

/// What LiteLLM notes for itself.
const NOTES: &[&str] = &["created_by", "updated_at", "updated_by", "model_spend", "total_spend"];

const LIMITS: &[&str] = &["tpd_limit", "budget_limits", "policies"];

const DROPPED: &[&str] =
    &["object_permission_id", "router_settings", "access_group_ids", "allowed_cache_controls"];

/// The columns of one table alone: carried over or without a meaning for limits; limits; dropped.
fn columns_of(table: &str) -> [&'static [&'static str]; 3] {
    match table {
        BUDGETS => [&["allowed_models"], &[], &["temp_budget_increase", "temp_budget_expiry"]],
        ORGANIZATIONS => [&["organization_alias"], &[], &[]],
        TEAMS => [
            &["team_alias", "members_with_roles", "members", "admins"],
            &[],
            // For members who join later, what members may administer, and LiteLLM's own names of models.
            &[
                "default_team_member_models",
                "team_member_permissions",
                "allow_team_guardrail_config",
                "model_id",
            ],
        ],
        USERS => [
            &[
                "user_email",
                "user_alias",
                "user_role",
                "teams",
                "password_reset_required",
                "last_breach_check_at",
            ],
            &[],
            &["password", "sso_user_id"],
        ],
        MEMBERSHIPS => [&[], &[], &[]],
        KEYS => [
            &[
                "token",
                "key_name",
                "key_alias",
                "aliases",
                "allowed_routes",
                "key_type",
                "soft_budget_cooldown",
                "settings_updated_at",
                "last_active",
                "rotation_count",
                "last_rotation_at",
                "key_rotation_at",
            ],
            // A project and an agent have budgets and limits of their own.
            &["project_id", "agent_id"],
            // With `budget_fallbacks` LiteLLM serves another model where it would refuse.
            &["config", "permissions", "auto_rotate", "rotation_interval", "budget_fallbacks"],
        ],
        _ => [&[], &[], &[]],
    }
}

/// Limits that LiteLLM keeps in `metadata`, besides those of models that are carried over.
const METADATA_LIMITS: &[&str] = &[
    "model_itpm_limit",
    "model_otpm_limit",
    "tag_rpm_limit",
    "tag_tpm_limit",
    "max_iterations",
    "end_user_budget_id",
    "guardrails",
    "policies",
    "allowed_routes",
    "budget_limits",
    "tpd_limit",
    "model_max_budget",
];

const METADATA_CARRIED: &[&str] =
    &["model_rpm_limit", "model_tpm_limit", "team_member_budget_id", "tags", "scim_active"];

/// LiteLLM's fields that limit nothing that is served here.
const METADATA_DROPPED: &[&str] = &[
    "temp_budget_increase",
    "temp_budget_expiry",
    "rpm_limit_type",
    "tpm_limit_type",
    "throttle_on_budget_exceeded",
    "team_member_key_duration",
    "enforced_params",
    "require_trace_id",
    "disable_global_guardrails",
    "opted_out_global_guardrails",
    "mcp_rpm_limit",
    "allowed_passthrough_routes",
    "denied_passthrough_routes",
    "allowed_vector_store_indexes",
    "prompts",
    "enable_prompt_caching",
    "default_estimated_output_tokens",
    "default_estimated_output_tokens_per_model",
    "enforced_batch_output_expires_after",
    "enforced_file_expires_after",
    "logging",
    "secret_manager_settings",
    "soft_budget_alerting_emails",
];

/// What the names of limits have in them.
const LIMIT_WORDS: &[&str] = &[
    "limit",
    "budget",
    "quota",
    "max_",
    "block",
    "allow",
    "deny",
    "denied",
    "forbid",
    "restrict",
    "enforce",
    "expire",
    "expiry",
    "disable",
    "suspend",
    "revoke",
    "guardrail",
    "polic",
];

pub fn looks_like_limit(name: &str) -> bool {
    let name = name.to_lowercase();
    LIMIT_WORDS.iter().any(|word| name.contains(word))
}

/// Sorts the fields of a row that say something and are not carried over.
pub fn other_fields(row: &DumpRow) -> Result<OtherFields, RowError> {
    let mut fields = OtherFields::default();
    let [known, limits, dropped] = columns_of(row.table);
    for (name, value) in &row.values {
        let is = |names: &[&str]| names.contains(&name.as_str());
        // Prisma adds the rows that this one names: those are in tables of their own.
        let is_relation = matches!(value, Value::Object(_) | Value::Array(_)) && is_relation(row, name);
        if !has_value(value) || is(CARRIED) || is(NOTES) || is(known) || is_relation {
            continue;
        }
        match () {
            () if is(LIMITS) || is(limits) => fields.limits.push(name.clone()),
            () if is(DROPPED) || is(dropped) => fields.dropped.push(name.clone()),
            () if looks_like_limit(name) => fields.limits.push(name.clone()),
            () => fields.unknown.push(name.clone()),
        }
    }
    sort_metadata(&row.object("metadata")?, &mut fields);
    Ok(fields)
}

/// Fields of one's own stay in `metadata`. One whose name looks like a limit is reported.
fn sort_metadata(metadata: &Map<String, Value>, fields: &mut OtherFields) {
    for (name, value) in metadata {
        let is = |names: &[&str]| names.contains(&name.as_str());
        if !has_value(value) || is(METADATA_CARRIED) {
            continue;
        }
        let named = format!("metadata.{name}");
        if is(METADATA_LIMITS) {
            fields.limits.push(named);
        } else if is(METADATA_DROPPED) || looks_like_limit(name) {
            fields.dropped.push(named);
        }
    }
}

fn is_relation(row: &DumpRow, name: &str) -> bool {
    match name {
        "litellm_budget_table" => row.values.get("budget_id").is_some_and(has_value),
        "object_permission" => row.values.get("object_permission_id").is_some_and(has_value),
        "litellm_organization_table"
        | "litellm_model_table"
        | "litellm_team_table"
        | "organization"
        | "organization_memberships"
        | "organization_membership"
        | "team_membership"
        | "end_users"
        | "keys"
        | "users"
        | "members"
        | "projects" => true,
        _ => false,
    }
}

/// The columns of limits that a complete CSV file of this table has, in every version of LiteLLM.
pub fn limit_columns(table: &str) -> &'static [&'static str] {
    match table {
        BUDGETS => &["max_budget", "budget_duration", "rpm_limit", "tpm_limit", "max_parallel_requests"],
        ORGANIZATIONS => &["budget_id", "models"],
        MEMBERSHIPS => &["budget_id"],
        USERS => {
            &["max_budget", "budget_duration", "models", "rpm_limit", "tpm_limit", "max_parallel_requests"]
        }
        TEAMS => &[
            "max_budget",
            "budget_duration",
            "models",
            "rpm_limit",
            "tpm_limit",
            "max_parallel_requests",
            "blocked",
            "organization_id",
            "metadata",
        ],
        KEYS => &[
            "max_budget",
            "budget_duration",
            "models",
            "rpm_limit",
            "tpm_limit",
            "max_parallel_requests",
            "blocked",
            "expires",
            "metadata",
            "user_id",
            "team_id",
        ],
        _ => &[],
    }
}
