//! Admission over all the scopes of a request: their writes run side by side, and either all grant or none keeps.

use std::time::Duration;

use futures_util::future::{join, join_all};
use stargate_core::id::RequestId;
use stargate_core::ledger::{
    Reason, Refusal, RefusalCause, ReserveRequest, ScopeExpectation, check_active, explain_refusal,
};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::pricing::{CostBound, TokenUsage};
use stargate_core::scope::{Lease, LinkedScopes, Scope};
use stargate_core::spend::{SpendRecord, Status};

use super::key_ref::KeyRef;
use super::reserve::{Reservation, ReserveOutcome, scope_key};
use super::scope_item;
use crate::store::{Store, StoreError, WriteEffect, pause};

/// Tries of a request that only running calls stand against, before the client is told to come back.
const HELD_TRIES: u32 = 4;
/// The longest pause between two of them.
const HELD_PAUSE: Duration = Duration::from_millis(400);
/// Tries of everything that should succeed on its second: rolled periods, ended leases, answers that name no reason.
const OTHER_TRIES: u32 = 3;

/// What a request asks for, before there is a lease.
#[derive(Clone, Debug)]
pub struct AdmissionRequest {
    pub quote: CostBound,
    /// What the client called the model, and the catalog's name of it.
    pub asked_model: String,
    pub model: String,
    /// Every entry of an allow-list that permits it.
    pub permitted_by: Vec<String>,
    /// Tokens it will likely use.
    pub tokens: u64,
}

/// Leave to make one call. Only [`Store::admit`] makes one; it ends by [`Store::settle`], or its leases are swept.
#[derive(Clone, Debug)]
pub struct Admission {
    pub(in crate::store) request: RequestId,
    pub(in crate::store) quote: CostBound,
    pub(in crate::store) holds: Vec<Reservation>,
    pub(in crate::store) pointer: KeyRef,
    pub(in crate::store) model: String,
}

impl Admission {
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// What was granted: its `max_tokens` may be fewer than were asked for.
    pub fn quote(&self) -> &CostBound {
        &self.quote
    }

    pub fn holds(&self) -> &[Reservation] {
        &self.holds
    }

    pub fn pointer(&self) -> &KeyRef {
        &self.pointer
    }

    /// The catalog's name of the model that the call was admitted for.
    pub fn model(&self) -> &str {
        &self.model
    }
}

/// Why a request was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    #[error("{} refused: {}", .0.scope, .0.reason.word())]
    Refused(Refusal),
    /// The key is not what the pointer said: read it again.
    #[error("the key's pointer is out of date")]
    Stale,
    /// The key's own names of models are others than were known, and noted now: what is asked for may be another model.
    #[error("the key's names of models have changed")]
    Renamed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One scope's answer, as the coordinator reads it.
enum ScopeOutcome {
    Granted(Box<Reservation>),
    /// Nothing is reserved here, and nothing stands against the call.
    Stands,
    Verdict {
        verdict: RefusalCause,
        has_overdue: bool,
        uncertain: bool,
    },
    Failed(StoreError),
}

impl Store {
    /// Reserves a call's worst case from every scope of its key, or from none. What it learns of the key's ties is noted
    /// in `pointer`.
    ///
    /// - **Cost:** one round trip where every scope grants; one write unit per scope while its item is under 1 KB.
    /// - **Clamps:** where the worst case does not fit but a useful answer does, fewer tokens are granted.
    /// - **Fails** closed: if the table cannot answer, nothing is admitted. A process that dies leaves only leases.
    pub async fn admit(
        &self,
        pointer: &mut KeyRef,
        call: &AdmissionRequest,
        now: impl Fn() -> Moment,
    ) -> Result<Admission, AdmissionError> {
        let (mut quote, mut held, mut other) = (call.quote, 0, 0);
        loop {
            let scopes = pointer.scopes(&call.model, self.terms.user_pays_for_team);
            let ask = self.ask(pointer, call, quote, now())?;
            let claims: Vec<ScopeExpectation> =
                scopes.iter().map(|scope| pointer.claim(scope, &scopes)).collect();
            let (mut answers, watched) =
                join(self.reserve_all(&scopes, &claims, &ask), self.look_at_user(pointer, ask.now)).await;
            let mut scopes = scopes;
            if let Some((scope, answer)) = watched {
                scopes.push(scope);
                answers.push(answer);
            }
            let is_granted = answers
                .iter()
                .all(|response| matches!(response, ScopeOutcome::Granted(_) | ScopeOutcome::Stands));
            // A process that stood still between two grants holds what a sweep may have ended, or will.
            let is_late = now() + self.terms.lease_margin >= ask.lease.expires;
            if is_granted {
                let holds = answers.into_iter().filter_map(ScopeOutcome::hold).collect();
                let (own, model) = (pointer.clone(), call.model.clone());
                let admission = Admission { request: ask.request, quote, holds, pointer: own, model };
                if !is_late {
                    return Ok(admission);
                }
                self.abandon(&admission, &now).await?;
                other += 1;
                if other >= OTHER_TRIES {
                    return Err(too_often());
                }
                continue;
            }
            // What is late is left to sweeps, which decide alike in every scope: some may have decided already.
            if !is_late {
                self.give_all_back(&scopes, &answers, &ask).await;
            }
            match next(&scopes, answers, &quote)? {
                Next::Clamp(clamped) => quote = clamped,
                Next::Learn(ties) if other < OTHER_TRIES => {
                    other += 1;
                    let known = pointer.aliases().cloned();
                    for (scope, ties) in ties {
                        pointer.update_links(scope, ties);
                    }
                    if pointer.aliases() != known.as_ref() {
                        return Err(AdmissionError::Renamed);
                    }
                }
                Next::Prepare { roll, sweep } if other < OTHER_TRIES => {
                    other += 1;
                    for scope in &roll {
                        self.reset_period(scope, now()).await?;
                    }
                    for scope in &sweep {
                        self.sweep_some(scope, now()).await?;
                    }
                }
                Next::Wait(_) if held < HELD_TRIES => {
                    held += 1;
                    quote = call.quote;
                    wait(held).await;
                }
                Next::Wait(refusal) => return Err(AdmissionError::Refused(refusal)),
                Next::Again if other < OTHER_TRIES => {
                    other += 1;
                    pause(other).await;
                }
                Next::Learn(_) | Next::Prepare { .. } | Next::Again => return Err(too_often()),
            }
        }
    }

