//! Sessions: a key for a day, got by a password, that shows its user what is theirs and calls no model.

pub mod change_password;
pub mod login;
pub mod logout;
