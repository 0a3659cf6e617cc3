//! What an answer says of the limits that it was admitted under, from the very items that the admission returned.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::store::Admission;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::ScopeState;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub const COST: HeaderName = HeaderName::from_static("x-stargate-cost");
const HEADROOM: HeaderName = HeaderName::from_static("x-stargate-headroom");
const MODEL: HeaderName = HeaderName::from_static("x-stargate-model");
const REGION: HeaderName = HeaderName::from_static("x-stargate-region");
const DROPPED: HeaderName = HeaderName::from_static("x-stargate-dropped");
const MAX_TOKENS: HeaderName = HeaderName::from_static("x-stargate-max-tokens");

/// The most names that a header lists: it must fit into what others allow for all of them.
const MAX_DROPPED: usize = 20;

/// The headers of an admitted call: the tightest of its scopes for each limit. `asked` is the `max_tokens` it sent.
pub fn limits(admission: &Admission, asked: u64, now: Moment) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let states = || admission.holds().iter().map(|hold| &hold.state);
    if let Some(headroom) =
        states().filter(|state| state.limits.max_budget.is_some()).map(|s| s.headroom).min()
    {
        put(&mut headers, HEADROOM, dollars(headroom));
    }
    if admission.quote().max_tokens < asked {
        put(&mut headers, MAX_TOKENS, admission.quote().max_tokens.to_string());
    }
    let requests = tightest(states(), now, |state| (state.limits.rpm, &state.requests));
    let tokens = tightest(states(), now, |state| (state.limits.tpm, &state.tokens));
    for (what, tightest) in [("requests", requests), ("tokens", tokens)] {
        if let Some((limit, remaining)) = tightest {
            announce(&mut headers, what, limit, remaining, now);
        }
    }
    headers
}

/// What is asked: after a fallback, not what the client named.
pub fn target(headers: &mut HeaderMap, model: &str, region: Option<&str>) {
    put(headers, MODEL, model.to_owned());
    if let Some(region) = region {
        put(headers, REGION, region.to_owned());
    }
}

/// What Bedrock did not take, and the answer is without.
pub fn put_dropped_fields(headers: &mut HeaderMap, names: &[String]) {
    if !names.is_empty() {
        put(
            headers,
            DROPPED,
            names.iter().take(MAX_DROPPED).map(|name| format!("{name:.64}")).collect::<Vec<_>>().join(", "),
        );
    }
}

/// Of the scopes with this limit, the one with the fewest left in this minute: its limit, and what is left.
fn tightest<'a>(
    states: impl Iterator<Item = &'a ScopeState>,
    now: Moment,
    counted: impl Fn(&'a ScopeState) -> (Option<u64>, &'a BTreeMap<i64, i64>),
) -> Option<(u64, u64)> {
    let left = |state| {
        let (limit, counts) = counted(state);
        let used = counts.get(&now.minute()).map_or(0, |count| u64::try_from(*count).unwrap_or(u64::MIN));
        limit.map(|limit| (limit, limit.saturating_sub(used)))
    };
    states.filter_map(left).min_by_key(|(_, remaining)| *remaining)
}

/// Anthropic's names and OpenAI's for the same numbers.
fn announce(headers: &mut HeaderMap, what: &str, limit: u64, remaining: u64, now: Moment) {
    let seconds = now.seconds_to_next_minute();
    let resets = Moment::from_seconds(now.seconds() + seconds);
    for (name, value) in [
        (format!("anthropic-ratelimit-{what}-limit"), limit.to_string()),
        (format!("anthropic-ratelimit-{what}-remaining"), remaining.to_string()),
        (format!("anthropic-ratelimit-{what}-reset"), resets.to_string()),
        (format!("x-ratelimit-limit-{what}"), limit.to_string()),
        (format!("x-ratelimit-remaining-{what}"), remaining.to_string()),
        (format!("x-ratelimit-reset-{what}"), format!("{seconds}s")),
    ] {
        if let Ok(name) = HeaderName::try_from(name) {
            put(headers, name, value);
        }
    }
}

/// An amount as a plain decimal number of dollars.
pub fn dollars(amount: Money) -> String {
    serde_json::to_string(&amount).unwrap_or_else(|_| amount.to_string())
}

/// Sets a header, if the value can be one: ours are digits and dates.
pub fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
