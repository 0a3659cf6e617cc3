//! What a request says of a model, in LiteLLM's fields.

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Catalog, CustomModelSpec, CustomPrices};
use stargate_core::money::Rate;
use stargate_core::pricing::{Prices, Rates, Tier};

use crate::request::body::RequestBody;
use crate::request::patch::Patch;

/// Fields of `/model/info` that clients send back: they follow from the model.
const FOLLOWS: &[&str] =
    &["mode", "litellm_provider", "db_model", "max_tokens", "key", "display_name", "direct_access"];

/// A model as a request has it; what is absent stays as it is.
pub struct CustomModelPatch {
    pub id: Option<String>,
    pub name: Patch<String>,
    invoke_id: Patch<String>,
    base: Patch<String>,
    prices: Option<CustomPrices>,
    max_input_tokens: Patch<u64>,
    max_output_tokens: Patch<u64>,
}

impl CustomModelPatch {
    pub fn read(fields: &mut RequestBody) -> Result<Self, ApiError> {
        let name = fields.text("model_name")?;
        let mut parameters = fields.take_object("litellm_params")?.unwrap_or_default();
        let mut info = fields.take_object("model_info")?.unwrap_or_default();
        let order = Self {
            id: info.text("id")?.value(),
            name,
            invoke_id: parameters.text("model")?,
            base: info.text("base_model")?,
            prices: prices(&mut parameters, &mut info)?,
            max_input_tokens: info.count("max_input_tokens")?,
            max_output_tokens: info.count("max_output_tokens")?,
        };
        info.ignore(|name| FOLLOWS.contains(&name) || name.starts_with("supports_"));
        parameters.finish()?;
        info.finish()?;
        Ok(order)
    }

    /// What is offered, from what was offered before.
    pub fn apply_to(
        &self,
        before: Option<CustomModelSpec>,
        shipped: &Catalog,
    ) -> Result<CustomModelSpec, ApiError> {
        let sent = self.invoke_id.clone().try_map(|id| invoke_id(&id, shipped))?;
        // What another model was one of, cost and took, this does not.
        let is_same = |before: &CustomModelSpec| match &sent {
            Patch::Set(id) => is_one_model(shipped, id, before.base.as_ref().unwrap_or(&before.invoke_id)),
            Patch::Keep | Patch::Clear => true,
        };
        let kept = before.as_ref().filter(|before| is_same(before));
        let invoke_id = sent
            .apply_to(before.as_ref().map(|offer| offer.invoke_id.clone()))
            .ok_or_else(|| ApiError::invalid("litellm_params.model", "must be given"))?;
        let base = kept.and_then(|offer| offer.base.clone());
        // A model that the catalog does not know is shown as one of its own.
        let base = self.base.clone().apply_to(base).filter(|base| *base != invoke_id);
        Ok(CustomModelSpec {
            invoke_id,
            base,
            prices: self.prices.clone().or_else(|| kept.and_then(|offer| offer.prices.clone())),
            max_input_tokens: self
                .max_input_tokens
                .clone()
                .apply_to(kept.and_then(|offer| offer.max_input_tokens)),
            max_output_tokens: self
                .max_output_tokens
                .clone()
                .apply_to(kept.and_then(|offer| offer.max_output_tokens)),
        })
    }
}

/// Whether two ids are of one model. What an ARN stands for is not known: it is taken for what was there.
fn is_one_model(shipped: &Catalog, one: &str, other: &str) -> bool {
    match (shipped.find(one), shipped.find(other)) {
        (Some(one), Some(other)) => one.name == other.name,
        (Some(_), None) => false,
        (None, _) => one.starts_with("arn:") || one == other,
    }
}

/// What Bedrock is asked for: an id or an ARN, or what the catalog has under a name.
fn invoke_id(sent: &str, shipped: &Catalog) -> Result<String, ApiError> {
    let id = sent.strip_prefix("bedrock/").unwrap_or(sent);
    if id.contains('.') || id.starts_with("arn:") {
        return Ok(id.to_owned());
    }
    let rule =
        "must be bedrock/ and an id, an inference profile or an ARN of Bedrock, or a model of the catalogue";
    let model = shipped.find(id).ok_or_else(|| ApiError::invalid("litellm_params.model", rule))?;
    Ok(model.invoke_id.clone())
}

/// The prices of a request, if it has any: then it has those of input and output.
fn prices(parameters: &mut RequestBody, info: &mut RequestBody) -> Result<Option<CustomPrices>, ApiError> {
    let long = long(parameters.names().chain(info.names()))?;
    let mut rate = |name: &str| {
        let rule = "a number of US dollars for one token, such as 3e-06";
        // Clients send back both: the parameters are what counts.
        let (first, second) = (parameters.patch(name, rule)?, info.patch(name, rule)?);
        let sent: Option<Box<RawValue>> = first.value().or(second.value());
        let rate = sent.map(|raw| Rate::parse_per_token(raw.get()));
        rate.transpose().map_err(|_| ApiError::invalid(name, format!("must be {rule}")))
    };
    let mut rates = |suffix: &str| -> Result<Option<Rates>, ApiError> {
        let (input, output) =
            (format!("input_cost_per_token{suffix}"), format!("output_cost_per_token{suffix}"));
        let both = (rate(&input)?, rate(&output)?);
        let cache = [
            rate(&format!("cache_read_input_token_cost{suffix}"))?,
            rate(&format!("cache_creation_input_token_cost{suffix}"))?,
            rate(&format!("cache_creation_input_token_cost_above_1hr{suffix}"))?,
        ];
        let missing = |name: &str| Err(ApiError::invalid(name, "must be given with the other prices"));
        match both {
            (Some(input), Some(output)) => {
                let [read, five_minutes, hour] = cache;
                Ok(Some(Rates::complete(input, output, read, five_minutes, hour)))
            }
            (None, None) if cache.iter().all(Option::is_none) => Ok(None),
            (None, _) => missing(&input),
            (Some(_), None) => missing(&output),
        }
    };
    let base = rates("")?;
    let above = match &long {
        None => None,
        Some((threshold, suffix)) => rates(suffix)?.map(|rates| Tier { threshold: *threshold, rates }),
    };
    match (base, above) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(ApiError::invalid("input_cost_per_token", "must be given with the other prices"))
        }
        (Some(base), above) => Ok(Some(CustomPrices::from_prices(&Prices { base, above }))),
    }
}

/// Where the prices of long prompts begin, in tokens, and how the names of those prices end: `_above_200k_tokens`.
fn long<'a>(names: impl Iterator<Item = &'a str>) -> Result<Option<(u64, String)>, ApiError> {
    let threshold = |name: &str| {
        let (_, rest) = name.strip_suffix("k_tokens")?.rsplit_once("_above_")?;
        Some(rest.parse::<u64>().ok().filter(|thousands| (1..=10_000).contains(thousands))? * 1000)
    };
    let mut found: Vec<u64> = names.filter_map(threshold).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some((*only, format!("_above_{}k_tokens", only / 1000)))),
        [_, ..] => Err(ApiError::invalid(
            "input_cost_per_token",
            "has prices of long prompts from one length on only",
        )),
    }
}
