//! An API key: a secret's stand-in, with limits of its own.

use crate::id::KeyId;
use crate::moment::Moment;
use crate::scope::{KeyOwner, Limits, LinkedScopes};

/// What lists show in place of a secret that there is none of.
const NO_SECRET: &str = "jwt";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    /// `sk-...wxyz`: what a list may show of the secret.
    pub hint: String,
    pub alias: Option<String>,
    pub holder: KeyOwner,
    pub ties: LinkedScopes,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub tags: Vec<String>,
    /// Whether it is somebody's session: made by logging in, shown in no list, good for no model.
    pub is_session: bool,
    pub created: Moment,
}

impl Key {
    /// A key without a secret, that stands in for the tokens of its user.
    pub fn stand_in(id: KeyId, holder: KeyOwner, created: Moment) -> Self {
        Self {
            id,
            hint: NO_SECRET.to_owned(),
            alias: None,
            holder,
            ties: LinkedScopes::default(),
            limits: Limits::default(),
            metadata: "{}".to_owned(),
            tags: Vec::new(),
            is_session: false,
            created,
        }
    }

    pub fn is_stand_in(&self) -> bool {
        self.hint == NO_SECRET
    }
}
