//! Management: users, keys and spend, as LiteLLM's clients know them.
//!
//! - [`guard`] every route's way in: who asks, may they, what do they say; and its errors' way out
//! - [`query`], [`fields`], [`litellm`], [`mod@patch`], [`paging`], [`limits`], [`model_limits`] what a request says, read field by field
//! - [`rules`] what a deployment lays down for new users and keys
//! - [`columns`] what users, keys and teams have in common in answers
//! - [`audit`] what was changed, and by whom
//! - [`users`], [`keys`], [`teams`], [`orgs`], [`spend`], [`invitations`], [`sessions`], [`models`] one file per verb

mod audit;
mod columns;
mod fields;
mod guard;
mod invitations;
mod keys;
mod limits;
mod litellm;
mod model_limits;
mod models;
mod orgs;
mod paging;
mod patch;
mod query;
mod rules;
mod sessions;
mod spend;
mod teams;
mod users;

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::MethodFilter;
use shared::auth::MasterKey;
use shared::clock::Clock;
use shared::model::Catalog;
use shared::offering::Offering;
use shared::store::Store;

pub use rules::Rules;

use guard::{delete, get, open, patch, post};

/// The largest body that management has use for, in bytes: its lists and its texts have limits of their own.
pub const MOST_BODY: usize = 1 << 20;

/// What every handler may use. Cloning it is cheap.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    /// What is offered, as a request found it: see [`guard`].
    pub catalog: Arc<Catalog>,
    pub offering: Offering,
    pub entrance: Entrance,
    pub rules: Arc<Rules>,
    pub clock: Clock,
    /// The largest body that is read, in bytes.
    pub max_body: usize,
}

/// Which API this function stands behind, and so who is let in.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// The admin API, or the only one: the master key, and users' keys with what their roles allow.
    MasterKey(MasterKey),
    /// The admin API behind `AWS_IAM`: API Gateway has checked the signature and says whose it is.
    Iam,
    /// The public API: users' keys, and no administrator whatever it holds.
    SelfService,
}

/// The whole function: every route, and a 404 for the rest.
pub fn router(app: App) -> Router {
    let (stray, lost) = (app.clone(), app.clone());
    Router::new()
        .route("/user/new", post(users::new))
        .route("/user/info", get(users::info))
        .route("/user/list", get(users::list))
        .route("/user/get_users", get(users::list))
        .route("/user/filter/ui", get(users::filter))
        .route("/user/available_roles", get(users::available_roles))
        .route("/user/update", post(users::update))
        .route("/user/delete", post(users::delete))
        .route("/key/generate", post(keys::generate))
        .route("/key/update", post(keys::update))
        .route("/key/delete", post(keys::delete))
        .route("/key/block", post(keys::block))
        .route("/key/unblock", post(keys::unblock))
        .route("/key/regenerate", post(keys::regenerate))
        .route("/key/{key}/regenerate", post(keys::regenerate))
        .route("/key/health", post(keys::health))
        .route("/key/info", get(keys::info))
        .route("/key/list", get(keys::list))
        .route("/team/new", post(teams::new))
        .route("/team/update", post(teams::update))
        .route("/team/delete", post(teams::delete))
        .route("/team/block", post(teams::block))
        .route("/team/unblock", post(teams::unblock))
        .route("/team/info", get(teams::info))
        .route("/team/list", get(teams::list))
        .route("/team/member_add", post(teams::member_add))
        .route("/team/member_update", post(teams::member_update))
        .route("/team/member_delete", post(teams::member_delete))
        .route("/organization/new", post(orgs::new))
        .route("/organization/update", patch(orgs::update))
        .route("/organization/delete", delete(orgs::delete))
        .route("/organization/info", get(orgs::info))
        .route("/organization/list", get(orgs::list))
        .route("/organization/member_add", post(orgs::member_add))
        .route("/organization/member_update", patch(orgs::member_update))
        .route("/organization/member_delete", delete(orgs::member_delete))
        .route("/user/daily/activity", get(spend::activity))
        .route("/invitation/new", post(invitations::new))
        .route("/invitation/info", get(invitations::info))
        .route("/invitation/delete", post(invitations::delete))
        .route("/onboarding/get_token", open(MethodFilter::GET, invitations::get_token))
        .route("/onboarding/claim_token", open(MethodFilter::POST, invitations::claim))
        .route("/login", open(MethodFilter::POST, sessions::login))
        .route("/v2/login", open(MethodFilter::POST, sessions::login))
        .route("/session/logout", post(sessions::logout))
        .route("/user/password/change", post(sessions::change_password))
        .route("/model/info", get(models::info))
        .route("/v1/model/info", get(models::info))
        .route("/model/new", post(models::new))
        .route("/model/update", post(models::update))
        .route("/model/{id}/update", patch(models::update))
        .route("/model/delete", post(models::delete))
        .route("/spend/logs", get(spend::logs))
        .route("/spend/tags", get(spend::tags))
        .route("/spend/keys", get(spend::by_key))
        .route("/spend/users", get(spend::by_user))
        .route("/spend/sessions", get(spend::sessions))
        .route("/spend/calculate", post(spend::calculate))
        .route("/global/spend/report", get(spend::report))
        .route("/audit", get(audit::list))
        .route("/audit/{id}", get(audit::get))
        .method_not_allowed_fallback(move |request: Request| ready(guard::wrong_method(&stray, &request)))
        .fallback(move |request: Request| ready(guard::no_route(&lost, &request)))
        .with_state(app)
}
