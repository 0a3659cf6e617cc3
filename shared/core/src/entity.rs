//! Users, keys, teams, organizations and invitations.

pub mod invitation;
pub mod key;
pub mod organization;
pub mod team;
pub mod user;

pub use invitation::{Invitation, TOKEN_LIFE, TeamInvitation, TeamInvitee};
pub use key::Key;
pub use organization::{Org, OrgMember};
pub use team::{Member, Team, TeamRole};
pub use user::{MIN_PREFIX_LEN, User, UserRole, search_terms};
