//! Which user a request means.

use std::collections::HashSet;

use shared::api::ApiError;
use shared::store::CreateError;
use stargate_core::audit::Action;
use stargate_core::entity::User;
use stargate_core::id::UserId;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, USERS};
use crate::provisioning::new_user::{new_user_id, read_new_user};
use crate::request::body::RequestBody;
use crate::request::ids::parse_user_id;
use crate::request::user_fields::email;
use crate::rows::created_users::CreatedUsers;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

/// A user, by one of two names.
#[derive(Clone, Debug)]
pub enum UserRef {
    Id(UserId),
    Email(String),
}

impl UserRef {
    /// `user_id`, or else `user_email`.
    pub fn read(fields: &mut RequestBody) -> Result<Self, ApiError> {
        let id = fields.patch("user_id", "a string")?.value();
        let email = email(fields)?.value();
        match (id, email) {
            (Some(id), _) => Ok(Self::Id(parse_user_id("user_id", id)?)),
            (None, Some(email)) => Ok(Self::Email(email)),
            (None, None) => Err(ApiError::invalid("user_id", "user_id or user_email must be given")),
        }
    }

    /// The user's id, of a user who is there.
    pub async fn find(&self, app: &ManagementState) -> Result<UserId, ApiError> {
        self.look_up(app).await?.ok_or_else(|| self.unknown_user())
    }

    /// The same; `None` where there is no such user.
    pub async fn look_up(&self, app: &ManagementState) -> Result<Option<UserId>, ApiError> {
        let Some(id) = self.id(app).await? else {
            return Ok(None);
        };
        Ok(app.store.find_user(&id).await?.map(|entry| entry.user.id))
    }

    /// The id by which the user would be found.
    pub async fn id(&self, app: &ManagementState) -> Result<Option<UserId>, ApiError> {
        match self {
            Self::Id(id) => Ok(Some(id.clone())),
            Self::Email(email) => Ok(app.store.user_of_email(email).await?),
        }
    }

    pub fn unknown_user(&self) -> ApiError {
        let (field, name) = self.name();
        unknown_user(field, name)
    }

    /// The field that names the user, and the name.
    fn name(&self) -> (&'static str, &str) {
        match self {
            Self::Id(id) => ("user_id", id.as_str()),
            Self::Email(email) => ("user_email", email),
        }
    }
}

/// Looks up the users of a list, before anything is written. Refuses a user who is named twice, by whatever name, and one
/// who is missing and may not be created. `None`: the user is to be created.
pub async fn look_up_all(
    app: &ManagementState,
    permit: &Permit,
    field: &str,
    named: &[&UserRef],
) -> Result<Vec<Option<UserId>>, ApiError> {
    let mut seen = HashSet::new();
    let mut found = Vec::with_capacity(named.len());
    for whom in named {
        let user = whom.look_up(app).await?;
        if user.is_none() {
            check_may_create(app, permit, whom)?;
        }
        let name = match (&user, whom) {
            (Some(id), _) | (None, UserRef::Id(id)) => id.to_string(),
            (None, UserRef::Email(email)) => email.to_lowercase(),
        };
        if !seen.insert(name.clone()) {
            let rule = format!("names user {name} twice, by user_id or user_email: name each user once");
            return Err(ApiError::invalid(field, rule));
        }
        found.push(user);
    }
    Ok(found)
}

/// Refuses to create a missing user where the caller does not administer the deployment, or the deployment forbids it.
fn check_may_create(app: &ManagementState, permit: &Permit, whom: &UserRef) -> Result<(), ApiError> {
    let next = match (permit.sees_all(), app.create_missing_users) {
        (true, true) => return Ok(()),
        (true, false) => "Create it with /user/new first: STARGATE_CREATE_MISSING_USERS is deny",
        (false, _) => "Only administrators of the deployment create users: ask one to call /user/new first",
    };
    let (field, name) = whom.name();
    let message = format!("{field}: User {name} not found. {next}");
    Err(ApiError::NotFound { param: Some(field.to_owned()), message })
}

/// Sees to it that there is such a user. One who is missing is created with what every new user gets, where the caller may
/// create users, and added to `created`.
pub async fn ensure_user(
    app: &ManagementState,
    scribe: &AuditRecorder<'_>,
    whom: &UserRef,
    created: &mut CreatedUsers,
    now: Moment,
) -> Result<UserId, ApiError> {
    let id = match whom.id(app).await? {
        Some(id) => id,
        None => new_user_id()?,
    };
    if app.store.find_user(&id).await?.is_some() {
        return Ok(id);
    }
    check_may_create(app, scribe.permit(), whom)?;
    let email = match whom {
        UserRef::Id(_) => None,
        UserRef::Email(email) => Some(email.clone()),
    };
    let new = read_new_user(RequestBody::default(), &app.rules, &app.catalog, now)?;
    let bare = User { id, email, ..new.user };
    match app.store.create_user(&bare).await {
        Ok(()) => {
            if let Some(entry) = app.store.find_user(&bare.id).await? {
                let scope = Scope::User(bare.id.clone());
                Box::pin(new.hangings.model_limits.apply(&app.store, &scope, &entry.state, now)).await?;
                let row = UserRow::new(app, &entry, Vec::new(), now)?;
                scribe.note(Action::Created, (USERS, bare.id.as_str()), None, Some(&row)).await;
            }
            created.add(&bare);
            Ok(bare.id)
        }
        // Another call was faster; or the user is on its way out, and what is made for it would go with it.
        Err(CreateError::Taken { field: "user_id" }) if app.store.find_user(&bare.id).await?.is_some() => {
            Ok(bare.id)
        }
        Err(error) => Err(user_conflict(error, &bare.id, bare.email.as_deref())),
    }
}

pub fn unknown_user(field: &str, who: &str) -> ApiError {
    ApiError::NotFound { param: Some(field.to_owned()), message: format!("{field}: User {who} not found") }
}

/// Why a user was not created or changed: what must be unique is held by another.
pub fn user_conflict(error: CreateError, id: &UserId, email: Option<&str>) -> ApiError {
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
