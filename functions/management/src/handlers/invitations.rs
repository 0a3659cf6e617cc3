//! Invitations, and how they are accepted: to set a password, and to join a team.

pub mod accept;
pub mod claim;
pub mod delete;
pub mod info;
pub mod new;
pub mod open;
