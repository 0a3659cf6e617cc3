//! The conditional write of a reservation: every limit of the scope, in one expression.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::ledger::{MAX_CLOSED, ReserveRequest, ScopeExpectation};
use stargate_core::scope::KeyOwner;

use super::scope_item;
use crate::store::table::item::{self, number};
use crate::store::table::lease_item;
use crate::store::table::update_expression::UpdateExpression;

/// The write that authenticates, authorizes, rate-limits and reserves.
pub(in crate::store) fn reservation(claim: &ScopeExpectation, ask: &ReserveRequest) -> UpdateExpression {
    let mut change = UpdateExpression::default()
        .bind("r", ask.request.as_str())
        .bind("m", ask.now.minute().to_string())
        .set("#leases.#r = :lease")
        .set("#headroom = #headroom - :amount")
        .set("#req.#m = if_not_exists(#req.#m, :zero) + :one")
        .set("#tok.#m = if_not_exists(#tok.#m, :zero) + :tokens")
        .set("#sweep_due = if_not_exists(#sweep_due, :expires)")
        .condition("attribute_exists(#pk) AND attribute_not_exists(#deleted)")
        .condition("attribute_not_exists(#leases.#r) AND attribute_not_exists(#closed.#r)")
        .condition("#headroom >= :amount AND #headroom > :zero")
        .condition("(attribute_not_exists(#budget_reset_at) OR #budget_reset_at > :now)")
        .condition("(attribute_not_exists(#rpm_limit) OR #rpm_limit > :zero AND (attribute_not_exists(#req.#m) OR #req.#m < #rpm_limit))")
        .condition("(attribute_not_exists(#tpm_limit) OR #tpm_limit > :zero AND (attribute_not_exists(#tok.#m) OR #tok.#m < #tpm_limit))")
        .condition("(attribute_not_exists(#max_parallel_requests) OR size(#leases) < #max_parallel_requests)")
        .condition("size(#leases) < :max_leases AND size(#closed) < :most_closed")
        .condition("attribute_not_exists(#blocked)")
        .condition("(attribute_not_exists(#expires) OR #expires > :now)")
        .value("lease", lease_item::lease(&claim.lease(ask)))
        .value("amount", item::money(ask.lease.amount))
        .value("zero", number(0))
        .value("one", number(1))
        .value("tokens", number(ask.tokens))
        .value("expires", number(ask.lease.expires.ms()))
        .value("now", number(ask.now.seconds()))
        .value("max_leases", number(ask.max_leases))
        .value("most_closed", number(MAX_CLOSED));
    if !claim.any_model {
        change = require_model(change, &ask.permitted_by);
    }
    if let Some(holder) = &claim.holder {
        change = require_owner(change, holder);
    }
    scope_item::tie_attributes(&claim.ties)
        .into_iter()
        .fold(change, |change, (name, value)| require_attribute(change, name, value))
}

/// The condition that the scope's list of models, if it has one, has one of these.
fn require_model(change: UpdateExpression, by: &[String]) -> UpdateExpression {
    let any: String = (0..by.len()).map(|at| format!(" OR contains(#models, :model{at})")).collect();
    let change = change.condition(format!("(attribute_not_exists(#models){any})"));
    let names = by.iter().enumerate();
    names.fold(change, |change, (at, name)| change.value(&format!("model{at}"), item::text(name)))
}

/// The conditions that prove a cached pointer: the key still answers to this secret and belongs to these.
fn require_owner(change: UpdateExpression, holder: &KeyOwner) -> UpdateExpression {
    let change = change
        .condition("(#secret = :secret OR (#previous = :secret AND #previous_until > :now))")
        .value("secret", item::text(holder.secret.as_str()));
    let change = require_attribute(change, "user", holder.user.as_ref().map(|id| item::text(id.as_str())));
    require_attribute(change, "team", holder.team.as_ref().map(|id| item::text(id.as_str())))
}

/// The condition that an attribute is what it is thought to be.
fn require_attribute(
    change: UpdateExpression,
    name: &str,
    value: Option<AttributeValue>,
) -> UpdateExpression {
    match value {
        Some(value) => change.condition(format!("#{name} = :{name}")).value(name, value),
        None => change.condition(format!("attribute_not_exists(#{name})")),
    }
}
