//! What the scheduled job has to look at, found by sparse indexes and never by a scan.

use stargate_core::moment::Moment;
use stargate_core::scope::Scope;

use crate::store::table::item::Read;
use crate::store::table::schema;
use crate::store::{Store, StoreError};

impl Store {
    /// Up to `limit` scopes per shard whose budget period is over.
    pub async fn due_for_reset(&self, now: Moment, limit: usize) -> Result<Vec<Scope>, StoreError> {
        self.due("due", "due_shard", ("budget_reset_at", now.seconds()), limit).await
    }

    /// Up to `limit` scopes per shard that have leases or closed leases to look at.
    pub async fn due_for_sweep(&self, now: Moment, limit: usize) -> Result<Vec<Scope>, StoreError> {
        let margin = i64::try_from(self.terms.lease_margin.as_millis()).unwrap_or(i64::MAX);
        self.due("sweep", "sweep_shard", ("sweep_due", now.ms().saturating_sub(margin)), limit).await
    }

    async fn due(
        &self,
        index: &'static str,
        partition: &str,
        up_to: (&str, i64),
        limit: usize,
    ) -> Result<Vec<Scope>, StoreError> {
        let mut scopes = Vec::new();
        for shard in 0..schema::SHARDS {
            let shard = schema::shard_name(shard);
            for item in self.query_index(index, (partition, &shard), Some(up_to), Some(limit)).await? {
                let pk = item.text("pk")?;
                scopes.push(schema::scope_of(&pk).ok_or_else(|| StoreError::corrupt("pk"))?);
            }
        }
        Ok(scopes)
    }
}
