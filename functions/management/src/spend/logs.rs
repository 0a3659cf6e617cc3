//! `GET /spend/logs`

use std::collections::{BTreeSet, HashMap};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::{KeyId, RequestId};
use shared::policy::Permit;
use shared::store::KeyEntry;
use shared::web::json_answer;

use super::entry::{Entry, Filter};
use super::row::{LongRow, ShortRow};
use super::span::Days;
use crate::App;
use crate::guard::Ask;
use crate::keys::hash_of;
use crate::openapi::{Operation, schema_of};
use crate::paging::{DEEPEST, Page};
use crate::query::Query;
use crate::users::parse_id;

/// The most rows of one answer, LiteLLM's number for document 000's short rows. A Lambda's answer holds 6 MB: the long
/// rows take up to 1 KB each.
const MOST_SHORT: usize = 10_000;
const MOST_LONG: usize = 5_000;

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
enum Told {
    Logs(Logs),
    Rows(Vec<LongRow>),
}

pub const OPERATION: Operation =
    Operation::new("Spend records, the newest first", schema_of::<Told>).query(PARAMETERS);

/// Spend records, the newest first: of the last seven days in document 000's shape; with any parameter, those that it
/// picks in LiteLLM's, and refusals among them.
pub async fn logs(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    let days = Days::read(&ask.query, ask.now)?;
    let request = ask.query.text("request_id")?;
    let user = ask.query.id("user_id")?.map(|id| parse_id("user_id", id)).transpose()?;
    let user = permit.whose(user, "Non-admin users can only view their own spend data")?;
    let secret = ask.query.text("api_key")?;
    if let Some(request) = request {
        let mut entries = one(&app, &request).await?;
        entries.retain(|entry| user.is_none() || entry.record().is_some_and(|record| record.user == user));
        return long(&app, &entries, false).await;
    }
    let mut filter = Filter { user, ..Filter::default() };
    if let Some(secret) = &secret {
        match app.store.find_pointer(&hash_of(secret)).await? {
            Some(pointer) => filter.key = Some(pointer.key),
            None => return long(&app, &[], false).await,
        }
    }
    let days = days.of(&app, filter.user.as_ref().filter(|_| !permit.sees_all())).await?;
    if ask.query.has_any(PARAMETERS) {
        let page = page(&ask.query)?;
        let (entries, truncated) = newest(&app, days, &filter, page.number * page.size).await?;
        return long(&app, page.of(&entries), truncated).await;
    }
    filter.is_about_money = true;
    let (entries, truncated) = newest(&app, days, &filter, MOST_SHORT).await?;
    let records = entries.iter().filter_map(Entry::record);
    let logs = Logs { spend_logs: records.map(ShortRow::from).collect(), truncated };
    Ok(json_answer(StatusCode::OK, &Told::Logs(logs)))
}

/// Which rows: as many as an answer holds, unless it is said otherwise. Those before a page are read with it.
fn page(query: &Query) -> Result<Page, Fault> {
    let size = query.number("page_size", MOST_LONG, 1, MOST_LONG)?;
    let number = query.number("page", 1, 1, 1_000_000)?;
    if (number - 1) * size > DEEPEST {
        let rule = format!("begins more than {DEEPEST} rows deep: ask for fewer days");
        return Err(Fault::invalid("page", rule));
    }
    Ok(Page { number, size })
}

/// The record of one request, if there is one.
async fn one(app: &App, request: &str) -> Result<Vec<Entry>, Fault> {
    let Some(request) = RequestId::parse(request) else {
        return Ok(Vec::new());
    };
    Ok(app
        .store
        .find_record(request)
        .await?
        .map(|record| Entry::Spent(Box::new(record)))
        .into_iter()
        .collect())
}

/// The newest entries of some days, and whether there are more than `most`.
async fn newest(
    app: &App,
    days: Vec<String>,
    filter: &Filter,
    most: usize,
) -> Result<(Vec<Entry>, bool), Fault> {
    let mut entries = Vec::new();
    for day in days {
        // One more than is shown tells whether there is more.
        let room = most + 1 - entries.len();
        entries.extend(Entry::of_day(app, &day, filter, room).await?);
        if entries.len() > most {
            entries.truncate(most);
            return Ok((entries, true));
        }
    }
    Ok((entries, false))
}

/// LiteLLM's bare array.
async fn long(app: &App, entries: &[Entry], truncated: bool) -> Result<Response, Fault> {
    let ids: BTreeSet<KeyId> = entries.iter().map(|entry| entry.key().clone()).collect();
    let ids: Vec<KeyId> = ids.into_iter().collect();
    let keys: HashMap<KeyId, KeyEntry> =
        app.store.keys(&ids).await?.into_iter().map(|entry| (entry.key.id.clone(), entry)).collect();
    let row = |entry: &Entry| LongRow::of(entry, keys.get(entry.key()), &app.catalog);
    let rows = entries.iter().map(row).collect();
    let mut answer = json_answer(StatusCode::OK, &Told::Rows(rows));
    if truncated {
        answer.headers_mut().insert(TRUNCATED, HeaderValue::from_static("true"));
    }
    Ok(answer)
}
