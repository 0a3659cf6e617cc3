//! `POST /user/update`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::UserId;
use shared::policy::Permit;
use shared::scope::Scope;
use shared::user::{Role, User};
use shared::web::json_answer;

use super::row::UserRow;
use super::{email, not_unique, parse_id, role, unknown};
use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::LimitsPatch;
use crate::patch::Patch;

/// Whom to change.
enum Whom {
    Id(UserId),
    Email(String),
}

/// What to change.
struct UserPatch {
    whom: Whom,
    email: Patch<String>,
    alias: Patch<String>,
    role: Patch<Role>,
    metadata: Patch<String>,
    limits: LimitsPatch,
}

#[derive(Serialize)]
struct Answer {
    user_id: UserId,
    data: UserRow,
}

/// Changes a user: a field that is absent stays, `null` clears it, anything else sets it.
///
/// With `user_id` the user is found by it and `user_email` is a field like any other; alone, `user_email` finds the user.
pub async fn update(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let patch = UserPatch::read(&ask.body)?;
    let (field, told, id) = match &patch.whom {
        Whom::Id(id) => ("user_id", id.to_string(), Some(id.clone())),
        Whom::Email(email) => ("user_email", email.clone(), app.store.user_of_email(email).await?),
    };
    let missing = || unknown(field, &told);
    let id = id.ok_or_else(missing)?;
    let before = app.store.find_user(&id).await?.ok_or_else(missing)?.user;
    let (after, limits) = patch.over(before.clone());
    // First what may be refused: an address that another user has leaves the limits as they were.
    let described = app.store.describe_user(&before, &after).await;
    if !described.map_err(|error| not_unique(error, &id, after.email.as_deref()))? {
        return Err(missing());
    }
    let edited = app
        .store
        .edit::<Fault>(&Scope::User(id.clone()), |now| Ok(limits.clone().over(now.clone())), ask.now)
        .await?;
    edited.ok_or_else(missing)?;
    let entry = app.store.find_user(&id).await?.ok_or_else(missing)?;
    let data = UserRow::of(&entry, ask.now, &app.store.terms().zone)?;
    Ok(json_answer(StatusCode::OK, &Answer { user_id: id, data }))
}

impl UserPatch {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        let mut fields = Fields::read(body)?;
        let id = fields.patch("user_id", "a string")?.value();
        let email = email(&mut fields)?;
        let (whom, email) = match (id, email) {
            (Some(id), email) => (Whom::Id(parse_id("user_id", id)?), email),
            (None, Patch::Set(email)) => (Whom::Email(email), Patch::Keep),
            (None, _) => return Err(Fault::invalid("user_id", "user_id or user_email must be given")),
        };
        let patch = Self {
            whom,
            email,
            alias: fields.text("user_alias")?,
            role: fields.text("user_role")?.checked(|word| role(&word))?,
            metadata: fields.object("metadata")?,
            limits: LimitsPatch::read(&mut fields)?,
        };
        fields.finish()?;
        Ok(patch)
    }

    /// What a user becomes, and what its limits do.
    fn over(self, user: User) -> (User, LimitsPatch) {
        let after = User {
            email: self.email.over(user.email),
            alias: self.alias.over(user.alias),
            role: self.role.over(Some(user.role)).unwrap_or_default(),
            metadata: self.metadata.over(Some(user.metadata)).unwrap_or_else(|| "{}".to_owned()),
            ..user
        };
        (after, self.limits)
    }
}
