//! Management: users, keys and spend, as LiteLLM's clients know them.
//!
//! - [`guard`] every route's way in: who asks, may they, what do they say; and its errors' way out
//! - [`query`], [`fields`], [`litellm`], [`patch`], [`paging`], [`limits`] what a request says, read field by field
//! - [`columns`] what users and keys have in common in answers
//! - [`users`], [`keys`], [`spend`] one file per verb

mod columns;
mod fields;
mod guard;
mod keys;
mod limits;
mod litellm;
mod paging;
mod patch;
mod query;
mod spend;
mod users;

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use shared::auth::MasterKey;
use shared::clock::Clock;
use shared::model::Catalog;
use shared::store::Store;

use guard::{get, post};

/// What every handler may use. Cloning it is cheap.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    /// What the deployment's models are called at Bedrock: for reports.
    pub catalog: Arc<Catalog>,
    /// Who is the administrator.
    pub admin: MasterKey,
    pub clock: Clock,
    /// The largest body that is read, in bytes.
    pub max_body: usize,
}

/// The whole function: every route, and a 404 for the rest.
pub fn router(app: App) -> Router {
    let (stray, lost) = (app.clone(), app.clone());
    Router::new()
        .route("/user/new", post(users::new))
        .route("/user/info", get(users::info))
        .route("/user/list", get(users::list))
        .route("/user/update", post(users::update))
        .route("/user/delete", post(users::delete))
        .route("/key/generate", post(keys::generate))
        .route("/key/list", get(keys::list))
        .route("/key/delete", post(keys::delete))
        .route("/spend/logs", get(spend::logs))
        .method_not_allowed_fallback(move |request: Request| ready(guard::wrong_method(&stray, &request)))
        .fallback(move |request: Request| ready(guard::no_route(&lost, &request)))
        .with_state(app)
}
