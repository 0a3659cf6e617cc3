//! Objects as responses show them.

pub mod created_users;
pub mod invitation;
pub mod key;
pub mod limits;
pub mod model;
pub mod organization;
pub mod spend_log;
pub mod spend_log_entry;
pub mod spend_totals;
pub mod team;
pub mod team_invitation;
pub mod user;
