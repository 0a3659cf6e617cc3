//! Models that a deployment adds, changes or leaves out, over the catalog that ships.

use serde::{Deserialize, Serialize};

use super::{Capability, Catalog, Model, window};
use crate::pricing::{Prices, Rates, Tier};

/// One model of a deployment's own. It takes the place of the catalog's model of that name, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomModel {
    /// What it is changed and deleted by.
    pub id: String,
    pub name: String,
    /// `None`: the catalog's model of this name is not offered.
    pub offer: Option<CustomModelSpec>,
}

/// What is invoked under a name, and what it costs. What is left out is the base model's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomModelSpec {
    /// Bedrock's id, an inference profile's, or a profile's ARN.
    pub invoke_id: String,
    /// The catalog's model that it is one of, by any of its names; `None`: as `invoke_id` tells.
    pub base: Option<String>,
    pub prices: Option<CustomPrices>,
    pub max_input_tokens: Option<u64>,
    pub max_output_tokens: Option<u64>,
}

/// US dollars per million tokens, each class packed as a record keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomPrices {
    pub base: String,
    pub above: Option<(u64, String)>,
}

/// What lists of models say instead of names.
const SPECIAL: [&str; 3] = ["all-team-models", "all-proxy-models", "no-default-models"];

/// Why a model cannot be offered: the field and the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct InvalidCustomModel {
    pub field: &'static str,
    pub rule: String,
}

fn no(field: &'static str, rule: impl Into<String>) -> InvalidCustomModel {
    InvalidCustomModel { field, rule: rule.into() }
}

impl CustomPrices {
    pub fn from_prices(prices: &Prices) -> Self {
        let above = prices.above.map(|tier| (tier.threshold, tier.rates.pack()));
        Self { base: prices.base.pack(), above }
    }

    fn read(&self) -> Option<Prices> {
        let above = match &self.above {
            None => None,
            Some((threshold, rates)) => Some(Tier { threshold: *threshold, rates: Rates::unpack(rates)? }),
        };
        Some(Prices { base: Rates::unpack(&self.base)?, above })
    }
}

impl Catalog {
    /// The catalog with a deployment's own models over it, in the order given.
    ///
    /// # Errors
    /// [`InvalidCustomModel`] names the first that cannot be, by its id.
    pub fn with(&self, own: &[CustomModel]) -> Result<Self, (String, InvalidCustomModel)> {
        own.iter().try_fold(self.clone(), |catalog, own| {
            catalog.with_one(self, own).map_err(|problem| (own.id.clone(), problem))
        })
    }

    fn with_one(self, shipped: &Self, own: &CustomModel) -> Result<Self, InvalidCustomModel> {
        if own.name.contains('*') || SPECIAL.contains(&own.name.as_str()) {
            return Err(no("model_name", "stands for models in lists of models, and cannot be one"));
        }
        let replaced = self.models.iter().position(|model| model.name == own.name);
        if replaced.is_some_and(|at| self.models[at].own.is_some()) {
            return Err(no("model_name", format!("{} exists already", own.name)));
        }
        let mut entries = self.entries();
        let (names, ids) = match replaced {
            Some(at) => {
                let (model, ids) = entries.remove(at);
                (model.names, ids)
            }
            None => (vec![own.name.clone()], Vec::new()),
        };
        if let Some(offer) = &own.offer {
            let model = Model { names, own: Some(own.id.clone()), ..offer.model(shipped, &own.name)? };
            entries.insert(replaced.unwrap_or(entries.len()), (model, ids));
        } else if replaced.is_none() {
            return Err(no("id", format!("{} is not in the catalogue", own.name)));
        }
        let mut catalog = Self { models: Vec::new(), index: Default::default(), ..self.clone() };
        for (model, ids) in entries {
            catalog.add(model, ids).map_err(|_| {
                no("model_name", format!("{} is another name of a model that is offered", own.name))
            })?;
        }
        Ok(catalog)
    }

