//! `POST /user/update`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::UserIdentity;
use stargate_core::audit::Action;
use stargate_core::catalog::Catalog;
use stargate_core::entity::{User, UserRole};
use stargate_core::id::UserId;
use stargate_core::money::Money;
use stargate_core::policy::{PermissionError, Permit};
use stargate_core::scope::Scope;
use stargate_core::secret::Secret;

use crate::audit_log::{AuditRecorder, USERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::sessions::{self, hash_password};
use crate::provisioning::user_ref::{UserRef, user_conflict};
use crate::request::body::RequestBody;
use crate::request::ids::parse_user_id;
use crate::request::limits::{LimitsPatch, spend};
use crate::request::model_limits::ModelLimitsPatch;
use crate::request::patch::Patch;
use crate::request::user_fields::{email, role};
use crate::rows::user::UserRow;
use crate::state::ManagementState;

/// What to change.
struct UserPatch {
    whom: UserRef,
    email: Patch<String>,
    alias: Patch<String>,
    role: Patch<UserRole>,
    metadata: Patch<String>,
    password: Patch<Secret>,
    spend: Option<Money>,
    limits: LimitsPatch,
    model_limits: ModelLimitsPatch,
}

#[derive(JsonSchema, Serialize)]
struct UpdateUserResponse {
    user_id: UserId,
    data: UserRow,
}

pub const OPERATION: Operation =
    Operation::new("Changes a user: what is absent stays, null clears", schema_of::<UpdateUserResponse>)
        .takes(&[
            &["user_id", "user_email", "user_alias", "user_role", "metadata", "password", "spend"],
            LIMITS,
            MODEL_LIMITS,
        ]);

/// Changes a user: a field that is absent stays, `null` clears it, anything else sets it.
///
/// With `user_id` the user is found by it and `user_email` is a field like any other; alone, `user_email` finds the user.
/// Users change their own name and metadata, and nothing that binds them.
pub async fn update(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let patch = UserPatch::read(fields, &app.catalog)?;
    let whom = patch.whom.clone();
    let id = match (permit.sees_all(), permit.user()) {
        (true, _) => whom.find(&app).await?,
        (false, Some(own)) if whom.find(&app).await.is_ok_and(|id| id == *own) => own.clone(),
        (false, _) => return Err(PermissionError("users may change themselves only").into()),
    };
    let entry = app.store.find_user(&id).await?.ok_or_else(|| whom.unknown_user())?;
    let before = UserRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    let model_limits = patch.model_limits.clone();
    let (password, spend) = (patch.password.clone(), patch.spend);
    let (after, limits) = patch.apply_to(entry.user.clone());
    let binds = after.role != entry.user.role
        || after.email != entry.user.email
        || limits.changes(&entry.state.limits)
        || model_limits.is_asked()
        || spend.is_some_and(|spend| spend != entry.state.spend)
        || !matches!(password, Patch::Keep);
    if !permit.sees_all() && binds {
        // An address names a person to administrators.
        // And their own password is changed by whoever knows it.
        return Err(PermissionError(
            "only administrators change a user's role, address, limits and password",
        )
        .into());
    }
    model_limits.fits(&entry.state)?;
    let password = match password {
        Patch::Keep => Patch::Keep,
        Patch::Clear => Patch::Clear,
        Patch::Set(secret) => Patch::Set(hash_password("password", secret).await?),
    };
    // What changes nothing now might undo what an administrator changes meanwhile.
    let limits = if permit.sees_all() { limits } else { LimitsPatch::unset() };
    // First what may be refused: an address that another user has leaves the limits as they were.
    let described = app.store.describe_user(&entry.user, &after).await;
    if !described.map_err(|error| user_conflict(error, &id, after.email.as_deref()))? {
        return Err(changed_or_gone(&app, &whom, &id).await);
    }
    let scope = Scope::User(id.clone());
    let edited =
        app.store.edit::<ApiError>(&scope, |now| Ok(limits.clone().apply_to(now.clone())), ask.now).await?;
    edited.ok_or_else(|| whom.unknown_user())?;
    if let Some(spend) = spend.filter(|spend| permit.sees_all() && *spend != entry.state.spend) {
        app.store.set_spend(&scope, spend, ask.now).await?.ok_or_else(|| whom.unknown_user())?;
    }
    if !model_limits.apply(&app.store, &scope, &entry.state, ask.now).await? {
        return Err(whom.unknown_user());
    }
    if password != Patch::Keep {
        let (person, password) = (UserIdentity::from(&entry.user), password.value());
        let old = app.store.password_of(&person).await?;
        sessions::replace_password(&app, &person, old.as_ref(), password.as_ref(), None).await?;
    }
    let entry = app.store.find_user(&id).await?.ok_or_else(|| whom.unknown_user())?;
    let data = UserRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (USERS, id.as_str()), Some(&before), Some(&data)).await;
    Ok(json_response(StatusCode::OK, &UpdateUserResponse { user_id: id, data }))
}

/// Why a user was not described: it is not there any more, or somebody else changed its address meanwhile.
async fn changed_or_gone(app: &ManagementState, whom: &UserRef, id: &UserId) -> ApiError {
    match app.store.find_user(id).await {
        Ok(None) => whom.unknown_user(),
        Ok(Some(_)) => ApiError::Conflict {
            param: Some("user_email".to_owned()),
            message: "user_email: it was changed meanwhile; look again".to_owned(),
        },
        Err(error) => error.into(),
    }
}

impl UserPatch {
    fn read(mut fields: RequestBody, catalog: &Catalog) -> Result<Self, ApiError> {
        let id = fields.patch("user_id", "a string")?.value();
        let email = email(&mut fields)?;
        let (whom, email) = match (id, email) {
            (Some(id), email) => (UserRef::Id(parse_user_id("user_id", id)?), email),
            (None, Patch::Set(email)) => (UserRef::Email(email), Patch::Keep),
            (None, _) => return Err(ApiError::invalid("user_id", "user_id or user_email must be given")),
        };
        let patch = Self {
            whom,
            email,
            alias: fields.text("user_alias")?,
            role: fields.text("user_role")?.try_map(|word| role(&word))?,
            metadata: fields.object("metadata")?,
            password: fields.text("password")?.try_map(|text| Ok(Secret::new(text)))?,
            spend: spend(&mut fields)?,
            limits: LimitsPatch::read(&mut fields)?,
            model_limits: ModelLimitsPatch::read(&mut fields, catalog)?,
        };
        fields.finish()?;
        Ok(patch)
    }

    /// What a user becomes, and what its limits do.
    fn apply_to(self, user: User) -> (User, LimitsPatch) {
        let after = User {
            email: self.email.apply_to(user.email),
            alias: self.alias.apply_to(user.alias),
            role: self.role.apply_to(Some(user.role)).unwrap_or_default(),
            metadata: self.metadata.apply_to(Some(user.metadata)).unwrap_or_else(|| "{}".to_owned()),
            ..user
        };
        (after, self.limits)
    }
}
