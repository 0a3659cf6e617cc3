//! Ending leases whose holders are not heard of any more.
//!
//! First the scope: the lease moves to `closed`, charged, on the condition that it still ends when we read it to. From
//! then on its holder's renewals fail, so nothing leaves that the floor does not cover. Then the record: it is put as
//! `swept` if there is none, and whatever record there is decides; the scope's charge is corrected to it. A sweep that
//! dies in between leaves an unconfirmed entry, which the next one takes up.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::id::{KeyId, OrgId, RequestId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::scope::{ClosedLease, Lease, Scope, ScopeState};
use stargate_core::spend::{SpendRecord, Status};

use super::reserve::scope_key;
use super::scope_item;
use crate::store::table::item::{self, number};
use crate::store::table::lease_item;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

/// How long a closed lease is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// How long after its sweep a late holder is believed: so much shorter that no scope has forgotten the lease by then.
pub(in crate::store) const DISPUTE_PERIOD: Duration = Duration::from_secs(KEPT.as_secs() / 4);

/// Leases that one round ends, and confirms or forgets: an update that names many more is longer than DynamoDB takes.
const ROUND: usize = 40;
/// Rounds of one sweep: a scope holds no more than a thousand leases by default, and what is left stays due.
const ROUNDS: usize = 50;

/// What one round of a sweep did.
pub(in crate::store) struct SweepRound {
    ended: usize,
    more: bool,
}

/// What a call's key knows of it.
enum KeyLeaseState {
    /// The key is gone.
    Nothing,
    /// It is there, and has no such call.
    Unknown,
    /// What it was charged, and the call's other scopes.
    Closed(Money, Vec<Scope>),
    Runs(Vec<Scope>),
}

impl Store {
    /// Ends the overdue leases of one scope and confirms those that an earlier sweep ended; answers how many it ended.
    ///
    /// - **Repeatable**, and safe beside any other sweep, settlement or renewal.
    /// - **Cost:** per lease two reads, an update and a transaction, and a read when it is forgotten; for every forty of
    ///   them a read or two of the scope, and an update.
    pub async fn sweep(&self, scope: &Scope, now: Moment) -> Result<usize, StoreError> {
        let mut ended = 0;
        for _ in 0..ROUNDS {
            let round = self.sweep_some(scope, now).await?;
            ended += round.ended;
            if !round.more {
                break;
            }
        }
        Ok(ended)
    }

    /// One round of a sweep, the largest leases first: for a request that waits. The job does the rest.
    pub(in crate::store) async fn sweep_some(
        &self,
        scope: &Scope,
        now: Moment,
    ) -> Result<SweepRound, StoreError> {
        let Some(item) = self.get("sweep", scope_key(scope)).await? else {
            return Ok(SweepRound { ended: 0, more: false });
        };
        let mut state = scope_item::read(&item)?;
        let mut ended = 0;
        let mut overdue = state.overdue(now, self.terms.lease_margin);
        let mut more = overdue.len() > ROUND;
        let was_ended = !overdue.is_empty();
        overdue.sort_by_key(|(_, lease)| std::cmp::Reverse(lease.amount));
        for (request, lease) in overdue.into_iter().take(ROUND) {
            let charged = self.charge_of(scope, &state, request, &lease).await?;
            ended += usize::from(self.end_lease(scope, request, &lease, charged, now).await?);
        }
        if was_ended {
            let Some(item) = self.get("sweep", scope_key(scope)).await? else {
                return Ok(SweepRound { ended, more: false });
            };
            state = scope_item::read(&item)?;
        }
        let (mut confirmed, mut forgotten) = (Vec::new(), Vec::new());
        let is_due = |closed: &ClosedLease| !closed.confirmed || closed.disputed || closed.at + KEPT < now;
        let mut due: Vec<_> = state.closed.iter().filter(|(_, closed)| is_due(closed)).collect();
        // Those that stay due for a while must not keep the others waiting.
        due.sort_by_key(|(_, closed)| closed.disputed);
        more |= due.iter().filter(|(_, closed)| !closed.disputed).count() > ROUND;
        for (request, closed) in due.into_iter().take(ROUND) {
            if !closed.confirmed || closed.disputed {
                let agrees = self.confirm(scope, &state, *request, closed).await?;
                // A holder that was about to say something else may still do so.
                if agrees && (!closed.disputed || closed.at + DISPUTE_PERIOD < now) {
                    confirmed.push((*request, closed.disputed));
                }
            } else if self.still_agrees(scope, *request, closed).await? {
                forgotten.push(*request);
            }
        }
        self.put_off(scope, &state, &confirmed, &forgotten, now).await?;
        Ok(SweepRound { ended, more })
    }

