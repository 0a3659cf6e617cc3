//! A user, as answers show it.

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::value::RawValue;
use shared::fault::Fault;
use shared::id::UserId;
use shared::moment::Moment;
use shared::store::UserEntry;

use crate::columns::{Columns, raw};

/// LiteLLM's columns of a user.
#[derive(Debug, Serialize)]
pub struct UserRow {
    pub user_id: UserId,
    user_email: Option<String>,
    user_alias: Option<String>,
    pub user_role: String,
    #[serde(flatten)]
    columns: Columns,
    metadata: Box<RawValue>,
    /// Nobody is in a team yet.
    teams: [String; 0],
    created_at: String,
}

impl UserRow {
    pub fn of(entry: &UserEntry, now: Moment, zone: &TimeZone) -> Result<Self, Fault> {
        let user = &entry.user;
        Ok(Self {
            user_id: user.id.clone(),
            user_email: user.email.clone(),
            user_alias: user.alias.clone(),
            user_role: user.role.word().to_owned(),
            columns: Columns::of(&entry.state, now, zone),
            metadata: raw(&user.metadata)?,
            teams: [],
            created_at: user.created.to_string(),
        })
    }
}
