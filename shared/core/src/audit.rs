//! What was changed, and by whom.

use crate::id::RequestId;

/// The kinds of things, by LiteLLM's names of them.
pub const USERS: &str = "LiteLLM_UserTable";
pub const KEYS: &str = "LiteLLM_VerificationToken";
pub const TEAMS: &str = "LiteLLM_TeamTable";
pub const ORGS: &str = "LiteLLM_OrganizationTable";
pub const ORG_MEMBERS: &str = "LiteLLM_OrganizationMembership";
pub const INVITATIONS: &str = "LiteLLM_InvitationLink";
pub const MODELS: &str = "LiteLLM_ProxyModelTable";
pub const MEMBERS: &str = "LiteLLM_TeamMembership";

/// One change of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Also tells when it was.
    pub id: RequestId,
    /// Who it was, as was checked: an IAM identity, a key, the master key.
    pub actor: String,
    /// On whose behalf, as the caller says (`litellm-changed-by`). Nobody checked it.
    pub claimed: Option<String>,
    pub action: Action,
    /// The kind of thing, by LiteLLM's table names.
    pub table: String,
    pub object: String,
    /// The thing as JSON, without secrets; `None` where it was not there.
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Created,
    Updated,
    Deleted,
    Blocked,
    Unblocked,
    Rotated,
}

impl Action {
    pub const ALL: [(Action, &'static str); 6] = [
        (Self::Created, "created"),
        (Self::Updated, "updated"),
        (Self::Deleted, "deleted"),
        (Self::Blocked, "blocked"),
        (Self::Unblocked, "unblocked"),
        (Self::Rotated, "rotated"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(action, _)| *action == self).map_or("updated", |(_, word)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(action, _)| *action)
    }
}
