//! What a model id says about its model.

/// Prefixes of cross-region inference profiles.
const GEOGRAPHIES: [&str; 8] = ["us.", "eu.", "apac.", "au.", "jp.", "ca.", "us-gov.", "global."];

/// The last part of an ARN, or the id itself.
fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// Whether the id names a cross-region profile, which `CountTokens` does not take.
pub(super) fn is_profile(id: &str) -> bool {
    GEOGRAPHIES.iter().any(|geography| name(id).starts_with(geography))
}

pub(super) const ANTHROPIC: &str = "anthropic";

/// Who made the model, as the first part of its id says; an application profile's ARN says nothing.
pub(super) fn maker(id: &str) -> Option<&str> {
    let name = name(id);
    let base = GEOGRAPHIES.iter().find_map(|geography| name.strip_prefix(geography)).unwrap_or(name);
    base.split_once('.').map(|(maker, _)| maker)
}

/// Whether the model surely is none of Anthropic's.
pub(super) fn is_foreign(id: &str) -> bool {
    maker(id).is_some_and(|maker| maker != ANTHROPIC)
}

/// The name as Anthropic writes it: `us.anthropic.claude-haiku-4-5-20251001-v1:0` is
/// `claude-haiku-4-5-20251001`.
pub(super) fn anthropic(id: &str) -> &str {
    let name = name(id);
    let name = name.split_once("anthropic.").map_or(name, |(_, name)| name);
    name.split_once("-v1").map_or(name, |(name, _)| name)
}

/// Major and minor version of a Claude model. An id that tells none, such as an application
/// profile's ARN, counts as the newest: the stand-in then refuses less, not more.
pub(super) fn version(id: &str) -> (u32, u32) {
    // A date is a number too, but no version has three digits.
    let mut numbers = anthropic(id)
        .split('-')
        .skip_while(|part| !is_version(part))
        .take_while(|part| is_version(part))
        .filter_map(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), minor) => (major, minor.unwrap_or(0)),
        (None, _) => (u32::MAX, 0),
    }
}

fn is_version(part: &str) -> bool {
    part.len() < 3 && part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_whose_a_model_is() {
        for (id, of, foreign) in [
            ("anthropic.claude-opus-4-7", Some("anthropic"), false),
            ("apac.anthropic.claude-opus-5", Some("anthropic"), false),
            ("us-gov.amazon.nova-lite-v1:0", Some("amazon"), true),
            ("meta.llama3-1-8b-instruct-v1:0", Some("meta"), true),
            (
                "arn:aws:bedrock:eu-west-1::foundation-model/mistral.mistral-large-2402-v1:0",
                Some("mistral"),
                true,
            ),
            ("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3", None, false),
        ] {
            assert_eq!((maker(id), is_foreign(id)), (of, foreign), "{id}");
        }
    }

    #[test]
    fn reads_ids_as_bedrock_writes_them() {
        for (id, name, of, profile) in [
            ("anthropic.claude-opus-4-7", "claude-opus-4-7", (4, 7), false),
            ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001", (4, 5), true),
            ("anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku-20241022", (3, 5), false),
            ("anthropic.claude-opus-4-20250514-v1:0", "claude-opus-4-20250514", (4, 0), false),
            ("global.anthropic.claude-opus-5", "claude-opus-5", (5, 0), true),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-5-5",
                "claude-opus-5-5",
                (5, 5),
                true,
            ),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3",
                "a1b2c3",
                (u32::MAX, 0),
                false,
            ),
        ] {
            assert_eq!((anthropic(id), version(id), is_profile(id)), (name, of, profile), "{id}");
        }
    }
}
