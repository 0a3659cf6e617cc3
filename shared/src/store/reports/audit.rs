//! The audit log: one item for each change, never changed again.

use stargate_core::audit::{Action, AuditEntry};
use stargate_core::id::RequestId;
use stargate_core::moment::Moment;

use crate::store::table::item::{Item, Read, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

impl Store {
    /// Writes an entry. **Cost:** a write unit for each started KB. **Repeatable:** the same entry is one item.
    pub async fn put_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        // Destructured, so that a new field cannot be forgotten here.
        let AuditEntry { id, actor, claimed, action, table, object, before, after } = entry;
        let change = [
            ("actor", Some(actor)),
            ("claimed", claimed.as_ref()),
            ("action", Some(&action.word().to_owned())),
            ("table", Some(table)),
            ("object", Some(object)),
            ("before", before.as_ref()),
            ("after", after.as_ref()),
        ]
        .into_iter()
        .fold(UpdateExpression::default(), |change, (name, value)| change.put(name, value.map(text)));
        self.write("put_audit", key(*id), &change).await.map(|_| ())
    }

    pub async fn find_audit(&self, id: RequestId) -> Result<Option<AuditEntry>, StoreError> {
        self.get("find_audit", key(id)).await?.as_ref().map(read).transpose()
    }

    /// Entries of a UTC day (`2026-11-21`) that are `wanted`, the newest first, at most `most`.
    ///
    /// **Cost:** reads each shard of the day from its end until it has given `most`.
    pub async fn audit_of_day(
        &self,
        day: &str,
        most: usize,
        wanted: impl Fn(&AuditEntry) -> bool,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let partitions = (0..schema::SHARDS).map(|shard| pk(day, shard));
        let mut entries =
            self.query_latest_per_shard("audit_of_day", partitions, most, read, &wanted).await?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        entries.truncate(most);
        Ok(entries)
    }
}

fn pk(day: &str, shard: u64) -> String {
    format!("L#{day}#{shard}")
}

fn key(id: RequestId) -> Item {
    let day = Moment::from_ms(id.started_ms()).date();
    schema::key(pk(&day, id.shard_hash() % schema::SHARDS), id.as_str())
}

fn read(item: &Item) -> Result<AuditEntry, StoreError> {
    let corrupt = |name| move || StoreError::corrupt(name);
    Ok(AuditEntry {
        id: item.opt_parsed("sk", |id| RequestId::parse(&id))?.ok_or_else(corrupt("sk"))?,
        actor: item.text("actor")?,
        claimed: item.opt_text("claimed")?,
        action: item.opt_parsed("action", |word| Action::parse(&word))?.ok_or_else(corrupt("action"))?,
        table: item.text("table")?,
        object: item.text("object")?,
        before: item.opt_text("before")?,
        after: item.opt_text("after")?,
    })
}
