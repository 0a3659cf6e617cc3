//! Users.

mod created;
mod delete;
mod filter;
mod info;
mod list;
mod new;
mod roles;
mod row;
mod search;
mod update;
mod whom;

pub use created::CreatedUsers;
pub use new::read as read_new;
pub use row::UserRow;
pub use whom::{UserRef, ensure_user, look_up_all};

use shared::api::ApiError;
use shared::store::CreateError;
use stargate_core::entity::UserRole;
use stargate_core::id::UserId;

use crate::fields::RequestBody;
use crate::patch::Patch;
use crate::routes::Routes;

/// The routes of users.
pub fn routes(routes: &mut Routes) {
    routes.post("/user/new", new::OPERATION, new::new);
    routes.get("/user/info", info::OPERATION, info::info);
    routes.get("/user/list", list::OPERATION, list::list);
    routes.get("/user/get_users", list::OPERATION, list::list);
    routes.get("/user/filter/ui", filter::OPERATION, filter::filter);
    routes.get("/user/available_roles", roles::OPERATION, roles::available_roles);
    routes.post("/user/update", update::OPERATION, update::update);
    routes.post("/user/delete", delete::OPERATION, delete::delete);
}

/// An id as it was sent.
pub fn parse_id(field: &str, text: String) -> Result<UserId, ApiError> {
    UserId::parse(text).map_err(|rule| ApiError::invalid(field, rule.to_string()))
}

/// An address without the blanks around it.
fn email(fields: &mut RequestBody) -> Result<Patch<String>, ApiError> {
    fields.text("user_email")?.try_map(|email| match email.trim() {
        "" => Err(ApiError::invalid("user_email", "must not be empty")),
        email => Ok(email.to_owned()),
    })
}

fn unknown_user(field: &str, who: &str) -> ApiError {
    ApiError::NotFound { param: Some(field.to_owned()), message: format!("{field}: User {who} not found") }
}

fn role(word: &str) -> Result<UserRole, ApiError> {
    let rule =
        "must be proxy_admin, proxy_admin_viewer, internal_user or internal_user_viewer (or admin, user)";
    UserRole::parse(word).ok_or_else(|| ApiError::invalid("user_role", rule))
}

/// The role that a request names, and the word that it has for it.
pub fn role_of(fields: &mut RequestBody) -> Result<Option<(UserRole, String)>, ApiError> {
    fields.text("user_role")?.value().map(|word| Ok((role(&word)?, word))).transpose()
}

/// Why a user was not created or changed: what must be unique is held by another.
fn not_unique(error: CreateError, id: &UserId, email: Option<&str>) -> ApiError {
    match error {
        CreateError::Store(error) => error.into(),
        CreateError::Taken { field: "user_email" } => {
            let message = format!("user_email: User with email {} already exists", email.unwrap_or_default());
            ApiError::Conflict { param: Some("user_email".to_owned()), message }
        }
        CreateError::Gone { field } => {
            let message = format!("{field}: User with id {id} was deleted meanwhile");
            ApiError::Conflict { param: Some(field.to_owned()), message }
        }
        CreateError::Taken { field } => {
            let message = format!("{field}: User with id {id} already exists");
            ApiError::Conflict { param: Some(field.to_owned()), message }
        }
    }
}
