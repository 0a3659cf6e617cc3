//! `GET /spend/logs`

use std::collections::{BTreeSet, HashMap};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::KeyEntry;
use stargate_core::id::{KeyId, RequestId};
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::date_range::DateRange;
use crate::request::ids::{key_hash, parse_user_id};
use crate::request::pagination::{MAX_SKIP, Page};
use crate::request::query::Query;
use crate::rows::spend_log::{LongRow, ShortRow};
use crate::rows::spend_log_entry::{Filter, SpendLogEntry};
use crate::state::ManagementState;

/// The most rows of one answer, LiteLLM's number for the administrator's guide's short rows. A Lambda's answer holds 6 MB: the long
/// rows take up to 1 KB each.
const MAX_SHORT: usize = 10_000;
const MAX_LONG: usize = 5_000;

/// Where a bare array cannot say that it does not hold everything.
const TRUNCATED: HeaderName = HeaderName::from_static("x-stargate-truncated");

const PARAMETERS: &[&str] =
    &["request_id", "api_key", "user_id", "start_date", "end_date", "page", "page_size"];

/// Document 000's answer.
#[derive(JsonSchema, Serialize)]
struct Logs {
    spend_logs: Vec<ShortRow>,
    /// Whether there are older rows that are not shown.
    truncated: bool,
}

#[derive(JsonSchema, Serialize)]
#[serde(untagged)]
enum SpendLogsResponse {
    Logs(Logs),
    Rows(Vec<LongRow>),
}

pub const OPERATION: Operation =
    Operation::new("Spend records, the newest first", schema_of::<SpendLogsResponse>).query(PARAMETERS);

/// Spend records, the newest first: of the last seven days in the administrator's guide's shape; with any parameter, those that it
/// picks in LiteLLM's, and refusals among them.
pub async fn logs(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let days = DateRange::read(&ask.query, ask.now)?;
    let request = ask.query.text("request_id")?;
    let user = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let user = permit.limit_to_own(user, "Non-admin users can only view their own spend data")?;
    let secret = ask.query.text("api_key")?;
    if let Some(request) = request {
        let mut entries = find_record(&app, &request).await?;
        entries.retain(|entry| user.is_none() || entry.record().is_some_and(|record| record.user == user));
        return long(&app, &entries, false).await;
    }
    let mut filter = Filter { user, ..Filter::default() };
    if let Some(secret) = &secret {
        match app.store.find_pointer(&key_hash(secret)).await? {
            Some(pointer) => filter.key = Some(pointer.key),
            None => return long(&app, &[], false).await,
        }
    }
    let days = days.days_of(&app.store, filter.user.as_ref().filter(|_| !permit.sees_all())).await?;
    if ask.query.has_any(PARAMETERS) {
        let page = page(&ask.query)?;
        let (entries, truncated) = newest(&app, days, &filter, page.number * page.size).await?;
        return long(&app, page.slice(&entries), truncated).await;
    }
    filter.is_about_money = true;
    let (entries, truncated) = newest(&app, days, &filter, MAX_SHORT).await?;
    let records = entries.iter().filter_map(SpendLogEntry::record);
    let logs = Logs { spend_logs: records.map(ShortRow::from).collect(), truncated };
    Ok(json_response(StatusCode::OK, &SpendLogsResponse::Logs(logs)))
}

/// Which rows: as many as an answer holds, unless it is said otherwise. Those before a page are read with it.
fn page(query: &Query) -> Result<Page, ApiError> {
    let size = query.number("page_size", MAX_LONG, 1, MAX_LONG)?;
    let number = query.number("page", 1, 1, 1_000_000)?;
    if (number - 1) * size > MAX_SKIP {
        let rule = format!("begins more than {MAX_SKIP} rows deep: ask for fewer days");
        return Err(ApiError::invalid("page", rule));
    }
    Ok(Page { number, size })
}

/// The record of one request, if there is one.
async fn find_record(app: &ManagementState, request: &str) -> Result<Vec<SpendLogEntry>, ApiError> {
    let Some(request) = RequestId::parse(request) else {
        return Ok(Vec::new());
    };
    Ok(app
        .store
        .find_record(request)
        .await?
        .map(|record| SpendLogEntry::Spent(Box::new(record)))
        .into_iter()
        .collect())
}

/// The newest entries of some days, and whether there are more than `most`.
async fn newest(
    app: &ManagementState,
    days: Vec<String>,
    filter: &Filter,
    most: usize,
) -> Result<(Vec<SpendLogEntry>, bool), ApiError> {
    let mut entries = Vec::new();
    for day in days {
        // One more than is shown tells whether there is more.
        let room = most + 1 - entries.len();
        entries.extend(SpendLogEntry::of_day(app, &day, filter, room).await?);
        if entries.len() > most {
            entries.truncate(most);
            return Ok((entries, true));
        }
    }
    Ok((entries, false))
}

/// LiteLLM's bare array.
async fn long(
    app: &ManagementState,
    entries: &[SpendLogEntry],
    truncated: bool,
) -> Result<Response, ApiError> {
    let ids: BTreeSet<KeyId> = entries.iter().map(|entry| entry.key().clone()).collect();
    let ids: Vec<KeyId> = ids.into_iter().collect();
    let keys: HashMap<KeyId, KeyEntry> =
        app.store.keys(&ids).await?.into_iter().map(|entry| (entry.key.id.clone(), entry)).collect();
    let row = |entry: &SpendLogEntry| LongRow::new(entry, keys.get(entry.key()), &app.catalog);
    let rows = entries.iter().map(row).collect();
    let mut response = json_response(StatusCode::OK, &SpendLogsResponse::Rows(rows));
    if truncated {
        response.headers_mut().insert(TRUNCATED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
