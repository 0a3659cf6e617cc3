//! Creates one thing with its spend and its limits of models, or updates one that exists. A dry run writes nothing.

use std::collections::BTreeSet;

use shared::store::{CreateError, Store, StoreError};
use stargate_core::scope::{Limits, Scope, ScopeState};

use super::apply::{Import, skipped_need};
use super::item::ImportItem;
use super::model_limits::{ImportModelLimits, resolve_models};
use super::report::ImportOutcome;
use super::row::RowError;

impl Import<'_> {
    /// Makes one thing with what hangs on it, or brings it up to what it is there; and counts it.
    pub async fn create_or_update(
        &mut self,
        wanted: ImportItem<'_>,
        create: impl AsyncFnOnce(&Store) -> Result<(), CreateError>,
    ) -> Result<ImportOutcome, StoreError> {
        let state = self.state(&wanted.scope).await?;
        let model_limits = resolve_models(wanted.model_limits, self.catalog);
        let needed = wanted.needs.iter().find(|scope| self.skipped.has(scope)).map(skipped_need);
        let refusal = wanted.refusal.clone().or(needed).or(model_limits.as_ref().err().cloned());
        let made = match (refusal, &state) {
            (Some(why), _) => Err(why),
            (None, Some(_)) => Ok(ImportOutcome::There),
            (None, None) => self.make(&wanted, create).await?,
        };
        let outcome = match made {
            Ok(ImportOutcome::Gone) => {
                self.report.count(wanted.kind, ImportOutcome::Gone);
                return Ok(ImportOutcome::Gone);
            }
            Ok(outcome) => outcome,
            Err(why) => return self.skip(&wanted, why, state.as_ref()).await,
        };
        self.here.insert(wanted.scope.clone());
        self.remark_models(&wanted);
        if let Some(state) = &state {
            self.report_lost_limits(&wanted, state);
        }
        let carried = self.carry_changes(&wanted).await?;
        if !self.is_dry {
            self.limit_models(&wanted, &model_limits.unwrap_or_default()).await?;
            self.store.mark_imported(&wanted.mark, self.now).await?;
        }
        let is_news = outcome == ImportOutcome::There && carried;
        self.report.count(wanted.kind, if is_news { ImportOutcome::Spend } else { outcome });
        Ok(outcome)
    }

    /// Skips a thing and what belongs to it. If it exists already, it is still charged and blocked as in LiteLLM.
    async fn skip(
        &mut self,
        wanted: &ImportItem<'_>,
        why: RowError,
        state: Option<&ScopeState>,
    ) -> Result<ImportOutcome, StoreError> {
        let here = match state {
            None => "",
            Some(state) if has_no_limits(state) => "; it is here already, without limits: check them",
            Some(_) => "; it is here already, with the limits that it has here",
        };
        self.report.count(wanted.kind, ImportOutcome::Skipped);
        self.report.remark(format!("{}: skipped: {why}{here}", wanted.name));
        self.skipped.add(wanted.scope.clone(), why);
        if state.is_some() {
            self.carry_changes(wanted).await?;
        }
        Ok(ImportOutcome::Skipped)
    }

    /// Makes something that is not there yet. `Err` inside: why not.
    async fn make(
        &mut self,
        wanted: &ImportItem<'_>,
        create: impl AsyncFnOnce(&Store) -> Result<(), CreateError>,
    ) -> Result<Result<ImportOutcome, RowError>, StoreError> {
        if self.store.was_imported(&wanted.mark).await? {
            self.report
                .remark(format!("{}: it was deleted here since, and is not brought back", wanted.name));
            return Ok(Ok(ImportOutcome::Gone));
        }
        for scope in &wanted.needs {
            if !self.here.contains(scope) && self.state(scope).await?.is_none() {
                return Ok(Err(format!("there is no {scope}")));
            }
        }
        if let Some((field, value)) = &wanted.unique
            && (!self.taken.insert((field, value.clone())) || self.is_taken(field, value).await?)
        {
            return Ok(Err(format!("its {field} is another's already")));
        }
        if self.is_dry {
            return Ok(Ok(ImportOutcome::Made));
        }
        match create(self.store).await {
            Ok(()) => Ok(Ok(ImportOutcome::Made)),
            Err(CreateError::Store(error)) => Err(error),
            Err(CreateError::Taken { field }) => Ok(Err(format!("its {field} is another's already"))),
            Err(CreateError::Gone { field }) => Ok(Err(format!("there is no such {field}"))),
        }
    }

    /// A scope that is here.
    pub async fn state(&self, scope: &Scope) -> Result<Option<ScopeState>, StoreError> {
        let states = self.store.scope_states(std::slice::from_ref(scope)).await?;
        Ok(states.into_iter().flatten().find(|state| !state.deleted))
    }

    async fn is_taken(&self, field: &str, value: &str) -> Result<bool, StoreError> {
        Ok(match field {
            "user_email" => self.store.user_of_email(value).await?.is_some(),
            _ => self.store.find_key_by_alias(value).await?.is_some(),
        })
    }

    /// Updates what exists: charges what was spent in LiteLLM since, and carries over blocks and expiry. It never loosens a limit.
    /// Returns whether anything was charged.
    async fn carry_changes(&self, wanted: &ImportItem<'_>) -> Result<bool, StoreError> {
        let carried = self.store.carry_spend(&wanted.scope, wanted.spend, self.is_dry, self.now).await?;
        if self.is_dry {
            return Ok(carried);
        }
        let Limits { blocked, expires, .. } = *wanted.limits;
        let tightened = |limits: &Limits| Limits {
            blocked: limits.blocked || blocked,
            expires: limits.expires.into_iter().chain(expires).min(),
            ..limits.clone()
        };
        let state = self.state(&wanted.scope).await?;
        if state.is_some_and(|state| tightened(&state.limits) != state.limits) {
            let edit = |limits: &Limits| Ok::<_, StoreError>(tightened(limits));
            self.store.edit(&wanted.scope, edit, self.now).await?;
        }
        Ok(carried)
    }

    /// Limits of single models, where there are none yet: an import that was cut short goes on here.
    async fn limit_models(
        &self,
        wanted: &ImportItem<'_>,
        limits: &ImportModelLimits,
    ) -> Result<(), StoreError> {
        let state = self.state(&wanted.scope).await?;
        if state.is_none_or(|state| !state.ties.models.is_empty()) {
            return Ok(());
        }
        for (model, limits) in limits {
            self.store.limit_model(&wanted.scope, model, Some(limits), self.now).await?;
        }
        Ok(())
    }

    /// Reports what exists without any limit although its row has some, and limits of models that are missing here. An earlier
    /// import may have created it so. Limits that differ are not reported: an administrator may have changed them here.
    fn report_lost_limits(&mut self, wanted: &ImportItem<'_>, state: &ScopeState) {
        let limits = wanted.limits;
        let mut lost = Vec::new();
        if has_no_limits(state) {
            lost.extend(limits.max_budget.map(|budget| format!("max_budget {budget}")));
            lost.extend(limits.rpm.map(|rpm| format!("rpm_limit {rpm}")));
            lost.extend(limits.tpm.map(|tpm| format!("tpm_limit {tpm}")));
            lost.extend(limits.max_parallel_requests.map(|most| format!("max_parallel_requests {most}")));
            if !limits.models.is_empty() {
                lost.push(format!("models {}", limits.models.iter().cloned().collect::<Vec<_>>().join(" ")));
            }
        }
        // Where no model is limited yet, those of the row are: see `limit_models`.
        if !state.ties.models.is_empty() {
            let of_row = wanted.model_limits.keys().filter_map(|name| self.catalog.find(name));
            let missing = of_row.filter(|model| !state.ties.models.contains(&model.name));
            lost.extend(missing.map(|model| format!("a limit of {}", model.name)));
        }
        if !lost.is_empty() {
            let (name, lost) = (&wanted.name, lost.join(", "));
            let text = format!(
                "{name}: its row has {lost}, and it is here without: set it, or delete it here and import again"
            );
            self.report.without_their_limits.insert(name.clone());
            self.report.remark(text);
        }
    }

    /// Names of models that this deployment does not have: LiteLLM's configuration gives models names of its own.
    fn remark_models(&mut self, wanted: &ImportItem<'_>) {
        const SPECIAL: [&str; 4] = ["all-team-models", "all-proxy-models", "no-default-models", "*"];
        let is_known = |name: &&String| self.catalog.find(name).is_some();
        let is_list_entry = |name: &&String| SPECIAL.contains(&name.as_str()) || name.contains('*');
        let of_list = wanted.limits.models.iter().filter(|name| !is_list_entry(name));
        let names = of_list.chain(wanted.model_limits.keys());
        let unknown: BTreeSet<&String> = names.filter(|name| !is_known(name)).collect();
        for name in unknown {
            let remark =
                format!("{}: {name} is no model here: /model/new gives a model that name", wanted.name);
            self.report.remark(remark);
        }
    }
}

/// Whether nothing at all limits it.
fn has_no_limits(state: &ScopeState) -> bool {
    let Limits { max_budget, rpm, tpm, max_parallel_requests, models, blocked, expires, .. } = &state.limits;
    let rates = [rpm, tpm, max_parallel_requests];
    max_budget.is_none()
        && rates.iter().all(|rate| rate.is_none())
        && models.is_empty()
        && !blocked
        && expires.is_none()
}
