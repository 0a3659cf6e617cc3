//! Secrets are types: one that exists once and is shown once, and one that is stored.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every key of ours starts with. NEVER CHANGE IT: clients and LiteLLM's import rely on it.
const PREFIX: &str = "sk-";

/// An API key or another credential in the clear. `Debug` shows nothing of it; it has no `Display`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new key: `sk-` and 256 random bits in hexadecimal.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(format!("{PREFIX}{}", hex(&bits))))
    }

    /// A secret for one purpose and a short time: 256 random bits in hexadecimal, and no key.
    pub fn one_time() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits)?;
        Ok(Self(hex(&bits)))
    }

    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether it has the shape of a key of ours, or of one imported from LiteLLM.
    pub fn is_key(&self) -> bool {
        self.0.len() > PREFIX.len() && self.0.starts_with(PREFIX)
    }

    /// What is stored of it: SHA-256 in hexadecimal, the same as LiteLLM stores. A key is 256 random bits, so a
    /// slow hash would add latency and no safety.
    pub fn hash(&self) -> SecretHash {
        SecretHash(hex(&Sha256::digest(self.0.as_bytes())))
    }

    /// `sk-...wxyz`: what a list may show.
    pub fn hint(&self) -> String {
        let tail: Vec<char> = self.0.chars().rev().take(4).collect();
        format!("{PREFIX}...{}", tail.into_iter().rev().collect::<String>())
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    pub fn matches(&self, other: &Secret) -> bool {
        let (mine, theirs) = (Sha256::digest(self.0.as_bytes()), Sha256::digest(other.0.as_bytes()));
        mine.ct_eq(&theirs).into()
    }

    /// The secret itself, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The stored form of a [`Secret`]: names its pointer in the table and proves the key's reservation.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash that `text` spells: 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let spelled = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        spelled.then(|| Self(text.to_ascii_lowercase()))
    }

    /// A hash that belongs to no secret: of a text that begins with what no header can hold, so that nobody can present it.
    pub fn of_no_secret(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update([0]);
            digest.update(part.as_bytes());
        }
        Self(hex(&digest.finalize()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretHash({}..)", self.0.get(..8).unwrap_or_default())
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_litellm_does() {
        let hash = Secret::new("sk-1234").hash();
        assert_eq!(hash.as_str(), "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b");
        assert_eq!(SecretHash::parse(hash.as_str()), Some(hash));
        assert_eq!(SecretHash::parse("sk-1234"), None);
    }

    #[test]
    fn a_hash_of_no_secret_tells_its_parts_apart() {
        let hash = |parts: &[&str]| SecretHash::of_no_secret(parts);
        assert_eq!(hash(&["a", "b"]), Secret::new("\0a\0b").hash());
        assert_ne!(hash(&["a", "b"]), hash(&["ab", ""]));
        assert_ne!(hash(&["a", "b", ""]), hash(&["a", "b"]));
    }

    #[test]
    fn shows_nothing() {
        let secret = Secret::generate().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(secret.is_key() && secret.reveal().len() == 67);
        assert!(secret.hint().starts_with("sk-...") && secret.hint().len() == 10);
    }

    #[test]
    fn compares_whole_values() {
        for (a, b, same) in
            [("one", "one", true), ("one", "One", false), ("one", "on", false), ("", "", true)]
        {
            assert_eq!(Secret::new(a).matches(&Secret::new(b)), same, "{a} {b}");
        }
    }
}
