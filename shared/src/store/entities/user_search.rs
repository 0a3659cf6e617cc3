//! Users, found by how a part of their id or address begins.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{Put, ReturnConsumedCapacity, TransactWriteItem};
use stargate_core::entity::{MIN_PREFIX_LEN, search_terms};
use stargate_core::id::UserId;

use crate::store::table::item::{Item, Read, text};
use crate::store::table::schema;
use crate::store::{Store, StoreError, WriteEffect};

/// The most entries that one search reads: parts of the same user are found once each.
const MAX_MATCHES: i32 = 500;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    Found(Vec<UserId>),
    /// So few characters are in no index.
    TooShort,
    /// More entries begin so than one search reads.
    TooMany,
}

impl Store {
    /// Users of whom a part begins with `prefix` ([`search_terms`]), in the order of their parts. Whoever asks checks what was
    /// found: an entry may be older than its user's address.
    ///
    /// **Cost:** reads up to 500 entries of some 100 bytes.
    pub async fn search_users(&self, prefix: &str) -> Result<Search, StoreError> {
        let prefix = prefix.trim().to_lowercase();
        let Some(pk) = pk(&prefix) else {
            return Ok(Search::TooShort);
        };
        let tried = self
            .with_retries("search_users", || {
                self.db
                    .query()
                    .table_name(&*self.table)
                    .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                    .expression_attribute_names("#pk", "pk")
                    .expression_attribute_names("#sk", "sk")
                    .expression_attribute_values(":pk", text(&pk))
                    .expression_attribute_values(":prefix", text(&prefix))
                    .limit(MAX_MATCHES)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        let page =
            tried.answer.map_err(|error| StoreError::unavailable("search_users", WriteEffect::No, error))?;
        self.tally.count_read(page.consumed_capacity.as_ref());
        if page.last_evaluated_key.is_some()
            && page.items().len() >= usize::try_from(MAX_MATCHES).unwrap_or(usize::MAX)
        {
            return Ok(Search::TooMany);
        }
        let mut found: Vec<UserId> = Vec::new();
        for entry in page.items() {
            let id = entry.opt_parsed("user", |id| UserId::parse(id).ok())?;
            let id = id.ok_or_else(|| StoreError::corrupt("user"))?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
        Ok(Search::Found(found))
    }

    /// The entries of a user's parts, as writes of a transaction. One that is there already is the same.
    pub(in crate::store) fn entries_of(
        &self,
        operation: &'static str,
        user: &UserId,
        parts: impl IntoIterator<Item = String>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let put = |part: String| {
            let mut item = key(&part, user)?;
            item.insert("user".to_owned(), text(user.as_str()));
            Some(Put::builder().table_name(&*self.table).set_item(Some(item)).build())
        };
        let puts = parts.into_iter().filter_map(put).collect::<Result<Vec<_>, _>>();
        let puts = puts.map_err(|error| StoreError::unavailable(operation, WriteEffect::No, error))?;
        Ok(puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build()).collect())
    }
}

/// The keys of entries.
pub(in crate::store) fn keys(user: &UserId, parts: impl IntoIterator<Item = String>) -> Vec<Item> {
    parts.into_iter().filter_map(|part| key(&part, user)).collect()
}

/// The parts that `one` has and `other` has not.
pub(in crate::store) fn added_terms(
    user: &UserId,
    one: Option<&str>,
    other: Option<&str>,
) -> BTreeSet<String> {
    search_terms(user, one).difference(&search_terms(user, other)).cloned().collect()
}

fn key(part: &str, user: &UserId) -> Option<Item> {
    Some(schema::key(pk(part)?, format!("{part}\u{1f}{user}")))
}

/// Entries are spread by how they begin: a search is in one partition.
fn pk(part: &str) -> Option<String> {
    let beginning: String = part.chars().take(MIN_PREFIX_LEN).collect();
    (beginning.chars().count() == MIN_PREFIX_LEN).then(|| format!("Q#user#{beginning}"))
}
