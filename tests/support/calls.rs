//! Keys, users and calls in a sentence each, and processes that make the calls.

use std::time::Duration;

use shared::runtime::clock::Clock;
use shared::store::{Admission, AdmissionError, AdmissionRequest, KeyRef, Store, StoreError};
use stargate_core::entity::{Key, Member, TeamRole, User, UserRole};
use stargate_core::id::{KeyId, TeamId, UserId, random_key_id};
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::money::{Money, Rate};
use stargate_core::period::BudgetDuration;
use stargate_core::pricing::{CostBound, TokenUsage};
use stargate_core::scope::{KeyOwner, Limits, LinkedScopes, Scope, ScopeState};
use stargate_core::secret::Secret;
use stargate_core::spend::{SpendRecord, Status};

use crate::table::Table;

pub const MODEL: &str = "claude-haiku-4-5";

/// Picodollars: the unit in which nothing may be lost.
pub fn pico(amount: i128) -> Money {
    Money::from_pico(amount)
}

pub fn no_limits() -> Limits {
    Limits::default()
}

/// A budget of so many picodollars.
pub fn budget(amount: i128) -> Limits {
    Limits { max_budget: Some(pico(amount)), ..Limits::default() }
}

/// A budget that starts again every `duration`.
pub fn budget_every(amount: i128, duration: &str) -> Limits {
    Limits { budget_duration: Some(BudgetDuration::parse(duration).unwrap()), ..budget(amount) }
}

/// A call that reserves `amount`, of which `floor` is covered from the start. It is never clamped.
pub fn call_of(amount: i128, floor: i128) -> AdmissionRequest {
    let max_tokens = u64::try_from(amount - floor).unwrap();
    let output_rate = Rate::parse("0.000001").unwrap(); // one picodollar a token
    let quote =
        CostBound { input: pico(floor), output_rate, max_tokens, least_tokens: max_tokens, window: 0 };
    AdmissionRequest {
        quote,
        asked_model: MODEL.to_owned(),
        model: MODEL.to_owned(),
        permitted_by: vec![MODEL.to_owned(), "*".to_owned()],
        tokens: 10,
    }
}

/// A call that reserves `amount` and covers none of it before its first renewal.
pub fn call(amount: i128) -> AdmissionRequest {
    call_of(amount, 0)
}

/// A call whose answer may be shortened to `least` picodollars.
pub fn shortenable(amount: i128, least: u64) -> AdmissionRequest {
    let mut call = call(amount);
    call.quote.least_tokens = least;
    call
}

/// A user by that name.
pub fn user(name: &str, limits: Limits, created: Moment) -> User {
    User {
        id: UserId::parse(name).unwrap(),
        email: None,
        alias: None,
        role: UserRole::InternalUser,
        limits,
        metadata: "{}".to_owned(),
        created,
    }
}

/// A key of a fresh secret, owned by `owner`.
pub fn key(owner: Option<&UserId>, limits: Limits, created: Moment) -> Key {
    let secret = Secret::generate().unwrap();
    Key {
        id: random_key_id().unwrap(),
        hint: secret.hint(),
        alias: None,
        holder: KeyOwner { secret: secret.hash(), user: owner.cloned(), team: None },
        ties: LinkedScopes::default(),
        limits,
        metadata: "{}".to_owned(),
        tags: Vec::new(),
        is_session: false,
        created,
    }
}

/// A new user with a new key, of which the secret is known: it is the one that clients send.
pub async fn employ(store: &Store, of_user: Limits, of_key: Limits, now: Moment) -> (String, KeyRef) {
    let secret = Secret::generate().unwrap();
    let user = user(&format!("user-{}", random_key_id().unwrap()), of_user, now);
    let holder = KeyOwner { secret: secret.hash(), user: Some(user.id.clone()), team: None };
    let key = Key { holder, hint: secret.hint(), ..key(None, of_key, now) };
    store.create_user(&user).await.unwrap();
    store.create_key(&key).await.unwrap();
    (secret.reveal().to_owned(), KeyRef::new(key.id, key.holder))
}

/// The same in a team, where the user is a member.
pub async fn employ_in(store: &Store, team: &TeamId, now: Moment) -> (String, KeyRef) {
    let secret = Secret::generate().unwrap();
    let user = user(&format!("user-{}", random_key_id().unwrap()), no_limits(), now);
    store.create_user(&user).await.unwrap();
    let member = Member {
        team: team.clone(),
        user: user.id.clone(),
        role: TeamRole::User,
        limits: no_limits(),
        joined: now,
    };
    store.create_member(&member).await.unwrap();
    let holder = KeyOwner { secret: secret.hash(), user: Some(user.id), team: Some(team.clone()) };
    let key = Key { holder, hint: secret.hint(), ..key(None, no_limits(), now) };
    store.create_key(&key).await.unwrap();
    (secret.reveal().to_owned(), KeyRef::new(key.id, key.holder))
}

