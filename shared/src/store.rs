//! The one store: users, keys, scopes and spend in one DynamoDB table. Its methods are the business's verbs.
//!
//! - `table` requests to DynamoDB: keys, items, retries, paging, capacity
//! - `ledger` reservations of a scope's budget, their settlement, sweeps and budget periods
//! - `entities` users, keys, teams, organizations, invitations, passwords, custom models
//! - `reports` spend records, daily spend, refusals, the audit log
//! - [`CatalogCache`] the models on offer, read at most every ten seconds
//!
//! Only this folder names the DynamoDB SDK. Every request goes through `Store::with_retries` (`store/table/request.rs`), which
//! retries what may be retried, remembers whether a failed write may have been applied, counts round trips and capacity, and
//! enters a span that names its call site.

mod catalog_cache;
mod entities;
mod ledger;
mod reports;
mod table;

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use stargate_core::ledger::LedgerSettings;

pub use catalog_cache::CatalogCache;
pub use entities::keys::KeyEntry;
pub use entities::organizations::OrgEntry;
pub use entities::passwords::UserIdentity;
pub use entities::teams::{MemberEntry, TeamEntry};
pub use entities::user_search::Search;
pub use entities::users::{CreateError, UserEntry};
pub use ledger::admit::{Admission, AdmissionError, AdmissionRequest};
pub use ledger::key_ref::KeyRef;
pub use ledger::reserve::Reservation;
pub use ledger::settle::{LeaseLost, Settlement, SoftBudget};
pub use table::capacity::{CapacityCounter, Used};
pub use table::error::{StoreError, WriteEffect};
pub use table::paging::{ListPage, PageStart};
use table::request::{AttemptResult, WriteOutcome, pause};
pub use table::schema::create_table;

/// How long one try may take: a hundred times what DynamoDB needs, and short enough that a settlement, which has two
/// seconds, outlives an answer that never comes.
const ATTEMPT: Duration = Duration::from_secs(1);

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