    /// The most that a model costs under any of its ids.
    fn dearest(&self, model: &Model) -> Option<Prices> {
        let is_its = |id: &&String| **id == model.base_id || id.ends_with(&format!(".{}", model.base_id));
        let offers = self.offers.keys().filter(is_its).filter_map(|id| self.offers.get(id));
        offers.copied().reduce(Prices::dearer)
    }

    /// Every model with the names that it is found by.
    fn entries(&self) -> Vec<(Model, Vec<String>)> {
        let ids = |at: usize| {
            let mut ids: Vec<String> =
                self.index.iter().filter(|(_, own)| **own == at).map(|(name, _)| name.clone()).collect();
            ids.sort_unstable();
            ids
        };
        self.models.iter().enumerate().map(|(at, model)| (model.clone(), ids(at))).collect()
    }
}

impl CustomModelSpec {
    /// What a request for it costs: its own prices, or those of its id. An ARN may stand for any of the base model's ids: it
    /// costs what the dearest does.
    fn prices(&self, shipped: &Catalog, base: Option<&Model>) -> Result<Prices, InvalidCustomModel> {
        let of_base = base.and_then(|base| shipped.dearest(base));
        if let Some(own) = &self.prices {
            let own = own.read().ok_or_else(|| no("input_cost_per_token", "cannot be read"))?;
            return match of_base.and_then(|prices| prices.above) {
                Some(tier) if own.above.is_none_or(|own| own.threshold > tier.threshold) => {
                    let rule = "must be given, and the other prices of long prompts: the model has them";
                    Err(no(
                        "input_cost_per_token",
                        format!("_above_{}k_tokens {rule}", tier.threshold / 1000),
                    ))
                }
                _ => Ok(own),
            };
        }
        shipped.offers.get(&self.invoke_id).copied().or(of_base).ok_or_else(|| {
            let rule = "must be given, and output_cost_per_token: a model without a price is not offered";
            no("input_cost_per_token", rule)
        })
    }

