//! A scope's item: read into a [`ScopeState`], written once when it is created.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::id::{OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::{KeyOwner, Limits, LinkedScopes, Scope, ScopeState};
use stargate_core::secret::SecretHash;

use crate::store::table::error::StoreError;
use crate::store::table::item::{self, Item, Read};
use crate::store::table::{lease_item, schema};

/// A new scope's item, its counters at zero and its maps in place: every later write changes fields, never the whole.
pub(in crate::store) fn new_item(
    scope: &Scope,
    limits: &Limits,
    resets: Option<Moment>,
    holder: Option<&KeyOwner>,
    ties: &LinkedScopes,
) -> Item {
    let pk = schema::scope_pk(scope);
    let shard = item::text(schema::shard(&pk));
    let mut item = schema::key(pk, schema::SCOPE);
    item.extend(
        limit_attributes(limits).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    let zero = item::money(Money::ZERO);
    let fixed = [
        ("headroom", item::money(limits.ceiling())),
        ("spend", zero.clone()),
        ("total_spend", zero),
        ("version", item::number(0)),
        ("leases", item::empty_map()),
        ("closed", item::empty_map()),
        ("req", item::empty_map()),
        ("tok", item::empty_map()),
        ("due_shard", shard.clone()),
        ("sweep_shard", shard),
    ];
    item.extend(fixed.map(|(name, value)| (name.to_owned(), value)));
    let reset = resets.map(|at| ("budget_reset_at", item::number(at.seconds())));
    let secret = holder.map(|holder| ("secret", item::text(holder.secret.as_str())));
    let user = holder.and_then(|holder| holder.user.as_ref()).map(|id| ("user", item::text(id.as_str())));
    let team = holder.and_then(|holder| holder.team.as_ref()).map(|id| ("team", item::text(id.as_str())));
    item.extend(
        [reset, secret, user, team].into_iter().flatten().map(|(name, value)| (name.to_owned(), value)),
    );
    item.extend(tie_attributes(ties).into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    item
}

/// The attributes that hold a scope's ties; `None` is an attribute to be absent.
pub(in crate::store) fn tie_attributes(ties: &LinkedScopes) -> [(&'static str, Option<AttributeValue>); 3] {
    let LinkedScopes { org, models, aliases: own } = ties;
    [
        ("org", org.as_ref().map(|id| item::text(id.as_str()))),
        ("tied_models", item::names(models)),
        ("aliases", aliases(own)),
    ]
}

/// Names of models with what they stand for, as one attribute. No name holds a line break.
pub(in crate::store) fn aliases(own: &BTreeMap<String, String>) -> Option<AttributeValue> {
    item::names(&own.iter().map(|(alias, model)| format!("{alias}\n{model}")).collect())
}

fn read_aliases(item: &Item) -> Result<BTreeMap<String, String>, StoreError> {
    let pair = |pair: String| {
        let (alias, model) = pair.split_once('\n').ok_or_else(|| StoreError::corrupt("aliases"))?;
        Ok((alias.to_owned(), model.to_owned()))
    };
    item.names("aliases")?.into_iter().map(pair).collect()
}

/// The attributes that hold a scope's limits; `None` is an attribute to be absent.
pub(in crate::store) fn limit_attributes(limits: &Limits) -> [(&'static str, Option<AttributeValue>); 9] {
    // Destructured, so that a new limit cannot be forgotten here.
    let Limits {
        max_budget,
        soft_budget,
        budget_duration,
        rpm,
        tpm,
        max_parallel_requests,
        models,
        blocked,
        expires,
    } = limits;
    [
        ("max_budget", max_budget.map(item::money)),
        ("soft_budget", soft_budget.map(item::money)),
        ("budget_duration", budget_duration.as_ref().map(|duration| item::text(duration.as_str()))),
        ("rpm_limit", rpm.map(item::number)),
        ("tpm_limit", tpm.map(item::number)),
        ("max_parallel_requests", max_parallel_requests.map(item::number)),
        ("models", item::names(models)),
        ("blocked", blocked.then_some(AttributeValue::Bool(true))),
        ("expires", expires.map(|at| item::number(at.seconds()))),
    ]
}

pub(in crate::store) fn read(item: &Item) -> Result<ScopeState, StoreError> {
    let period = item.opt_seconds("last_period")?;
    let unwritten = match period {
        Some(end) => Some((end, item.money("last_spend")?)),
        None => None,
    };
    Ok(ScopeState {
        limits: read_limits(item)?,
        spend: item.money("spend")?,
        total_spend: item.money("total_spend")?,
        headroom: item.money("headroom")?,
        budget_reset_at: item.opt_seconds("budget_reset_at")?,
        leases: item.by_request("leases", lease_item::read_lease)?,
        closed: item.by_request("closed", lease_item::read_closed)?,
        requests: item.by_minute("req")?,
        tokens: item.by_minute("tok")?,
        unwritten,
        sweep_due: item.opt_ms("sweep_due")?,
        deleted: item.opt_seconds("deleted")?.is_some(),
        holder: read_holder(item)?,
        previous: read_previous(item)?,
        ties: LinkedScopes {
            org: item.opt_parsed("org", |id| OrgId::parse(id).ok())?,
            models: item.names("tied_models")?,
            aliases: read_aliases(item)?,
        },
        soft_told: item.flag("soft_told")?,
        version: item.number("version")?,
    })
}

pub(in crate::store) fn read_limits(item: &HashMap<String, AttributeValue>) -> Result<Limits, StoreError> {
    Ok(Limits {
        max_budget: item.opt_money("max_budget")?,
        soft_budget: item.opt_money("soft_budget")?,
        budget_duration: item
            .opt_parsed("budget_duration", |duration| BudgetDuration::parse(&duration).ok())?,
        rpm: item.opt_number("rpm_limit")?,
        tpm: item.opt_number("tpm_limit")?,
        max_parallel_requests: item.opt_number("max_parallel_requests")?,
        models: item.names("models")?,
        blocked: item.flag("blocked")?,
        expires: item.opt_seconds("expires")?,
    })
}

fn read_holder(item: &Item) -> Result<Option<KeyOwner>, StoreError> {
    let Some(secret) = item.opt_parsed("secret", |hash| SecretHash::parse(&hash))? else {
        return Ok(None);
    };
    let user = item.opt_parsed("user", |id| UserId::parse(id).ok())?;
    let team = item.opt_parsed("team", |id| TeamId::parse(id).ok())?;
    Ok(Some(KeyOwner { secret, user, team }))
}

fn read_previous(item: &Item) -> Result<Option<(SecretHash, Moment)>, StoreError> {
    let Some(secret) = item.opt_parsed("previous", |hash| SecretHash::parse(&hash))? else {
        return Ok(None);
    };
    Ok(Some((secret, Moment::from_seconds(item.number("previous_until")?))))
}
