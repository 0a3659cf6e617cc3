//! An invitation, as answers show it.

use schemars::JsonSchema;
use serde::Serialize;
use stargate_core::entity::Invitation;
use stargate_core::id::UserId;

use crate::rows::team_invitation::TeamInvitationRow;

/// LiteLLM's row. Its id is what opens it: only whoever has that sees it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct InvitationRow {
    user_id: UserId,
    is_accepted: bool,
    accepted_at: Option<String>,
    expires_at: String,
    created_at: String,
    created_by: String,
    updated_at: String,
    updated_by: String,
}

impl InvitationRow {
    pub fn new(invitation: &Invitation) -> Self {
        let Invitation { id: _, user, by, created, accepted } = invitation;
        Self {
            user_id: user.clone(),
            is_accepted: accepted.is_some(),
            accepted_at: accepted.map(|at| at.to_string()),
            expires_at: invitation.expires().to_string(),
            created_at: created.to_string(),
            created_by: by.clone(),
            updated_at: accepted.unwrap_or(*created).to_string(),
            updated_by: if accepted.is_some() { user.to_string() } else { by.clone() },
        }
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Answer")]
pub struct InvitationResponse<'a> {
    pub id: &'a str,
    #[serde(flatten)]
    pub row: InvitationRow,
}

/// An invitation of either kind.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AnyInvitation")]
#[serde(untagged)]
pub enum AnyInvitation<'a> {
    /// To set a password.
    Password(InvitationResponse<'a>),
    /// To join a team.
    Team(Box<TeamInvitationRow>),
}
