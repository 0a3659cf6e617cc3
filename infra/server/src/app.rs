//! Both functions, made of a deployment's settings.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use inference::{AbandonedCall, BedrockClient, SoftBudgetAlerts};
use management::{AdminAuthenticator, KeyPolicy};
use shared::auth::JwtAuthenticator;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::store::{CatalogCache, Store};
use stargate_core::policy;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

use crate::BoxError;

/// What both functions work with in one process.
pub struct AppBuilder {
    calls: inference::InferenceState,
    rules: Arc<KeyPolicy>,
    create_missing_users: bool,
    team_admins_add_users: bool,
    max_body: usize,
    abandoned: UnboundedReceiver<AbandonedCall>,
}

impl AppBuilder {
    pub fn new(
        config: &Config,
        store: Store,
        bedrock: BedrockClient,
        notices: SoftBudgetAlerts,
        clock: Clock,
    ) -> Result<Self, BoxError> {
        let (upstream, catalog) =
            inference::BedrockConfig::read(config.upstream.as_deref(), &config.profile)?;
        let offering = CatalogCache::new(catalog);
        let rules = management::read_key_policy(
            config.litellm_settings.as_deref(),
            offering.bundled_catalog(),
            clock.now(),
        )?;
        let (abandonment, abandoned) = unbounded_channel();
        let calls = inference::InferenceState {
            store,
            bedrock,
            upstream: Arc::new(upstream),
            catalog: Arc::clone(offering.bundled_catalog()),
            offering,
            keyring: Default::default(),
            tokens: JwtAuthenticator::read(config.jwt.as_deref())?,
            clock,
            refusals: Default::default(),
            settings: inference::Settings { max_body: config.max_body, clamps: config.clamps },
            notices,
            abandonment: Some(abandonment),
        };
        Ok(Self {
            calls,
            rules: Arc::new(rules),
            create_missing_users: config.create_missing_users,
            team_admins_add_users: config.team_admins_add_users,
            max_body: config.max_body,
            abandoned,
        })
    }

    /// Refuses settings that only the table can judge: names of custom models.
    pub async fn check(&self) -> Result<(), BoxError> {
        Ok(self.calls.check_upstream_names().await?)
    }

    /// Management behind one of its entrances.
    pub fn management(&self, entrance: AdminAuthenticator) -> Router {
        let inference::InferenceState { store, catalog, offering, tokens, clock, .. } = self.calls.clone();
        let (rules, max_body) = (Arc::clone(&self.rules), self.max_body.min(management::MAX_BODY));
        management::router(management::ManagementState {
            store,
            catalog,
            offering,
            entrance,
            rules,
            create_missing_users: self.create_missing_users,
            team_admins_add_users: self.team_admins_add_users,
            tokens,
            clock,
            max_body,
        })
    }

    /// Inference, and what settles the calls whose clients are gone: it ends when the router is dropped.
    pub fn inference(self) -> (Router, impl Future<Output = ()> + Send + 'static) {
        let settling = self.calls.settler().settle_abandoned(self.abandoned);
        (inference::router(self.calls), settling)
    }
}

/// Two APIs on one port: management's paths, by the first part of the role table's after any `v1`, and the rest.
pub fn combined_router(inference: Router, management: Router) -> Router {
    Router::new().fallback(move |request: Request| {
        let router = if is_managed(request.uri().path()) { management.clone() } else { inference.clone() };
        router.oneshot(request)
    })
}

fn is_managed(path: &str) -> bool {
    let area = |path: &str| {
        let path = path.trim_start_matches('/');
        path.strip_prefix("v1/").unwrap_or(path).split('/').next().map(str::to_owned)
    };
    policy::ROUTES.iter().any(|row| area(row.path) == area(path))
}
