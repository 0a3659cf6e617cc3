//! The ledger: reserve, renew, give back and settle, each one conditional write of one scope's item.
//!
//! | verb | condition | headroom | spend |
//! |---|---|---|---|
//! | reserve | every limit holds and the lease is new | - amount | |
//! | give back | the lease is there | + amount | |
//! | renew | the lease ends when we last said | | |
//! | settle | the lease is there | + amount - cost | + cost |
//! | correct | a sweep charged what we read | + charged - cost | + cost - charged |
//!
//! Each keeps `headroom == limit - spend - sum(leases)`.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use stargate_core::id::RequestId;
use stargate_core::ledger::{ReserveRequest, ScopeExpectation};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::{ClosedLease, Lease, Scope, ScopeState};

use super::reserve_condition::reservation;
use super::scope_item;
use crate::store::table::item::{self, Read, number};
use crate::store::table::update_expression::UpdateExpression;
use crate::store::table::{lease_item, schema};
use crate::store::{AttemptResult, Store, StoreError, WriteOutcome};

/// A lease that one scope granted.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub scope: Scope,
    pub lease: Lease,
    /// The scope as it was right after.
    pub state: ScopeState,
    /// Whether a copy of the reservation may still be on its way: its settlement then leaves a tombstone.
    uncertain: bool,
    /// What it counts toward TPM, and in which minute.
    tokens: u64,
    minute: i64,
}

/// What a reservation was answered.
pub(in crate::store) enum ReserveOutcome {
    Granted(Box<Reservation>),
    /// The item as it was; `uncertain` as in [`Reservation`].
    Refused {
        state: Option<Box<ScopeState>>,
        uncertain: bool,
    },
}

impl Store {
    /// Leases the ask's worst case from one scope, if every limit of it allows that now.
    ///
    /// - **Cost:** one write unit per started KB of the item, granted or refused; one round trip.
    /// - **Atomic:** the item holds limits, counters and leases: `spend + leases` never passes `max_budget`.
    /// - **Fails:** after a [`StoreError`] that may have applied, the lease may be there: [`Store::cancel_uncertain`] it.
    pub(in crate::store) async fn reserve(
        &self,
        scope: &Scope,
        claim: &ScopeExpectation,
        ask: &ReserveRequest,
    ) -> Result<ReserveOutcome, StoreError> {
        let AttemptResult { answer, uncertain } =
            self.update("reserve", scope_key(scope), &reservation(claim, ask)).await?;
        match answer {
            WriteOutcome::Done(item) => {
                let state = scope_item::read(&item)?;
                Ok(ReserveOutcome::Granted(Box::new(Reservation::new(scope, claim, ask, state, uncertain))))
            }
            WriteOutcome::Refused(None) => Ok(ReserveOutcome::Refused { state: None, uncertain }),
            WriteOutcome::Refused(Some(item)) => {
                let state = Some(Box::new(scope_item::read(&item)?));
                Ok(ReserveOutcome::Refused { state, uncertain })
            }
        }
    }

