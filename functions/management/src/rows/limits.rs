//! What users, keys and teams have in common in answers.

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::StoreError;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{Scope, ScopeState, UNLIMITED};

use crate::request::model_limits::ModelColumns;
use crate::state::ManagementState;

/// A scope's limits and what is spent of them.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct LimitColumns {
    models: Vec<String>,
    max_budget: Option<Money>,
    soft_budget: Option<Money>,
    spend: Money,
    total_spend: Money,
    budget_duration: Option<String>,
    budget_reset_at: Option<String>,
    rpm_limit: Option<u64>,
    tpm_limit: Option<u64>,
    max_parallel_requests: Option<u64>,
    blocked: bool,
    /// Only where one thing is shown, and not a list: they are read one by one.
    #[serde(flatten)]
    of_models: Option<ModelColumns>,
}

impl LimitColumns {
    pub fn new(state: &ScopeState, now: Moment, zone: &TimeZone) -> Self {
        let (spend, resets) = state.current(now, zone);
        let limits = &state.limits;
        Self {
            models: limits.models.iter().cloned().collect(),
            max_budget: limits.max_budget,
            soft_budget: limits.soft_budget,
            spend,
            total_spend: state.total_spend,
            budget_duration: limits.budget_duration.as_ref().map(|duration| duration.as_str().to_owned()),
            budget_reset_at: format_time(resets),
            rpm_limit: limits.rpm,
            tpm_limit: limits.tpm,
            max_parallel_requests: limits.max_parallel_requests,
            blocked: limits.blocked,
            of_models: None,
        }
    }

    /// The same with the limits of single models.
    pub async fn with_models(
        self,
        app: &ManagementState,
        scope: &Scope,
        state: &ScopeState,
        now: Moment,
    ) -> Result<Self, ApiError> {
        Ok(Self { of_models: Some(ModelColumns::read(&app.store, scope, state, now).await?), ..self })
    }
}

impl LimitColumns {
    pub fn with_a_budget(self) -> Self {
        Self { max_budget: self.max_budget.or(Some(UNLIMITED)), ..self }
    }
}

/// RFC 3339 in UTC.
pub fn format_time(moment: Option<Moment>) -> Option<String> {
    moment.map(|moment| moment.to_string())
}

/// Stored JSON as it was sent.
pub fn raw(json: &str) -> Result<Box<RawValue>, ApiError> {
    let corrupt = |_| StoreError::Corrupt { attribute: "metadata".to_owned() };
    Ok(RawValue::from_string(json.to_owned()).map_err(corrupt)?)
}
