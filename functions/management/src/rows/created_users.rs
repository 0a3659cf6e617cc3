//! What a response says of users that its request created on the way.

use std::ops::Not;

use schemars::JsonSchema;
use serde::Serialize;
use stargate_core::entity::User;
use stargate_core::id::UserId;

/// The users that a request created because it named them and they were missing. Nothing is shown where there are none.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct CreatedUsers {
    #[serde(skip_serializing_if = "Not::not")]
    user_created: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    created_users: Vec<UserId>,
    /// One sentence for each of them who has no budget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl CreatedUsers {
    pub fn add(&mut self, user: &User) {
        self.user_created = true;
        self.created_users.push(user.id.clone());
        if user.limits.max_budget.is_none() {
            self.warnings.push(format!(
                "User {} was created without a budget. Set one with /user/update, or set max_internal_user_budget.",
                user.id
            ));
        }
    }
}
