//! Management: users, keys and spend, as LiteLLM's clients know them.
//!
//! - [`mod@routes`] every route with what it takes and answers, and [`openapi`], which tells it
//! - [`entrance`] which API it stands behind; [`guard`] every route's way in: who asks, may they, what do they say; and its errors' way out
//! - [`query`], [`fields`], [`litellm`], [`mod@patch`], [`paging`], [`limits`], [`model_limits`] what a request says, read field by field
//! - [`rules`] what a deployment lays down for new users and keys
//! - [`columns`] what users, keys and teams have in common in answers
//! - [`audit`] what was changed, and by whom
//! - [`users`], [`keys`], [`teams`], [`orgs`], [`spend`], [`invitations`], [`sessions`], [`models`] one file per verb

mod audit;
mod columns;
mod entrance;
mod fields;
mod guard;
mod invitations;
mod keys;
mod limits;
mod litellm;
mod model_limits;
mod models;
mod openapi;
mod orgs;
mod paging;
mod patch;
mod query;
mod routes;
mod rules;
mod sessions;
mod spend;
mod teams;
mod users;
mod whole;

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use shared::api;
use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::store::{CatalogCache, Store};
use stargate_core::catalog::Catalog;

pub use entrance::AdminAuthenticator;
pub use rules::KeyPolicy;
pub use whole::BufferedResponse;

use routes::Routes;

/// The largest body that management has use for, in bytes: its lists and its texts have limits of their own.
pub const MOST_BODY: usize = 1 << 20;

/// What every handler may use. Cloning it is cheap.
#[derive(Clone)]
pub struct ManagementState {
    pub store: Store,
    /// What is offered, as a request found it: see [`guard`].
    pub catalog: Arc<Catalog>,
    pub offering: CatalogCache,
    pub entrance: AdminAuthenticator,
    pub rules: Arc<KeyPolicy>,
    /// Whether an administrator's request creates the unknown users that it names.
    pub create_missing_users: bool,
    /// Whether a team's administrators add existing users at once, or invite them.
    pub team_admins_add_users: bool,
    /// Tokens that are accepted instead of keys, where the deployment has an issuer.
    pub tokens: Option<JwtAuthenticator>,
    pub clock: Clock,
    /// The largest body that is read, in bytes.
    pub max_body: usize,
}

/// The whole function: every route, and a 404 for the rest.
pub fn router(app: ManagementState) -> Router {
    let (stray, lost, clock) = (app.clone(), app.clone(), app.clock.clone());
    let router = every_route()
        .finish()
        .method_not_allowed_fallback(move |request: Request| ready(guard::wrong_method(&stray, &request)))
        .fallback(move |request: Request| ready(guard::no_route(&lost, &request)))
        .with_state(app);
    api::catch_panic(clock, router)
}

/// Every route, area by area.
fn every_route() -> Routes {
    let mut routes = Routes::default();
    users::routes(&mut routes);
    keys::routes(&mut routes);
    teams::routes(&mut routes);
    orgs::routes(&mut routes);
    invitations::routes(&mut routes);
    sessions::routes(&mut routes);
    models::routes(&mut routes);
    spend::routes(&mut routes);
    audit::routes(&mut routes);
    routes
}
