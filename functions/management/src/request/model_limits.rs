//! Limits of single models: `model_max_budget`, `model_rpm_limit` and `model_tpm_limit` of users, keys and teams.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::api::ApiError;
use shared::store::Store;
use stargate_core::catalog::Catalog;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::{Limits, Scope, ScopeState};

use crate::request::body::RequestBody;
use crate::request::patch::Patch;

/// The most models that one scope limits apart: each is one more write of every call of that model.
const MAX_MODELS: usize = 20;

const BUDGET: &str =
    "an object such as {\"claude-haiku-4-5\": {\"budget_limit\": 10, \"time_period\": \"1mo\"}}";
const RATE: &str = "an object such as {\"claude-haiku-4-5\": 100}";

/// What a request says of single models. Each field that is sent replaces what it said of every model before.
#[derive(Clone, Debug, Default)]
pub struct ModelLimitsPatch {
    budgets: Patch<BTreeMap<String, ModelBudgetPatch>>,
    rpm: Patch<BTreeMap<String, u64>>,
    tpm: Patch<BTreeMap<String, u64>>,
}

#[derive(Clone, Debug, Default)]
struct ModelBudgetPatch {
    limit: Option<Money>,
    duration: Option<BudgetDuration>,
}

impl ModelLimitsPatch {
    pub fn read(fields: &mut RequestBody, catalog: &Catalog) -> Result<Self, ApiError> {
        let rate = |fields: &mut RequestBody, name: &'static str| {
            fields.patch(name, RATE)?.try_map(|sent: BTreeMap<String, u64>| by_name(catalog, name, sent))
        };
        let (rpm, tpm) = (rate(fields, "model_rpm_limit")?, rate(fields, "model_tpm_limit")?);
        let name = "model_max_budget";
        let budgets = fields.patch(name, BUDGET)?.try_map(|sent: BTreeMap<String, Box<RawValue>>| {
            let budgets =
                sent.into_iter().map(|(model, budget)| Ok((model, ModelBudgetPatch::read(&budget)?)));
            by_name(catalog, name, budgets.collect::<Result<_, ApiError>>()?)
        })?;
        Ok(Self { budgets, rpm, tpm })
    }

    /// Whether it says anything at all.
    pub fn is_asked(&self) -> bool {
        !matches!((&self.budgets, &self.rpm, &self.tpm), (Patch::Keep, Patch::Keep, Patch::Keep))
    }

    /// Whether a scope would not have too many, asked before anything is written.
    pub fn fits(&self, state: &ScopeState) -> Result<(), ApiError> {
        let sent = names(&self.budgets).chain(names(&self.rpm)).chain(names(&self.tpm));
        let models: BTreeSet<&String> = sent.chain(&state.ties.models).collect();
        match self.is_asked() && models.len() > MAX_MODELS {
            true => Err(ApiError::invalid(
                "model_max_budget",
                format!("at most {MAX_MODELS} models can be limited apart"),
            )),
            false => Ok(()),
        }
    }

    /// Makes a scope's limits of single models what was asked for. `false`: the scope is gone.
    pub async fn apply(
        &self,
        store: &Store,
        whole: &Scope,
        state: &ScopeState,
        now: Moment,
    ) -> Result<bool, ApiError> {
        if !self.is_asked() {
            return Ok(true);
        }
        self.fits(state)?;
        let before = read(store, whole, &state.ties.models).await?;
        let sent = names(&self.budgets).chain(names(&self.rpm)).chain(names(&self.tpm));
        let models: BTreeSet<&String> = sent.chain(&state.ties.models).collect();
        for model in models {
            let was = before.get(model).map(|state| state.limits.clone()).unwrap_or_default();
            let limits = self.apply_to(model, was.clone());
            let is_any = limits != Limits::default();
            if is_any == state.ties.models.contains(model) && was == limits {
                continue;
            }
            if !store.limit_model(whole, model, is_any.then_some(&limits), now).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn apply_to(&self, model: &str, was: Limits) -> Limits {
        let (max_budget, budget_duration) = match &self.budgets {
            Patch::Keep => (was.max_budget, was.budget_duration),
            Patch::Clear => (None, None),
            Patch::Set(all) => {
                let budget = all.get(model).cloned().unwrap_or_default();
                (budget.limit, budget.duration)
            }
        };
        let rate = |patch: &Patch<BTreeMap<String, u64>>, was: Option<u64>| match patch {
            Patch::Keep => was,
            Patch::Clear => None,
            Patch::Set(all) => all.get(model).copied(),
        };
        Limits {
            max_budget,
            budget_duration,
            rpm: rate(&self.rpm, was.rpm),
            tpm: rate(&self.tpm, was.tpm),
            ..was
        }
    }
}

impl ModelBudgetPatch {
    /// A bare amount, or LiteLLM's object: by either pair of its names.
    fn read(raw: &RawValue) -> Result<Self, ApiError> {
        let name = "model_max_budget";
        let amount = |text: &str| {
            let amount: Option<Money> = serde_json::from_str(text.trim_matches('"')).ok();
            let amount = amount.filter(|amount| !amount.is_negative());
            amount.ok_or_else(|| ApiError::invalid(name, format!("must be {BUDGET}")))
        };
        if !raw.get().starts_with('{') {
            return Ok(Self { limit: Some(amount(raw.get())?), duration: None });
        }
        let mut fields = RequestBody::read(raw.get().as_bytes())?;
        fields.rename("budget_limit", "max_budget")?;
        fields.rename("time_period", "budget_duration")?;
        let limit = fields.patch::<Box<RawValue>>("max_budget", BUDGET)?.value();
        let duration = fields.text("budget_duration")?.try_map(|text| {
            BudgetDuration::parse(&text).map_err(|rule| ApiError::invalid(name, rule.to_string()))
        })?;
        fields.finish()?;
        Ok(Self { limit: limit.map(|raw| amount(raw.get())).transpose()?, duration: duration.value() })
    }
}

fn names<T>(patch: &Patch<BTreeMap<String, T>>) -> impl Iterator<Item = &String> {
    let all = match patch {
        Patch::Set(all) => Some(all.keys()),
        Patch::Keep | Patch::Clear => None,
    };
    all.into_iter().flatten()
}

/// The same by the models' catalog names. A limit of a model that nobody can call would limit nothing.
fn by_name<T>(
    catalog: &Catalog,
    field: &str,
    sent: BTreeMap<String, T>,
) -> Result<BTreeMap<String, T>, ApiError> {
    let named = |(name, value): (String, T)| match catalog.find(&name) {
        Some(model) => Ok((model.name.clone(), value)),
        None => Err(ApiError::invalid(field, format!("{name} is not in this gateway's catalogue"))),
    };
    sent.into_iter().map(named).collect()
}

async fn read(
    store: &Store,
    whole: &Scope,
    models: &BTreeSet<String>,
) -> Result<BTreeMap<String, ScopeState>, ApiError> {
    let part = |model: &String| Scope::Model(Box::new(whole.clone()), model.clone());
    let scopes: Vec<Scope> = models.iter().map(part).collect();
    let states = store.scope_states(&scopes).await?;
    Ok(models.iter().cloned().zip(states).filter_map(|(model, state)| Some((model, state?))).collect())
}

/// LiteLLM's columns of single models.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ModelColumns {
    model_max_budget: BTreeMap<String, ModelLimitRow>,
    model_rpm_limit: BTreeMap<String, u64>,
    model_tpm_limit: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "ModelBudget")]
struct ModelLimitRow {
    budget_limit: Money,
    time_period: Option<String>,
    spend: Money,
}

impl ModelColumns {
    /// **Cost:** a read where there are any.
    pub async fn read(
        store: &Store,
        whole: &Scope,
        state: &ScopeState,
        now: Moment,
    ) -> Result<Self, ApiError> {
        let states = read(store, whole, &state.ties.models).await?;
        let zone = &store.terms().zone;
        let shown = |(model, state): (&String, &ScopeState)| {
            let budget_limit = state.limits.max_budget?;
            let time_period = state.limits.budget_duration.as_ref().map(|it| it.as_str().to_owned());
            let (spend, _) = state.current(now, zone);
            Some((model.clone(), ModelLimitRow { budget_limit, time_period, spend }))
        };
        let rate = |of: fn(&Limits) -> Option<u64>| -> BTreeMap<String, u64> {
            states.iter().filter_map(|(model, state)| Some((model.clone(), of(&state.limits)?))).collect()
        };
        Ok(Self {
            model_max_budget: states.iter().filter_map(shown).collect(),
            model_rpm_limit: rate(|limits| limits.rpm),
            model_tpm_limit: rate(|limits| limits.tpm),
        })
    }
}
