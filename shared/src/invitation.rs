//! An invitation: whoever has its id may set a user's password, once.

use crate::id::UserId;
use crate::moment::Moment;
use crate::secret::SecretHash;

/// How long one is good for, in seconds: seven days, as LiteLLM has it.
pub const LIFE: i64 = 7 * 86_400;
/// How long a token is good that an invitation was opened with, in seconds.
pub const TOKEN_LIFE: i64 = 15 * 60;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The hash of its id: the id itself is a secret, and shown once.
    pub id: SecretHash,
    pub user: UserId,
    /// Who invited.
    pub by: String,
    pub created: Moment,
    pub accepted: Option<Moment>,
}

impl Invitation {
    pub fn expires(&self) -> Moment {
        Moment::from_seconds(self.created.seconds() + LIFE)
    }
}
