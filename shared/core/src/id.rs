//! Names of things. A checked id has one constructor, so an id that exists is an id that passed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest id accepted from outside, in bytes. DynamoDB keys hold 2,048; LiteLLM's clients stay under 512.
const MAX_LEN: usize = 512;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most 512 bytes long")]
    TooLong,
    #[error("must not contain control characters")]
    Control,
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > MAX_LEN {
        return Err(InvalidId::TooLong);
    }
    // Control characters also separate the parts of composite table keys.
    if text.chars().any(char::is_control) {
        return Err(InvalidId::Control);
    }
    Ok(())
}

macro_rules! checked_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(inline)]
        pub struct $name(String);

        impl $name {
            /// The id that `text` spells: 1 to 512 bytes without control characters.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

checked_id!(
    /// A person or a service, as the administrator named it: often an e-mail address.
    UserId
);
checked_id!(
    /// One API key's own id. It outlives the secret: two secrets share it while a rotation lasts.
    KeyId
);
checked_id!(
    /// A team, as the administrator named it.
    TeamId
);
checked_id!(
    /// An organization, as the administrator named it.
    OrgId
);

checked_id!(
    /// An invitation to a team. It is no secret: what it allows, it allows the invited user only.
    InvitationId
);

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TIME_DIGITS: usize = 7;
const RANDOM_DIGITS: usize = 5;

/// One request, its leases and its spend record: twelve characters, seven of milliseconds and five random.
///
/// The alphabet is in ASCII order, so ids sort by time; and the time is readable, so a record is found by its id alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId([u8; TIME_DIGITS + RANDOM_DIGITS]);

impl RequestId {
    /// A new id for a request that starts at `now_ms`. Fails only where the operating system has no randomness.
    pub fn generate(now_ms: i64) -> Result<Self, getrandom::Error> {
        Ok(Self::from_parts(now_ms, getrandom::u32()?))
    }

    /// The same for an answer that no call stands behind. Without randomness it is the time alone: an answer is better
    /// than a unique name for it.
    pub fn of_answer(now_ms: i64) -> Self {
        Self::generate(now_ms).unwrap_or_else(|_| Self::from_parts(now_ms, 0))
    }

    /// The id of given time and randomness.
    pub fn from_parts(now_ms: i64, random: u32) -> Self {
        let mut digits = [b'0'; TIME_DIGITS + RANDOM_DIGITS];
        write_base62(&mut digits[..TIME_DIGITS], now_ms.unsigned_abs());
        write_base62(&mut digits[TIME_DIGITS..], u64::from(random));
        Self(digits)
    }

    /// The id that `text` spells, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; TIME_DIGITS + RANDOM_DIGITS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_alphanumeric).then_some(Self(digits))
    }

    /// When the request started, in milliseconds since 1970.
    pub fn started_ms(self) -> i64 {
        self.0[..TIME_DIGITS].iter().fold(0, |sum, digit| sum * 62 + value(*digit))
    }

    /// A number that spreads requests of one moment: for sharding.
    pub fn shard_hash(self) -> u64 {
        self.0[TIME_DIGITS..].iter().fold(0, |sum, digit| sum * 62 + value(*digit)).unsigned_abs()
    }

    pub fn as_str(&self) -> &str {
        // Only ASCII letters and digits get in, by both constructors.
        std::str::from_utf8(&self.0).unwrap_or("")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn write_base62(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
}

fn value(digit: u8) -> i64 {
    i64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        b'A'..=b'Z' => digit - b'A' + 10,
        _ => digit.wrapping_sub(b'a').wrapping_add(36),
    })
}

/// Sixteen random characters: a new key's id.
pub fn random_key_id() -> Result<KeyId, getrandom::Error> {
    random_text().map(KeyId)
}

/// The same for a new invitation to a team.
pub fn random_invitation_id() -> Result<InvitationId, getrandom::Error> {
    random_text().map(InvitationId)
}

fn random_text() -> Result<String, getrandom::Error> {
    let mut digits = [b'0'; 16];
    write_base62(&mut digits[..8], getrandom::u64()?);
    write_base62(&mut digits[8..], getrandom::u64()?);
    Ok(digits.iter().map(|digit| char::from(*digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked() {
        for (text, want) in [
            ("mario.rossi@company.com", Ok(())),
            ("+39 06 1234", Ok(())),
            ("", Err(InvalidId::Empty)),
            ("a\u{1f}b", Err(InvalidId::Control)),
        ] {
            assert_eq!(UserId::parse(text).map(|_| ()), want, "{text:?}");
        }
        assert_eq!(UserId::parse("x".repeat(513)), Err(InvalidId::TooLong));
    }

    #[test]
    fn request_ids_sort_by_time_and_tell_it() {
        let early = RequestId::from_parts(1_763_000_000_000, u32::MAX);
        let late = RequestId::from_parts(1_763_000_000_001, 0);
        assert!(early < late && early.as_str() < late.as_str());
        assert_eq!(early.started_ms(), 1_763_000_000_000);
        assert_eq!(early.as_str().len(), 12);
        assert_eq!(RequestId::parse(early.as_str()), Some(early));
        assert_eq!(RequestId::parse("not an id!!!"), None);
    }

    #[test]
    fn generated_ids_differ() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| RequestId::generate(7).unwrap()).collect();
        assert!(ids.len() > 990);
    }
}