    /// Undoes a reservation of a request that another scope refused, its count of requests included.
    pub(in crate::store) async fn release(
        &self,
        hold: &Reservation,
        request: RequestId,
    ) -> Result<bool, StoreError> {
        let change = hold
            .without_past(lease_update(request, &hold.lease))
            .remove("#leases.#r")
            .set("#headroom = #headroom + :amount")
            .bind("m", hold.minute.to_string())
            .set("#req.#m = if_not_exists(#req.#m, :one) - :one")
            .set("#tok.#m = if_not_exists(#tok.#m, :tokens) - :tokens")
            .value("one", number(1))
            .value("tokens", number(hold.tokens));
        let written = self.write("give_back", scope_key(&hold.scope), &change).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(_)))
    }

    /// Gives back a reservation that may or may not have taken place, and makes sure that it never will.
    pub(in crate::store) async fn cancel_uncertain(
        &self,
        scope: &Scope,
        ask: &ReserveRequest,
    ) -> Result<(), StoreError> {
        let minute = ask.now.minute();
        let tombstone = ask.lease.close(Money::ZERO, ask.now, true);
        let bury = UpdateExpression::default()
            .bind("r", ask.request.as_str())
            .set("#closed.#r = :closed")
            .set("#sweep_due = if_not_exists(#sweep_due, :expires)")
            .value("closed", lease_item::closed_lease_value(&tombstone))
            .value("expires", number(ask.lease.expires.ms()))
            .condition("attribute_exists(#pk) AND attribute_not_exists(#leases.#r)");
        let lost = lease_update(ask.request, &ask.lease)
            .remove("#leases.#r")
            .set("#headroom = #headroom + :amount")
            .set("#closed.#r = :closed")
            .value("closed", lease_item::closed_lease_value(&tombstone))
            .bind("m", minute.to_string())
            .set("#req.#m = if_not_exists(#req.#m, :one) - :one")
            .set("#tok.#m = if_not_exists(#tok.#m, :tokens) - :tokens")
            .value("one", number(1))
            .value("tokens", number(ask.tokens));
        let key = scope_key(scope);
        if let WriteOutcome::Done(_) = self.write("forsake", key.clone(), &bury).await?.answer {
            return Ok(());
        }
        // The lease landed, or the scope is gone: then there is nothing to give back.
        self.write("forsake", key, &lost).await.map(|_| ())
    }

    /// Raises what one scope's lease covers and puts off its end. `false`: a sweep ended it, so the call must stop.
    pub(in crate::store) async fn renew(
        &self,
        hold: &Reservation,
        request: RequestId,
        floor: Money,
        expires: Moment,
    ) -> Result<bool, StoreError> {
        let change = UpdateExpression::default()
            .bind("r", request.as_str())
            .set("#leases.#r.#f = :floor")
            .set("#leases.#r.#e = :expires")
            .value("floor", item::money(floor))
            .value("expires", number(expires.ms()))
            .value("was", number(hold.lease.expires.ms()))
            // A copy of an earlier renewal that lands late must not lower what a later one has raised.
            .condition("#leases.#r.#e = :was AND #leases.#r.#f <= :floor");
        let tried = self.write("renew", scope_key(&hold.scope), &change).await?;
        Ok(match tried.answer {
            WriteOutcome::Done(_) => true,
            // An earlier try of ours may have renewed it already.
            WriteOutcome::Refused(Some(item)) => {
                scope_item::read(&item)?.leases.get(&request).is_some_and(|lease| lease.expires == expires)
            }
            WriteOutcome::Refused(None) => false,
        })
    }

    /// Ends one scope's lease and charges `cost`, or corrects what a sweep has charged for it. Repeatable. Answers what the
    /// period has cost then, where a soft budget is to be watched.
    pub(in crate::store) async fn charge(
        &self,
        hold: &Reservation,
        request: RequestId,
        cost: Money,
        tokens: u64,
        now: Moment,
    ) -> Result<Option<Money>, StoreError> {
        let change = hold.settlement(request, cost, tokens, now);
        let returns = if hold.watches_soft_budget() { ReturnValue::UpdatedNew } else { ReturnValue::None };
        match self.conditional("settle", scope_key(&hold.scope), &change, returns).await?.answer {
            WriteOutcome::Done(updated) => updated.map_or(Ok(None), |updated| updated.opt_money("spend")),
            WriteOutcome::Refused(None) => Ok(None),
            WriteOutcome::Refused(Some(item)) => {
                self.correct_to(&hold.scope, &item, request, cost).await?;
                Ok(None)
            }
        }
    }

    /// Corrects what a sweep charged to what its late holder says, who has the last word. If there is neither a lease nor
    /// its end, it was settled before: an earlier answer was lost.
    async fn correct_to(
        &self,
        scope: &Scope,
        item: &item::Item,
        request: RequestId,
        cost: Money,
    ) -> Result<(), StoreError> {
        let mut state = scope_item::read(item)?;
        while let Some(closed) = state.closed.get(&request) {
            let change = correction(request, closed, cost).remove("#closed.#r.#l");
            match self.write("correct", scope_key(scope), &change).await?.answer {
                WriteOutcome::Done(()) | WriteOutcome::Refused(None) => return Ok(()),
                // A sweep has corrected it meanwhile, to what the record said before.
                WriteOutcome::Refused(Some(item)) => state = scope_item::read(&item)?,
            }
        }
        Ok(())
    }

    /// Says of an ended lease that its record is about to change. `false`: the scope has forgotten the call, and could not
    /// follow.
    pub(in crate::store) async fn mark_disputed(
        &self,
        hold: &Reservation,
        request: RequestId,
    ) -> Result<bool, StoreError> {
        let change = UpdateExpression::default()
            .bind("r", request.as_str())
            .set("#closed.#r.#l = :true")
            .value("true", AttributeValue::Bool(true))
            .condition("attribute_exists(#closed.#r)");
        Ok(match self.write("dispute", scope_key(&hold.scope), &change).await?.answer {
            WriteOutcome::Done(()) | WriteOutcome::Refused(None) => true,
            // Whoever ends a lease that is still there asks the record.
            WriteOutcome::Refused(Some(item)) => scope_item::read(&item)?.leases.contains_key(&request),
        })
    }

    /// Changes what a sweep charged to what the record says.
    pub(in crate::store) async fn correct(
        &self,
        scope: &Scope,
        request: RequestId,
        closed: &ClosedLease,
        cost: Money,
    ) -> Result<(), StoreError> {
        // Refused: its holder was here, or another sweep; both leave it to be looked at again.
        self.write("correct", scope_key(scope), &correction(request, closed, cost)).await.map(|_| ())
    }
}

