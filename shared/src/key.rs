//! An API key: a secret's stand-in, with limits of its own.

use crate::id::KeyId;
use crate::moment::Moment;
use crate::scope::{Holder, Limits, Ties};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    /// `sk-...wxyz`: what a list may show of the secret.
    pub hint: String,
    pub alias: Option<String>,
    pub holder: Holder,
    pub ties: Ties,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub tags: Vec<String>,
    /// Whether it is somebody's session: made by logging in, shown in no list, good for no model.
    pub is_session: bool,
    pub created: Moment,
}
