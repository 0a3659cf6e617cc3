//! `GET /spend/sessions`

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::id::UserId;
use stargate_core::money::Money;
use stargate_core::policy::Permit;
use stargate_core::spend::SpendRecord;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::date_range::DateRange;
use crate::request::ids::parse_user_id;
use crate::request::pagination::Page;
use crate::state::ManagementState;

/// Sessions of a page, unless `page_size` says otherwise.
const PAGE: usize = 50;

/// What one session of Claude Code cost: its agents, whom it starts for parts of its work, apart.
#[derive(JsonSchema, Serialize)]
struct Session {
    session_id: String,
    user_id: Option<UserId>,
    started_at: String,
    ended_at: String,
    #[serde(flatten)]
    sum: Sum,
    models: BTreeMap<String, Sum>,
    /// By agent; what the session itself asked is under `main`.
    agents: BTreeMap<String, Sum>,
}

#[derive(Clone, Copy, Default, JsonSchema, Serialize)]
#[schemars(rename = "SessionSum")]
struct Sum {
    api_requests: u64,
    total_tokens: u64,
    spend: Money,
}

impl Sum {
    fn add(&mut self, record: &SpendRecord) {
        self.api_requests += 1;
        self.total_tokens += record.usage.total();
        self.spend += record.cost;
    }
}

#[derive(JsonSchema, Serialize)]
struct SpendSessionsResponse {
    sessions: Vec<Session>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
}

pub const OPERATION: Operation =
    Operation::new("What each session of Claude Code cost", schema_of::<SpendSessionsResponse>).query(&[
        "start_date",
        "end_date",
        "user_id",
        "session_id",
        "page",
        "page_size",
    ]);

/// What each session of Claude Code cost in some days, by what it sends in `x-claude-code-session-id`: the latest first, page by
/// page. Users see their own.
pub async fn sessions(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "page_size", PAGE)?;
    let days = DateRange::read(&ask.query, ask.now)?;
    let user = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let user = permit.limit_to_own(user, "Non-admin users can only view their own spend data")?;
    let only = ask.query.text("session_id")?;
    let days = days.days_of(&app.store, user.as_ref().filter(|_| !permit.sees_all())).await?;
    let wanted = |record: &SpendRecord| {
        record.session.is_some()
            && (only.is_none() || record.session == only)
            && (user.is_none() || record.user == user)
    };
    let mut found: BTreeMap<(Option<UserId>, String), Vec<SpendRecord>> = BTreeMap::new();
    for day in days {
        for record in app.store.records_of_day(&day, usize::MAX, wanted).await? {
            let session = record.session.clone().unwrap_or_default();
            // What a client says of itself is its own: two users with the same id are two sessions.
            found.entry((record.user.clone(), session)).or_default().push(record);
        }
    }
    let mut sessions: Vec<Session> =
        found.into_iter().map(|((user, session), records)| session_of(session, user, &records)).collect();
    sessions.sort_by(|one, other| other.ended_at.cmp(&one.ended_at));
    let total = sessions.len();
    let start = ((page.number - 1) * page.size).min(total);
    let response = SpendSessionsResponse {
        sessions: sessions.into_iter().skip(start).take(page.size).collect(),
        total,
        page: page.number,
        page_size: page.size,
        total_pages: page.count(total),
    };
    Ok(json_response(StatusCode::OK, &response))
}

fn session_of(session_id: String, user_id: Option<UserId>, records: &[SpendRecord]) -> Session {
    let mut sum = Sum::default();
    let (mut models, mut agents) = (BTreeMap::<String, Sum>::new(), BTreeMap::<String, Sum>::new());
    for record in records {
        sum.add(record);
        models.entry(record.model.clone()).or_default().add(record);
        agents.entry(record.agent.clone().unwrap_or_else(|| "main".to_owned())).or_default().add(record);
    }
    let started: BTreeSet<_> = records.iter().map(SpendRecord::started_at).collect();
    let ended: BTreeSet<_> = records.iter().map(|record| record.ended).collect();
    let told =
        |moment: Option<&stargate_core::moment::Moment>| moment.map(ToString::to_string).unwrap_or_default();
    Session {
        session_id,
        user_id,
        started_at: told(started.first()),
        ended_at: told(ended.last()),
        sum,
        models,
        agents,
    }
}
