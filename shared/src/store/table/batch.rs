//! Several items at once: created together or not at all, read together, listed by an index.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, KeysAndAttributes, Put, ReturnConsumedCapacity, TransactWriteItem,
};
use stargate_core::scope::Scope;

use super::error::WriteEffect;
use super::item::{Item, Read};
use super::schema;
use crate::store::{Store, StoreError, pause};

/// The most keys of one `BatchGetItem`, by DynamoDB's limit.
const BATCH: usize = 100;
/// Tries of a creation that meets another of the same items.
const MAX_ATTEMPTS: u32 = 6;

/// Why items were not created.
#[derive(Debug)]
pub(in crate::store) enum UniqueViolation {
    /// The name given with the first item that exists already.
    Taken(&'static str),
    Store(StoreError),
}

impl From<StoreError> for UniqueViolation {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    /// Puts new items, all or none, each named by what must be unique in it.
    pub(in crate::store) async fn put_all(
        &self,
        operation: &'static str,
        items: Vec<(&'static str, Item)>,
    ) -> Result<(), UniqueViolation> {
        self.put_with(operation, items, Vec::new()).await
    }

    /// The same with writes that belong to it and refuse nothing.
    pub(in crate::store) async fn put_with(
        &self,
        operation: &'static str,
        items: Vec<(&'static str, Item)>,
        others: Vec<TransactWriteItem>,
    ) -> Result<(), UniqueViolation> {
        let new = |(field, item)| Ok((Some(field), self.new_item(operation, item)?));
        let mut writes = items.into_iter().map(new).collect::<Result<Vec<_>, StoreError>>()?;
        writes.extend(others.into_iter().map(|write| (None, write)));
        self.transact(operation, writes).await
    }

    /// Makes several writes, all or none. Each write with a condition has the name that is returned where it does not hold.
    ///
    /// **Cost:** two write units for each started KB of each item, in one round trip per attempt.
    pub(in crate::store) async fn transact(
        &self,
        operation: &'static str,
        writes: Vec<(Option<&'static str>, TransactWriteItem)>,
    ) -> Result<(), UniqueViolation> {
        let (fields, writes): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
        for tries in 1..=MAX_ATTEMPTS {
            // Known by its token, a transaction whose answer was lost is answered again and does not meet itself.
            let token = format!("{:016x}", getrandom::u64().map_err(StoreError::from)?);
            let tried = self
                .with_retries(operation, || {
                    self.db
                        .transact_write_items()
                        .client_request_token(&token)
                        .set_transact_items(Some(writes.clone()))
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .send()
                })
                .await?;
            let reasons = match tried.answer {
                Ok(_) => return Ok(()),
                Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    cancelled.cancellation_reasons.unwrap_or_default()
                }
                Err(other) => {
                    return Err(StoreError::unavailable(operation, WriteEffect::Unknown, other).into());
                }
            };
            let failed_at = |code: &str| reasons.iter().position(|reason| reason.code() == Some(code));
            if let Some(Some(field)) = failed_at("ConditionalCheckFailed").and_then(|at| fields.get(at)) {
                return Err(UniqueViolation::Taken(field));
            }
            pause(tries).await;
        }
        Err(StoreError::unavailable(
            operation,
            WriteEffect::Unknown,
            std::io::Error::other("every try met a conflict"),
        )
        .into())
    }

    pub(in crate::store) fn new_item(
        &self,
        operation: &'static str,
        item: Item,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&*self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", "pk")
            .build()
            .map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A put within a transaction. It replaces an item that is there already.
    pub(in crate::store) fn put_write(
        &self,
        operation: &'static str,
        item: Item,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&*self.table).set_item(Some(item)).build();
        let put = put.map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A deletion within a transaction. The item may be missing.
    pub(in crate::store) fn delete_write(
        &self,
        operation: &'static str,
        key: Item,
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder().table_name(&*self.table).set_key(Some(key)).build();
        let delete =
            delete.map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// A deletion within a transaction. The `attribute` of the item must be `value`.
    pub(in crate::store) fn delete_write_if(
        &self,
        operation: &'static str,
        key: Item,
        (attribute, value): (&str, &str),
    ) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&*self.table)
            .set_key(Some(key))
            .condition_expression("#attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
            .build()
            .map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    pub(in crate::store) async fn delete(
        &self,
        operation: &'static str,
        key: Item,
    ) -> Result<(), StoreError> {
        let deletion = || self.db.delete_item().table_name(&*self.table).set_key(Some(key.clone())).send();
        let tried = self.with_retries(operation, deletion).await?;
        tried
            .answer
            .map(|_| ())
            .map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))
    }

    /// Deletes a pointer if it still points where it did.
    pub(in crate::store) async fn let_go(
        &self,
        operation: &'static str,
        key: Item,
        name: &str,
        owner: &str,
    ) -> Result<(), StoreError> {
        let deletion = || {
            self.db
                .delete_item()
                .table_name(&*self.table)
                .set_key(Some(key.clone()))
                .condition_expression("attribute_not_exists(#owner) OR #owner = :owner")
                .expression_attribute_names("#owner", name)
                .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
                .send()
        };
        // Refused: it is another's now.
        self.with_retries(operation, deletion).await.map(|_| ())
    }

    pub(in crate::store) async fn batch_get(
        &self,
        operation: &'static str,
        keys: Vec<Item>,
    ) -> Result<HashMap<(String, String), Item>, StoreError> {
        let mut found = HashMap::new();
        for some in keys.chunks(BATCH) {
            let mut wanted = some.to_vec();
            let mut tries = 0;
            while !wanted.is_empty() {
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(wanted))
                    .consistent_read(true)
                    .build()
                    .map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
                let tried = self
                    .with_retries(operation, || {
                        self.db
                            .batch_get_item()
                            .request_items(&*self.table, request.clone())
                            .return_consumed_capacity(ReturnConsumedCapacity::Total)
                            .send()
                    })
                    .await?;
                let page = tried
                    .answer
                    .map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
                page.consumed_capacity().iter().for_each(|used| self.tally.count_read(Some(used)));
                for item in page.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                    found.insert((item.text("pk")?, item.text("sk")?), item);
                }
                wanted =
                    page.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
                if !wanted.is_empty() {
                    tries += 1;
                    if tries == MAX_ATTEMPTS {
                        return Err(StoreError::unavailable(
                            operation,
                            WriteEffect::Unknown,
                            std::io::Error::other("keys stay unprocessed"),
                        ));
                    }
                    pause(tries).await;
                }
            }
        }
        Ok(found)
    }

