//! What several handlers need: finding and creating users, keys, members and sessions.

pub mod change_catalog;
pub mod check_policy;
pub mod create_key;
pub mod find_invitation;
pub mod find_key;
pub mod find_organization;
pub mod find_team;
pub mod key_owner;
pub mod new_key;
pub mod new_member;
pub mod new_user;
pub mod sessions;
pub mod team_invitation;
pub mod user_ref;
pub mod user_search;
