//! `GET /spend/logs`

use std::collections::{BTreeSet, HashMap};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::{KeyId, RequestId, UserId};
use shared::policy::Permit;
use shared::record::Record;
use shared::store::KeyEntry;
use shared::web::json_answer;

use super::row::{LongRow, ShortRow};
use super::span::Days;
use crate::App;
use crate::guard::Ask;
use crate::keys::hash_of;
use crate::users::parse_id;

/// The most rows of one answer, LiteLLM's number for document 000's short rows. A Lambda's answer holds 6 MB: the long
/// rows take up to 1 KB each.
const MOST_SHORT: usize = 10_000;
const MOST_LONG: usize = 5_000;

/// Where a bare array cannot say that it does not hold everything.
const TRUNCATED: HeaderName = HeaderName::from_static("x-stargate-truncated");

const PARAMETERS: &[&str] = &["request_id", "api_key", "user_id", "start_date", "end_date"];

/// Document 000's answer.
#[derive(Serialize)]
struct Logs {
    spend_logs: Vec<ShortRow>,
    /// Whether there are older rows that are not shown.
    truncated: bool,
}

/// What to look for.
#[derive(Default)]
struct Filter {
    key: Option<KeyId>,
    user: Option<UserId>,
}

impl Filter {
    fn wants(&self, record: &Record) -> bool {
        self.key.as_ref().is_none_or(|key| *key == record.key)
            && self.user.as_ref().is_none_or(|user| Some(user) == record.user.as_ref())
    }
}

/// Spend records, the newest first: of the last seven days in document 000's shape; with any parameter, those that it
/// picks in LiteLLM's.
pub async fn logs(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(PARAMETERS)?;
    let days = Days::read(&ask.query, ask.now)?;
    let request = ask.query.text("request_id")?;
    let user = ask.query.id("user_id")?.map(|id| parse_id("user_id", id)).transpose()?;
    let secret = ask.query.text("api_key")?;
    if let Some(request) = request {
        return long(&app, &one(&app, &request).await?, false).await;
    }
    let mut filter = Filter { user, key: None };
    if let Some(secret) = &secret {
        match app.store.find_pointer(&hash_of(secret)).await? {
            Some(pointer) => filter.key = Some(pointer.key),
            None => return long(&app, &[], false).await,
        }
    }
    if ask.query.has_any(PARAMETERS) {
        let (records, truncated) = newest(&app, days, &filter, MOST_LONG).await?;
        return long(&app, &records, truncated).await;
    }
    let (records, truncated) = newest(&app, days, &filter, MOST_SHORT).await?;
    let logs = Logs { spend_logs: records.iter().map(ShortRow::from).collect(), truncated };
    Ok(json_answer(StatusCode::OK, &logs))
}

/// The record of one request, if there is one.
async fn one(app: &App, request: &str) -> Result<Vec<Record>, Fault> {
    let Some(request) = RequestId::parse(request) else {
        return Ok(Vec::new());
    };
    Ok(app.store.find_record(request).await?.into_iter().collect())
}

/// The newest records of some days, and whether there are more than `most`.
async fn newest(app: &App, days: Days, filter: &Filter, most: usize) -> Result<(Vec<Record>, bool), Fault> {
    let mut records = Vec::new();
    for day in days.newest_first() {
        // One more than is shown tells whether there is more.
        let room = most + 1 - records.len();
        let found = app.store.records_of_day(&day.to_string(), room, |record| filter.wants(record)).await?;
        records.extend(found);
        if records.len() > most {
            records.truncate(most);
            return Ok((records, true));
        }
    }
    Ok((records, false))
}

/// LiteLLM's bare array.
async fn long(app: &App, records: &[Record], truncated: bool) -> Result<Response, Fault> {
    let ids: BTreeSet<KeyId> = records.iter().map(|record| record.key.clone()).collect();
    let ids: Vec<KeyId> = ids.into_iter().collect();
    let keys: HashMap<KeyId, KeyEntry> =
        app.store.keys(&ids).await?.into_iter().map(|entry| (entry.key.id.clone(), entry)).collect();
    let row = |record: &Record| LongRow::of(record, keys.get(&record.key), &app.catalog);
    let rows: Vec<LongRow> = records.iter().map(row).collect();
    let mut answer = json_answer(StatusCode::OK, &rows);
    if truncated {
        answer.headers_mut().insert(TRUNCATED, HeaderValue::from_static("true"));
    }
    Ok(answer)
}
