//! Teams and their members.

pub mod block;
pub mod delete;
pub mod info;
pub mod list;
pub mod member;
pub mod member_add;
pub mod new;
pub mod update;
