//! An organization: teams and keys that share a budget.

use crate::id::{OrgId, UserId};
use crate::moment::Moment;
use crate::scope::Limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    pub id: OrgId,
    pub alias: Option<String>,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub created: Moment,
}

/// A user who is named with an organization. It is a note: what a user may do hangs on its role and its teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgMember {
    pub org: OrgId,
    pub user: UserId,
    /// LiteLLM's word for what the user is there.
    pub role: String,
    pub joined: Moment,
}
