//! `GET /spend/keys`, `GET /spend/users` and `GET /global/spend/report`

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::money::Money;
use stargate_core::policy::Permit;
use stargate_core::spend::{DailySpend, SpendTotals};

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::date_range::DateRange;
use crate::request::ids::parse_user_id;
use crate::request::pagination::Page;
use crate::rows::key::KeyRow;
use crate::rows::spend_totals::Metrics;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

pub const KEYS: Operation =
    Operation::new("Keys with what they spent", schema_of::<Vec<KeyRow>>).query(&["page", "page_size"]);

/// Keys with what they spent, the newest first: one's own, or all, a hundred at a time.
pub async fn by_key(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "page_size", Page::MAX_SIZE)?;
    let ids = match permit.limit_to_own(None, "this key belongs to nobody")? {
        None => app.store.key_page(&page.start(None)?, page.size).await?.ids,
        Some(own) => page.slice(&app.store.keys_of_user(&own).await?).to_vec(),
    };
    let zone = &app.store.terms().zone;
    let entries = app.store.keys(&ids).await?;
    let rows =
        entries.iter().map(|entry| KeyRow::new(entry, ask.now, zone)).collect::<Result<Vec<_>, _>>()?;
    Ok(json_response(StatusCode::OK, &rows))
}

pub const USERS: Operation = Operation::new("Users with what they spent", schema_of::<Vec<UserRow>>)
    .query(&["user_id", "page", "page_size"]);

/// Users with what they spent: oneself, or the one that is named, or all, a hundred at a time.
pub async fn by_user(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "page_size", Page::MAX_SIZE)?;
    let asked = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let ids = match permit.limit_to_own(asked, "users see their own spend only")? {
        None => app.store.user_page(&page.start(None)?, page.size).await?.ids,
        Some(id) => page.slice(&[id]).to_vec(),
    };
    let mut rows = Vec::new();
    for entry in app.store.users(&ids).await? {
        rows.push(UserRow::read(&app, &entry, ask.now).await?);
    }
    Ok(json_response(StatusCode::OK, &rows))
}

/// What a report is broken down by.
#[derive(Clone, Copy)]
enum By {
    Team,
    Key,
    User,
    Model,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ReportDay")]
struct ReportDay {
    group_by_day: String,
    /// LiteLLM's name of the list, whatever it is grouped by.
    teams: Vec<Group>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ReportGroup")]
struct Group {
    /// The team, key, user or model; empty where there is none.
    name: String,
    /// LiteLLM's name for the same.
    team_name: String,
    total_spend: Money,
    metrics: Metrics,
}

pub const REPORT: Operation =
    Operation::new("What was spent each day, by team, key, user or model", schema_of::<Vec<ReportDay>>)
        .query(&["start_date", "end_date", "group_by"]);

/// What was spent each day, by team, key, user or model, the oldest first.
pub async fn report(
    app: ManagementState,
    _permit: Permit,
    ask: RequestContext,
) -> Result<Response, ApiError> {
    let days = DateRange::read(&ask.query, ask.now)?;
    let by = match ask.query.text("group_by")?.as_deref() {
        None | Some("team") => By::Team,
        Some("api_key") => By::Key,
        Some("user" | "customer") => By::User,
        Some("model") => By::Model,
        Some(_) => return Err(ApiError::invalid("group_by", "must be team, api_key, user or model")),
    };
    let mut by_day: BTreeMap<String, BTreeMap<String, SpendTotals>> = BTreeMap::new();
    for daily in days.daily_spend(&app.store, None).await? {
        let group = by.name(&daily);
        *by_day.entry(daily.day).or_default().entry(group).or_default() += daily.figures;
    }
    let group = |(name, figures): (String, SpendTotals)| Group {
        team_name: name.clone(),
        name,
        total_spend: figures.spend,
        metrics: figures.into(),
    };
    let day = |(group_by_day, groups): (String, BTreeMap<_, _>)| ReportDay {
        group_by_day,
        teams: groups.into_iter().map(group).collect(),
    };
    let report: Vec<ReportDay> = by_day.into_iter().map(day).collect();
    Ok(json_response(StatusCode::OK, &report))
}

impl By {
    fn name(self, daily: &DailySpend) -> String {
        match self {
            Self::Team => daily.team.as_ref().map(|id| id.to_string()).unwrap_or_default(),
            Self::Key => daily.key.to_string(),
            Self::User => daily.user.as_ref().map(|id| id.to_string()).unwrap_or_default(),
            Self::Model => daily.model.clone(),
        }
    }
}