    /// What an overdue lease is charged: what its record says, or else its floor. But a lease of a call that one of its
    /// scopes does not know belongs to a call that never was: its process died before it could give this one back.
    async fn charge_of(
        &self,
        scope: &Scope,
        state: &ScopeState,
        request: RequestId,
        lease: &Lease,
    ) -> Result<Money, StoreError> {
        // Before the record is looked for: a settlement writes that first, and then takes the leases.
        let assumed = match self.entry_of_key(scope, state, request, &lease.key).await? {
            KeyLeaseState::Nothing => lease.floor,
            KeyLeaseState::Unknown => Money::ZERO,
            KeyLeaseState::Closed(charged, _) => charged,
            KeyLeaseState::Runs(others) => {
                let others: Vec<Scope> = others.into_iter().filter(|other| other != scope).collect();
                let found = self.scope_states(&others).await?;
                // One that is gone was deleted while the call ran.
                let states = || found.iter().flatten();
                match states().find_map(|other| other.closed.get(&request)) {
                    Some(closed) => closed.charged,
                    None if states().all(|other| other.leases.contains_key(&request)) => lease.floor,
                    None => Money::ZERO,
                }
            }
        };
        Ok(self.find_record(request).await?.map_or(assumed, |record| record.cost))
    }

    /// What the key of a call says of it: it was asked to reserve like every other scope, and it alone tells the others.
    async fn entry_of_key(
        &self,
        scope: &Scope,
        state: &ScopeState,
        request: RequestId,
        key: &KeyId,
    ) -> Result<KeyLeaseState, StoreError> {
        let read;
        let state = if matches!(scope, Scope::Key(_)) {
            state
        } else {
            let Some(item) = self.get("sweep", scope_key(&Scope::Key(key.clone()))).await? else {
                return Ok(KeyLeaseState::Nothing);
            };
            read = scope_item::read(&item)?;
            &read
        };
        Ok(match (state.closed.get(&request), state.leases.get(&request)) {
            (Some(closed), _) => KeyLeaseState::Closed(closed.charged, closed.others.clone()),
            (None, Some(lease)) => KeyLeaseState::Runs(lease.others.clone()),
            (None, None) => KeyLeaseState::Unknown,
        })
    }

