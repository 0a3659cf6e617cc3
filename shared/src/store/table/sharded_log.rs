//! What is kept by the day, spread over shards: records of what was spent, and of what was refused.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::future::try_join_all;

use super::error::WriteEffect;
use super::item::{Item, text};
use crate::store::{Store, StoreError};

impl Store {
    /// The last items of each partition that are `wanted`, as `read` reads them: at least `most` of them all, if there
    /// are so many, in no order.
    ///
    /// **Cost:** reads each partition from its end until it has given `most`.
    pub(in crate::store) async fn query_latest_per_shard<T>(
        &self,
        operation: &'static str,
        partitions: impl Iterator<Item = String>,
        most: usize,
        read: fn(&Item) -> Result<T, StoreError>,
        wanted: &impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let partitions = partitions.map(|pk| self.last_of(operation, pk, most, read, wanted));
        Ok(try_join_all(partitions).await?.into_iter().flatten().collect())
    }

    async fn last_of<T>(
        &self,
        operation: &'static str,
        pk: String,
        most: usize,
        read: fn(&Item) -> Result<T, StoreError>,
        wanted: &impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let (mut last, mut from) = (Vec::new(), None::<Item>);
        loop {
            let page = || {
                self.db
                    .query()
                    .table_name(&*self.table)
                    .key_condition_expression("#pk = :pk")
                    .expression_attribute_names("#pk", "pk")
                    .expression_attribute_values(":pk", text(&pk))
                    .scan_index_forward(false)
                    .consistent_read(true)
                    .set_exclusive_start_key(from.clone())
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            };
            let page = self
                .with_retries(operation, page)
                .await?
                .answer
                .map_err(|error| StoreError::unavailable(operation, WriteEffect::No, error))?;
            self.tally.count_read(page.consumed_capacity.as_ref());
            let found = page.items().iter().map(read).collect::<Result<Vec<_>, _>>()?;
            last.extend(found.into_iter().filter(wanted));
            from = page.last_evaluated_key;
            if from.is_none() || last.len() >= most {
                return Ok(last);
            }
        }
    }
}
