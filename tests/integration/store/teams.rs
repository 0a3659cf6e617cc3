//! A team's key is charged to the key, the member, the user and the team, each like any other scope.

use std::time::Duration;

use shared::store::{Admission, AdmissionError, KeyRef, Settlement, SoftBudget, Store};
use stargate_core::entity::{Key, Member, Team, TeamRole};
use stargate_core::id::{TeamId, UserId};
use stargate_core::ledger::{LedgerSettings, Reason, Refusal};
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope, ScopeState};
use stargate_core::spend::{SpendRecord, Status};
use tests::calls::{budget, budget_every, call, call_of, key, no_limits, pico, record, user};
use tests::gateway::models;
use tests::table::Table;

/// A team with one member, who has a key there.
struct Crew {
    store: Store,
    pointer: KeyRef,
    now: stargate_core::moment::Moment,
}

struct Rules {
    key: Limits,
    member: Limits,
    user: Limits,
    team: Limits,
}

fn free() -> Rules {
    Rules { key: no_limits(), member: no_limits(), user: no_limits(), team: no_limits() }
}

impl Crew {
    async fn new(table: &Table, terms: LedgerSettings, rules: Rules) -> Self {
        let store = table.store(terms);
        let now = stargate_core::moment::Moment::from_ms(1_795_000_000_000);
        let key = key(None, rules.key, now);
        let mario = user(&format!("mario of {}", key.id), rules.user, now);
        let team = TeamId::parse(format!("team of {}", key.id)).unwrap();
        let member = Member {
            team: team.clone(),
            user: mario.id.clone(),
            role: TeamRole::User,
            limits: rules.member,
            joined: now,
        };
        let (alias, metadata) = (None, "{}".to_owned());
        store.create_user(&mario).await.unwrap();
        store
            .create_team(&Team {
                id: team.clone(),
                alias,
                org: None,
                limits: rules.team,
                metadata,
                created: now,
            })
            .await
            .unwrap();
        store.create_member(&member).await.unwrap();
        let mut key = Key { ..key };
        (key.holder.user, key.holder.team) = (Some(mario.id), Some(team));
        store.create_key(&key).await.unwrap();
        Self { pointer: KeyRef::new(key.id, key.holder), store, now }
    }

    fn user(&self) -> UserId {
        self.pointer.holder.user.clone().unwrap()
    }

    fn team(&self) -> TeamId {
        self.pointer.holder.team.clone().unwrap()
    }

    /// The key, the member, the user and the team.
    fn scopes(&self) -> [Scope; 4] {
        [
            Scope::Key(self.pointer.key.clone()),
            Scope::Member(self.team(), self.user()),
            Scope::User(self.user()),
            Scope::Team(self.team()),
        ]
    }

    async fn admit(&self, amount: i128) -> Result<Admission, AdmissionError> {
        self.store.admit(&mut self.pointer.clone(), &call(amount), || self.now).await
    }

    async fn expect_refusal(&self, amount: i128) -> Refusal {
        match self.admit(amount).await {
            Err(AdmissionError::Refused(refusal)) => refusal,
            other => panic!("{other:?}"),
        }
    }

    async fn settle(&self, admission: &Admission, cost: i128) -> Settlement {
        let record = SpendRecord { cost: pico(cost), ..record(&self.pointer, admission, self.now) };
        self.store.settle(admission, &record, || self.now).await.unwrap()
    }

    async fn states(&self, table: &Table) -> Vec<ScopeState> {
        let mut states = Vec::new();
        for scope in self.scopes() {
            states.push(table.audit(&scope).await);
        }
        states
    }
}

#[tokio::test]
async fn every_scope_of_a_teams_key_is_charged_the_same_in_one_round_trip() {
    let table = Table::fresh().await;
    let crew = Crew::new(&table, LedgerSettings::default(), free()).await;
    let before = crew.store.capacity().used();
    let admission = crew.admit(100).await.unwrap();
    let after = crew.store.capacity().used();
    assert_eq!(after.calls - before.calls, 4, "one for each scope, side by side, and none before them");
    crew.settle(&admission, 60).await;
    for state in crew.states(&table).await {
        assert_eq!((state.total_spend, state.leases.len()), (pico(60), 0));
    }
    let found = crew.store.find_record(admission.request()).await.unwrap().unwrap();
    assert_eq!((found.user, found.team, found.cost), (Some(crew.user()), Some(crew.team()), pico(60)));
    let day = crew.now.date();
    let daily = crew.store.daily_of(&Scope::User(crew.user()), &day, &day).await.unwrap();
    assert_eq!((daily.len(), &daily[0].team, daily[0].figures.spend), (1, &Some(crew.team()), pico(60)));
    assert_eq!(crew.store.daily_of_all(&day).await.unwrap(), daily);
}

#[tokio::test]
async fn each_scope_may_refuse_and_then_none_keeps_anything() {
    let table = Table::fresh().await;
    let small = || budget(50);
    for (at, rules) in [
        Rules { key: small(), ..free() },
        Rules { member: small(), ..free() },
        Rules { user: small(), ..free() },
        Rules { team: small(), ..free() },
    ]
    .into_iter()
    .enumerate()
    {
        let crew = Crew::new(&table, LedgerSettings::default(), rules).await;
        let refusal = crew.expect_refusal(51).await;
        assert_eq!(refusal.scope, crew.scopes()[at]);
        assert!(matches!(refusal.reason, Reason::Budget { .. }), "{refusal:?}");
        for state in crew.states(&table).await {
            assert!(
                state.leases.is_empty() && state.requests.values().all(|count| *count == 0),
                "{state:#?}"
            );
        }
        let admission = crew.admit(50).await.unwrap();
        crew.settle(&admission, 50).await;
    }
}

