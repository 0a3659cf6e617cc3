//! The one store: users, keys, scopes and spend in one DynamoDB table. Its methods are the business's verbs.
//!
//! Only this folder names the DynamoDB SDK. Every call goes through `Store::tried` (`store/request.rs`), which retries what
//! may be retried, remembers whether a failed write may have happened, counts round trips and capacity, and puts each try
//! into a span that names its call site.

mod admit;
mod aliases;
mod audit;
mod batch;
mod change;
mod daily;
mod days;
mod due;
mod edit;
mod error;
mod imports;
mod invitations;
mod item;
mod keys;
mod ledger;
mod lists;
mod logins;
mod model_limits;
mod models;
mod orgs;
mod pointer;
mod records;
mod refusals;
mod request;
mod roll;
mod rotate;
mod schema;
mod scopes;
mod search;
mod settle;
mod sweep;
mod tally;
mod team_invitations;
mod teams;
mod users;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use jiff::tz::TimeZone;

pub use admit::{Admission, AdmissionError, AdmissionRequest};
pub use error::{StoreError, WriteEffect};
pub use keys::KeyEntry;
pub use ledger::Reservation;
pub use lists::{ListPage, PageStart};
pub use logins::UserIdentity;
pub use orgs::OrgEntry;
pub use pointer::KeyRef;
use request::{AttemptResult, WriteOutcome, pause};
pub use schema::create_table;
pub use search::Search;
pub use settle::{LeaseLost, Settlement, SoftBudget};
pub use tally::{CapacityCounter, Used};
pub use teams::{MemberEntry, TeamEntry};
pub use users::{CreateError, UserEntry};

/// How long one try may take: a hundred times what DynamoDB needs, and short enough that a settlement, which has two
/// seconds, outlives an answer that never comes.
const ATTEMPT: Duration = Duration::from_secs(1);

/// How the ledger behaves in this deployment.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// How long a lease lives unless it is renewed.
    pub lease_life: Duration,
    /// How far from a lease's end its holder must have stopped, and a sweep must wait: twice what clocks may differ by.
    pub lease_margin: Duration,
    /// How often a holder renews.
    pub renew_every: Duration,
    /// Calls in flight beyond which a scope is refused as busy: one item holds them all.
    pub max_leases: u64,
    /// Whose midnights end budget periods.
    pub zone: TimeZone,
    /// Whether what a team's key spends counts in its user's own budget too.
    pub user_pays_for_team: bool,
    /// How long spend records are kept; for ever if `None`.
    pub retention: Option<Duration>,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            lease_life: Duration::from_secs(60),
            lease_margin: Duration::from_secs(10),
            renew_every: Duration::from_secs(15),
            max_leases: 1000,
            zone: TimeZone::UTC,
            user_pays_for_team: true,
            retention: None,
        }
    }
}

/// A client of the store. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    db: Client,
    table: Arc<str>,
    terms: Arc<LedgerSettings>,
    tally: Arc<CapacityCounter>,
}

/// The DynamoDB client that [`Store`] wants: no retries of its own, since only we can tell which writes may be repeated.
pub fn client(config: &SdkConfig) -> Client {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(ATTEMPT).operation_attempt_timeout(ATTEMPT).build();
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build();
    Client::from_conf(config)
}

impl Store {
    pub fn new(db: Client, table: &str, terms: LedgerSettings) -> Self {
        Self { db, table: table.into(), terms: Arc::new(terms), tally: Arc::default() }
    }

    pub fn terms(&self) -> &LedgerSettings {
        &self.terms
    }

    /// What this store has asked of the table so far.
    pub fn capacity(&self) -> &CapacityCounter {
        &self.tally
    }
}
