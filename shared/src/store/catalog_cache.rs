//! What a deployment offers now: the catalog that ships with its own models over it, at most ten seconds old.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stargate_core::catalog::{Catalog, CustomModel};
use stargate_core::moment::Moment;

use super::{Store, StoreError};

/// How old the catalog may be that a request is served by.
const MAX_AGE: Duration = Duration::from_secs(10);
/// From when on it is read again beside a request, so that none has to wait for it.
const REFRESH_AGE: Duration = Duration::from_secs(5);

/// The models of one process. Cloning it is cheap. Reading them is rare, and boxed: it would make every request's future
/// larger.
#[derive(Clone)]
pub struct CatalogCache {
    shipped: Arc<Catalog>,
    known: Arc<Mutex<Option<LoadedCatalog>>>,
}

/// What was read, and when.
#[derive(Clone)]
struct LoadedCatalog {
    catalog: Arc<Catalog>,
    version: u64,
    read: Moment,
}

impl CatalogCache {
    pub fn new(shipped: Catalog) -> Self {
        Self { shipped: Arc::new(shipped), known: Arc::default() }
    }

    /// The catalog that ships.
    pub fn bundled_catalog(&self) -> &Arc<Catalog> {
        &self.shipped
    }

    /// The catalog as it was ten seconds ago at most. **Cost:** nothing, or a read where the process was idle.
    pub async fn current(&self, store: &Store, now: Moment) -> Result<Arc<Catalog>, StoreError> {
        match self.loaded() {
            Some(known) if now < known.read + MAX_AGE => Ok(known.catalog),
            _ => Box::pin(self.read(store, now)).await,
        }
    }

    /// Reads the catalog again where it is getting old. A table that does not answer is told by whoever needs it.
    pub async fn refresh_if_stale(&self, store: &Store, now: Moment) {
        if self.loaded().is_some_and(|known| now < known.read + REFRESH_AGE) {
            return;
        }
        if let Err(error) = Box::pin(self.read(store, now)).await {
            tracing::warn!(cause = ?error, "models_not_read");
        }
    }

    /// The catalog as it is: for whoever is about to change it.
    pub async fn read(&self, store: &Store, now: Moment) -> Result<Arc<Catalog>, StoreError> {
        let (version, own) = store.own_models().await?;
        let catalog = match self.loaded() {
            Some(known) if known.version == version => known.catalog,
            _ => Arc::new(self.with_custom_models(&own)),
        };
        let known = LoadedCatalog { catalog: Arc::clone(&catalog), version, read: now };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(catalog)
    }

    /// The shipped catalog with `own` over it. Each was checked when it was written; one that another release does not
    /// know how to offer is left out, and said so, rather than all of them.
    fn with_custom_models(&self, own: &[CustomModel]) -> Catalog {
        let mut kept = own.to_vec();
        loop {
            match self.shipped.with(&kept) {
                Ok(catalog) => return catalog,
                Err((id, problem)) => {
                    tracing::error!(model = id, problem = %problem, "model_left_out");
                    kept.retain(|model| model.id != id);
                }
            }
        }
    }

    fn loaded(&self) -> Option<LoadedCatalog> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
