//! How many tokens a request can have, told from its bytes alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stargate_core::catalog::{Capability, Model};
use stargate_core::pricing::Caching;

use crate::formats::raw_json::{RawObject, has_escaped_ascii, may_hold};
use crate::formats::{Api, BedrockRequest};

/// What is added by the service: the system prompt of tools, message frames, thinking and schema instructions.
/// Anthropic documents about 700 for tools, and as much again for each of its own; this is generous.
const FIXED: u64 = 4000;

/// The most that one image counts, at the largest size that is not scaled down, on the newest models.
const IMAGE: u64 = 5000;

/// The most that one image counts on models that are not Claude: some tile without scaling down.
const IMAGE_ELSEWHERE: u64 = 16_384;

/// What a few bytes of body can make as long as they like: pages, minutes, and what lies elsewhere.
const UNBOUNDED: [&str; 6] =
    ["\"document\"", "\"video\"", "\"audio\"", "\"s3Location\"", "\"promptVariables\"", "\"systemTool\""];

/// A bound on a request's prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBound {
    pub tokens: u64,
    pub caching: Caching,
}

/// An upper bound of the prompt's tokens, and the dearest caching that it can cause.
///
/// Every token of text is at least one byte of the body, whatever the language. Images count what the largest can;
/// a document's pages are not bounded by its bytes, so the model's window bounds them. The caller asks `CountTokens`
/// before a bound alone refuses anybody.
pub fn bound_tokens(said: &BedrockRequest, model: &Model) -> TokenBound {
    let body = said.body.as_slice();
    let finder = |needle: &str| memchr::memmem::find(body, needle.as_bytes()).is_some();
    let window = model.window;
    let is_unbounded = has_escaped_ascii(body) || UNBOUNDED.into_iter().any(finder);
    // A form that is not known could mean anything.
    if is_unbounded || said.api == Api::Native {
        return TokenBound { tokens: window, caching: Caching::OneHour };
    }
    let image = if model.rules.is_some() { IMAGE } else { IMAGE_ELSEWHERE };
    let images = memchr::memmem::find_iter(body, b"\"image\"").count() as u64;
    let tokens = (body.len() as u64).saturating_add(FIXED).saturating_add(images.saturating_mul(image));
    let caches = finder("\"cache_control\"") || finder("\"cachePoint\"");
    let caching = match (caches, finder("\"1h\"")) {
        (false, _) => Caching::None,
        (true, false) => Caching::FiveMinutes,
        (true, true) => Caching::OneHour,
    };
    TokenBound { tokens: tokens.min(window), caching }
}

/// What is asked of `CountTokens` about a call.
pub struct CountTokensRequest {
    /// Its body.
    pub body: Vec<u8>,
    /// The bytes of what the count may leave out: schemas, and fields that only some models know.
    pub beside: u64,
}

/// The parts of a body that a count is sure to cover.
const COUNTED: [&str; 4] = ["messages", "system", "tools", "toolConfig"];

/// What to ask about a body; `None` where no model counts such.
pub fn question(api: Api, body: &[u8]) -> Option<CountTokensRequest> {
    let mut fields = RawObject::parse(body).ok()?;
    let beside = fields.size_without(&COUNTED);
    let asked = match api {
        Api::Messages => {
            let body = STANDARD.encode(body);
            format!(r#"{{"input":{{"invokeModel":{{"body":"{body}"}}}}}}"#)
        }
        Api::Converse => {
            fields.retain(|field| COUNTED.contains(&field));
            format!(r#"{{"input":{{"converse":{}}}}}"#, fields.to_json())
        }
        Api::Native => return None,
    };
    Some(CountTokensRequest { body: asked.into_bytes(), beside })
}

/// Whether the model may generate output from the start of a stream that no event shows; and if so, whether it is one that
/// shows all it thinks. `None`: it does not, or its events say when it begins to think.
pub fn hides_output(said: &BedrockRequest, model: &Model) -> Option<bool> {
    // Of a custom model that is made over none it is not known what it can do.
    let is_unknown = model.base_name.is_none();
    if said.api == Api::Messages || !model.can(Capability::Reasoning) && !is_unknown {
        return None;
    }
    let asks = |word: &str| may_hold(&said.body, word);
    let is_off = || memchr::memmem::find(&said.body, br#""thinking":{"type":"disabled"}"#).is_some();
    match (&model.rules, model.provider()) {
        // Claude thinks where it is asked to, or where that cannot be turned off.
        (Some(rules), _) => {
            let thinks = asks("thinking") && !is_off() || !rules.allows_thinking("disabled");
            thinks.then_some(false)
        }
        (None, "amazon") => asks("reasoningConfig").then_some(false),
        (None, "openai") => Some(model.base_id.contains("gpt-oss")),
        // Models with open weights show what they think, if they show anything of it.
        (None, provider) => Some(SHOWS_REASONING.contains(&provider)),
    }
}

/// Who makes models that stream their reasoning in full.
const SHOWS_REASONING: [&str; 8] =
    ["deepseek", "minimax", "mistral", "moonshot", "moonshotai", "nvidia", "qwen", "zai"];

/// What a request will likely use: a quarter of its bytes, and a middling answer. Counts toward TPM until it settles.
pub fn likely_tokens(body: &[u8], max_tokens: u64) -> u64 {
    prompt_estimate(body).saturating_add(max_tokens.min(500))
}

/// A likely count of a prompt's tokens, where the model has no `CountTokens`: two for every seven bytes, which is high
/// for prose and right for code and JSON.
pub fn prompt_estimate(body: &[u8]) -> u64 {
    (body.len() as u64).saturating_mul(2).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stargate_core::catalog::Catalog;

    #[test]
    fn bounds_by_bytes_images_and_windows() {
        let catalog = Catalog::load_bundled("global").unwrap();
        let model = catalog.find("claude-haiku-4-5").unwrap();
        let window = model.window;
        for (body, tokens, caching) in [
            (r#"{"text":"hi"}"#, 13 + FIXED, Caching::None),
            (r#"{"type":"image"}"#, 16 + FIXED + IMAGE, Caching::None),
            (r#"{"text":"\"image\""}"#, 20 + FIXED, Caching::None),
            (r#"{"cache_control":{"type":"ephemeral"}}"#, 38 + FIXED, Caching::FiveMinutes),
            (r#"{"cache_control":{"ttl":"1h"}}"#, 30 + FIXED, Caching::OneHour),
            (r#"{"type":"document"}"#, window, Caching::OneHour),
            (r#"{"cache\u005fcontrol":{}}"#, window, Caching::OneHour),
            (r#"{"text":"\u00e8 \u003c"}"#, 24 + FIXED, Caching::None),
        ] {
            let said = BedrockRequest::new(Api::Messages, body.as_bytes().to_vec());
            assert_eq!(bound_tokens(&said, model), TokenBound { tokens, caching }, "{body}");
        }
        let large = BedrockRequest::new(Api::Messages, vec![b'a'; 5_000_000]);
        assert_eq!(bound_tokens(&large, model).tokens, window);
        let native = BedrockRequest::new(Api::Native, b"{}".to_vec());
        assert_eq!(bound_tokens(&native, model), TokenBound { tokens: window, caching: Caching::OneHour });
    }
}