    fn model(&self, shipped: &Catalog, name: &str) -> Result<Model, InvalidCustomModel> {
        let base = match &self.base {
            Some(base) => Some(shipped.find(base).ok_or_else(|| {
                no("base_model", format!("{base} is not in the catalogue that ships with Stargate"))
            })?),
            None => shipped.find(&self.invoke_id),
        };
        let known = shipped.find(&self.invoke_id);
        if let (Some(base), Some(known)) = (base, known)
            && base.name != known.name
        {
            let rule = format!("{} is {}, and not {}", self.invoke_id, known.name, base.name);
            return Err(no("base_model", rule));
        }
        let prices = self.prices(shipped, base)?;
        let limit = |own: Option<u64>, of: fn(&Model) -> u64, field: &'static str| {
            let limit = own.or(base.map(of)).ok_or_else(|| no(field, "must be given"))?;
            if limit == 0 { Err(no(field, "must be above zero")) } else { Ok(limit) }
        };
        // Whether a body may be passed through is told by rules, and those are known of base models only.
        if base.is_none() && self.invoke_id.contains("anthropic.") {
            return Err(no("base_model", "must name the catalogue's Claude model that this is one of"));
        }
        let max_input_tokens =
            limit(self.max_input_tokens, |model| model.max_input_tokens, "max_input_tokens")?;
        // Bedrock takes what the base model takes, whatever is written here.
        let window = window(&prices, max_input_tokens).max(base.map_or(0, |base| base.window));
        let max_output_tokens =
            limit(self.max_output_tokens, |model| model.max_output_tokens, "max_output_tokens")?;
        Ok(Model {
            name: name.to_owned(),
            base_name: base.map(|base| base.name.clone()),
            display_name: base.map_or_else(|| name.to_owned(), |base| base.display_name.clone()),
            names: Vec::new(),
            base_id: base.map_or_else(|| self.invoke_id.clone(), |base| base.base_id.clone()),
            invoke_id: self.invoke_id.clone(),
            prices,
            max_input_tokens,
            window,
            max_output_tokens,
            output_bound: base.map_or(0, |base| base.output_bound).max(max_output_tokens),
            capabilities: base.map_or_else(Vec::<Capability>::new, |base| base.capabilities.clone()),
            rules: base.and_then(|base| base.rules.clone()),
            own: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Rate;

    fn bundled_catalog() -> Catalog {
        Catalog::load_bundled("global").unwrap()
    }

    fn own(id: &str, name: &str, offer: Option<CustomModelSpec>) -> CustomModel {
        CustomModel { id: id.into(), name: name.into(), offer }
    }

    fn offer(invoke_id: &str) -> CustomModelSpec {
        CustomModelSpec {
            invoke_id: invoke_id.into(),
            base: None,
            prices: None,
            max_input_tokens: None,
            max_output_tokens: None,
        }
    }

    fn prices(input: &str, output: &str) -> Option<CustomPrices> {
        let rate = |text| Rate::parse(text).unwrap();
        let base = Rates::complete(rate(input), rate(output), None, None, None);
        Some(CustomPrices::from_prices(&Prices { base, above: None }))
    }

    #[test]
    fn an_alias_has_what_its_base_has_at_the_price_of_its_own_id() {
        let shipped = bundled_catalog();
        let haiku = shipped.find("claude-haiku-4-5").unwrap();
        let id = "eu.anthropic.claude-haiku-4-5-20251001-v1:0";
        let catalog = shipped.with(&[own("1", "fast", Some(offer(id)))]).unwrap();
        let fast = catalog.find("fast[1m]").unwrap();
        assert_eq!((&fast.rules, &fast.base_id, &fast.window), (&haiku.rules, &haiku.base_id, &haiku.window));
        assert_eq!((fast.invoke_id.as_str(), fast.names.as_slice()), (id, &["fast".to_owned()][..]));
        let in_europe = Catalog::load_bundled("eu").unwrap();
        assert_eq!(fast.prices, in_europe.find("claude-haiku-4-5").unwrap().prices);
        assert_ne!(fast.prices, haiku.prices, "a regional profile is dearer");
        // Nobody can tell from an ARN which it is.
        let arn = CustomModelSpec { base: Some("claude-haiku-4-5".into()), ..offer("arn:aws:bedrock:x") };
        let catalog = shipped.with(&[own("1", "fast", Some(arn))]).unwrap();
        assert_eq!(catalog.find("fast").unwrap().prices, fast.prices);
        assert_eq!(catalog.find("claude-haiku-4-5"), Some(haiku), "what it is one of stays");
        assert_eq!(catalog.models().count(), shipped.models().count() + 1);
    }

    #[test]
    fn what_bounds_a_reservation_is_what_bedrock_takes() {
        let shipped = bundled_catalog();
        let (opus, sonnet) =
            (shipped.find("claude-opus-4-5").unwrap(), shipped.find("claude-sonnet-4-5").unwrap());
        let small = CustomModelSpec { max_input_tokens: Some(1000), ..offer(&opus.invoke_id) };
        let catalog = shipped.with(&[own("1", "small", Some(small))]).unwrap();
        let small = catalog.find("small").unwrap();
        assert_eq!((small.max_input_tokens, small.window), (1000, opus.window));
        // Prices of one's own that leave out the dearer ones of long prompts would charge those too little.
        assert!(sonnet.prices.above.is_some());
        let flat = CustomModelSpec { prices: prices("3", "15"), ..offer(&sonnet.invoke_id) };
        let refused = shipped.with(&[own("1", "flat", Some(flat))]).err().unwrap().1;
        assert_eq!(refused.field, "input_cost_per_token");
        assert!(refused.rule.starts_with("_above_200k_tokens must be given"), "{}", refused.rule);
    }

    #[test]
    fn a_shipped_model_is_replaced_under_all_its_names_or_left_out() {
        let shipped = bundled_catalog();
        let dear = CustomModelSpec {
            prices: prices("2", "9"),
            base: Some("claude-haiku-4-5".into()),
            ..offer("arn:x")
        };
        let catalog = shipped.with(&[own("1", "claude-haiku-4-5", Some(dear))]).unwrap();
        for name in
            ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "us.anthropic.claude-haiku-4-5-20251001-v1:0"]
        {
            let model = catalog.find(name).unwrap();
            assert_eq!(
                (model.invoke_id.as_str(), model.prices.base.pack().as_str()),
                ("arn:x", "2/9/2/4/4"),
                "{name}"
            );
        }
        assert_eq!(catalog.models().count(), shipped.models().count());
        let without = shipped.with(&[own("1", "claude-haiku-4-5", None)]).unwrap();
        assert!(without.find("claude-haiku-4-5-20251001").is_none());
        assert_eq!(without.models().count() + 1, shipped.models().count());
        assert_eq!(without.find("claude-sonnet-4-5"), shipped.find("claude-sonnet-4-5"));
    }

    #[test]
    fn what_has_no_price_no_limits_or_no_rules_is_not_offered() {
        let unknown = || CustomModelSpec { prices: prices("1", "2"), ..offer("acme.new-v1") };
        for (model, field) in [
            (own("1", "new", Some(offer("acme.new-v1"))), "input_cost_per_token"),
            (own("1", "new", Some(unknown())), "max_input_tokens"),
            (
                own("1", "new", Some(CustomModelSpec { max_input_tokens: Some(9), ..unknown() })),
                "max_output_tokens",
            ),
            (
                own(
                    "1",
                    "new",
                    Some(CustomModelSpec {
                        max_input_tokens: Some(9),
                        max_output_tokens: Some(0),
                        ..unknown()
                    }),
                ),
                "max_output_tokens",
            ),
            (
                own("1", "new", Some(CustomModelSpec { base: Some("gpt-9".into()), ..offer("x") })),
                "base_model",
            ),
            (
                own(
                    "1",
                    "new",
                    Some(CustomModelSpec { invoke_id: "us.anthropic.claude-9".into(), ..unknown() }),
                ),
                "base_model",
            ),
            (own("1", "claude-haiku-4-5-20251001", Some(offer("claude-opus-4-5"))), "model_name"),
            (own("1", "nothing", None), "id"),
            (own("1", "no-default-models", Some(offer("claude-haiku-4-5"))), "model_name"),
            (own("1", "claude-*", Some(offer("claude-haiku-4-5"))), "model_name"),
            (
                own(
                    "1",
                    "x",
                    Some(CustomModelSpec {
                        base: Some("claude-haiku-4-5".into()),
                        ..offer("claude-opus-4-5")
                    }),
                ),
                "base_model",
            ),
        ] {
            let refused = bundled_catalog().with(std::slice::from_ref(&model)).err();
            assert_eq!(
                refused.map(|(id, problem)| (id, problem.field)),
                Some(("1".into(), field)),
                "{model:?}"
            );
        }
        let twice = [
            own("1", "fast", Some(offer("claude-haiku-4-5"))),
            own("2", "fast", Some(offer("claude-opus-4-5"))),
        ];
        assert_eq!(
            bundled_catalog().with(&twice).err().map(|(id, problem)| (id, problem.field)),
            Some(("2".into(), "model_name"))
        );
        let whole = CustomModelSpec { max_input_tokens: Some(9), max_output_tokens: Some(8), ..unknown() };
        let catalog = bundled_catalog().with(&[own("1", "new", Some(whole))]).unwrap();
        let new = catalog.find("bedrock/new").unwrap();
        assert_eq!((new.window, new.max_output_tokens, &new.rules), (9, 8, &None));
    }
}
