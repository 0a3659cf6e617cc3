//! One round: two gateways serve the same keys; they are killed, or frozen, in the middle of their work.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use shared::runtime::clock::Clock;
use shared::store::Store;
use stargate_core::entity::{Org, Team};
use stargate_core::id::{OrgId, TeamId, random_key_id};
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope};
use stargate_core::spend::Status;
use tests::calls::{employ, employ_in, no_limits};
use tests::gateway::budget;
use tests::process::{Endpoints, Gateway};
use tests::table::Table;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::LEASE;
use crate::client::{Ask, CallOutcome, Ending, call};

/// Clients of each key and gateway.
const CLIENTS: usize = 6;
/// The longest that a round's gateways live.
const MAX_MS: u64 = 900;
/// How long a stream may take to begin.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Kill,
    /// Longer than its leases live; then it goes on to its clients' ends.
    Freeze,
}

impl End {
    /// How many tokens a delta has, and how many bytes they have.
    fn sizes(self) -> &'static [(u32, usize)] {
        match self {
            // Of a killed call the lease tells what it costs, which covers a token of each byte.
            Self::Kill => &[(3, 4), (300, 4), (1200, 1)],
            // A holder that goes on counts what it has seen, at two bytes a token.
            Self::Freeze => &[(3, 4), (300, 4)],
        }
    }
}

/// A key, its user, and what its clients saw.
pub struct Keyholder {
    secret: String,
    user: Scope,
    /// What nobody else's calls are charged to: the key, its user, and the user's membership.
    scopes: Vec<Scope>,
    seen: Arc<Mutex<Vec<CallOutcome>>>,
}

pub struct KillRound {
    seed: u64,
    end: End,
    holders: Vec<Keyholder>,
    crew: Option<Crew>,
    over: Instant,
}

/// A team of an organization, whose members' calls are charged to both as well.
struct Crew {
    scopes: [Scope; 2],
    members: Vec<Keyholder>,
}

impl KillRound {
    /// What a key that was used in every round has seen, to be audited as one.
    pub fn of_all(veteran: Keyholder) -> Self {
        Self { seed: 0, end: End::Freeze, holders: vec![veteran], crew: None, over: Instant::now() }
    }