fn correction(request: RequestId, closed: &ClosedLease, cost: Money) -> UpdateExpression {
    UpdateExpression::default()
        .bind("r", request.as_str())
        .set("#closed.#r.#c = :cost")
        .set("#closed.#r.#v = :true")
        .set("#headroom = #headroom - :more")
        .set("#spend = #spend + :more")
        .set("#total_spend = #total_spend + :more")
        .value("cost", item::money(cost))
        .value("true", AttributeValue::Bool(true))
        .value("more", item::money(cost - closed.charged))
        .value("was", item::money(closed.charged))
        .condition("#closed.#r.#c = :was")
}

impl Reservation {
    fn new(
        scope: &Scope,
        claim: &ScopeExpectation,
        ask: &ReserveRequest,
        state: ScopeState,
        uncertain: bool,
    ) -> Self {
        let (tokens, minute) = (ask.tokens, ask.now.minute());
        Self { scope: scope.clone(), lease: claim.lease(ask), state, uncertain, tokens, minute }
    }

    /// A hold that a refusal showed to be there already: an earlier answer was lost.
    pub(in crate::store) fn from_existing(
        scope: &Scope,
        claim: &ScopeExpectation,
        ask: &ReserveRequest,
        state: ScopeState,
    ) -> Self {
        Self::new(scope, claim, ask, state, true)
    }

    /// Whether no copy of the reservation can still be on its way.
    pub(in crate::store) fn is_certain(&self) -> bool {
        !self.uncertain
    }

    /// Whether somebody is still to be told when the scope's soft budget is reached.
    pub(in crate::store) fn watches_soft_budget(&self) -> bool {
        self.state.limits.soft_budget.is_some() && !self.state.soft_told
    }

    fn settlement(&self, request: RequestId, cost: Money, tokens: u64, now: Moment) -> UpdateExpression {
        // An estimate is corrected in its own minute. Later, what it fell short of counts in the minute of the answer:
        // a minute's count may pass its limit (TPM is post-paid) but no minute is given tokens back that it did not count.
        let surplus = i128::from(tokens) - i128::from(self.tokens);
        // A clock that was set back counts in the minute that it had reached.
        let minute = now.minute().max(self.minute);
        let tokens = if minute == self.minute { surplus } else { surplus.max(0) };
        let mut change = lease_update(request, &self.lease)
            .remove("#leases.#r")
            .set("#headroom = #headroom + :unspent")
            .set("#spend = #spend + :cost")
            .set("#total_spend = #total_spend + :cost")
            .bind("m", minute.to_string())
            .set("#tok.#m = if_not_exists(#tok.#m, :zero) + :tokens")
            .value("unspent", item::money(self.lease.amount - cost))
            .value("cost", item::money(cost))
            .value("zero", number(0))
            .value("tokens", number(tokens));
        if self.uncertain {
            let closed = self.lease.close(cost, now, true);
            change =
                change.set("#closed.#r = :closed").value("closed", lease_item::closed_lease_value(&closed));
        }
        self.without_past(change)
    }

    /// Drops the counts of minutes that are past: by the write that ends the lease, whichever it is.
    fn without_past(&self, change: UpdateExpression) -> UpdateExpression {
        self.past_minutes().into_iter().enumerate().fold(change, |change, (at, minute)| {
            let placeholder = format!("old{at}");
            change
                .bind(&placeholder, minute.to_string())
                .remove(format!("#req.#{placeholder}"))
                .remove(format!("#tok.#{placeholder}"))
        })
    }

    /// Minutes that the reservation's image showed to be past: their counts are no longer read. The last one still is,
    /// by processes whose clocks are behind. No more at once than an expression of DynamoDB has room for.
    fn past_minutes(&self) -> Vec<i64> {
        let counted = self.state.requests.keys().chain(self.state.tokens.keys());
        let mut past: Vec<i64> = counted.copied().filter(|minute| *minute < self.minute - 1).collect();
        past.sort_unstable();
        past.dedup();
        past.truncate(40);
        past
    }
}

pub(in crate::store) fn scope_key(scope: &Scope) -> item::Item {
    schema::key(schema::scope_pk(scope), schema::SCOPE)
}

/// A change of a scope that holds this very lease.
fn lease_update(request: RequestId, lease: &Lease) -> UpdateExpression {
    UpdateExpression::default()
        .bind("r", request.as_str())
        .value("amount", item::money(lease.amount))
        .condition("#leases.#r.#a = :amount")
}
