//! Organizations: what teams and keys can be charged to besides.

pub mod delete;
pub mod member;
pub mod new;
pub mod show;
pub mod update;
