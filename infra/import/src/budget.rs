//! Budgets: the rows of `LiteLLM_BudgetTable`, whose limits others have by `budget_id`.

use std::collections::{BTreeSet, HashMap};

use stargate_core::moment::Moment;
use stargate_core::scope::Limits;

use super::columns;
use super::model_limits::ImportModelLimits;
use super::row::{DumpRow, RowError};

/// By their ids; or why a budget's row was skipped.
pub type Budgets = HashMap<String, Result<ImportBudget, RowError>>;

#[derive(Clone, Debug, Default)]
pub struct ImportBudget {
    pub limits: Limits,
    /// What a team's member may use.
    pub models: BTreeSet<String>,
    pub model_limits: ImportModelLimits,
    /// When the period ends that runs there.
    pub reset_at: Option<Moment>,
}

impl ImportBudget {
    pub fn read(row: &DumpRow) -> Result<Self, RowError> {
        let models = row.texts("allowed_models")?.into_iter().collect();
        let (limits, model_limits) = (row.limits()?, row.model_limits()?);
        Ok(Self { limits, models, model_limits, reset_at: row.moment("budget_reset_at")? })
    }
}

/// The budget that a field names. `None`: it names none.
pub fn find_budget<'a>(
    budgets: &'a Budgets,
    field: &str,
    id: Option<&str>,
) -> Result<Option<&'a ImportBudget>, RowError> {
    let Some(id) = id else {
        return Ok(None);
    };
    match budgets.get(id) {
        None => Err(format!("{field}: there is no budget {id}")),
        Some(Err(why)) => Err(format!("{field}: budget {id} was skipped: {why}")),
        Some(Ok(budget)) => Ok(Some(budget)),
    }
}

/// A thing's own limits, and those of its budget where it has none.
pub fn merge_limits(own: Limits, budget: &Limits) -> Limits {
    Limits {
        max_budget: own.max_budget.or(budget.max_budget),
        soft_budget: own.soft_budget.or(budget.soft_budget),
        budget_duration: own.budget_duration.or_else(|| budget.budget_duration.clone()),
        rpm: own.rpm.or(budget.rpm),
        tpm: own.tpm.or(budget.tpm),
        max_parallel_requests: own.max_parallel_requests.or(budget.max_parallel_requests),
        ..own
    }
}

/// Why a row is skipped whose fields say limits that do not exist here.
pub fn unsupported_limits(fields: &columns::OtherFields) -> Option<RowError> {
    let (names, they) = match fields.limits.as_slice() {
        [] => return None,
        [name] => (name.clone(), "it"),
        names => (names.join(", "), "them"),
    };
    Some(format!(
        "{names} cannot be carried over: remove {they} in LiteLLM, or in the export, and import again"
    ))
}