/// The record of a call that ends now and cost nothing.
pub fn record(pointer: &KeyRef, admission: &Admission, now: Moment) -> SpendRecord {
    SpendRecord {
        request: admission.request(),
        ended: now,
        user: pointer.holder.user.clone(),
        key: pointer.key.clone(),
        team: pointer.holder.team.clone(),
        org: pointer.org().cloned(),
        model: admission.model().to_owned(),
        usage: TokenUsage { output: 10, ..TokenUsage::default() },
        rates: None,
        cost: Money::ZERO,
        status: Status::Success,
        first_byte: None,
        fallback_from: None,
        region: None,
        session: None,
        agent: None,
        tags: Vec::new(),
    }
}

/// The pause before a request to a busy table is repeated, longer with each of `tries`. Without it the table is kept busy with requests that have timed
/// out already, and never recovers.
pub async fn back_off(tries: u32) {
    let longest = 100_u64 << tries.min(5);
    tokio::time::sleep(Duration::from_millis(rand::random_range(longest / 2..longest))).await;
}

/// A process that serves one key: a store, and a clock of its own.
#[derive(Clone)]
pub struct Caller {
    pub store: Store,
    pub clock: Clock,
    pub pointer: KeyRef,
}

impl Table {
    /// A process that serves a new key of a new user.
    pub async fn caller(&self, key: Limits, user: Limits) -> Caller {
        self.caller_on(self.store(LedgerSettings::default()), key, user).await
    }

    /// The same with a store that is there already.
    pub async fn caller_on(&self, store: Store, of_key: Limits, of_user: Limits) -> Caller {
        let clock = Clock::default();
        // A minute has just begun, so that no test of RPM or TPM meets the end of one.
        clock.shift(60_000 - clock.now().ms().rem_euclid(60_000));
        let (_, pointer) = employ(&store, of_user, of_key, clock.now()).await;
        Caller { store, clock, pointer }
    }

    /// Both scopes of a caller, after an audit of each: the key's, then the user's.
    pub async fn audit_both(&self, caller: &Caller) -> [ScopeState; 2] {
        [self.audit(&caller.key()).await, self.audit(&caller.user()).await]
    }
}

impl Caller {
    /// Another process for the same key, whose clock is ahead by `ahead_ms`.
    pub fn other_process(&self, table: &Table, ahead_ms: i64) -> Self {
        let clock = Clock::default();
        clock.shift(self.now().ms() - clock.now().ms() + ahead_ms);
        Self { store: table.store(self.store.terms().clone()), clock, pointer: self.pointer.clone() }
    }

    pub fn key_id(&self) -> &KeyId {
        &self.pointer.key
    }

    pub fn user_id(&self) -> &UserId {
        self.pointer.holder.user.as_ref().unwrap()
    }

    pub fn key(&self) -> Scope {
        Scope::Key(self.key_id().clone())
    }

    pub fn user(&self) -> Scope {
        Scope::User(self.user_id().clone())
    }

    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Lets `duration` pass for this process.
    pub fn wait(&self, duration: Duration) {
        self.clock.shift(i64::try_from(duration.as_millis()).unwrap());
    }

    /// Lets a lease that begins now run out, and the margin after it.
    pub fn outlive_leases(&self) {
        let terms = self.store.terms();
        self.wait(terms.lease_life + terms.lease_margin + Duration::from_secs(1));
    }

    pub async fn admit(&self, call: &AdmissionRequest) -> Result<Admission, AdmissionError> {
        self.store.admit(&mut self.pointer.clone(), call, || self.now()).await
    }

    /// Asks again while only running calls stand against it, as a client does that is told to come back.
    pub async fn admit_patiently(&self, call: &AdmissionRequest) -> Result<Admission, AdmissionError> {
        loop {
            match self.admit(call).await {
                Err(AdmissionError::Refused(refusal)) if refusal.reason.is_about_leases() => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                answer => return answer,
            }
        }
    }

    /// The record of a call that cost `cost`.
    pub fn record(&self, admission: &Admission, cost: i128) -> SpendRecord {
        SpendRecord { cost: pico(cost), ..record(&self.pointer, admission, self.now()) }
    }

    /// Ends a call that cost `cost`; answers what it was charged.
    pub async fn settle(&self, admission: &Admission, cost: i128) -> Result<Money, StoreError> {
        let settled = self.store.settle(admission, &self.record(admission, cost), || self.now()).await?;
        Ok(settled.cost)
    }

    /// Ends a call that cost `cost`, however often the table does not respond in time.
    pub async fn settle_until_done(&self, admission: &Admission, cost: i128) {
        let mut tries = 0;
        while self.settle(admission, cost).await.is_err() {
            back_off(tries).await;
            tries += 1;
        }
    }

    /// Sweeps the key's scope and the user's; answers how many leases that ended.
    pub async fn sweep(&self) -> usize {
        let (key, user) = (self.key(), self.user());
        self.store.sweep(&key, self.now()).await.unwrap() + self.store.sweep(&user, self.now()).await.unwrap()
    }

    /// The sum of this key's records of today and yesterday.
    pub async fn recorded_cost(&self) -> Money {
        let yesterday = Moment::from_seconds(self.now().seconds() - 86_400);
        let mut sum = Money::ZERO;
        for day in [yesterday.date(), self.now().date()] {
            let own = |record: &SpendRecord| record.key == self.pointer.key;
            let records = self.store.records_of_day(&day, usize::MAX, own).await.unwrap();
            sum += records.iter().map(|record| record.cost).sum::<Money>();
        }
        sum
    }
}
