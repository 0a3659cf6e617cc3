//! Passwords: checked against a rule, hashed slowly, compared without telling why they differ.

use std::fmt;
use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use crate::secret::Secret;

/// NIST SP 800-63B asks for 15 where a password is all there is, and for 8 at least; LiteLLM's users have short ones.
const MIN_LEN: usize = 12;
/// Long enough for any phrase, and no load on the hash.
const MAX_LEN: usize = 256;

pub const RULE: &str = "must have 12 to 256 characters";

/// What is stored of a password: Argon2id's own text (19 MiB, 2 passes, 1 lane: OWASP's first choice), salt included.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Whether a password keeps [`RULE`].
    pub fn fits(secret: &Secret) -> bool {
        (MIN_LEN..=MAX_LEN).contains(&secret.reveal().chars().count())
    }

    /// Hashes a password. `None`: it breaks [`RULE`]. **Cost:** some 20 ms of a processor, and 19 MiB.
    pub fn hash(secret: &Secret) -> Result<Option<Self>, getrandom::Error> {
        if !Self::fits(secret) {
            return Ok(None);
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let hashed = Argon2::default().hash_password_with_salt(secret.reveal().as_bytes(), &salt);
        Ok(hashed.ok().map(|hash| Self(hash.to_string())))
    }

    /// Whether `secret` is the password. Without one it is not, and that takes as long.
    pub fn verify(stored: Option<&Self>, secret: &Secret) -> bool {
        let nobodys = || {
            static NOBODYS: OnceLock<Option<Password>> = OnceLock::new();
            NOBODYS.get_or_init(|| Self::hash(&Secret::one_time().ok()?).ok()?).as_ref()
        };
        let Some(hash) = stored.or_else(nobodys).and_then(|hash| PasswordHash::new(&hash.0).ok()) else {
            return false;
        };
        let is_right = Argon2::default().verify_password(secret.reveal().as_bytes(), &hash).is_ok();
        stored.is_some() && is_right
    }

    /// What was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> Option<Password> {
        Password::hash(&Secret::new(text)).unwrap()
    }

    #[test]
    fn only_the_password_is_the_password() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.as_str());
        let is_right = |stored, text: &str| Password::verify(stored, &Secret::new(text));
        assert!(is_right(Some(&stored), "correct horse battery"));
        for wrong in ["", "correct horse batter", "Correct horse battery"] {
            assert!(!is_right(Some(&stored), wrong), "{wrong}");
        }
        assert!(!is_right(None, "correct horse battery"));
        assert!(!is_right(
            Some(&Password::from_stored("$argon2id$nonsense".to_owned())),
            "correct horse battery"
        ));
        assert_ne!(hash("correct horse battery"), Some(stored), "each has a salt of its own");
    }

    #[test]
    fn a_password_has_a_length() {
        for (length, is_good) in [(0, false), (11, false), (12, true), (256, true), (257, false)] {
            assert_eq!(hash(&"é".repeat(length)).is_some(), is_good, "{length}");
        }
    }
}