    pub async fn play(
        on: &Endpoints,
        store: &Store,
        clock: &Clock,
        veteran: &Keyholder,
        figures: &mut Figures,
        seed: u64,
        end: End,
    ) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        // One that spends as it likes, and one whose budget ends in mid-round.
        let tight = Limits { max_parallel_requests: Some(5), ..budget("0.5") };
        let holders =
            vec![Keyholder::new(store, clock, no_limits()).await, Keyholder::new(store, clock, tight).await];
        let crew = Crew::new(store, clock, budget("0.5")).await;
        let gateways = tokio::join!(Gateway::start(on), Gateway::start(on));
        let gateways = [gateways.0, gateways.1];
        let calling = match end {
            // Until its gateway is gone.
            End::Kill => Duration::MAX,
            End::Freeze => Duration::from_millis(random.random_range(30..MAX_MS)),
        };
        let answered = Arc::new(Notify::new());
        let mut clients = Vec::new();
        for holder in holders.iter().chain(&crew.members).chain([veteran]) {
            for gateway in &gateways {
                for _ in 0..CLIENTS {
                    clients.push(tokio::spawn(holder.keep_calling(
                        gateway,
                        end.sizes(),
                        random.random(),
                        calling,
                        &answered,
                    )));
                }
            }
        }
        match end {
            End::Kill => {
                let [one, other] = gateways;
                // How long a start takes is the machine's; half of the kills are to find streams, however busy it is.
                if random.random() {
                    timeout(TIMEOUT, answered.notified()).await.expect("a stream begins");
                }
                sleep(Duration::from_millis(random.random_range(0..MAX_MS))).await;
                one.process.kill();
                sleep(Duration::from_millis(random.random_range(0..100))).await;
                other.process.kill();
                for client in clients {
                    client.await.unwrap();
                }
            }
            End::Freeze => {
                sleep(Duration::from_millis(random.random_range(20..MAX_MS / 2))).await;
                let others_go_on = async {
                    sleep(LEASE * 2).await;
                    sweep(&holders, Some(&crew), store, clock).await;
                };
                gateways[0].process.freeze(Box::pin(others_go_on)).await;
                for client in clients {
                    client.await.unwrap();
                }
            }
        }
        match end {
            End::Kill => figures.kills += 2,
            End::Freeze => figures.freezes += 1,
        }
        Self { seed, end, holders, crew: Some(crew), over: Instant::now() }
    }

    /// Whether its leases have run out, and the time after them.
    pub fn has_rested(&self) -> bool {
        self.over.elapsed() > LEASE * 2
    }

    /// No lease left, nothing overspent, nothing charged less than was sent, nothing twice; key, user, team, organization and
    /// records agree.
    pub async fn audit(&self, table: &Table, store: &Store, clock: &Clock, figures: &mut Figures) {
        sweep(&self.holders, self.crew.as_ref(), store, clock).await;
        for holder in &self.holders {
            self.audit_holder(holder, table, store, figures).await;
        }
        let Some(crew) = &self.crew else {
            return;
        };
        let mut recorded = Money::ZERO;
        for member in &crew.members {
            recorded += self.audit_holder(member, table, store, figures).await;
        }
        for scope in &crew.scopes {
            self.audit_scope(scope, recorded, table).await;
        }
        figures.scopes += crew.scopes.len();
    }

    async fn audit_scope(&self, scope: &Scope, recorded: Money, table: &Table) {
        let name = format!("seed {}, {:?}", self.seed, self.end);
        let state = table.audit_balance(scope).await;
        assert!(state.leases.is_empty(), "{name}: leases are left: {state:#?}");
        let within = state.limits.max_budget.is_none_or(|budget| state.spend <= budget);
        // A holder that froze longer than its lease lives corrects what the sweep charged.
        assert!(within || self.end == End::Freeze, "{name}: overspent: {state:#?}");
        assert_eq!(state.total_spend, recorded, "{name}: {state:#?}");
    }

    /// Answers what the records say that it was charged.
    async fn audit_holder(
        &self,
        holder: &Keyholder,
        table: &Table,
        store: &Store,
        figures: &mut Figures,
    ) -> Money {
        let name = format!("seed {}, {:?}", self.seed, self.end);
        let recorded = table.aggregated_spend(&holder.user).await;
        for scope in &holder.scopes {
            self.audit_scope(scope, recorded, table).await;
        }
        let seen = holder.seen.lock().unwrap().clone();
        let mut ids = HashSet::new();
        for call in &seen {
            figures.calls += 1;
            let Some(request) = call.request else {
                figures.unanswered += 1;
                continue;
            };
            assert!(ids.insert(request), "{name}: an id twice");
            let record = store.find_record(request).await.unwrap();
            let record = record.unwrap_or_else(|| panic!("{name}: {call:?} was free"));
            assert!(record.cost >= call.worth, "{name}: {call:?} is charged {}", record.cost);
            match call.end {
                Ending::Whole => {
                    assert_eq!(record.cost, call.worth, "{name}: {call:?}");
                    figures.whole += 1;
                }
                Ending::Failed => figures.failed += 1,
                Ending::Cut => figures.cut += 1,
                Ending::Refused(_) => unreachable!("a refusal has no call"),
            }
            figures.swept += usize::from(record.status == Status::Swept);
        }
        figures.charged += recorded;
        figures.scopes += holder.scopes.len();
        recorded
    }
}

/// What the scheduled job does with scopes that are due. (The job itself would look at every earlier round's again.)
async fn sweep(holders: &[Keyholder], crew: Option<&Crew>, store: &Store, clock: &Clock) {
    let members = crew.into_iter().flat_map(|crew| &crew.members);
    let own = holders.iter().chain(members).flat_map(|holder| &holder.scopes);
    for scope in own.chain(crew.into_iter().flat_map(|crew| &crew.scopes)) {
        store.sweep(scope, clock.now()).await.unwrap();
    }
}

