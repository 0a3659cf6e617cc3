//! Limits of single models, as a row has them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stargate_core::catalog::Catalog;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::Limits;

use super::row::{DumpRow, RowError, has_value};

/// By the names of models that LiteLLM's configuration has.
pub type ImportModelLimits = BTreeMap<String, Limits>;

const BUDGETS: &str = "model_max_budget";
/// By either pair of LiteLLM's names.
const BUDGET_FIELDS: [&str; 6] =
    ["budget_limit", "max_budget", "time_period", "budget_duration", "rpm_limit", "tpm_limit"];

impl DumpRow {
    /// Budgets of models, such as `{"model": {"budget_limit": 1, "time_period": "1mo"}}` or a bare amount, and the rates that
    /// LiteLLM keeps in `metadata`. A model for which nothing is set has no limit.
    pub fn model_limits(&self) -> Result<ImportModelLimits, RowError> {
        let mut limits = ImportModelLimits::new();
        for (model, value) in self.object_or_nothing(BUDGETS)? {
            let budget = self.model_budget(&model, value)?;
            if budget != Limits::default() {
                limits.insert(model, budget);
            }
        }
        let metadata = self.object("metadata")?;
        let rates = |name: &str| -> Result<Vec<(String, u64)>, RowError> {
            let wrong = || format!("metadata.{name} is no object of whole numbers");
            let rates = match metadata.get(name) {
                Some(Value::Object(rates)) => rates,
                Some(value) if has_value(value) => return Err(wrong()),
                _ => return Ok(Vec::new()),
            };
            let set = rates.iter().filter(|(_, rate)| !rate.is_null());
            set.map(|(model, rate)| Ok((model.clone(), rate.as_u64().ok_or_else(wrong)?))).collect()
        };
        for (model, rpm) in rates("model_rpm_limit")? {
            let limits = limits.entry(model).or_default();
            limits.rpm = Some(limits.rpm.map_or(rpm, |other| other.min(rpm)));
        }
        for (model, tpm) in rates("model_tpm_limit")? {
            let limits = limits.entry(model).or_default();
            limits.tpm = Some(limits.tpm.map_or(tpm, |other| other.min(tpm)));
        }
        Ok(limits)
    }

    fn object_or_nothing(&self, name: &str) -> Result<Map<String, Value>, RowError> {
        match self.json(name)? {
            Some(Value::Object(values)) => Ok(values),
            Some(value) if has_value(&value) => Err(format!("{name} is no object of budgets")),
            _ => Ok(Map::new()),
        }
    }

    fn model_budget(&self, model: &str, value: Value) -> Result<Limits, RowError> {
        let values = match value {
            Value::Object(values) => values,
            amount => Map::from_iter([("budget_limit".to_owned(), amount)]),
        };
        let unknown =
            values.iter().find(|(name, value)| has_value(value) && !BUDGET_FIELDS.contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            return Err(format!("{BUDGETS}: {name} of {model} is unknown"));
        }
        let row = Self { table: self.table, number: self.number, values };
        let of = |wrong: RowError| format!("{BUDGETS}: {model}: {wrong}");
        let duration = row.text("time_period").and_then(|text| Ok(text.or(row.text("budget_duration")?)));
        let duration = duration.map_err(of)?.map(|text| BudgetDuration::parse(&text)).transpose();
        let limit = row.money("budget_limit").and_then(|limit| Ok(limit.or(row.money("max_budget")?)));
        let limits = Limits {
            max_budget: limit.map_err(of)?,
            budget_duration: duration.map_err(|rule| format!("{BUDGETS}: {rule}"))?,
            rpm: row.count("rpm_limit").map_err(of)?,
            tpm: row.count("tpm_limit").map_err(of)?,
            ..Limits::default()
        };
        // A period alone limits nothing.
        let has_limit = limits.max_budget.is_some() || limits.rpm.is_some() || limits.tpm.is_some();
        Ok(if has_limit { limits } else { Limits::default() })
    }
}

/// The limits by the catalog's names of the models. What the catalog does not have is left out.
///
/// # Errors
/// Two names of one model with limits that differ: one of them would be lost.
pub fn resolve_models(limits: &ImportModelLimits, catalog: &Catalog) -> Result<ImportModelLimits, RowError> {
    let mut resolved = ImportModelLimits::new();
    for (name, limits) in limits {
        let Some(model) = catalog.find(name) else {
            continue;
        };
        match resolved.get(&model.name) {
            Some(others) if others != limits => {
                return Err(format!("{name} is one of several names of {}, whose limits differ", model.name));
            }
            _ => resolved.insert(model.name.clone(), limits.clone()),
        };
    }
    Ok(resolved)
}
