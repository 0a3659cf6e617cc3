//! `cache_control`, as Anthropic and LiteLLM have it: where a prompt is to be cached, and for how long.

use stargate_core::catalog::{Capability, Model};
use stargate_core::pricing::Caching;

use crate::formats::converse::request::CachePoint;
use crate::formats::openai::read::{FieldError, field, object, require_field, string, word};
use crate::formats::raw_json::JsonObject;

/// The cache point that a message, a part or a tool asks for after it.
pub fn cache_control(holder: &JsonObject<'_>) -> Result<Option<CachePoint>, FieldError> {
    field(holder, "cache_control", |json| {
        let control = object(json)?;
        if require_field(&control, "type", word)? != "ephemeral" {
            return Err(FieldError::new("must be ephemeral").at_step("type"));
        }
        let ttl = field(&control, "ttl", string)?;
        Ok(CachePoint::new(ttl.as_deref() == Some("1h")))
    })
}

/// The longest that `model` can be asked to keep a prompt.
pub fn longest(model: &Model) -> Caching {
    if !model.can(Capability::PromptCaching) {
        return Caching::None;
    }
    // Only Claude's rules say that an hour has a price.
    let has_an_hour = model.rules.as_ref().is_some_and(|rules| rules.allows_cache_ttl());
    if has_an_hour { Caching::OneHour } else { Caching::FiveMinutes }
}

/// A cache point as a model takes it, if it takes any.
pub fn fitting(point: CachePoint, caching: Caching) -> Option<CachePoint> {
    match caching {
        Caching::None => None,
        Caching::FiveMinutes => Some(CachePoint::new(false)),
        Caching::OneHour => Some(CachePoint::new(point.lasts_an_hour())),
    }
}
