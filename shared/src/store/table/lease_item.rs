//! Leases of a scope's item, running and closed.

use aws_sdk_dynamodb::types::AttributeValue;
use stargate_core::moment::Moment;
use stargate_core::scope::{ClosedLease, Lease, Scope};

use super::error::StoreError;
use super::item::{Item, Read, money, number, text};
use super::schema;

pub(in crate::store) fn lease(lease: &Lease) -> AttributeValue {
    with_others(
        [
            ("a", money(lease.amount)),
            ("f", money(lease.floor)),
            ("e", number(lease.expires.ms())),
            ("k", text(lease.key.as_str())),
            ("m", text(&lease.model)),
        ],
        &lease.others,
    )
}

pub(in crate::store) fn read_lease(fields: &Item) -> Result<Lease, StoreError> {
    Ok(Lease {
        amount: fields.money("a")?,
        floor: fields.money("f")?,
        expires: Moment::from_ms(fields.number("e")?),
        key: fields.key_id("k")?,
        model: fields.text("m")?,
        others: read_others(fields)?,
    })
}

pub(in crate::store) fn closed_lease_value(closed: &ClosedLease) -> AttributeValue {
    with_others(
        [
            ("c", money(closed.charged)),
            ("t", number(closed.at.seconds())),
            ("v", AttributeValue::Bool(closed.confirmed)),
            ("k", text(closed.key.as_str())),
            ("m", text(&closed.model)),
        ],
        &closed.others,
    )
}

pub(in crate::store) fn read_closed(fields: &Item) -> Result<ClosedLease, StoreError> {
    Ok(ClosedLease {
        charged: fields.money("c")?,
        at: Moment::from_seconds(fields.number("t")?),
        confirmed: fields.flag("v")?,
        disputed: fields.flag("l")?,
        key: fields.key_id("k")?,
        model: fields.text("m")?,
        others: read_others(fields)?,
    })
}

fn with_others<const N: usize>(fields: [(&str, AttributeValue); N], others: &[Scope]) -> AttributeValue {
    let mut entry: Item = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if !others.is_empty() {
        let others = others.iter().map(|scope| text(schema::scope_pk(scope)));
        entry.insert("s".to_owned(), AttributeValue::L(others.collect()));
    }
    AttributeValue::M(entry)
}

fn read_others(fields: &Item) -> Result<Vec<Scope>, StoreError> {
    let others = fields.texts("s")?.into_iter();
    others.map(|pk| schema::scope_of(&pk).ok_or_else(|| StoreError::corrupt("s"))).collect()
}
