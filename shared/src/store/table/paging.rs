//! Lists of everything: a page of an index at a time, and how many there are without reading them.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, TransactWriteItem, Update};
use stargate_core::id::{KeyId, UserId};
use stargate_core::scope::Scope;

use super::item::{Item, Read, number};
use super::schema;
use crate::store::{Store, StoreError, WriteEffect};

/// Counters of one list: so many creations and deletions may go on at once without meeting.
const COUNTERS: u64 = 8;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// After so many from the newest. **Cost:** their index keys are read.
    Skip(usize),
    /// After the last of another page, by its `next`. **Cost:** nothing.
    After(String),
}

/// A page of a list, the newest first.
#[derive(Clone, Debug)]
pub struct ListPage<T> {
    pub ids: Vec<T>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

impl Store {
    /// A page of all users. Reads index keys only, which may lag a second behind.
    pub async fn user_page(&self, start: &PageStart, size: usize) -> Result<ListPage<UserId>, StoreError> {
        let (scopes, next) = self.page("user", start, size).await?;
        let ids = scopes.into_iter().filter_map(|scope| match scope {
            Scope::User(id) => Some(id),
            _ => None,
        });
        Ok(ListPage { ids: ids.collect(), next })
    }

    /// A page of all keys, sessions excepted; likewise.
    pub async fn key_page(&self, start: &PageStart, size: usize) -> Result<ListPage<KeyId>, StoreError> {
        let (scopes, next) = self.page("key", start, size).await?;
        let ids = scopes.into_iter().filter_map(|scope| match scope {
            Scope::Key(id) => Some(id),
            _ => None,
        });
        Ok(ListPage { ids: ids.collect(), next })
    }

    pub async fn count_users(&self) -> Result<usize, StoreError> {
        self.count("user").await
    }

    pub async fn count_keys(&self) -> Result<usize, StoreError> {
        self.count("key").await
    }

    /// How many there are: created and not deleted, exactly. **Cost:** one read unit.
    async fn count(&self, list: &str) -> Result<usize, StoreError> {
        let counters = self.query("count", &counter_pk(list), "n").await?;
        let counts = counters.iter().map(|counter| counter.number::<i64>("count"));
        let count = counts.sum::<Result<i64, _>>()?;
        usize::try_from(count).map_err(|_| StoreError::corrupt("count"))
    }

    /// One more or one less in a list, in the transaction that makes it so.
    pub(in crate::store) fn count_update(
        &self,
        operation: &'static str,
        list: &str,
        id: &str,
        by: i64,
    ) -> Result<TransactWriteItem, StoreError> {
        let counter = schema::key(counter_pk(list), format!("n{}", schema::shard_number(id, COUNTERS)));
        let update = Update::builder()
            .table_name(&*self.table)
            .set_key(Some(counter))
            .update_expression("ADD #count :by")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":by", number(by))
            .build();
        let update =
            update.map_err(|error| StoreError::unavailable(operation, WriteEffect::Unknown, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    async fn page(
        &self,
        list: &str,
        start: &PageStart,
        size: usize,
    ) -> Result<(Vec<Scope>, Option<String>), StoreError> {
        let (skip, after) = match start {
            PageStart::Skip(skip) => (*skip, None),
            PageStart::After(after) => (0, Some(after.as_str())),
        };
        let wanted = skip + size;
        let mut found: Vec<Item> = Vec::new();
        let mut from: Option<Item> = None;
        while found.len() < wanted {
            let tried = self
                .with_retries("page", || {
                    let query = self
                        .db
                        .query()
                        .table_name(&*self.table)
                        .index_name("list")
                        .expression_attribute_names("#list", "list_pk")
                        .expression_attribute_values(":list", AttributeValue::S(list.to_owned()))
                        .scan_index_forward(false)
                        .set_limit(i32::try_from(wanted - found.len()).ok())
                        .set_exclusive_start_key(from.clone())
                        .return_consumed_capacity(ReturnConsumedCapacity::Total);
                    let query = match after {
                        None => query.key_condition_expression("#list = :list"),
                        Some(after) => query
                            .key_condition_expression("#list = :list AND #at < :after")
                            .expression_attribute_names("#at", "list_sk")
                            .expression_attribute_values(":after", AttributeValue::S(after.to_owned())),
                    };
                    query.send()
                })
                .await?;
            let page =
                tried.answer.map_err(|error| StoreError::unavailable("page", WriteEffect::Unknown, error))?;
            self.tally.count_read(page.consumed_capacity.as_ref());
            found.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        let next = match found.last() {
            Some(last) if found.len() >= wanted => Some(last.text("list_sk")?),
            _ => None,
        };
        let scope =
            |item: &Item| schema::scope_of(&item.text("pk")?).ok_or_else(|| StoreError::corrupt("pk"));
        Ok((found.iter().skip(skip).map(scope).collect::<Result<_, _>>()?, next))
    }
}

fn counter_pk(list: &str) -> String {
    format!("C#count#{list}")
}
