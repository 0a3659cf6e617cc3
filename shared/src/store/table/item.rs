//! Items of the table, read and written attribute by attribute. What cannot be read is an error, never a default.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::id::{KeyId, RequestId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;

use super::error::StoreError;

pub(in crate::store) type Value = AttributeValue;
pub(in crate::store) type Item = HashMap<String, Value>;

pub(in crate::store) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(in crate::store) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(in crate::store) fn money(value: Money) -> AttributeValue {
    number(value.pico())
}

pub(in crate::store) fn empty_map() -> AttributeValue {
    AttributeValue::M(HashMap::new())
}

/// A set of names; `None` where it is empty, since DynamoDB has no empty sets.
pub(in crate::store) fn names(values: &BTreeSet<String>) -> Option<AttributeValue> {
    (!values.is_empty()).then(|| AttributeValue::Ss(values.iter().cloned().collect()))
}

/// Typed reading of an item's attributes.
pub(in crate::store) trait Read {
    fn raw(&self, name: &str) -> Option<&AttributeValue>;

    fn opt_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.raw(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text.clone())),
            Some(_) => Err(StoreError::corrupt(name)),
        }
    }

    fn text(&self, name: &str) -> Result<String, StoreError> {
        self.opt_text(name)?.ok_or_else(|| StoreError::corrupt(name))
    }

    /// A text that is read further by `parse`.
    fn opt_parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(String) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(name)?.map(|text| parse(text).ok_or_else(|| StoreError::corrupt(name))).transpose()
    }

    fn team_id(&self, name: &str) -> Result<TeamId, StoreError> {
        self.opt_parsed(name, |id| TeamId::parse(id).ok())?.ok_or_else(|| StoreError::corrupt(name))
    }

    fn user_id(&self, name: &str) -> Result<UserId, StoreError> {
        self.opt_parsed(name, |id| UserId::parse(id).ok())?.ok_or_else(|| StoreError::corrupt(name))
    }

    fn key_id(&self, name: &str) -> Result<KeyId, StoreError> {
        KeyId::parse(self.text(name)?).map_err(|_| StoreError::corrupt(name))
    }

    fn opt_number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        match self.raw(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => {
                digits.parse().map(Some).map_err(|_| StoreError::corrupt(name))
            }
            Some(_) => Err(StoreError::corrupt(name)),
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.opt_number(name)?.ok_or_else(|| StoreError::corrupt(name))
    }

    fn opt_money(&self, name: &str) -> Result<Option<Money>, StoreError> {
        Ok(self.opt_number(name)?.map(Money::from_pico))
    }

    fn money(&self, name: &str) -> Result<Money, StoreError> {
        Ok(Money::from_pico(self.number(name)?))
    }

    fn opt_seconds(&self, name: &str) -> Result<Option<Moment>, StoreError> {
        Ok(self.opt_number(name)?.map(Moment::from_seconds))
    }

    fn opt_ms(&self, name: &str) -> Result<Option<Moment>, StoreError> {
        Ok(self.opt_number(name)?.map(Moment::from_ms))
    }

    fn flag(&self, name: &str) -> Result<bool, StoreError> {
        match self.raw(name) {
            None => Ok(false),
            Some(AttributeValue::Bool(flag)) => Ok(*flag),
            Some(_) => Err(StoreError::corrupt(name)),
        }
    }

    fn names(&self, name: &str) -> Result<BTreeSet<String>, StoreError> {
        match self.raw(name) {
            None => Ok(BTreeSet::new()),
            Some(AttributeValue::Ss(names)) => Ok(names.iter().cloned().collect()),
            Some(_) => Err(StoreError::corrupt(name)),
        }
    }

    /// A list of texts; an absent one is empty.
    fn texts(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let corrupt = || StoreError::corrupt(name);
        match self.raw(name) {
            None => Ok(Vec::new()),
            Some(AttributeValue::L(list)) => {
                list.iter().map(|entry| entry.as_s().cloned().map_err(|_| corrupt())).collect()
            }
            Some(_) => Err(corrupt()),
        }
    }

    fn map(&self, name: &str) -> Result<&HashMap<String, AttributeValue>, StoreError> {
        match self.raw(name) {
            Some(AttributeValue::M(map)) => Ok(map),
            _ => Err(StoreError::corrupt(name)),
        }
    }

    /// A map by request, each entry read by `entry`.
    fn by_request<T>(
        &self,
        name: &str,
        entry: impl Fn(&Item) -> Result<T, StoreError>,
    ) -> Result<BTreeMap<RequestId, T>, StoreError> {
        let corrupt = || StoreError::corrupt(name);
        let read = |(id, value): (&String, &AttributeValue)| {
            let id = RequestId::parse(id).ok_or_else(corrupt)?;
            let fields = value.as_m().map_err(|_| corrupt())?;
            Ok((id, entry(fields)?))
        };
        self.map(name)?.iter().map(read).collect()
    }

    /// A map of counts by minute.
    fn by_minute(&self, name: &str) -> Result<BTreeMap<i64, i64>, StoreError> {
        let corrupt = || StoreError::corrupt(name);
        let read = |(minute, count): (&String, &AttributeValue)| {
            let minute = minute.parse().map_err(|_| corrupt())?;
            let count = count.as_n().map_err(|_| corrupt())?.parse().map_err(|_| corrupt())?;
            Ok((minute, count))
        };
        self.map(name)?.iter().map(read).collect()
    }
}

impl Read for Item {
    fn raw(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}

// One-letter names: a lease is written twice per request in every scope, and its size is paid for each time.
