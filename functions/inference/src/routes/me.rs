//! `GET /v1/me`: what the key that asks may spend, has spent and has left. A budget that is spent hides nothing.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use serde::Serialize;
use shared::api::{ApiError, ErrorFormat, json_response};
use stargate_core::id::{TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Scope, ScopeState};

use crate::pipeline::admission::load_scopes;
use crate::pipeline::authenticate::authenticate;
use crate::pipeline::refuse;
use crate::pipeline::state::InferenceState;

#[derive(Serialize)]
struct MeResponse<'a> {
    user_id: Option<&'a UserId>,
    team_id: Option<&'a TeamId>,
    /// The tightest budget in a line, for people: `$3.20 of $50.00 spent (user mario), resets 2026-12-01 00:00 UTC`.
    summary: String,
    /// All that a call is charged to, the narrowest first.
    budgets: Vec<BudgetStatus>,
}

#[derive(Serialize)]
struct BudgetStatus {
    scope: String,
    spend: Money,
    max_budget: Option<Money>,
    /// What is not spent.
    left: Option<Money>,
    /// The same without what calls in flight hold: what can be reserved now.
    headroom: Option<Money>,
    resets_at: Option<String>,
    rpm_limit: Option<u64>,
    tpm_limit: Option<u64>,
    max_parallel_requests: Option<u64>,
    models: Vec<String>,
}

pub async fn show(State(app): State<InferenceState>, headers: HeaderMap) -> Response {
    match answer(&app, &headers).await {
        Ok(answer) => answer,
        Err(fault) => refuse(&app, ErrorFormat::for_route("", &headers), &fault),
    }
}

/// **Cost:** one consistent read of every scope.
async fn answer(app: &InferenceState, headers: &HeaderMap) -> Result<Response, ApiError> {
    let (app, pointer) = authenticate(app, headers).await?;
    let (standing, now) = (load_scopes(&app, &pointer).await?, app.clock.now());
    standing.stands(now)?;
    let zone = &app.store.terms().zone;
    let budgets: Vec<BudgetStatus> =
        standing.scopes().iter().map(|(scope, state)| BudgetStatus::new(scope, state, now, zone)).collect();
    let holder = &standing.pointer().holder;
    let (user_id, team_id) = (holder.user.as_ref(), holder.team.as_ref());
    let response = MeResponse { user_id, team_id, summary: summary(&budgets), budgets };
    Ok(json_response(StatusCode::OK, &response))
}

impl BudgetStatus {
    fn new(scope: &Scope, state: &ScopeState, now: Moment, zone: &TimeZone) -> Self {
        let (spend, resets) = state.current(now, zone);
        let limits = &state.limits;
        Self {
            // A key's id means nothing to the person who holds it.
            scope: if matches!(scope, Scope::Key(_)) { "this key".to_owned() } else { scope.to_string() },
            spend,
            max_budget: limits.max_budget,
            left: limits.max_budget.map(|most| most - spend),
            headroom: limits.max_budget.map(|most| most - spend - state.leased_amount()),
            resets_at: resets.map(|at| at.to_string()),
            rpm_limit: limits.rpm,
            tpm_limit: limits.tpm,
            max_parallel_requests: limits.max_parallel_requests,
            models: limits.models.iter().cloned().collect(),
        }
    }
}

/// The budget with the least left; what was spent, where there is none.
fn summary(budgets: &[BudgetStatus]) -> String {
    let tightest = budgets.iter().filter_map(|budget| Some((budget, budget.max_budget?, budget.left?)));
    let tightest = tightest.min_by_key(|(_, _, left)| *left);
    let resets = |budget: &BudgetStatus| {
        // To the minute: `2026-12-01T00:00:00Z`.
        let at = budget.resets_at.as_ref().and_then(|at| at.split_once('T'));
        at.map_or_else(String::new, |(day, time)| {
            let minute: String = time.chars().take(5).collect();
            format!(", resets {day} {minute} UTC")
        })
    };
    match (tightest, budgets.first()) {
        (Some((budget, most, _)), _) => {
            format!("{} of {most} spent ({}){}", budget.spend, budget.scope, resets(budget))
        }
        (None, Some(own)) => format!("{} spent, no limit", own.spend),
        (None, None) => String::new(),
    }
}
