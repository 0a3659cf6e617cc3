//! Daily aggregates, read: of one owner over days, or of everybody on one day.

use stargate_core::id::{TeamId, UserId};
use stargate_core::scope::Scope;
use stargate_core::spend::{DailySpend, SpendTotals};

use super::spend_records::read_usage;
use crate::store::table::item::{Item, Read};
use crate::store::table::schema;
use crate::store::{Store, StoreError};

impl Store {
    /// What a user spent, or a key that belongs to nobody, from one UTC day to another, both included; in no order, and
    /// what belongs together perhaps in several pieces.
    ///
    /// **Cost:** reads what it answers, some 300 bytes for each key, model and day.
    pub async fn daily_of(
        &self,
        owner: &Scope,
        first: &str,
        last: &str,
    ) -> Result<Vec<DailySpend>, StoreError> {
        let pk = format!("A#{}", schema::scope_pk(owner));
        // `$` sorts after the `#` that follows the day.
        let items = self.query_between("daily_of", &pk, first, &format!("{last}$")).await?;
        items.iter().map(read).collect()
    }

    /// What everybody spent on one UTC day, as [`Store::daily_of`] has it.
    ///
    /// **Cost:** reads the day's index entries, and then every item of the day.
    pub async fn daily_of_all(&self, day: &str) -> Result<Vec<DailySpend>, StoreError> {
        let entries = self.query_index("list", ("list_pk", &format!("day#{day}")), None, None).await?;
        let keys = entries.iter().map(|entry| Ok(schema::key(entry.text("pk")?, entry.text("sk")?)));
        let keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
        let items = self.batch_get("daily_of_all", keys).await?;
        items.values().map(read).collect()
    }
}

fn read(item: &Item) -> Result<DailySpend, StoreError> {
    let day = item.text("sk")?.split('#').next().unwrap_or_default().to_owned();
    Ok(DailySpend {
        day,
        user: item.opt_parsed("user", |id| UserId::parse(id).ok())?,
        key: item.key_id("key")?,
        team: item.opt_parsed("team", |id| TeamId::parse(id).ok())?,
        model: item.text("model")?,
        figures: SpendTotals {
            spend: item.money("spend")?,
            usage: read_usage(item)?,
            requests: item.number("requests")?,
            failures: item.number("failures")?,
        },
    })
}