#[tokio::test]
async fn a_teams_models_bind_its_keys_and_a_users_own_do_not() {
    let table = Table::fresh().await;
    let only = |name: &str| models(&[name]);
    let rules = Rules { user: only("claude-opus-4-5"), key: only("all-team-models"), ..free() };
    assert!(Crew::new(&table, LedgerSettings::default(), rules).await.admit(1).await.is_ok());
    let rules = Rules { team: only("claude-opus-4-5"), key: only("all-team-models"), ..free() };
    let crew = Crew::new(&table, LedgerSettings::default(), rules).await;
    let refusal = crew.expect_refusal(1).await;
    assert_eq!(refusal.scope, Scope::Team(crew.team()));
    assert!(matches!(refusal.reason, Reason::Model(_)));
}

#[tokio::test]
async fn a_users_budget_may_be_for_its_own_keys_only_but_deleting_it_binds_them_all() {
    let table = Table::fresh().await;
    let terms = LedgerSettings { user_pays_for_team: false, ..LedgerSettings::default() };
    let crew = Crew::new(&table, terms, Rules { user: budget(10), ..free() }).await;
    let before = crew.store.capacity().used();
    let admission = crew.admit(100).await.unwrap();
    assert_eq!(crew.store.capacity().used().calls - before.calls, 4, "three writes and a read, side by side");
    crew.settle(&admission, 100).await;
    let [key, member, user, team] = crew.states(&table).await.try_into().unwrap();
    assert_eq!([key, member, team].map(|state| state.total_spend), [pico(100); 3]);
    assert_eq!((user.total_spend, user.headroom), (Money::ZERO, pico(10)));
    let block =
        |limits: &Limits| Ok::<_, shared::store::StoreError>(Limits { blocked: true, ..limits.clone() });
    crew.store.edit(&Scope::User(crew.user()), block, crew.now).await.unwrap().unwrap();
    assert_eq!(
        crew.expect_refusal(1).await,
        Refusal { scope: Scope::User(crew.user()), reason: Reason::Blocked }
    );
    crew.store.delete_user(&crew.user(), crew.now).await.unwrap();
    assert_eq!(crew.expect_refusal(1).await.reason, Reason::Unknown);
    // What was reserved beside the read was given back.
    assert!(table.audit(&Scope::Team(crew.team())).await.leases.is_empty());
}

#[tokio::test]
async fn what_a_dead_process_left_in_some_of_four_scopes_is_swept_alike_in_all() {
    let table = Table::fresh().await;
    for forgotten in [None, Some(0), Some(1), Some(2), Some(3)] {
        let mut crew = Crew::new(&table, LedgerSettings::default(), free()).await;
        let admission =
            crew.store.admit(&mut crew.pointer.clone(), &call_of(100, 30), || crew.now).await.unwrap();
        if let Some(at) = forgotten {
            // As if that scope had refused, and the process had died before it gave the others' back.
            let hold = &admission.holds()[at];
            table.forget_lease(&hold.scope, admission.request()).await;
        }
        crew.now = crew.now + Duration::from_secs(80);
        for scope in crew.scopes().iter().rev() {
            crew.store.sweep(scope, crew.now).await.unwrap();
        }
        let cost = if forgotten.is_some() { pico(0) } else { pico(30) };
        for state in crew.states(&table).await {
            assert_eq!((state.total_spend, state.leases.len()), (cost, 0), "{forgotten:?}");
        }
        let record = crew.store.find_record(admission.request()).await.unwrap().unwrap();
        assert_eq!((record.cost, record.status), (cost, Status::Swept), "{forgotten:?}");
        if forgotten.is_none() {
            assert_eq!((record.user, record.team), (Some(crew.user()), Some(crew.team())));
        }
    }
}

#[tokio::test]
async fn a_soft_budget_that_is_reached_is_told_once_in_a_period() {
    let table = Table::fresh().await;
    let soft = Limits { soft_budget: Some(pico(100)), ..budget_every(1000, "1h") };
    let mut crew = Crew::new(&table, LedgerSettings::default(), Rules { team: soft, ..free() }).await;
    for hour in 0..2 {
        crew.now = crew.now + Duration::from_secs(hour * 3600);
        let running =
            [crew.admit(60).await.unwrap(), crew.admit(60).await.unwrap(), crew.admit(60).await.unwrap()];
        let mut told = Vec::new();
        for admission in &running {
            told.extend(crew.settle(admission, 60).await.reached);
        }
        let reached = SoftBudget { scope: Scope::Team(crew.team()), limit: pico(100), spend: pico(120) };
        assert_eq!(told, [reached], "hour {hour}");
        let late = crew.admit(60).await.unwrap();
        assert_eq!(crew.settle(&late, 60).await.reached, [], "it was told");
    }
    // Another limit is news.
    let raise = |limits: &Limits| {
        Ok::<_, shared::store::StoreError>(Limits { soft_budget: Some(pico(150)), ..limits.clone() })
    };
    crew.store.edit(&Scope::Team(crew.team()), raise, crew.now).await.unwrap().unwrap();
    let next = crew.admit(60).await.unwrap();
    assert_eq!(crew.settle(&next, 60).await.reached.len(), 1);
}
