//! A team: people who share limits, each a member with limits of their own.

use crate::id::{OrgId, TeamId, UserId};
use crate::moment::Moment;
use crate::scope::Limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub alias: Option<String>,
    /// The organization that the team's calls are charged to as well.
    pub org: Option<OrgId>,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub created: Moment,
}

/// A user's place in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub team: TeamId,
    pub user: UserId,
    pub role: TeamRole,
    pub limits: Limits,
    pub joined: Moment,
}

/// What a member may do in the team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TeamRole {
    /// May change the team's members and keys.
    Admin,
    #[default]
    User,
}

impl TeamRole {
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Admin, Self::User].into_iter().find(|role| role.word() == word)
    }
}