    fn ask(
        &self,
        pointer: &KeyRef,
        call: &AdmissionRequest,
        quote: CostBound,
        now: Moment,
    ) -> Result<ReserveRequest, StoreError> {
        let lease = Lease {
            amount: quote.max_cost(),
            floor: quote.committed_cost(0),
            expires: now + self.terms.lease_life,
            key: pointer.key.clone(),
            model: call.model.clone(),
            others: Vec::new(),
        };
        Ok(ReserveRequest {
            // A new id for every try: what an earlier one may have left must not count as this one's.
            request: RequestId::generate(now.ms())?,
            quote,
            lease,
            model: call.asked_model.clone(),
            permitted_by: pointer.permitted_by(&call.permitted_by),
            tokens: call.tokens,
            now,
            max_leases: self.terms.max_leases,
        })
    }

    async fn reserve_all(
        &self,
        scopes: &[Scope],
        claims: &[ScopeExpectation],
        ask: &ReserveRequest,
    ) -> Vec<ScopeOutcome> {
        join_all(scopes.iter().zip(claims).map(|(scope, claim)| async move {
            match self.reserve(scope, claim, ask).await {
                Ok(ReserveOutcome::Granted(hold)) => ScopeOutcome::Granted(hold),
                Ok(ReserveOutcome::Refused { state, uncertain }) => {
                    match (explain_refusal(state.as_deref(), claim, ask), state) {
                        (RefusalCause::Admitted, Some(state)) => ScopeOutcome::Granted(Box::new(
                            Reservation::from_existing(scope, claim, ask, *state),
                        )),
                        (verdict, state) => {
                            let margin = self.terms.lease_margin;
                            let has_overdue =
                                state.is_some_and(|state| !state.overdue(ask.now, margin).is_empty());
                            ScopeOutcome::Verdict { verdict, has_overdue, uncertain }
                        }
                    }
                }
                Err(error) => ScopeOutcome::Failed(error),
            }
        }))
        .await
    }

    /// Where a user's budget is not for team keys, whether the user is there and not blocked: read beside the
    /// reservations, so that deleting or blocking a user binds at once all the same.
    async fn look_at_user(&self, pointer: &KeyRef, now: Moment) -> Option<(Scope, ScopeOutcome)> {
        let user = pointer.holder.user.clone()?;
        if pointer.holder.team.is_none() || self.terms.user_pays_for_team {
            return None;
        }
        let scope = Scope::User(user);
        let found = match self.get("look_at_user", scope_key(&scope)).await {
            Ok(found) => found.as_ref().map(scope_item::read).transpose(),
            Err(error) => Err(error),
        };
        let response = match found {
            Err(error) => ScopeOutcome::Failed(error),
            Ok(state) => match state.map_or(Err(Reason::Unknown), |state| check_active(&state, now)) {
                Ok(()) => ScopeOutcome::Stands,
                Err(reason) => {
                    let verdict = RefusalCause::Refused(reason);
                    ScopeOutcome::Verdict { verdict, has_overdue: false, uncertain: false }
                }
            },
        };
        Some((scope, response))
    }

