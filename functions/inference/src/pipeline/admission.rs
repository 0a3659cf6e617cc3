//! From a key and a request to an admission, or to the reason why not.

use shared::api::ApiError;
use shared::auth::{ScopeAccess, standing};
use shared::store::{Admission, AdmissionError, AdmissionRequest, KeyRef};
use stargate_core::catalog::Model;
use stargate_core::ledger::{Reason, Refusal};
use stargate_core::moment::Moment;
use stargate_core::pricing::{CostBound, MIN_TOKENS};
use stargate_core::scope::Scope;
use stargate_core::secret::SecretHash;

use crate::formats::OutputLimits;
use crate::pipeline::authenticate::find_key;
use crate::pipeline::state::InferenceState;
use crate::pipeline::token_bound::TokenBound;

/// Output tokens that a lease covers ahead. They are counted by bytes, so this is some twenty seconds of text.
const WINDOW: u64 = 8192;

/// What a request comes down to, for the ledger.
pub struct CallEstimate<'a> {
    pub model: &'a Model,
    /// What the client called it.
    pub asked: &'a str,
    pub bound: TokenBound,
    pub output: OutputLimits,
    /// Tokens that it will likely use.
    pub likely: u64,
}

/// Why an admission failed, and whether a closer count of the prompt could change it.
pub struct AdmissionDenied {
    pub fault: ApiError,
    pub is_about_money: bool,
    /// Whether the key's names of models were others than was known: what is asked for must be looked up again.
    pub is_renamed: bool,
    /// The key, where it is one of ours.
    pub pointer: Option<Box<KeyRef>>,
}

impl CallEstimate<'_> {
    fn quote(&self, clamps: bool) -> CostBound {
        let OutputLimits { max_tokens, thinking_budget, asked: _ } = self.output;
        // An answer must be left after the thinking, which comes first.
        let useful = if thinking_budget > 0 { thinking_budget + MIN_TOKENS } else { MIN_TOKENS };
        let prices = &self.model.prices;
        CostBound {
            input: prices.worst_input(self.bound.tokens, self.bound.caching),
            output_rate: prices.output_rate(self.bound.tokens),
            max_tokens,
            least_tokens: if clamps { useful.min(max_tokens) } else { max_tokens },
            window: WINDOW,
        }
    }
}

/// What a request's name of a model stands for: the key's own names come first. **Cost:** nothing where the name is known;
/// a read where nobody knows it, since only the key's scope tells what it calls models.
pub async fn resolve_model(
    app: &InferenceState,
    secret: &SecretHash,
    asked: &str,
) -> Result<String, ApiError> {
    let pointer = find_key(app, secret).await?;
    let known = pointer.resolve_alias(asked);
    if known != asked || app.catalog.find(asked).is_some() {
        return Ok(known.to_owned());
    }
    Ok(load_scopes(app, &pointer).await?.pointer().resolve_alias(asked).to_owned())
}

/// Whether the key itself says that `asked` is another model than was thought.
pub async fn means_another(app: &InferenceState, pointer: &KeyRef, asked: &str, thought: &str) -> bool {
    load_scopes(app, pointer).await.is_ok_and(|standing| standing.pointer().resolve_alias(asked) != thought)
}

/// What a key may do, for a request that reserves nothing. **Cost:** one consistent read.
pub async fn load_scopes(app: &InferenceState, pointer: &KeyRef) -> Result<ScopeAccess, ApiError> {
    standing(&app.store, &app.keyring, pointer, app.clock.now()).await
}

/// Reserves what a request may cost from every scope of its key.
pub async fn admit(
    app: &InferenceState,
    secret: &SecretHash,
    demand: &CallEstimate<'_>,
) -> Result<Admission, AdmissionDenied> {
    let call = AdmissionRequest {
        quote: demand.quote(app.settings.clamps),
        asked_model: demand.asked.to_owned(),
        model: demand.model.name.clone(),
        permitted_by: demand.model.permitted_by(),
        tokens: demand.likely,
    };
    let now = || app.clock.now();
    let hint = find_key(app, secret).await.map_err(AdmissionDenied::from)?;
    let mut pointer = hint.clone();
    let outcome = match app.store.admit(&mut pointer, &call, now).await {
        Err(error) if is_outdated(&error) => {
            app.keyring.forget(secret);
            pointer = find_key(app, secret).await.map_err(AdmissionDenied::from)?;
            if pointer.aliases() != hint.aliases() {
                // The model was chosen by what another key called it.
                return Err(AdmissionDenied::new(AdmissionError::Renamed, pointer, now()));
            }
            app.store.admit(&mut pointer, &call, now).await
        }
        outcome => outcome,
    };
    if pointer != hint {
        app.keyring.remember(&pointer);
    }
    outcome.map_err(|error| AdmissionDenied::new(error, pointer, now()))
}

/// Whether the hint may be to blame: a key that was rotated, moved or deleted since it was remembered.
fn is_outdated(error: &AdmissionError) -> bool {
    matches!(error, AdmissionError::Stale | AdmissionError::Refused(Refusal { reason: Reason::Unknown, .. }))
}

impl AdmissionDenied {
    /// Whether there is no such key.
    pub fn is_unknown(&self) -> bool {
        matches!(
            &self.fault,
            ApiError::Refused(Refusal { scope: Scope::Key(_), reason: Reason::Unknown }, _)
                | ApiError::Unauthenticated(_)
        )
    }

    fn new(error: AdmissionError, pointer: KeyRef, now: Moment) -> Self {
        let is_about_money = matches!(
            &error,
            AdmissionError::Refused(Refusal { reason: Reason::Budget { .. } | Reason::Held, .. })
        );
        let is_renamed = matches!(error, AdmissionError::Renamed);
        let fault = ApiError::not_admitted(error, now);
        Self { fault, is_about_money, is_renamed, pointer: Some(Box::new(pointer)) }
    }
}

impl From<ApiError> for AdmissionDenied {
    fn from(fault: ApiError) -> Self {
        Self { fault, is_about_money: false, is_renamed: false, pointer: None }
    }
}
