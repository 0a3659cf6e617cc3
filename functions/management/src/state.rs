//! What handlers work with.

use std::sync::Arc;

use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::store::{CatalogCache, Store};
use stargate_core::catalog::Catalog;

use crate::admin_auth::AdminAuthenticator;
use crate::key_policy::KeyPolicy;

/// What every handler may use. Cloning it is cheap.
#[derive(Clone)]
pub struct ManagementState {
    pub store: Store,
    /// What is offered, as a request found it: see [`crate::authorize`].
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

/// The largest body that management has use for, in bytes: its lists and its texts have limits of their own.
pub const MAX_BODY: usize = 1 << 20;
