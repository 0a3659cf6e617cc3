//! Ending leases whose holders are not heard of any more.
//!
//! First the scope: the lease moves to `closed`, charged, on the condition that it still ends when we read it to. From
//! then on its holder's renewals fail, so nothing leaves that the floor does not cover. Then the record: it is put as
//! `swept` if there is none, and whatever record there is decides; the scope's charge is corrected to it. A sweep that
//! dies in between leaves an unconfirmed entry, which the next one takes up.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::item::{self, number};
use super::ledger::scope_key;
use super::{Store, StoreError, Written, scopes};
use crate::id::{KeyId, RequestId, UserId};
use crate::moment::Moment;
use crate::record::{Record, Status};
use crate::scope::{Closed, Lease, Scope, ScopeState};
use crate::usage::Usage;

/// How long a closed lease waits for a late holder.
const KEPT: Duration = Duration::from_secs(3600);

impl Store {
    /// Ends the overdue leases of one scope and confirms those that an earlier sweep ended; answers how many it ended.
    ///
    /// - **Repeatable**, and safe beside any other sweep, settlement or renewal.
    /// - **Cost:** per lease a read, a transaction and two updates; one more update for the scope.
    pub async fn sweep(&self, scope: &Scope, now: Moment) -> Result<usize, StoreError> {
        let Some(item) = self.get("sweep", scope_key(scope)).await? else {
            return Ok(0);
        };
        let before = scopes::read(&item)?;
        let overdue = before.overdue(now, self.terms.lease_margin);
        let mut ended = 0;
        for (request, lease) in &overdue {
            ended += usize::from(self.end_lease(scope, *request, lease, now).await?);
        }
        let after = match self.get("sweep", scope_key(scope)).await? {
            Some(item) if ended > 0 => scopes::read(&item)?,
            _ => before,
        };
        let mut confirmed = Vec::new();
        for (request, closed) in after.closed.iter().filter(|(_, closed)| !closed.confirmed) {
            if self.confirm(scope, &after, *request, closed, now).await? {
                confirmed.push(*request);
            }
        }
        self.put_off(scope, &after, &confirmed, now).await?;
        Ok(ended)
    }

    /// Moves one lease to `closed`. `false`: its holder renewed or settled it meanwhile.
    async fn end_lease(
        &self,
        scope: &Scope,
        request: RequestId,
        lease: &Lease,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let charged = self.find_record(request).await?.map_or(lease.floor, |record| record.cost);
        let closed =
            Closed { charged, at: now, confirmed: false, key: lease.key.clone(), model: lease.model.clone() };
        let change = Change::default()
            .bind("r", request.as_str())
            .remove("#leases.#r")
            .set("#closed.#r = :closed")
            .set("#headroom = #headroom + :unspent")
            .set("#spend = #spend + :charged")
            .set("#total_spend = #total_spend + :charged")
            .value("closed", item::closed(&closed))
            .value("unspent", item::money(lease.amount - charged))
            .value("charged", item::money(charged))
            .value("was", number(lease.expires.ms()))
            .only_if("#leases.#r.#e = :was");
        let written = self.update("end_lease", scope_key(scope), &change).await?.answer;
        Ok(matches!(written, Written::Done(_)))
    }

    /// Sees to it that the record and the scope's charge agree. `true`: they do, and only the mark is missing.
    async fn confirm(
        &self,
        scope: &Scope,
        state: &ScopeState,
        request: RequestId,
        closed: &Closed,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let swept = Record {
            request,
            ended: now,
            user: self.user_of(scope, state, &closed.key).await?,
            key: closed.key.clone(),
            team: state.holder.as_ref().and_then(|holder| holder.team.clone()),
            model: closed.model.clone(),
            usage: Usage::default(),
            rates: None,
            cost: closed.charged,
            status: Status::Swept,
            session: None,
            agent: None,
            tags: Vec::new(),
        };
        let cost = self.put_record(&swept).await?;
        if cost == closed.charged {
            return Ok(true);
        }
        self.correct(scope, request, closed, cost).await?;
        Ok(false)
    }

    /// Whose call it was: told by the scope itself, or else by its key.
    async fn user_of(
        &self,
        scope: &Scope,
        state: &ScopeState,
        key: &KeyId,
    ) -> Result<Option<UserId>, StoreError> {
        match scope {
            Scope::User(user) | Scope::Member(_, user) => Ok(Some(user.clone())),
            Scope::Key(_) => Ok(state.holder.as_ref().and_then(|holder| holder.user.clone())),
            Scope::Team(_) => {
                let item = self.get("user_of", scope_key(&Scope::Key(key.clone()))).await?;
                let state = item.as_ref().map(scopes::read).transpose()?;
                Ok(state.and_then(|state| state.holder).and_then(|holder| holder.user))
            }
        }
    }

    /// Marks what is confirmed, forgets what was long ago, and says when the scope must be looked at again.
    async fn put_off(
        &self,
        scope: &Scope,
        state: &ScopeState,
        confirmed: &[RequestId],
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(due) = state.sweep_due else {
            return Ok(());
        };
        let is_old = |closed: &&Closed| closed.confirmed && closed.at + KEPT < now;
        let leases = state.leases.values().map(|lease| lease.expires);
        let closed = state.closed.values().filter(|closed| !is_old(closed)).map(|closed| closed.at + KEPT);
        let mut change = Change::default().value("due", number(due.ms())).only_if("#sweep_due = :due");
        change = match leases.chain(closed).min() {
            // Never in the past, or one stubborn lease would be met again at once by every run.
            Some(next) => change.set("#sweep_due = :next").value("next", number(next.max(now).ms())),
            None => change
                .remove("#sweep_due")
                .only_if("size(#leases) = :none AND size(#closed) = :none")
                .value("none", number(0)),
        };
        for (at, request) in confirmed.iter().enumerate() {
            change = change
                .bind(&format!("c{at}"), request.as_str())
                .set(format!("#closed.#c{at}.#v = :true"))
                .only_if(format!("attribute_exists(#closed.#c{at})"))
                .value("true", AttributeValue::Bool(true));
        }
        for (at, (request, _)) in state.closed.iter().filter(|(_, closed)| is_old(closed)).enumerate() {
            change = change.bind(&format!("o{at}"), request.as_str()).remove(format!("#closed.#o{at}"));
        }
        // Refused: another sweep was here, or a new lease is; both leave it due.
        self.update("put_off", scope_key(scope), &change).await.map(|_| ())
    }
}
