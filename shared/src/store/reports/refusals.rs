//! Refusals of known keys: one item per key, reason and minute, in partitions of their own, away from what is charged.

use std::time::Duration;

use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::spend::RefusalRecord;

use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

/// How long refusals are kept where spend records are kept for ever: they tell of today's trouble, not of money.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

impl Store {
    /// Adds refusals to what is recorded of their key, reason and minute, whichever process saw them.
    ///
    /// - **Cost:** one write unit.
    /// - **Not exact:** a failed call may have counted, and one that is repeated counts twice. Nothing is charged or
    ///   refused by this number.
    pub async fn add_refusals(&self, refused: &RefusalRecord) -> Result<(), StoreError> {
        let sk = format!("{}#{}#{}", refused.at.minute(), refused.key, refused.reason);
        let pk = day_pk(&refused.at.date(), &schema::shard(refused.key.as_str()));
        let change = addition(refused, self.terms.retention.unwrap_or(KEPT));
        self.write("add_refusals", schema::key(pk, sk), &change).await?;
        Ok(())
    }

    /// Refusals of a UTC day (`2026-11-21`) that are `wanted`, the newest first, at most `most`.
    ///
    /// **Cost:** reads each shard of the day from its end until it has given `most`.
    pub async fn refusals_of_day(
        &self,
        day: &str,
        most: usize,
        wanted: impl Fn(&RefusalRecord) -> bool,
    ) -> Result<Vec<RefusalRecord>, StoreError> {
        let partitions = (0..schema::SHARDS).map(|shard| day_pk(day, &schema::shard_name(shard)));
        let mut refusals =
            self.query_latest_per_shard("refusals_of_day", partitions, most, read, &wanted).await?;
        refusals.sort_by_key(|refused| std::cmp::Reverse(refused.at));
        refusals.truncate(most);
        Ok(refusals)
    }
}

fn day_pk(day: &str, shard: &str) -> String {
    format!("F#{day}#{shard}")
}

fn addition(refused: &RefusalRecord, kept: Duration) -> UpdateExpression {
    // Destructured, so that a new field cannot be forgotten here.
    let RefusalRecord { key, user, reason, model, at, count } = refused;
    UpdateExpression::default()
        .add("#count :count")
        .value("count", number(count))
        .put("key", Some(text(key.as_str())))
        .put("user", user.as_ref().map(|id| text(id.as_str())))
        .put("reason", Some(text(reason)))
        .put("model", Some(text(model)))
        .put("at", Some(number(at.ms())))
        .put("gone_at", Some(number((*at + kept).seconds())))
}

fn read(item: &Item) -> Result<RefusalRecord, StoreError> {
    Ok(RefusalRecord {
        key: item.key_id("key")?,
        user: item.opt_parsed("user", |id| UserId::parse(id).ok())?,
        reason: item.text("reason")?,
        model: item.text("model")?,
        at: Moment::from_ms(item.number("at")?),
        count: item.number("count")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stargate_core::id::KeyId;

    #[test]
    fn what_is_written_adds_a_count_and_goes_in_time() {
        let refused = RefusalRecord {
            key: KeyId::parse("k1").unwrap(),
            user: None,
            reason: "budget".to_owned(),
            model: "claude-haiku-4-5".to_owned(),
            at: Moment::from_seconds(1_763_000_040),
            count: 7,
        };
        let change = addition(&refused, KEPT);
        assert_eq!(
            change.update_expression(),
            "SET #key = :key, #reason = :reason, #model = :model, #at = :at, #gone_at = :gone_at \
             REMOVE #user ADD #count :count"
        );
        let values = change.values().unwrap();
        for (name, want) in [(":count", "7"), (":at", "1763000040000"), (":gone_at", "1770776040")] {
            assert_eq!(values.get(name), Some(&number(want)), "{name}");
        }
    }
}
