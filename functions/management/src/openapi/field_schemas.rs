//! What parameters and fields are called, and what is meant by it: one meaning to a name, on every route.

use serde_json::{Value, json};

/// The most entries of a list.
pub const MAX_ENTRIES: usize = 100;

/// What a value looks like.
#[derive(Clone, Copy)]
pub enum FieldType {
    /// 1 to 512 bytes.
    Text,
    Texts,
    Flag,
    /// Zero or more.
    Count,
    /// One or more.
    Number,
    Dollars,
    /// `YYYY-MM-DD`.
    Date,
    Object,
    /// Names to models.
    Names,
    /// Models to counts.
    Rates,
    /// Models to amounts, or to amounts with their periods.
    Budgets,
    /// Users with their roles.
    Members,
    Any,
}

use FieldType::*;

/// Every name that an operation has.
const FIELD_SCHEMAS: &[(&str, FieldType, &str)] = &[
    ("action", Text, "created, updated, deleted, blocked, unblocked or rotated"),
    ("aliases", Names, "What a key calls models, before what the catalog calls them"),
    ("allowed_models", Texts, "The models that a member may use with the team's keys"),
    ("api_key", Text, "A key, by its secret or its hash"),
    ("auto_create_key", Flag, "Whether a key is made along"),
    ("blocked", Flag, "Whether every request is refused"),
    (
        "budget_duration",
        Text,
        "How long a budget lasts: 30s, 30m, 24h, 7d, 30d, 1mo, 1y, hourly, daily, weekly, monthly, yearly",
    ),
    ("changed_by", Text, "Who changed something, or said to act for somebody"),
    ("completion_response", Object, "An answer, with its model and its usage"),
    ("current_password", Text, "The password that the caller has"),
    ("cursor", Text, "Where the page begins: the next_cursor of the page before"),
    ("duration", Text, "How long a key lives, from now: 30s, 30m, 24h, 30d, 1mo, 1y; -1 is for ever"),
    ("end_date", Date, "The last day, UTC"),
    ("grace_period", Text, "How long the old secret goes on working"),
    ("group_by", Text, "team, api_key, user or model"),
    ("id", Text, "What is meant, by its id"),
    ("invitation_id", Text, "An invitation, by the id that it was answered with"),
    ("invitation_link", Text, "An invitation, by its id"),
    ("invite_link", Text, "An invitation, by its id"),
    ("key", Text, "A key, by its secret or its hash; where one is made, the secret to give it"),
    ("key_alias", Text, "A key's name; no two keys have the same"),
    ("key_aliases", Texts, "Keys, by their names"),
    ("key_hash", Text, "A key, by its hash"),
    ("keys", Texts, "Keys, by their secrets or hashes"),
    ("litellm_model_id", Text, "A model, by its id"),
    ("litellm_params", Object, "What is called at Bedrock, as model, and the prices for one token"),
    ("max_budget", Dollars, "The most that may be spent in a period; 0 blocks, null is unlimited"),
    ("max_budget_in_team", Dollars, "The most that a member may spend in a team in a period"),
    ("max_parallel_requests", Count, "The most requests at once"),
    ("member", Members, "Who joins, and as what"),
    ("members_with_roles", Members, "Who is in the team from the start, and as what"),
    ("messages", Any, "The messages of a request"),
    ("metadata", Object, "Kept as it was sent, at most 16 KiB"),
    ("model", Text, "A model, by any of its names"),
    ("model_info", Object, "Which model it is: id, base_model, max_input_tokens, max_output_tokens"),
    ("model_max_budget", Budgets, "Budgets of single models, replaced as a whole"),
    ("model_name", Text, "What clients call the model"),
    ("model_rpm_limit", Rates, "Requests a minute of single models, replaced as a whole"),
    ("model_tpm_limit", Rates, "Tokens a minute of single models, replaced as a whole"),
    ("models", Texts, "The models that may be used; an empty list is all of them"),
    ("new_key", Text, "The secret to give it; a random one, where it is absent"),
    ("new_password", Text, "12 to 256 characters"),
    ("object_id", Text, "What was changed, by its id"),
    ("organization_alias", Text, "An organization's name"),
    ("organization_id", Text, "An organization"),
    ("organization_ids", Texts, "Organizations"),
    ("page", Number, "Which page, counted from one"),
    ("page_size", Number, "Entries of a page: at most 100, and 5,000 of spend logs"),
    ("password", Text, "A user's password, 12 to 256 characters"),
    ("request_id", Text, "A request, by the id of its answer"),
    ("return_full_object", Flag, "Whether keys are told in full, and not by their hashes"),
    (
        "role",
        Text,
        "In a team admin or user; in an organization org_admin, internal_user or internal_user_viewer; in a list, a user's role",
    ),
    ("rpm_limit", Count, "Requests a minute"),
    ("search", Text, "How a part of an id or an address begins"),
    ("session_id", Text, "A session of Claude Code"),
    ("size", Number, "Entries of a page, at most 100"),
    ("soft_budget", Dollars, "An amount that is told when it is reached, and refuses nothing"),
    (
        "sort_by",
        Text,
        "created_at, user_id, user_email, user_alias, user_role, spend or max_budget; up to 10,000 users",
    ),
    ("sort_order", Text, "asc or desc"),
    ("spend", Dollars, "What was spent in this period; 0 where something is made"),
    ("start_date", Date, "The first day, UTC"),
    ("table_name", Text, "The kind of thing that was changed, by LiteLLM's name of it"),
    ("tags", Texts, "What a key's spend is reported under besides"),
    ("team_alias", Text, "A team's name"),
    ("team_id", Text, "A team"),
    ("team_ids", Texts, "Teams"),
    ("teams", Texts, "The teams that a user joins"),
    ("tpm_limit", Count, "Tokens a minute"),
    ("user_alias", Text, "A user's name"),
    ("user_email", Text, "A user's address; no two users have the same. In a list, how a part of it begins"),
    ("user_id", Text, "A user"),
    ("user_ids", Texts, "Users; in a query separated by commas"),
    ("user_role", Text, "proxy_admin, proxy_admin_viewer, internal_user or internal_user_viewer"),
    ("username", Text, "A user's id or address"),
];

