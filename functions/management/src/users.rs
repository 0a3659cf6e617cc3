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
pub use whom::{Whom, look_up_all, must_exist};

use shared::fault::Fault;
use shared::id::UserId;
use shared::store::NotCreated;
use shared::user::Role;

use crate::fields::Fields;
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
pub fn parse_id(field: &str, text: String) -> Result<UserId, Fault> {
    UserId::parse(text).map_err(|rule| Fault::invalid(field, rule.to_string()))
}

/// An address without the blanks around it.
fn email(fields: &mut Fields) -> Result<Patch<String>, Fault> {
    fields.text("user_email")?.checked(|email| match email.trim() {
        "" => Err(Fault::invalid("user_email", "must not be empty")),
        email => Ok(email.to_owned()),
    })
}

fn unknown(field: &str, who: &str) -> Fault {
    Fault::NotFound { param: Some(field.to_owned()), message: format!("{field}: User {who} not found") }
}

fn role(word: &str) -> Result<Role, Fault> {
    let rule =
        "must be proxy_admin, proxy_admin_viewer, internal_user or internal_user_viewer (or admin, user)";
    Role::parse(word).ok_or_else(|| Fault::invalid("user_role", rule))
}

/// The role that a request names, and the word that it has for it.
pub fn role_of(fields: &mut Fields) -> Result<Option<(Role, String)>, Fault> {
    fields.text("user_role")?.value().map(|word| Ok((role(&word)?, word))).transpose()
}

/// Why a user was not created or changed: what must be unique is held by another.
fn not_unique(error: NotCreated, id: &UserId, email: Option<&str>) -> Fault {
    match error {
        NotCreated::Store(error) => error.into(),
        NotCreated::Taken { field: "user_email" } => {
            let message = format!("user_email: User with email {} already exists", email.unwrap_or_default());
            Fault::Conflict { param: Some("user_email".to_owned()), message }
        }
        NotCreated::Gone { field } => {
            let message = format!("{field}: User with id {id} was deleted meanwhile");
            Fault::Conflict { param: Some(field.to_owned()), message }
        }
        NotCreated::Taken { field } => {
            let message = format!("{field}: User with id {id} already exists");
            Fault::Conflict { param: Some(field.to_owned()), message }
        }
    }
}
