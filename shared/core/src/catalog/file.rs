//! The layout of `models.json`, and its reading.
//!
//! Fields that the layout does not know are errors: a misspelt price would otherwise be a missing one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{AnthropicCompat, Capability, Catalog, Model, window};
use crate::money::Rate;
use crate::pricing::{Prices, Rates, Tier};

/// The key of the prices that hold without an inference profile.
const BASE: &str = "base";

/// Whose models stop at `max_output_tokens`, as Bedrock's pages on their request bodies have it.
const LIMITED_PROVIDERS: [&str; 7] = ["ai21", "amazon", "anthropic", "cohere", "meta", "mistral", "writer"];

/// Why a model catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCatalog {
    /// Not the layout of a catalog.
    #[error("the model catalogue cannot be read: {0}")]
    Layout(#[source] serde_json::Error),
    /// One entry is wrong.
    #[error("the model catalogue, {entry}: {problem}")]
    Entry {
        /// Which one: a model's id, or a set of rules.
        entry: String,
        /// The field, and what is the matter with it.
        problem: String,
    },
    /// No model has prices under this inference profile prefix.
    #[error(
        "no model is offered under the inference profile '{given}': use one of {known}, or nothing for base ids"
    )]
    Profile {
        /// The prefix asked for.
        given: String,
        /// The prefixes that the catalog has prices for.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile<'a> {
    /// Where the data comes from: for its readers.
    #[serde(rename = "about")]
    _about: String,
    /// Kept raw, as are the models, so that an error can name its entry.
    #[serde(borrow)]
    rules: BTreeMap<String, &'a RawValue>,
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    id: String,
    /// The first is the canonical one.
    names: Vec<String>,
    /// The first name, if absent.
    display_name: Option<String>,
    /// A set of rules, by name. Only for models that take Anthropic's Messages bodies.
    rules: Option<String>,
    max_input_tokens: u64,
    max_output_tokens: u64,
    /// What `InvokeModel` generates at most, where its limit is another.
    max_native_output_tokens: Option<u64>,
    capabilities: Vec<Capability>,
    /// By inference profile prefix, or [`BASE`].
    prices: BTreeMap<String, PricesFile>,
}

/// US dollars per million tokens, as text: a float would not be exact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PricesFile {
    input: Option<String>,
    output: Option<String>,
    cache_read: Option<String>,
    cache_write_5m: Option<String>,
    cache_write_1h: Option<String>,
    above: Option<TierFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    threshold: u64,
    input: Option<String>,
    output: Option<String>,
    cache_read: Option<String>,
    cache_write_5m: Option<String>,
    cache_write_1h: Option<String>,
}

