//! Users, keys, teams, organizations, invitations, passwords and custom models.

pub mod custom_models;
pub mod import_marks;
pub mod invitations;
pub mod key_rotation;
pub mod keys;
pub mod model_aliases;
pub mod organizations;
pub mod passwords;
pub mod team_invitations;
pub mod teams;
pub mod user_search;
pub mod users;