    /// The scopes of one kind that the list index names, the newest first. Reads index keys only.
    pub(in crate::store) async fn list_scopes(&self, kind: &str) -> Result<Vec<Scope>, StoreError> {
        let found = self.query_index("list", ("list_pk", kind), None, None).await?;
        let mut scopes = found
            .iter()
            .map(|item| schema::scope_of(&item.text("pk")?).ok_or_else(|| StoreError::corrupt("pk")))
            .collect::<Result<Vec<_>, _>>()?;
        scopes.reverse();
        Ok(scopes)
    }

    /// Index entries of one partition, in order, up to a number of the sort key and up to `limit` of them.
    pub(in crate::store) async fn query_index(
        &self,
        index: &'static str,
        (partition, value): (&str, &str),
        up_to: Option<(&str, i64)>,
        limit: Option<usize>,
    ) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::new();
        let mut from: Option<Item> = None;
        loop {
            let tried = self
                .with_retries("query_index", || {
                    let query = self
                        .db
                        .query()
                        .table_name(&*self.table)
                        .index_name(index)
                        .expression_attribute_names("#partition", partition)
                        .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
                        .return_consumed_capacity(ReturnConsumedCapacity::Total)
                        .set_exclusive_start_key(from.clone());
                    let query = match up_to {
                        None => query.key_condition_expression("#partition = :value"),
                        Some((sort, most)) => query
                            .key_condition_expression("#partition = :value AND #sort <= :most")
                            .expression_attribute_names("#sort", sort)
                            .expression_attribute_values(":most", AttributeValue::N(most.to_string())),
                    };
                    query.set_limit(limit.and_then(|limit| i32::try_from(limit).ok())).send()
                })
                .await?;
            let page = tried
                .answer
                .map_err(|error| StoreError::unavailable("query_index", WriteEffect::Unknown, error))?;
            self.tally.count_read(page.consumed_capacity.as_ref());
            found.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() || limit.is_some_and(|limit| found.len() >= limit) {
                return Ok(found);
            }
        }
    }
}
