//! What a request says, read field by field.

pub mod body;
pub mod custom_model;
pub mod date_range;
pub mod ids;
pub mod key_aliases;
pub mod limits;
pub mod member_fields;
pub mod model_limits;
pub mod pagination;
pub mod patch;
pub mod query;
pub mod unsupported_fields;
pub mod user_fields;