    /// Ends a call that every scope granted, too late: a sweep may have ended some of its leases and charged what it took for
    /// sent. To give the others back would leave the scopes in disagreement, so the record says that nothing was used.
    async fn abandon(&self, admission: &Admission, now: &impl Fn() -> Moment) -> Result<(), StoreError> {
        let Admission { request, pointer, model, .. } = admission;
        let record = SpendRecord {
            request: *request,
            ended: now(),
            user: pointer.holder.user.clone(),
            key: pointer.key.clone(),
            team: pointer.holder.team.clone(),
            org: pointer.org().cloned(),
            model: model.clone(),
            usage: TokenUsage::default(),
            rates: None,
            cost: Money::ZERO,
            status: Status::Failure,
            first_byte: None,
            fallback_from: None,
            region: None,
            session: None,
            agent: None,
            tags: Vec::new(),
        };
        Box::pin(self.settle(admission, &record, now)).await.map(|_| ())
    }

    /// Gives back what was granted, and what may have been: a refused request leaves nothing behind.
    async fn give_all_back(&self, scopes: &[Scope], answers: &[ScopeOutcome], ask: &ReserveRequest) {
        let undone = join_all(scopes.iter().zip(answers).map(|(scope, response)| async move {
            match response {
                ScopeOutcome::Granted(hold) if hold.is_certain() => {
                    self.release(hold, ask.request).await.map(|_| ())
                }
                ScopeOutcome::Granted(_) | ScopeOutcome::Verdict { uncertain: true, .. } => {
                    self.cancel_uncertain(scope, ask).await
                }
                ScopeOutcome::Failed(error) if error.may_have_applied() => {
                    self.cancel_uncertain(scope, ask).await
                }
                ScopeOutcome::Stands | ScopeOutcome::Verdict { .. } | ScopeOutcome::Failed(_) => Ok(()),
            }
        }));
        for (scope, undone) in scopes.iter().zip(undone.await) {
            if let Err(error) = undone {
                // The lease stays until a sweep ends it.
                tracing::error!(request = %ask.request, %scope, error = ?error, "give_back_failed");
            }
        }
    }
}

impl ScopeOutcome {
    fn hold(self) -> Option<Reservation> {
        match self {
            Self::Granted(hold) => Some(*hold),
            _ => None,
        }
    }
}

/// What to do about a refusal.
enum Next {
    Clamp(CostBound),
    Learn(Vec<(Scope, LinkedScopes)>),
    Prepare { roll: Vec<Scope>, sweep: Vec<Scope> },
    Wait(Refusal),
    Again,
}

/// Decides from all scopes' answers: what is final is told, the most final first; then what can be mended is.
fn next(scopes: &[Scope], answers: Vec<ScopeOutcome>, quote: &CostBound) -> Result<Next, AdmissionError> {
    let (mut refusals, mut roll, mut sweep, mut ties) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut short, mut stale): (Option<Money>, bool) = (None, false);
    for (scope, answer) in scopes.iter().zip(answers) {
        let (verdict, has_overdue) = match answer {
            ScopeOutcome::Granted(_) | ScopeOutcome::Stands => continue,
            ScopeOutcome::Failed(error) => return Err(error.into()),
            ScopeOutcome::Verdict { verdict, has_overdue, .. } => (verdict, has_overdue),
        };
        match verdict {
            RefusalCause::Refused(reason) => {
                if has_overdue && reason.is_about_leases() {
                    sweep.push(scope.clone());
                }
                refusals.push(Refusal { scope: scope.clone(), reason });
            }
            RefusalCause::PeriodOver => roll.push(scope.clone()),
            RefusalCause::Foreign => stale = true,
            RefusalCause::Tied(truth) => ties.push((scope.clone(), truth)),
            RefusalCause::Short(headroom) => {
                short = Some(short.map_or(headroom, |least| least.min(headroom)))
            }
            RefusalCause::Admitted | RefusalCause::Unclear => {}
        }
    }
    if stale {
        return Err(AdmissionError::Stale);
    }
    if !ties.is_empty() {
        return Ok(Next::Learn(ties));
    }
    let is_passing = |refusal: &Refusal| refusal.reason == Reason::Held || !sweep.is_empty();
    match Refusal::most_final(refusals) {
        Some(refusal) if !refusal.reason.is_about_leases() || !is_passing(&refusal) => {
            return Err(AdmissionError::Refused(refusal));
        }
        Some(_) if !sweep.is_empty() => return Ok(Next::Prepare { roll, sweep }),
        Some(refusal) => return Ok(Next::Wait(refusal)),
        None if !roll.is_empty() => return Ok(Next::Prepare { roll, sweep }),
        None => {}
    }
    Ok(short.and_then(|headroom| quote.clamp(headroom)).map_or(Next::Again, Next::Clamp))
}

fn too_often() -> AdmissionError {
    let source = "every try was refused for no reason that lasts";
    StoreError::unavailable("admit", WriteEffect::No, source).into()
}

/// Waits for running calls to settle: longer each time, up to [`HELD_PAUSE`], and at random.
async fn wait(tries: u32) {
    let random = getrandom::u32().unwrap_or(u32::MAX);
    let spread = 0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0;
    tokio::time::sleep(HELD_PAUSE.mul_f64(spread * f64::from(tries) / f64::from(HELD_TRIES))).await;
}