impl Crew {
    /// Two members of a team with this budget, in an organization.
    async fn new(store: &Store, clock: &Clock, limits: Limits) -> Self {
        let now = clock.now();
        let (name, metadata) = (random_key_id().unwrap(), "{}".to_owned());
        let org = OrgId::parse(format!("org {name}")).unwrap();
        let of_org = Org {
            id: org.clone(),
            alias: None,
            limits: no_limits(),
            metadata: metadata.clone(),
            created: now,
        };
        store.create_org(&of_org).await.unwrap();
        let team = TeamId::parse(format!("team {name}")).unwrap();
        let of_team =
            Team { id: team.clone(), alias: None, org: Some(org.clone()), limits, metadata, created: now };
        store.create_team(&of_team).await.unwrap();
        let mut members = Vec::new();
        for _ in 0..2 {
            let (secret, pointer) = employ_in(store, &team, now).await;
            let user = pointer.holder.user.expect("it has a user");
            let (key, member) = (Scope::Key(pointer.key), Scope::Member(team.clone(), user.clone()));
            let user = Scope::User(user);
            let scopes = vec![key, member, user.clone()];
            members.push(Keyholder { secret, user, scopes, seen: Arc::default() });
        }
        Self { scopes: [Scope::Team(team), Scope::Org(org)], members }
    }
}

impl Keyholder {
    pub async fn new(store: &Store, clock: &Clock, limits: Limits) -> Self {
        let (secret, pointer) = employ(store, limits, no_limits(), clock.now()).await;
        let user = pointer.holder.user.expect("it has a user");
        let user = Scope::User(user);
        Self { secret, scopes: vec![Scope::Key(pointer.key), user.clone()], user, seen: Arc::default() }
    }

    /// A client that calls for its time, or until its gateway is gone; it tells of every stream that begins.
    fn keep_calling(
        &self,
        gateway: &Gateway,
        sizes: &'static [(u32, usize)],
        seed: u64,
        calling: Duration,
        answered: &Arc<Notify>,
    ) -> impl Future<Output = ()> + use<> {
        let (secret, seen, url) = (self.secret.clone(), Arc::clone(&self.seen), gateway.url.clone());
        let answered = Arc::clone(answered);
        async move {
            let begun = Instant::now();
            let mut random = StdRng::seed_from_u64(seed);
            let http = reqwest::Client::new();
            loop {
                // Short words, and answers that outgrow what their leases cover.
                let (tokens_per_delta, bytes_per_token) = *sizes.choose(&mut random).unwrap();
                let deltas = random.random_range(1..40);
                let pause_ms = random.random_range(0..12);
                let ask = Ask { deltas, tokens_per_delta, bytes_per_token, pause_ms };
                let call = call(&http, &url, &secret, ask, &answered).await;
                let is_gone = call.end == Ending::Cut && call.request.is_none();
                if let Ending::Refused(status) = call.end {
                    // 502: its lease was ended while it waited for Bedrock in a frozen gateway.
                    assert!(matches!(status, 429 | 502 | 503), "{status}");
                    sleep(Duration::from_millis(20)).await;
                } else {
                    seen.lock().unwrap().push(call);
                }
                if is_gone || begun.elapsed() > calling {
                    return;
                }
            }
        }
    }
}

/// What all rounds come to.
#[derive(Default)]
pub struct Figures {
    kills: usize,
    freezes: usize,
    calls: usize,
    whole: usize,
    cut: usize,
    failed: usize,
    unanswered: usize,
    swept: usize,
    scopes: usize,
    charged: Money,
}

impl Figures {
    pub fn print(&self, took: Duration) {
        let Self { kills, freezes, calls, whole, cut, failed, unanswered, swept, scopes, charged } = self;
        println!("measured: {kills} gateways killed, {freezes} frozen, in {took:.0?}");
        println!(
            "measured: {calls} calls: {whole} whole, {cut} cut in mid-stream, {failed} ended in an error event, \
             {unanswered} without an answer; {swept} records by a sweep; {charged} charged"
        );
        println!(
            "measured: leases left 0, overspent 0, charged less than was sent 0, charged twice 0; key = user = member = team = \
             organisation = records in {scopes} of {scopes} scopes"
        );
        assert!(*whole > 0 && *cut > 0 && *swept > 0, "the kills have missed");
    }
}
