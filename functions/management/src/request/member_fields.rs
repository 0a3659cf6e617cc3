//! The fields of a team's member.

use shared::api::ApiError;
use stargate_core::entity::TeamRole;

use crate::request::body::RequestBody;
use crate::request::limits::LimitsPatch;

/// A member's limits: LiteLLM has names of its own for two of them here.
pub fn member_limits(fields: &mut RequestBody) -> Result<LimitsPatch, ApiError> {
    fields.rename("max_budget_in_team", "max_budget")?;
    fields.rename("allowed_models", "models")?;
    LimitsPatch::read(fields)
}

pub fn member_role(fields: &mut RequestBody) -> Result<Option<TeamRole>, ApiError> {
    let rule = || ApiError::invalid("role", "must be admin or user");
    Ok(fields.text("role")?.try_map(|word| TeamRole::parse(&word).ok_or_else(rule))?.value())
}
