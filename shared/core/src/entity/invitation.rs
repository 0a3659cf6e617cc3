//! Invitations: [`Invitation`] lets whoever has its id set a user's password, once; [`TeamInvitation`] lets a user join a team.

use crate::entity::{Member, TeamRole};
use crate::id::{InvitationId, TeamId, UserId};
use crate::moment::Moment;
use crate::scope::Limits;
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

/// A pending invitation of an existing user to a team. A user has at most one for each team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamInvitation {
    pub id: InvitationId,
    pub team: TeamId,
    pub user: UserId,
    /// The role and the limits that the membership gets.
    pub role: TeamRole,
    pub limits: Limits,
    /// The administrator of the team who invites.
    pub inviter: UserId,
    pub created: Moment,
}

impl TeamInvitation {
    pub fn expires(&self) -> Moment {
        Moment::from_seconds(self.created.seconds() + LIFE)
    }

    /// The membership that the invitation creates when it is accepted at `now`.
    pub fn member(&self, now: Moment) -> Member {
        Member {
            team: self.team.clone(),
            user: self.user.clone(),
            role: self.role,
            limits: self.limits.clone(),
            joined: now,
        }
    }
}

/// What a team shows of one of its pending invitations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamInvitee {
    pub id: InvitationId,
    pub user: UserId,
    pub role: TeamRole,
    pub expires: Moment,
}