    /// Moves one lease to `closed`. `false`: its holder renewed or settled it meanwhile.
    async fn end_lease(
        &self,
        scope: &Scope,
        request: RequestId,
        lease: &Lease,
        charged: Money,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let closed = lease.close(charged, now, false);
        let change = UpdateExpression::default()
            .bind("r", request.as_str())
            .remove("#leases.#r")
            .set("#closed.#r = :closed")
            .set("#headroom = #headroom + :unspent")
            .set("#spend = #spend + :charged")
            .set("#total_spend = #total_spend + :charged")
            .value("closed", lease_item::closed_lease_value(&closed))
            .value("unspent", item::money(lease.amount - charged))
            .value("charged", item::money(charged))
            .value("was", number(lease.expires.ms()))
            .condition("#leases.#r.#e = :was");
        let written = self.write("end_lease", scope_key(scope), &change).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(_)))
    }

    /// Sees to it that the record and the scope's charge agree. `true`: they do, and only the mark is missing.
    async fn confirm(
        &self,
        scope: &Scope,
        state: &ScopeState,
        request: RequestId,
        closed: &ClosedLease,
    ) -> Result<bool, StoreError> {
        let others = match self.entry_of_key(scope, state, request, &closed.key).await? {
            KeyLeaseState::Closed(_, others) | KeyLeaseState::Runs(others) => others,
            KeyLeaseState::Nothing | KeyLeaseState::Unknown => Vec::new(),
        };
        let (user, team, org) = parties(others.iter().chain([scope]));
        let swept = SpendRecord {
            request,
            ended: closed.at,
            user,
            key: closed.key.clone(),
            team,
            org,
            model: closed.model.clone(),
            usage: TokenUsage::default(),
            rates: None,
            cost: closed.charged,
            status: Status::Swept,
            first_byte: None,
            fallback_from: None,
            region: None,
            session: None,
            agent: None,
            tags: Vec::new(),
        };
        let cost = self.put_record(&swept).await?;
        self.agree(scope, request, closed, cost).await
    }

    /// Asks the record once more before a closed lease is forgotten: a late holder may have died between its record and
    /// its correction. A reservation that was given back has none.
    async fn still_agrees(
        &self,
        scope: &Scope,
        request: RequestId,
        closed: &ClosedLease,
    ) -> Result<bool, StoreError> {
        match self.find_record(request).await? {
            Some(record) => self.agree(scope, request, closed, record.cost).await,
            None => Ok(true),
        }
    }

    /// Whether the scope was charged `cost`; if not, it is now.
    async fn agree(
        &self,
        scope: &Scope,
        request: RequestId,
        closed: &ClosedLease,
        cost: Money,
    ) -> Result<bool, StoreError> {
        if cost == closed.charged {
            return Ok(true);
        }
        self.correct(scope, request, closed, cost).await?;
        Ok(false)
    }

    /// Marks what is confirmed, forgets what was long ago, and says when the scope must be looked at again.
    async fn put_off(
        &self,
        scope: &Scope,
        state: &ScopeState,
        confirmed: &[(RequestId, bool)],
        forgotten: &[RequestId],
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(due) = state.sweep_due else {
            return Ok(());
        };
        let leases = state.leases.values().map(|lease| lease.expires);
        let closed = state.closed.iter().filter(|(request, _)| !forgotten.contains(request));
        let closed = closed.map(|(_, closed)| closed.at + KEPT);
        let mut change =
            UpdateExpression::default().value("due", number(due.ms())).condition("#sweep_due = :due");
        change = match leases.chain(closed).min() {
            // Never in the past, or one stubborn lease would be met again at once by every run. And never later than a
            // lease made now would end, since a reservation leaves the date that it finds.
            Some(next) => {
                let next = next.min(now + self.terms.lease_life).max(now);
                change.set("#sweep_due = :next").value("next", number(next.ms()))
            }
            None => change
                .remove("#sweep_due")
                .condition("size(#leases) = :none AND size(#closed) = :forgotten")
                .value("none", number(0))
                .value("forgotten", number(forgotten.len())),
        };
        for (at, (request, was_disputed)) in confirmed.iter().enumerate() {
            change = change
                .bind(&format!("c{at}"), request.as_str())
                .set(format!("#closed.#c{at}.#v = :true"))
                .condition(format!("attribute_exists(#closed.#c{at})"))
                .value("true", AttributeValue::Bool(true));
            if *was_disputed {
                // Never a mark that was not seen: its holder may be at work.
                change = change.remove(format!("#closed.#c{at}.#l"));
            }
        }
        for (at, request) in forgotten.iter().enumerate() {
            change = change.bind(&format!("o{at}"), request.as_str()).remove(format!("#closed.#o{at}"));
        }
        // Refused: another sweep was here, or a new lease is; both leave it due.
        self.write("put_off", scope_key(scope), &change).await.map(|_| ())
    }
}

/// Whose call it was that was charged to these scopes.
fn parties<'a>(
    scopes: impl IntoIterator<Item = &'a Scope>,
) -> (Option<UserId>, Option<TeamId>, Option<OrgId>) {
    let (mut user, mut team, mut org) = (None, None, None);
    for scope in scopes {
        match scope {
            Scope::User(id) => user = Some(id.clone()),
            Scope::Team(id) => team = Some(id.clone()),
            Scope::Member(its_team, its_user) => {
                user = Some(its_user.clone());
                team = Some(its_team.clone());
            }
            Scope::Org(id) => org = Some(id.clone()),
            Scope::Model(whole, _) => {
                let (its_user, its_team, its_org) = parties(std::iter::once(&**whole));
                (user, team, org) = (user.or(its_user), team.or(its_team), org.or(its_org));
            }
            Scope::Key(_) => {}
        }
    }
    (user, team, org)
}
