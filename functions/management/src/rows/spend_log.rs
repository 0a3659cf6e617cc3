//! Spend records and refusals, as answers show them.

use schemars::JsonSchema;
use serde::Serialize;
use shared::store::KeyEntry;
use stargate_core::catalog::Catalog;
use stargate_core::id::{TeamId, UserId};
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::spend::{RefusalRecord, SpendRecord, Status};

use crate::rows::spend_log_entry::SpendLogEntry;

/// Document 000's row.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ShortLog")]
pub struct ShortRow {
    user: Option<UserId>,
    model: String,
    spend: Money,
    tokens: u64,
    timestamp: String,
    request_id: String,
    status: &'static str,
}

/// LiteLLM's row, without the columns that nobody keeps here: prompts, answers, addresses.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Log")]
pub struct LongRow {
    request_id: String,
    /// The key's hash; `null` once the key is deleted.
    api_key: Option<String>,
    spend: Money,
    total_tokens: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    #[serde(rename = "startTime")]
    start_time: String,
    #[serde(rename = "endTime")]
    end_time: String,
    /// When the first piece of a streamed answer came; the end where there was none.
    #[serde(rename = "completionStartTime")]
    completion_start_time: String,
    model: String,
    /// What was called at Bedrock; empty once the model is out of the catalog.
    model_id: String,
    model_group: String,
    custom_llm_provider: &'static str,
    user: Option<UserId>,
    team_id: Option<TeamId>,
    session_id: Option<String>,
    request_tags: Vec<String>,
    cache_hit: &'static str,
    status: &'static str,
    metadata: LogMetadata,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "LogMetadata")]
struct LogMetadata {
    user_api_key_alias: Option<String>,
    user_api_key_user_id: Option<UserId>,
    agent_id: Option<String>,
    /// What was asked for, where another model or region answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_from: Option<String>,
    /// Where it was asked, if not in the function's own region.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_information: Option<ErrorInformation>,
    usage_object: UsageObject,
}

/// Why requests were refused, and how many since the row of that key and reason before.
#[derive(Debug, JsonSchema, Serialize)]
struct ErrorInformation {
    error_class: String,
    count: u64,
}

#[derive(Debug, JsonSchema, Serialize)]
struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

impl From<&SpendRecord> for ShortRow {
    fn from(record: &SpendRecord) -> Self {
        Self {
            user: record.user.clone(),
            model: record.model.clone(),
            spend: record.cost,
            tokens: record.usage.total(),
            timestamp: record.started_at().to_string(),
            request_id: record.request.to_string(),
            status: record.status.word(),
        }
    }
}

impl LongRow {
    /// A record or a refusal with what its key and its model are called, where they still exist.
    pub fn new(entry: &SpendLogEntry, key: Option<&KeyEntry>, catalog: &Catalog) -> Self {
        match entry {
            SpendLogEntry::Spent(record) => Self::from_record(record, key, catalog),
            SpendLogEntry::Refused(refused) => Self::from_refusal(refused, key, catalog),
        }
    }

    fn from_record(record: &SpendRecord, key: Option<&KeyEntry>, catalog: &Catalog) -> Self {
        let usage = &record.usage;
        Self {
            request_id: record.request.to_string(),
            api_key: key.map(hash),
            spend: record.cost,
            total_tokens: usage.total(),
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            start_time: record.started_at().to_string(),
            end_time: record.ended.to_string(),
            completion_start_time: record.first_byte.unwrap_or(record.ended).to_string(),
            model: record.model.clone(),
            model_id: model_id(catalog, &record.model),
            model_group: record.fallback_from.as_ref().unwrap_or(&record.model).clone(),
            custom_llm_provider: "bedrock",
            user: record.user.clone(),
            team_id: record.team.clone(),
            session_id: record.session.clone(),
            request_tags: record.tags.clone(),
            cache_hit: "False",
            status: litellms_word(record.status),
            metadata: LogMetadata {
                user_api_key_alias: key.and_then(|entry| entry.key.alias.clone()),
                user_api_key_user_id: record.user.clone(),
                agent_id: record.agent.clone(),
                fallback_from: record.fallback_from.clone(),
                region: record.region.clone(),
                status: litellms_word(record.status),
                error_information: None,
                usage_object: UsageObject::from(usage),
            },
        }
    }

    /// Refused requests reached no model: they have no tokens, no cost and no end of their own.
    fn from_refusal(refused: &RefusalRecord, key: Option<&KeyEntry>, catalog: &Catalog) -> Self {
        let status = litellms_word(Status::Failure);
        let name = catalog.find(&refused.model).map_or(&refused.model, |model| &model.name);
        Self {
            // No request's id: `request_id=` finds charged requests only.
            request_id: format!("refused-{}-{}-{}", refused.at.minute(), refused.key, refused.reason),
            api_key: key.map(hash),
            spend: Money::ZERO,
            total_tokens: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            start_time: refused.at.to_string(),
            end_time: refused.at.to_string(),
            completion_start_time: refused.at.to_string(),
            model: name.clone(),
            model_id: model_id(catalog, &refused.model),
            model_group: refused.model.clone(),
            custom_llm_provider: "bedrock",
            user: refused.user.clone(),
            team_id: None,
            session_id: None,
            request_tags: Vec::new(),
            cache_hit: "False",
            status,
            metadata: LogMetadata {
                user_api_key_alias: key.and_then(|entry| entry.key.alias.clone()),
                user_api_key_user_id: refused.user.clone(),
                agent_id: None,
                fallback_from: None,
                region: None,
                status,
                error_information: Some(ErrorInformation {
                    error_class: refused.reason.clone(),
                    count: refused.count,
                }),
                usage_object: UsageObject::from(&TokenUsage::default()),
            },
        }
    }
}

impl From<&TokenUsage> for UsageObject {
    fn from(usage: &TokenUsage) -> Self {
        Self {
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            cache_read_input_tokens: usage.cache_read,
            cache_creation_input_tokens: usage.cache_write_5m.saturating_add(usage.cache_write_1h),
        }
    }
}

fn hash(entry: &KeyEntry) -> String {
    entry.key.holder.secret.as_str().to_owned()
}

fn model_id(catalog: &Catalog, model: &str) -> String {
    catalog.find(model).map(|model| model.invoke_id.clone()).unwrap_or_default()
}

/// LiteLLM knows two ends of a request.
fn litellms_word(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Failure | Status::Cancelled | Status::Swept => "failure",
    }
}
