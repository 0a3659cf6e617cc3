//! Sessions: a key for a day, got by a password, that shows its user what is theirs and calls no model.

mod login;
mod logout;
mod password;

pub use password::{PasswordCheck, hash_password, prove, replace};

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use shared::api::ApiError;
use stargate_core::id::{KeyId, UserId};
use stargate_core::period::KeyDuration;
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;

use crate::ManagementState;
use crate::audit::AuditRecorder;
use crate::guard::RequestContext;
use crate::keys::{CreatedKey, NewKey, create_key};
use crate::model_limits::ModelLimitsPatch;
use crate::routes::Routes;

/// The routes of sessions and passwords.
pub fn routes(routes: &mut Routes) {
    routes.open(Method::POST, "/login", login::OPERATION, login::login);
    routes.open(Method::POST, "/v2/login", login::OPERATION, login::login);
    routes.post("/session/logout", logout::OPERATION, logout::logout);
    routes.post("/user/password/change", password::OPERATION, password::change_password);
}

/// Where a browser goes when it has a session.
pub const LOGIN_URL: &str = "/ui/?login=success";

/// The most sessions of one user: the oldest ends when there would be more.
const MOST: usize = 20;
/// LiteLLM's word for no model at all.
const NO_MODELS: &str = "no-default-models";

/// Begins a session. Those that are over are cleared away.
pub async fn start_session(
    app: &ManagementState,
    permit: &Permit,
    ask: &RequestContext,
    user: &UserId,
) -> Result<CreatedKey, ApiError> {
    let mut sessions = app.store.keys(&app.store.sessions_of_user(user).await?).await?;
    sessions.sort_by_key(|entry| std::cmp::Reverse(entry.key.created));
    let is_over = |at: usize, end| at + 1 >= MOST || end <= Some(ask.now);
    for (at, entry) in sessions.iter().enumerate() {
        if is_over(at, entry.key.limits.expires) {
            app.store.delete_key(&entry.key.id).await?;
        }
    }
    let order = NewKey {
        secret: None,
        alias: None,
        duration: KeyDuration::parse("24h").ok(),
        user: Some(user.clone()),
        is_service_key: false,
        team: None,
        org: None,
        limits: Limits { models: BTreeSet::from([NO_MODELS.to_owned()]), ..Limits::default() },
        model_limits: ModelLimitsPatch::default(),
        aliases: BTreeMap::new(),
        metadata: "{}".to_owned(),
        tags: Vec::new(),
        is_session: true,
    };
    let minted = create_key(app, permit, order, ask.now).await?;
    minted.note(app, &AuditRecorder::new(app, permit, ask), ask.now).await?;
    Ok(minted)
}

/// Ends the sessions of a user, but for one.
pub async fn end_all(app: &ManagementState, user: &UserId, but: Option<&KeyId>) -> Result<(), ApiError> {
    for id in app.store.sessions_of_user(user).await? {
        if Some(&id) != but {
            app.store.delete_key(&id).await?;
        }
    }
    Ok(())
}
