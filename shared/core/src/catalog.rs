//! The models that a deployment offers: what they are called, what is invoked, what they cost and what they take.
//!
//! The catalog is data (`shared/data/models.json`), resolved once for the deployment's inference profile. Ids are
//! looked up, never built by rule: Bedrock's own follow none (`-v1`, `-v1:0`, or nothing).

mod anthropic_compat;
mod custom;
mod file;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::pricing::Prices;

pub use anthropic_compat::AnthropicCompat;
pub use custom::{CustomModel, CustomModelSpec, CustomPrices, InvalidCustomModel};
pub use file::InvalidCatalog;

/// The catalog that ships with Stargate.
const BUNDLED: &str = include_str!("../../data/models.json");

/// The prompt that the 1M beta allows where a model has a price for prompts beyond its ordinary limit.
const LONG_CONTEXT: u64 = 1_000_000;

/// The models of one deployment, by every name that a client may use.
#[derive(Clone, Debug)]
pub struct Catalog {
    models: Vec<Model>,
    /// Every accepted name, exactly: the models' names, and their ids under every inference profile.
    index: HashMap<String, usize>,
    /// What each id of Bedrock costs: under some inference profiles a model is dearer.
    offers: HashMap<String, Prices>,
    /// Every name in the data, by the canonical name of its model, also of models that the deployment's profile leaves out.
    canonical: HashMap<String, String>,
}

/// One model, as this deployment offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What it is called in reports and lists: `claude-haiku-4-5`.
    pub name: String,
    /// The canonical name of the model of the data that it is or is made over: what settings for that one apply to. `None`:
    /// a custom model that is made over none.
    pub base_name: Option<String>,
    /// What people read: `Claude Haiku 4.5`.
    pub display_name: String,
    /// Every name that an allow-list may hold for it: `name` first, then its aliases, `base_id` and `invoke_id`.
    pub names: Vec<String>,
    /// Bedrock's id of the model itself, which `CountTokens` takes.
    pub base_id: String,
    /// What is invoked: an inference profile (`global.anthropic...`), or the base id.
    pub invoke_id: String,
    /// What `invoke_id` costs.
    pub prices: Prices,
    /// The longest ordinary prompt.
    pub max_input_tokens: u64,
    /// The longest prompt that can be charged, in tokens: what bounds a reservation.
    pub window: u64,
    /// The most output tokens that a client may ask for.
    pub max_output_tokens: u64,
    /// The most that one call can generate, where nothing limits it: what bounds a reservation of a body in the model's own
    /// form.
    pub output_bound: u64,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// What Bedrock takes in the body of an Anthropic Messages call. Models without rules do not take such bodies:
    /// they are called through Converse.
    pub rules: Option<Arc<AnthropicCompat>>,
    /// The id of the deployment's own model that it is; `None`: it is as it ships.
    pub own: Option<String>,
}

/// Something that not every model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Reads images.
    Vision,
    /// Calls tools.
    FunctionCalling,
    /// Caches the beginning of a prompt.
    PromptCaching,
    /// Thinks before it answers.
    Reasoning,
    /// Reads PDF documents.
    PdfInput,
    /// Answers by a JSON schema.
    ResponseSchema,
    /// Can be made to call a tool, or a certain one.
    ToolChoice,
}

// === impl Model ===

impl Model {
    /// Who made it: the first part of its base id, `anthropic`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.base_id.split_once('.').map_or(self.base_id.as_str(), |(provider, _)| provider)
    }

    /// Every entry of an allow-list that permits it: its names, its provider's wildcard, and everything.
    #[must_use]
    pub fn permitted_by(&self) -> Vec<String> {
        let wide =
            [&format!("{}/*", self.provider()), "bedrock/*", "*", "all-proxy-models"].map(str::to_owned);
        self.names.iter().cloned().chain(wide).collect()
    }

    /// Whether it can do something.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// The longest prompt that can be charged. It is `max_input_tokens`, except where the price of longer prompts is known: then
/// the 1M beta opens them.
fn window(prices: &Prices, max_input_tokens: u64) -> u64 {
    match prices.above {
        Some(tier) if tier.threshold >= max_input_tokens => max_input_tokens.max(LONG_CONTEXT),
        _ => max_input_tokens,
    }
}

/// What a name may be written for, the written one first: a deployment's own model may be called `anthropic/mine`.
pub fn spellings(requested: &str) -> impl Iterator<Item = &str> {
    let name = requested.strip_suffix("[1m]").unwrap_or(requested);
    let bare = name.strip_prefix("bedrock/").or_else(|| name.strip_prefix("anthropic/")).unwrap_or(name);
    [requested, name, bare].into_iter().chain(bare.strip_suffix("-latest"))
}

// === impl Catalog ===

impl Catalog {
    /// The catalog that ships with Stargate, for an inference profile prefix: see [`Catalog::parse`].
    ///
    /// # Errors
    /// [`InvalidCatalog`] if no model is offered under `profile`. The data itself is held valid by a test.
    pub fn load_bundled(profile: &str) -> Result<Self, InvalidCatalog> {
        Self::parse(BUNDLED, profile)
    }

    /// The same, with rules of a deployment's own over the ones that ship: by the model's name an object that is merged
    /// into its set of rules, `null` taking out what it names.
    ///
    /// # Errors
    /// [`InvalidCatalog`] also names rules that no set can have, and models that have none.
    pub fn bundled_with(profile: &str, rules: &Map<String, Value>) -> Result<Self, InvalidCatalog> {
        file::read(BUNDLED, profile, rules)
    }

    /// Reads a catalog, for a deployment that invokes models under `profile`: `global`, `us`, `eu`, ..., or nothing
    /// for base ids.
    ///
    /// A model that is not offered under `profile` is invoked under `global`, failing that by its base id, failing that
    /// it is left out. **A deployment that must keep its data in one region checks `invoke_id`**: the fallback leaves
    /// the region.
    ///
    /// # Errors
    /// [`InvalidCatalog`] names the model and the field. A model without a price is an error, whatever the profile:
    /// unknown is never free.
    pub fn parse(json: &str, profile: &str) -> Result<Self, InvalidCatalog> {
        file::read(json, profile, &Map::new())
    }

    /// The model that a client means. Names are case-sensitive.
    ///
    /// Accepted are the model's names, dated ids included; its id under any inference profile (the deployment's is
    /// invoked, whichever was asked for); and any of them after `anthropic/` or `bedrock/`, with `-latest`, or with the
    /// `[1m]` by which Claude Code asks for the long context.
    #[must_use]
    pub fn find(&self, requested: &str) -> Option<&Model> {
        spellings(requested).find_map(|name| self.index.get(name)).map(|position| &self.models[*position])
    }

    /// The canonical name of a model that settings may name: one that is offered, by any of its names, or one of the data that
    /// this deployment's profile leaves out.
    #[must_use]
    pub fn canonical_name(&self, name: &str) -> Option<&str> {
        let offered = self.find(name).map(|model| model.name.as_str());
        offered.or_else(|| spellings(name).find_map(|name| self.canonical.get(name)).map(String::as_str))
    }

    /// All models, in the order of the data: Claude first, newest first, then the others by id.
    pub fn models(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }
}
