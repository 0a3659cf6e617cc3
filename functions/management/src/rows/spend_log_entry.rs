//! What LiteLLM's array is made of: requests that were charged, and those that were refused.

use std::cmp::Reverse;

use shared::api::ApiError;
use stargate_core::id::{KeyId, UserId};
use stargate_core::moment::Moment;
use stargate_core::spend::{RefusalRecord, SpendRecord};

use crate::state::ManagementState;

/// One row, before it is shown.
pub enum SpendLogEntry {
    Spent(Box<SpendRecord>),
    Refused(RefusalRecord),
}

/// Which rows are wanted: of everybody, where nobody is named; refusals too, unless it is only about money.
#[derive(Default)]
pub struct Filter {
    pub key: Option<KeyId>,
    pub user: Option<UserId>,
    pub is_about_money: bool,
}

impl SpendLogEntry {
    /// The newest rows of a UTC day, at most `most`.
    pub async fn of_day(
        app: &ManagementState,
        day: &str,
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Self>, ApiError> {
        let wanted = |record: &SpendRecord| filter.wants(&record.key, record.user.as_ref());
        let records = app.store.records_of_day(day, most, wanted).await?;
        let mut entries: Vec<Self> =
            records.into_iter().map(|record| Self::Spent(Box::new(record))).collect();
        if filter.is_about_money {
            return Ok(entries);
        }
        let wanted = |refused: &RefusalRecord| filter.wants(&refused.key, refused.user.as_ref());
        let refusals = app.store.refusals_of_day(day, most, wanted).await?;
        entries.extend(refusals.into_iter().map(Self::Refused));
        // Stable: requests of one moment stay in the order of their ids.
        entries.sort_by_key(|entry| Reverse(entry.began()));
        entries.truncate(most);
        Ok(entries)
    }

    /// The record, of a request that was charged.
    pub fn record(&self) -> Option<&SpendRecord> {
        match self {
            Self::Spent(record) => Some(record),
            Self::Refused(_) => None,
        }
    }

    pub fn key(&self) -> &KeyId {
        match self {
            Self::Spent(record) => &record.key,
            Self::Refused(refused) => &refused.key,
        }
    }

    fn began(&self) -> Moment {
        match self {
            Self::Spent(record) => record.started_at(),
            Self::Refused(refused) => refused.at,
        }
    }
}

impl Filter {
    fn wants(&self, key: &KeyId, user: Option<&UserId>) -> bool {
        self.key.as_ref().is_none_or(|wanted| wanted == key)
            && self.user.as_ref().is_none_or(|wanted| Some(wanted) == user)
    }
}