/// What a name means. An operation's names are all here: a test asks for each.
pub fn word(name: &str) -> Option<(FieldType, &'static str)> {
    FIELD_SCHEMAS.iter().find(|(own, ..)| *own == name).map(|(_, kind, about)| (*kind, *about))
}

impl FieldType {
    /// The schema of a value in a query or a path: text.
    pub fn plain(self) -> Value {
        match self {
            Number => json!({"type": "integer", "minimum": 1}),
            Flag => json!({"type": "boolean"}),
            Date => json!({"type": "string", "format": "date"}),
            _ => json!({"type": "string"}),
        }
    }

    /// The schema of a value in a body, without `null`.
    pub fn schema(self) -> Value {
        match self {
            Text => json!({"type": "string", "minLength": 1, "maxLength": 512}),
            Texts => {
                let text = Text.schema();
                json!({"type": "array", "items": text, "maxItems": MAX_ENTRIES})
            }
            Count => json!({"type": "integer", "minimum": 0}),
            Dollars => json!({"type": "number", "minimum": 0, "maximum": 1_000_000_000_000_u64}),
            Object => json!({"type": "object"}),
            Names => json!({"type": "object", "additionalProperties": Text.schema()}),
            Rates => json!({"type": "object", "additionalProperties": Count.schema()}),
            Budgets => {
                let (limit, period) = (Dollars.schema(), Text.schema());
                let both = json!({"budget_limit": limit, "time_period": period});
                let one = json!({"anyOf": [limit, {"type": "object", "properties": both}]});
                json!({"type": "object", "additionalProperties": one})
            }
            Members => {
                let text = Text.schema();
                let member = json!({
                    "type": "object",
                    "properties": {"role": text, "user_id": text, "user_email": text},
                });
                json!({"anyOf": [member, {"type": "array", "items": member}]})
            }
            Any => json!({}),
            Number | Flag | Date => self.plain(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_told_once() {
        assert!(FIELD_SCHEMAS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
