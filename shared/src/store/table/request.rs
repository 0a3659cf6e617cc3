//! One request to the table: tried again where that is safe, counted, and in a span that names its call site.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use tracing::Instrument;

use super::error::{self, StoreError, WriteEffect};
use super::item::{self, Item};
use super::update_expression::UpdateExpression;
use crate::runtime::clock::jitter;
use crate::runtime::telemetry::BENCH_TARGET;
use crate::store::Store;

/// Tries of one call, and the pause before the second; it doubles and is spread at random.
const MAX_ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(25);

/// A conditional write's answer.
pub(in crate::store) enum WriteOutcome<T> {
    /// It took place; the item as it is now, if that was asked for.
    Done(T),
    /// Its condition did not hold; the item as it was, if there is one.
    Refused(Option<Item>),
}

/// An answer, and whether an earlier try of the same call may have taken place too, perhaps only later.
pub(in crate::store) struct AttemptResult<T> {
    pub answer: T,
    pub uncertain: bool,
}

impl Store {
    /// Makes one call until it is answered, at most `MAX_ATTEMPTS` times. `Err` inside the answer is the service's refusal,
    /// which no retry would change.
    pub(in crate::store) async fn with_retries<T, E, R, F>(
        &self,
        operation: &'static str,
        call: impl Fn() -> F,
    ) -> Result<AttemptResult<Result<T, E>>, StoreError>
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
            let error = match call()
                .instrument(tracing::info_span!(target: BENCH_TARGET, "dynamodb", operation))
                .await
            {
                Ok(done) => return Ok(AttemptResult { answer: Ok(done), uncertain }),
                Err(error) => error,
            };
            let is_answer = matches!(
                error.code(),
                Some("ConditionalCheckFailedException" | "TransactionCanceledException")
            );
            let error = match error {
                SdkError::ServiceError(service) if is_answer => {
                    return Ok(AttemptResult { answer: Err(service.into_err()), uncertain });
                }
                other => other,
            };
            let failure = error::classify(&error);
            uncertain |= failure.applied == WriteEffect::Unknown;
            if !failure.retry || tries == MAX_ATTEMPTS {
                let applied = if uncertain { WriteEffect::Unknown } else { WriteEffect::No };
                return Err(StoreError::unavailable(operation, applied, error));
            }
            pause(tries).await;
        }
    }

    /// One conditional update of an existing item, answered with the item as it is or was.
    pub(in crate::store) async fn update(
        &self,
        operation: &'static str,
        key: Item,
        change: &UpdateExpression,
    ) -> Result<AttemptResult<WriteOutcome<Item>>, StoreError> {
        let AttemptResult { answer, uncertain } =
            self.conditional(operation, key, change, ReturnValue::AllNew).await?;
        let response = match answer {
            WriteOutcome::Done(attributes) => WriteOutcome::Done(attributes.unwrap_or_default()),
            WriteOutcome::Refused(item) => WriteOutcome::Refused(item),
        };
        Ok(AttemptResult { answer: response, uncertain })
    }

    /// The same where nobody asks what the item is now: an item that holds many leases is long to send and to read.
    pub(in crate::store) async fn write(
        &self,
        operation: &'static str,
        key: Item,
        change: &UpdateExpression,
    ) -> Result<AttemptResult<WriteOutcome<()>>, StoreError> {
        let AttemptResult { answer, uncertain } =
            self.conditional(operation, key, change, ReturnValue::None).await?;
        let response = match answer {
            WriteOutcome::Done(_) => WriteOutcome::Done(()),
            WriteOutcome::Refused(item) => WriteOutcome::Refused(item),
        };
        Ok(AttemptResult { answer: response, uncertain })
    }

    pub(in crate::store) async fn conditional(
        &self,
        operation: &'static str,
        key: Item,
        change: &UpdateExpression,
        returns: ReturnValue,
    ) -> Result<AttemptResult<WriteOutcome<Option<Item>>>, StoreError> {
        let tried = self
            .with_retries(operation, || {
                self.db
                    .update_item()
                    .table_name(&*self.table)
                    .set_key(Some(key.clone()))
                    .update_expression(change.update_expression())
                    .set_condition_expression(change.condition_expression())
                    .set_expression_attribute_names(Some(change.names()))
                    .set_expression_attribute_values(change.values())
                    .return_values(returns.clone())
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        let response = match tried.answer {
            Ok(done) => {
                self.tally.count_written(done.consumed_capacity.as_ref());
                WriteOutcome::Done(done.attributes)
            }
            Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                // DynamoDB bills a refused write like a granted one, but does not say so here.
                WriteOutcome::Refused(refused.item)
            }
            Err(other) => {
                return Err(StoreError::unavailable(operation, WriteEffect::Unknown, other));
            }
        };
        Ok(AttemptResult { answer: response, uncertain: tried.uncertain })
    }

    /// One strongly consistent read.
    pub(in crate::store) async fn get(
        &self,
        operation: &'static str,
        key: Item,
    ) -> Result<Option<Item>, StoreError> {
        let tried = self
            .with_retries(operation, || {
                self.db
                    .get_item()
                    .table_name(&*self.table)
                    .set_key(Some(key.clone()))
                    .consistent_read(true)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        let found =
            tried.answer.map_err(|error| StoreError::unavailable(operation, WriteEffect::No, error))?;
        self.tally.count_read(found.consumed_capacity.as_ref());
        Ok(found.item)
    }

    /// The items of one partition whose sort key begins so, in order; strongly consistent.
    pub(in crate::store) async fn query(
        &self,
        operation: &'static str,
        pk: &str,
        sk_prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        self.query_where(operation, pk, "begins_with(#sk, :prefix)", &[(":prefix", sk_prefix)]).await
    }

    /// The same with a sort key from one to another, both included.
    pub(in crate::store) async fn query_between(
        &self,
        operation: &'static str,
        pk: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let bounds = [(":first", first), (":last", last)];
        self.query_where(operation, pk, "#sk BETWEEN :first AND :last", &bounds).await
    }

    async fn query_where(
        &self,
        operation: &'static str,
        pk: &str,
        condition: &str,
        bounds: &[(&str, &str)],
    ) -> Result<Vec<Item>, StoreError> {
        let mut values: HashMap<String, AttributeValue> =
            bounds.iter().map(|(name, value)| ((*name).to_owned(), item::text(*value))).collect();
        values.insert(":pk".to_owned(), item::text(pk));
        let mut items = Vec::new();
        let mut from: Option<Item> = None;
        loop {
            let tried = self
                .with_retries(operation, || {
                    self.db
                        .query()
                        .table_name(&*self.table)
                        .key_condition_expression(format!("#pk = :pk AND {condition}"))
                        .expression_attribute_names("#pk", "pk")
                        .expression_attribute_names("#sk", "sk")
                        .set_expression_attribute_values(Some(values.clone()))
                        .consistent_read(true)
                        .set_exclusive_start_key(from.clone())
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                })
                .await?;
            let page =
                tried.answer.map_err(|error| StoreError::unavailable(operation, WriteEffect::No, error))?;
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
pub(in crate::store) async fn pause(tries: u32) {
    tokio::time::sleep(jitter(PAUSE * 2u32.pow(tries.min(6)))).await;
}
