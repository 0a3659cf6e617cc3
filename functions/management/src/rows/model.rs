//! A model, as answers show it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use stargate_core::catalog::{Capability, Catalog, Model};
use stargate_core::money::Money;
use stargate_core::pricing::Rates;

/// LiteLLM's row of a model.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ModelRow {
    model_name: String,
    litellm_params: Parameters,
    model_info: ModelInfo,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "ModelParameters")]
struct Parameters {
    model: String,
}

#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "ModelInfo")]
struct ModelInfo {
    id: String,
    /// Whether it is the deployment's own, and not as it ships.
    db_model: bool,
    /// Bedrock's id of the model itself; where the catalog does not know it, what is invoked.
    base_model: String,
    litellm_provider: &'static str,
    mode: &'static str,
    max_tokens: u64,
    max_input_tokens: u64,
    max_output_tokens: u64,
    /// Dollars for one token, by LiteLLM's names of the classes.
    #[serde(flatten)]
    #[schemars(skip)]
    costs: BTreeMap<String, Money>,
    #[serde(flatten)]
    #[schemars(skip)]
    supports: BTreeMap<&'static str, bool>,
}

impl ModelRow {
    pub fn new(model: &Model) -> Self {
        let mut costs = costs(&model.prices.base, "");
        if let Some(tier) = model.prices.above {
            costs.extend(costs_above(&tier.rates, tier.threshold));
        }
        let info = ModelInfo {
            id: model.own.clone().unwrap_or_else(|| model.name.clone()),
            db_model: model.own.is_some(),
            base_model: model.base_id.clone(),
            litellm_provider: "bedrock",
            mode: "chat",
            max_tokens: model.max_output_tokens,
            max_input_tokens: model.max_input_tokens,
            max_output_tokens: model.max_output_tokens,
            costs,
            supports: supports(model),
        };
        let parameters = Parameters { model: format!("bedrock/{}", model.invoke_id) };
        Self { model_name: model.name.clone(), litellm_params: parameters, model_info: info }
    }

    /// The model of exactly this name.
    pub fn find(catalog: &Catalog, name: &str) -> Option<Self> {
        catalog.models().find(|model| model.name == name).map(Self::new)
    }

    /// The model of this id, or that ships under it.
    pub fn with_id(catalog: &Catalog, id: &str) -> Option<Self> {
        let own = catalog.models().find(|model| model.own.as_deref() == Some(id));
        own.map(Self::new).or_else(|| Self::find(catalog, id))
    }

    pub fn id(&self) -> &str {
        &self.model_info.id
    }
}

fn costs(rates: &Rates, suffix: &str) -> BTreeMap<String, Money> {
    let Rates { input, output, cache_read, cache_write_5m, cache_write_1h } = rates;
    [
        ("input_cost_per_token", input),
        ("output_cost_per_token", output),
        ("cache_read_input_token_cost", cache_read),
        ("cache_creation_input_token_cost", cache_write_5m),
        ("cache_creation_input_token_cost_above_1hr", cache_write_1h),
    ]
    .into_iter()
    .map(|(name, rate)| (format!("{name}{suffix}"), rate.times(1)))
    .collect()
}

fn costs_above(rates: &Rates, threshold: u64) -> BTreeMap<String, Money> {
    costs(rates, &format!("_above_{}k_tokens", threshold / 1000))
}

fn supports(model: &Model) -> BTreeMap<&'static str, bool> {
    [
        ("supports_vision", Capability::Vision),
        ("supports_function_calling", Capability::FunctionCalling),
        ("supports_prompt_caching", Capability::PromptCaching),
        ("supports_reasoning", Capability::Reasoning),
        ("supports_pdf_input", Capability::PdfInput),
        ("supports_response_schema", Capability::ResponseSchema),
        ("supports_tool_choice", Capability::ToolChoice),
    ]
    .map(|(name, capability)| (name, model.can(capability)))
    .into()
}

#[derive(JsonSchema, Serialize)]
pub struct NewModelResponse {
    pub model_id: String,
    #[serde(flatten)]
    pub row: ModelRow,
}