/// See [`Catalog::parse`].
pub(super) fn read(
    json: &str,
    profile: &str,
    own_rules: &Map<String, Value>,
) -> Result<Catalog, InvalidCatalog> {
    let file: CatalogFile = serde_json::from_str(json).map_err(InvalidCatalog::Layout)?;
    let mut rules = HashMap::new();
    for (name, raw) in &file.rules {
        let set: AnthropicCompat =
            serde_json::from_str(raw.get()).map_err(|error| invalid(&format!("rules {name}"), &error))?;
        rules.insert(name.clone(), Arc::new(set));
    }
    let mut unused: BTreeSet<&String> = own_rules.keys().collect();

    let mut known: Vec<String> = Vec::new();
    let mut catalog = Catalog {
        models: Vec::new(),
        index: HashMap::new(),
        offers: HashMap::new(),
        canonical: HashMap::new(),
    };
    for raw in file.models {
        let entry = read_entry(raw)?;
        let at = |problem: String| InvalidCatalog::Entry { entry: entry.id.clone(), problem };
        known.extend(entry.prices.keys().filter(|prefix| *prefix != BASE).cloned());
        for (prefix, prices) in &entry.prices {
            let at = |problem| at(format!("prices.{prefix}.{problem}"));
            catalog.offers.insert(entry.id_under(prefix), prices.read().map_err(at)?);
        }
        if let Some(canonical) = entry.names.first() {
            let ids = entry.prices.keys().map(|prefix| entry.id_under(prefix));
            let names = entry.names.iter().cloned().chain([entry.id.clone()]).chain(ids);
            catalog.canonical.extend(names.map(|name| (name, canonical.clone())));
        }
        let is_its = |name: &&String| {
            super::spellings(name).any(|name| catalog.canonical.get(name) == entry.names.first())
        };
        let mut given = own_rules.keys().filter(is_its);
        let (given, twice) = (given.next(), given.next());
        if let (Some(one), Some(two)) = (given, twice) {
            return Err(at(format!("rules: {one} and {two} are names of one model")));
        }
        if let Some(given) = given {
            unused.remove(given);
        }
        if let Some((mut model, ids)) = entry.resolve(profile, &rules).map_err(at)? {
            if let Some(own) = given.and_then(|given| own_rules.get(given)) {
                let set = entry.rules.as_ref().and_then(|set| file.rules.get(set));
                let set = set.ok_or_else(|| at("rules: this model has none to change".to_owned()))?;
                let problem = |error: serde_json::Error| at(format!("rules: {error}"));
                model.rules = Some(Arc::new(apply_overrides(set, own).map_err(problem)?));
            }
            catalog.add(model, ids).map_err(at)?;
        }
    }
    if let Some(name) = unused.first() {
        return Err(invalid(name, &"rules: there is no model of this name"));
    }
    known.sort_unstable();
    known.dedup();
    if !profile.is_empty() && !known.iter().any(|prefix| prefix == profile) {
        return Err(InvalidCatalog::Profile { given: profile.to_owned(), known: known.join(", ") });
    }
    Ok(catalog)
}

/// A set of rules with a deployment's own over it.
fn apply_overrides(set: &RawValue, own: &Value) -> Result<AnthropicCompat, serde_json::Error> {
    let mut set: Value = serde_json::from_str(set.get())?;
    merge(&mut set, own);
    serde_json::from_value(set)
}

/// RFC 7396: objects are merged, `null` removes, anything else replaces.
fn merge(base: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        base.clone_from(patch);
        return;
    };
    if !base.is_object() {
        *base = Value::Object(Map::new());
    }
    for (name, value) in patch {
        if !value.is_null() {
            merge(&mut base[name.as_str()], value);
        } else if let Some(base) = base.as_object_mut() {
            base.remove(name);
        }
    }
}

fn read_entry(raw: &RawValue) -> Result<ModelFile, InvalidCatalog> {
    #[derive(Deserialize)]
    struct ModelId {
        id: String,
    }

    let entry = match serde_json::from_str::<ModelId>(raw.get()) {
        Ok(identified) => identified.id,
        Err(error) => return Err(invalid("a model", &error)),
    };
    serde_json::from_str(raw.get()).map_err(|error| invalid(&entry, &error))
}

fn invalid(entry: &str, problem: &dyn ToString) -> InvalidCatalog {
    InvalidCatalog::Entry { entry: entry.to_owned(), problem: problem.to_string() }
}

impl Catalog {
    /// Adds a model under its names and `ids`. Two models cannot share one.
    pub(super) fn add(&mut self, model: Model, ids: Vec<String>) -> Result<(), String> {
        let position = self.models.len();
        for name in model.names.iter().cloned().chain(ids) {
            let other = self.index.insert(name.clone(), position);
            if other.is_some_and(|other| other != position) {
                return Err(format!("names: {name} is another model's too"));
            }
        }
        self.models.push(model);
        Ok(())
    }
}

// === impl ModelFile ===

