//! The one store: users, keys, scopes and spend in one DynamoDB table. Its methods are the business's verbs.
//!
//! Only this folder names the DynamoDB SDK. Every call goes through `Store::tried`, which retries what may be retried,
//! remembers whether a failed write may have happened, counts round trips and capacity, and puts each try into a span
//! that names its call site.

mod admit;
mod batch;
mod change;
mod days;
mod due;
mod edit;
mod error;
mod item;
mod keys;
mod ledger;
mod records;
mod refusals;
mod roll;
mod schema;
mod scopes;
mod settle;
mod sweep;
mod tally;
mod users;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use jiff::tz::TimeZone;
use tracing::Instrument;

pub use admit::{Admission, Call, NotAdmitted, Pointer};
use change::Change;
pub use error::{Applied, StoreError};
use item::Item;
pub use keys::KeyEntry;
pub use ledger::Hold;
pub use schema::create_table;
pub use settle::Lost;
pub use tally::{Tally, Used};
pub use users::{NotCreated, UserEntry};

/// Tries of one call, and the pause before the second; it doubles and is spread at random.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(25);

/// How long one try may take: a hundred times what DynamoDB needs, and short enough that a settlement, which has two
/// seconds, outlives an answer that never comes.
const ATTEMPT: Duration = Duration::from_secs(1);

/// How the ledger behaves in this deployment.
#[derive(Clone, Debug)]
pub struct Terms {
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
    /// How long spend records are kept; for ever if `None`.
    pub retention: Option<Duration>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease_life: Duration::from_secs(60),
            lease_margin: Duration::from_secs(10),
            renew_every: Duration::from_secs(15),
            max_leases: 1000,
            zone: TimeZone::UTC,
            retention: None,
        }
    }
}

/// A client of the store. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {
    db: Client,
    table: Arc<str>,
    terms: Arc<Terms>,
    tally: Arc<Tally>,
}

/// A conditional write's answer.
pub(crate) enum Written {
    /// It took place; the item as it is now.
    Done(Item),
    /// Its condition did not hold; the item as it was, if there is one.
    Refused(Option<Item>),
}

/// An answer, and whether an earlier try of the same call may have taken place too, perhaps only later.
pub(crate) struct Tried<T> {
    pub answer: T,
    pub uncertain: bool,
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
    pub fn new(db: Client, table: &str, terms: Terms) -> Self {
        Self { db, table: table.into(), terms: Arc::new(terms), tally: Arc::default() }
    }

    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What this store has asked of the table so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Makes one call until it is answered, at most `TRIES` times. `Err` inside the answer is the service's refusal,
    /// which no retry would change.
    async fn tried<T, E, R, F>(
        &self,
        operation: &'static str,
        call: impl Fn() -> F,
    ) -> Result<Tried<Result<T, E>>, StoreError>
    where
        F: Future<Output = Result<T, SdkError<E, R>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let mut uncertain = false;
        let mut tries = 0;
        loop {
            tries += 1;
            self.tally.count_call();
            let error = match call().instrument(tracing::debug_span!("dynamodb", operation)).await {
                Ok(done) => return Ok(Tried { answer: Ok(done), uncertain }),
                Err(error) => error,
            };
            let is_answer = matches!(
                error.code(),
                Some("ConditionalCheckFailedException" | "TransactionCanceledException")
            );
            let error = match error {
                SdkError::ServiceError(service) if is_answer => {
                    return Ok(Tried { answer: Err(service.into_err()), uncertain });
                }
                other => other,
            };
            let failure = error::classify(&error);
            uncertain |= failure.applied == Applied::Unknown;
            if !failure.retry || tries == TRIES {
                let applied = if uncertain { Applied::Unknown } else { Applied::No };
                return Err(StoreError::Unavailable { operation, applied, source: Box::new(error) });
            }
            pause(tries).await;
        }
    }

    /// One conditional update of an existing item, answered with the item as it is or was.
    async fn update(
        &self,
        operation: &'static str,
        key: Item,
        change: &Change,
    ) -> Result<Tried<Written>, StoreError> {
        let tried = self
            .tried(operation, || {
                self.db
                    .update_item()
                    .table_name(&*self.table)
                    .set_key(Some(key.clone()))
                    .update_expression(change.update_expression())
                    .set_condition_expression(change.condition_expression())
                    .set_expression_attribute_names(Some(change.names()))
                    .set_expression_attribute_values(change.values())
                    .return_values(ReturnValue::AllNew)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        let answer = match tried.answer {
            Ok(done) => {
                self.tally.count_written(done.consumed_capacity.as_ref());
                Written::Done(done.attributes.unwrap_or_default())
            }
            Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                // DynamoDB bills a refused write like a granted one, but does not say so here.
                Written::Refused(refused.item)
            }
            Err(other) => {
                return Err(StoreError::Unavailable {
                    operation,
                    applied: Applied::Unknown,
                    source: Box::new(other),
                });
            }
        };
        Ok(Tried { answer, uncertain: tried.uncertain })
    }

    /// One strongly consistent read.
    async fn get(&self, operation: &'static str, key: Item) -> Result<Option<Item>, StoreError> {
        let tried = self
            .tried(operation, || {
                self.db
                    .get_item()
                    .table_name(&*self.table)
                    .set_key(Some(key.clone()))
                    .consistent_read(true)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        let found = tried.answer.map_err(|error| StoreError::Unavailable {
            operation,
            applied: Applied::No,
            source: Box::new(error),
        })?;
        self.tally.count_read(found.consumed_capacity.as_ref());
        Ok(found.item)
    }

    /// The items of one partition whose sort key begins so, in order; strongly consistent.
    async fn query(
        &self,
        operation: &'static str,
        pk: &str,
        sk_prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut from: Option<Item> = None;
        loop {
            let tried = self
                .tried(operation, || {
                    self.db
                        .query()
                        .table_name(&*self.table)
                        .key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)")
                        .expression_attribute_names("#pk", "pk")
                        .expression_attribute_names("#sk", "sk")
                        .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                        .expression_attribute_values(":sk", AttributeValue::S(sk_prefix.to_owned()))
                        .consistent_read(true)
                        .set_exclusive_start_key(from.clone())
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                })
                .await?;
            let page = tried.answer.map_err(|error| StoreError::Unavailable {
                operation,
                applied: Applied::No,
                source: Box::new(error),
            })?;
            self.tally.count_read(page.consumed_capacity.as_ref());
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Waits before another try: longer each time, and at random, so that those who met do not meet again.
pub(crate) async fn pause(tries: u32) {
    let longest = PAUSE * 2u32.pow(tries.min(6));
    let random = getrandom::u32().unwrap_or(u32::MAX);
    tokio::time::sleep(longest.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)).await;
}
