//! `GET /spend/tags`

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::id::KeyId;
use stargate_core::money::Money;
use stargate_core::policy::Permit;
use stargate_core::spend::SpendRecord;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::date_range::DateRange;
use crate::state::ManagementState;

/// LiteLLM's row.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TagRow")]
struct Row {
    individual_request_tag: String,
    log_count: u64,
    total_spend: Money,
}

pub const OPERATION: Operation =
    Operation::new("What was spent under each tag", schema_of::<Vec<Row>>).query(&["start_date", "end_date"]);

/// What was spent under each tag: those that requests carry, those of their keys, and `model:` with the model's name, so
/// that the administrator's guide's call shows what each model cost. Users see their own.
pub async fn tags(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let days = DateRange::read(&ask.query, ask.now)?;
    let own = permit.limit_to_own(None, "this key belongs to nobody")?;
    let days = days.days_of(&app.store, own.as_ref()).await?;
    let wanted = |record: &SpendRecord| own.is_none() || record.user == own;
    let mut keys = HashMap::new();
    let mut rows: BTreeMap<String, (u64, Money)> = BTreeMap::new();
    for day in days {
        let records = app.store.records_of_day(&day, usize::MAX, wanted).await?;
        learn(&app, &records, &mut keys).await?;
        for record in records {
            let of_key = keys.get(&record.key).into_iter().flatten();
            let of_model = format!("model:{}", record.model);
            let tags: HashSet<&String> = record.tags.iter().chain(of_key).chain([&of_model]).collect();
            for tag in tags {
                let (count, spend) = rows.entry(tag.clone()).or_default();
                *count += 1;
                *spend += record.cost;
            }
        }
    }
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|(tag, (log_count, total_spend))| Row { individual_request_tag: tag, log_count, total_spend })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total_spend));
    Ok(json_response(StatusCode::OK, &rows))
}

/// Reads the tags of the keys that are met for the first time.
async fn learn(
    app: &ManagementState,
    records: &[SpendRecord],
    keys: &mut HashMap<KeyId, Vec<String>>,
) -> Result<(), ApiError> {
    let news: HashSet<KeyId> =
        records.iter().map(|record| record.key.clone()).filter(|key| !keys.contains_key(key)).collect();
    let news: Vec<KeyId> = news.into_iter().collect();
    for entry in app.store.keys(&news).await? {
        keys.insert(entry.key.id, entry.key.tags);
    }
    Ok(())
}
