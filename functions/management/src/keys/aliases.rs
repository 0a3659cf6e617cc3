//! What a key calls models.

use std::collections::BTreeMap;

use shared::fault::Fault;
use shared::model::Catalog;

use crate::fields::{Fields, checked};
use crate::patch::Patch;

const FIELD: &str = "aliases";
const RULE: &str = "an object such as {\"fast\": \"claude-haiku-4-5\"}";

/// The most names of one key, and the longest, in bytes: they are part of what each of its calls proves.
const MOST: usize = 20;
const LONGEST: usize = 64;

/// The names that a request gives a key, each for a model that is offered. They come before the catalogue's.
pub fn read(fields: &mut Fields, catalog: &Catalog) -> Result<Patch<BTreeMap<String, String>>, Fault> {
    fields.patch(FIELD, RULE)?.checked(|sent: BTreeMap<String, String>| {
        if sent.len() > MOST {
            return Err(Fault::invalid(FIELD, format!("must have at most {MOST} entries")));
        }
        for (alias, model) in &sent {
            if checked(FIELD, alias.clone())?.len() > LONGEST {
                return Err(Fault::invalid(FIELD, format!("must have names of at most {LONGEST} bytes")));
            }
            if catalog.find(model).is_none() {
                return Err(Fault::invalid(FIELD, format!("{model} is not in this gateway's catalogue")));
            }
        }
        Ok(sent)
    })
}
