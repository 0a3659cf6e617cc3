//! What a key calls models.

use std::collections::BTreeMap;

use shared::api::ApiError;
use stargate_core::catalog::Catalog;

use crate::request::body::{RequestBody, check_text};
use crate::request::patch::Patch;

const FIELD: &str = "aliases";
const RULE: &str = "an object such as {\"fast\": \"claude-haiku-4-5\"}";

/// The most names of one key, and the longest, in bytes: they are part of what each of its calls proves.
const MAX_ALIASES: usize = 20;
const MAX_ALIAS_LEN: usize = 64;

/// The names that a request gives a key, each for a model that is offered. They come before the catalog's.
pub fn read(
    fields: &mut RequestBody,
    catalog: &Catalog,
) -> Result<Patch<BTreeMap<String, String>>, ApiError> {
    fields.patch(FIELD, RULE)?.try_map(|sent: BTreeMap<String, String>| {
        if sent.len() > MAX_ALIASES {
            return Err(ApiError::invalid(FIELD, format!("must have at most {MAX_ALIASES} entries")));
        }
        for (alias, model) in &sent {
            if check_text(FIELD, alias.clone())?.len() > MAX_ALIAS_LEN {
                return Err(ApiError::invalid(
                    FIELD,
                    format!("must have names of at most {MAX_ALIAS_LEN} bytes"),
                ));
            }
            if catalog.find(model).is_none() {
                return Err(ApiError::invalid(FIELD, format!("{model} is not in this gateway's catalogue")));
            }
        }
        Ok(sent)
    })
}
