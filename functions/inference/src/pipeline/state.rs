//! What handlers work with.

use std::sync::{Arc, Mutex};

use shared::api::ApiError;
use shared::auth::{JwtAuthenticator, KeyCache};
use shared::runtime::clock::Clock;
use shared::store::{CatalogCache, Store};
use stargate_core::catalog::Catalog;
use stargate_core::spend::RefusalCounter;

use crate::bedrock_client::BedrockClient;
use crate::bedrock_client::config::{BedrockConfig, InvalidUpstream};
use crate::pipeline::in_flight::AbandonedSender;
use crate::pipeline::settlement::Settler;
use crate::pipeline::settlement::soft_budget_alerts::SoftBudgetAlerts;

/// What inference works with. Cloning it is cheap.
#[derive(Clone)]
pub struct InferenceState {
    pub store: Store,
    pub bedrock: BedrockClient,
    pub upstream: Arc<BedrockConfig>,
    /// What is offered, as a request found it: see `pipeline::admission`.
    pub catalog: Arc<Catalog>,
    pub offering: CatalogCache,
    pub keyring: KeyCache,
    /// Tokens that are accepted instead of keys, where the deployment has an issuer.
    pub tokens: Option<JwtAuthenticator>,
    pub clock: Clock,
    /// What was refused and is not written yet.
    pub refusals: Arc<Mutex<RefusalCounter>>,
    pub settings: Settings,
    pub notices: SoftBudgetAlerts,
    /// Where calls go whose body was dropped, in a server that outlives its connections.
    pub abandonment: Option<AbandonedSender>,
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The largest body that is read, in bytes.
    pub max_body: usize,
    /// Whether a call that does not fit its budget is shortened, or refused.
    pub clamps: bool,
}

impl InferenceState {
    /// What ends calls.
    pub fn settler(&self) -> Settler {
        Settler::new(self.store.clone(), self.clock.clone(), self.notices.clone())
    }

    /// Refuses a `STARGATE_UPSTREAM` that names models which nobody offers. A custom model is one that the table has. **Cost:**
    /// a read, where a name is not in the catalog that ships. A table that does not answer is no reason not to start.
    pub async fn check_upstream_names(&self) -> Result<(), InvalidUpstream> {
        if !self.upstream.names_custom_models(self.offering.bundled_catalog()) {
            return Ok(());
        }
        match self.offering.current(&self.store, self.clock.now()).await {
            Ok(catalog) => self.upstream.check_names(&catalog),
            Err(error) => {
                tracing::error!(cause = ?ApiError::from(error).cause(), "upstream_names_not_checked");
                Ok(())
            }
        }
    }
}
