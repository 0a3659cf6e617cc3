//! A spend record, as answers show it.

use serde::Serialize;
use shared::id::{TeamId, UserId};
use shared::model::Catalog;
use shared::money::Money;
use shared::record::{Record, Status};
use shared::store::KeyEntry;

/// Document 000's row.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
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
    model: String,
    /// What was called at Bedrock; empty once the model is out of the catalogue.
    model_id: String,
    model_group: String,
    custom_llm_provider: &'static str,
    user: Option<UserId>,
    team_id: Option<TeamId>,
    session_id: Option<String>,
    request_tags: Vec<String>,
    cache_hit: &'static str,
    status: &'static str,
    metadata: Metadata,
}

#[derive(Debug, Serialize)]
struct Metadata {
    user_api_key_alias: Option<String>,
    user_api_key_user_id: Option<UserId>,
    agent_id: Option<String>,
    status: &'static str,
    usage_object: UsageObject,
}

#[derive(Debug, Serialize)]
struct UsageObject {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
}

impl From<&Record> for ShortRow {
    fn from(record: &Record) -> Self {
        Self {
            user: record.user.clone(),
            model: record.model.clone(),
            spend: record.cost,
            tokens: record.usage.total(),
            timestamp: record.started().to_string(),
            request_id: record.request.to_string(),
            status: record.status.word(),
        }
    }
}

impl LongRow {
    /// A record with what its key and its model are called, where they still exist.
    pub fn of(record: &Record, key: Option<&KeyEntry>, catalog: &Catalog) -> Self {
        let usage = &record.usage;
        let called = catalog.find(&record.model).map(|model| model.invoke_id.clone());
        Self {
            request_id: record.request.to_string(),
            api_key: key.map(|entry| entry.key.holder.secret.as_str().to_owned()),
            spend: record.cost,
            total_tokens: usage.total(),
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output,
            start_time: record.started().to_string(),
            end_time: record.ended.to_string(),
            model: record.model.clone(),
            model_id: called.unwrap_or_default(),
            model_group: record.model.clone(),
            custom_llm_provider: "bedrock",
            user: record.user.clone(),
            team_id: record.team.clone(),
            session_id: record.session.clone(),
            request_tags: record.tags.clone(),
            cache_hit: "False",
            status: litellms_word(record.status),
            metadata: Metadata {
                user_api_key_alias: key.and_then(|entry| entry.key.alias.clone()),
                user_api_key_user_id: record.user.clone(),
                agent_id: record.agent.clone(),
                status: litellms_word(record.status),
                usage_object: UsageObject {
                    prompt_tokens: usage.prompt(),
                    completion_tokens: usage.output,
                    total_tokens: usage.total(),
                    cache_read_input_tokens: usage.cache_read,
                    cache_creation_input_tokens: usage.cache_write_5m.saturating_add(usage.cache_write_1h),
                },
            },
        }
    }
}

/// LiteLLM knows two ends of a request.
fn litellms_word(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Failure | Status::Cancelled | Status::Swept => "failure",
    }
}