impl ModelFile {
    /// The model under `profile` or what stands in for it, with its ids under all profiles; `None` if it is offered
    /// under none that the deployment can use.
    fn resolve(
        &self,
        profile: &str,
        rules: &HashMap<String, Arc<AnthropicCompat>>,
    ) -> Result<Option<(Model, Vec<String>)>, String> {
        let Some(name) = self.names.first() else {
            return Err("names: is empty".to_owned());
        };
        if self.max_input_tokens == 0 || self.max_output_tokens == 0 {
            return Err("max_input_tokens, max_output_tokens: zero is no limit".to_owned());
        }
        let rules = match &self.rules {
            None => None,
            Some(set) => Some(rules.get(set).ok_or_else(|| format!("rules: there is no set named {set}"))?),
        };

        let mut offers = BTreeMap::new();
        for (prefix, prices) in &self.prices {
            let prices = prices.read().map_err(|problem| format!("prices.{prefix}.{problem}"))?;
            offers.insert(prefix.as_str(), prices);
        }
        let wanted = if profile.is_empty() { BASE } else { profile };
        let Some((prefix, prices)) =
            [wanted, "global", BASE].iter().find_map(|prefix| offers.get_key_value(prefix))
        else {
            return Ok(None);
        };

        let invoke_id = self.id_under(prefix);
        let mut names = self.names.clone();
        for id in [&self.id, &invoke_id] {
            if !names.contains(id) {
                names.push(id.clone());
            }
        }
        let window = window(prices, self.max_input_tokens);
        let model = Model {
            name: name.clone(),
            base_name: Some(name.clone()),
            display_name: self.display_name.as_ref().unwrap_or(name).clone(),
            names,
            base_id: self.id.clone(),
            invoke_id,
            prices: *prices,
            max_input_tokens: self.max_input_tokens,
            window,
            max_output_tokens: self.max_output_tokens,
            output_bound: self.output_bound(window),
            capabilities: self.capabilities.clone(),
            rules: rules.cloned(),
            own: None,
        };
        Ok(Some((model, offers.keys().map(|prefix| self.id_under(prefix)).collect())))
    }

    /// What `InvokeModel` generates at most: without a limit in the body some models go on until their context is full.
    fn output_bound(&self, window: u64) -> u64 {
        let is_held = LIMITED_PROVIDERS.iter().any(|provider| self.id.starts_with(&format!("{provider}.")));
        // A context of "128K" may be 131,072.
        let otherwise = if is_held { self.max_output_tokens } else { window.div_ceil(1000) * 1024 };
        self.max_native_output_tokens.unwrap_or(otherwise).max(self.max_output_tokens)
    }

    fn id_under(&self, prefix: &str) -> String {
        if prefix == BASE { self.id.clone() } else { format!("{prefix}.{}", self.id) }
    }
}

// === impl PricesFile ===

impl PricesFile {
    /// The prices, or the field that is wrong and why.
    fn read(&self) -> Result<Prices, String> {
        let Self { input, output, cache_read, cache_write_5m, cache_write_1h, above } = self;
        let base = rates([input, output, cache_read, cache_write_5m, cache_write_1h])?;
        let above =
            above.as_ref().map(TierFile::read).transpose().map_err(|problem| format!("above.{problem}"))?;
        Ok(Prices { base, above })
    }
}

impl TierFile {
    fn read(&self) -> Result<Tier, String> {
        let Self { threshold, input, output, cache_read, cache_write_5m, cache_write_1h } = self;
        let rates = rates([input, output, cache_read, cache_write_5m, cache_write_1h])?;
        Ok(Tier { threshold: *threshold, rates })
    }
}

/// Input, output, cache read, and cache writes of 5 minutes and an hour.
fn rates(
    [input, output, cache_read, cache_write_5m, cache_write_1h]: [&Option<String>; 5],
) -> Result<Rates, String> {
    let optional = |field: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Rate::parse(text).map(Some).map_err(|error| format!("{field}: '{text}': {error}")),
    };
    let required = |field: &str, text: &Option<String>| {
        optional(field, text)?
            .ok_or_else(|| format!("{field}: is missing, and a model without a price is not offered"))
    };
    Ok(Rates::complete(
        required("input", input)?,
        required("output", output)?,
        optional("cache_read", cache_read)?,
        optional("cache_write_5m", cache_write_5m)?,
        optional("cache_write_1h", cache_write_1h)?,
    ))
}
