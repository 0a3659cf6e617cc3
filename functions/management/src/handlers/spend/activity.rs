//! `GET /user/daily/activity`

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::id::KeyId;
use stargate_core::money::Money;
use stargate_core::policy::Permit;
use stargate_core::spend::{DailySpend, SpendTotals};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::date_range::DateRange;
use crate::request::ids::{key_hash, parse_user_id};
use crate::request::pagination::Page;
use crate::rows::spend_totals::Metrics;
use crate::state::ManagementState;

/// Days of a page, unless `page_size` says otherwise.
const PAGE: usize = 50;
/// Whose models they are, as LiteLLM calls it.
const PROVIDER: &str = "bedrock";

/// Figures for themselves, as the usage guide has them, and under `metrics`, as LiteLLM has them now.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Figures")]
struct TotalsWithMetrics {
    #[serde(flatten)]
    flat: Metrics,
    metrics: Metrics,
}

#[derive(JsonSchema, Serialize)]
struct Breakdown {
    models: BTreeMap<String, TotalsWithMetrics>,
    providers: BTreeMap<&'static str, TotalsWithMetrics>,
    /// By the hash of the key; by its id, once the key is gone.
    api_keys: BTreeMap<String, TotalsWithMetrics>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ActivityDay")]
struct ActivityDay {
    date: String,
    metrics: Metrics,
    breakdown: Breakdown,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ActivityTotals")]
struct ActivityTotals {
    total_spend: Money,
    total_prompt_tokens: u64,
    total_completion_tokens: u64,
    total_cache_read_input_tokens: u64,
    total_cache_creation_input_tokens: u64,
    total_tokens: u64,
    total_api_requests: i64,
    total_successful_requests: i64,
    total_failed_requests: i64,
    page: usize,
    total_pages: usize,
    has_more: bool,
}

#[derive(JsonSchema, Serialize)]
struct DailyActivityResponse {
    results: Vec<ActivityDay>,
    metadata: ActivityTotals,
}

pub const OPERATION: Operation =
    Operation::new("What was spent day by day", schema_of::<DailyActivityResponse>)
        .query(&["start_date", "end_date", "user_id", "model", "api_key", "page", "page_size"])
        .needs(&["start_date", "end_date"]);

/// What was spent day by day, the newest first: by a user, or by everybody to those who see everything. The totals are of
/// all the days that were asked for, whichever page of them is shown.
pub async fn activity(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
) -> Result<Response, ApiError> {
    let query = &ask.query;
    for name in ["start_date", "end_date"] {
        if query.text(name)?.is_none() {
            return Err(ApiError::invalid(name, "Please provide start_date and end_date"));
        }
    }
    let (days, page) = (DateRange::read(query, ask.now)?, Page::read(query, "page_size", PAGE)?);
    let user = query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let user = permit.limit_to_own(user, "Non-admin users can only view their own spend data")?;
    let mut found = days.daily_spend(&app.store, user).await?;
    if let Some(model) = query.text("model")? {
        let name = app.catalog.find(&model).map_or(model, |model| model.name.clone());
        found.retain(|daily| daily.model == name);
    }
    if let Some(key) = query.text("api_key")? {
        let pointer = app.store.find_pointer(&key_hash(&key)).await?;
        found.retain(|daily| pointer.as_ref().is_some_and(|pointer| pointer.key == daily.key));
    }
    let hashes = hashes(&app, &found).await?;
    let mut total = SpendTotals::default();
    let mut by_day: BTreeMap<String, Vec<DailySpend>> = BTreeMap::new();
    for daily in found {
        total += daily.figures;
        by_day.entry(daily.day.clone()).or_default().push(daily);
    }
    let dates: Vec<&String> = by_day.keys().rev().collect();
    let day = |date: &&String| ActivityDay::new(date, &by_day[*date], &hashes);
    let response = DailyActivityResponse {
        results: page.slice(&dates).iter().map(day).collect(),
        metadata: ActivityTotals::new(total, page, dates.len()),
    };
    Ok(json_response(StatusCode::OK, &response))
}

/// The hashes of the keys that still exist.
async fn hashes(app: &ManagementState, found: &[DailySpend]) -> Result<HashMap<KeyId, String>, ApiError> {
    let mut ids: Vec<KeyId> = found.iter().map(|daily| daily.key.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let keys = app.store.keys(&ids).await?.into_iter();
    Ok(keys.map(|entry| (entry.key.id, entry.key.holder.secret.as_str().to_owned())).collect())
}

impl ActivityDay {
    fn new(date: &str, all: &[DailySpend], hashes: &HashMap<KeyId, String>) -> Self {
        let mut total = SpendTotals::default();
        let mut models: BTreeMap<String, SpendTotals> = BTreeMap::new();
        let mut keys: BTreeMap<String, SpendTotals> = BTreeMap::new();
        for daily in all {
            total += daily.figures;
            *models.entry(daily.model.clone()).or_default() += daily.figures;
            let key = hashes.get(&daily.key).map_or_else(|| daily.key.as_str(), String::as_str);
            *keys.entry(key.to_owned()).or_default() += daily.figures;
        }
        let both = |figures: BTreeMap<String, SpendTotals>| -> BTreeMap<String, TotalsWithMetrics> {
            figures.into_iter().map(|(name, figures)| (name, TotalsWithMetrics::from(figures))).collect()
        };
        let breakdown = Breakdown {
            models: both(models),
            providers: BTreeMap::from([(PROVIDER, TotalsWithMetrics::from(total))]),
            api_keys: both(keys),
        };
        Self { date: date.to_owned(), metrics: Metrics::from(total), breakdown }
    }
}

impl From<SpendTotals> for TotalsWithMetrics {
    fn from(figures: SpendTotals) -> Self {
        let metrics = Metrics::from(figures);
        Self { flat: metrics.clone(), metrics }
    }
}

impl ActivityTotals {
    fn new(total: SpendTotals, page: Page, days: usize) -> Self {
        let metrics = Metrics::from(total);
        Self {
            total_spend: metrics.spend,
            total_prompt_tokens: metrics.prompt_tokens,
            total_completion_tokens: metrics.completion_tokens,
            total_cache_read_input_tokens: metrics.cache_read_input_tokens,
            total_cache_creation_input_tokens: metrics.cache_creation_input_tokens,
            total_tokens: metrics.total_tokens,
            total_api_requests: metrics.api_requests,
            total_successful_requests: metrics.successful_requests,
            total_failed_requests: metrics.failed_requests,
            page: page.number,
            total_pages: page.count(days),
            has_more: page.number < page.count(days),
        }
    }
}
