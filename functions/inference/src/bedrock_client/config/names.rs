//! Settings by model: one for each model, by whichever of its names it is given.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use stargate_core::catalog::{Catalog, Model, spellings};

use super::InvalidUpstream;

/// The name that stands for every model.
const ANY: &str = "*";

/// Values by the canonical names of models once they are resolved; by names of custom models where the catalog that ships has
/// none such.
#[derive(Clone, Debug)]
pub struct ModelMap<T>(BTreeMap<String, T>);

impl<T> Default for ModelMap<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// A name that is there twice is an error: the second would undo the first.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for ModelMap<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce(PhantomData))
    }
}

struct EachOnce<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachOnce<T> {
    type Value = ModelMap<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are models")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ModelMap<T>, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if values.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format_args!("{name} is there twice")));
            }
        }
        Ok(ModelMap(values))
    }
}

impl<T> ModelMap<T> {
    /// Files each value under its model's canonical name.
    pub fn resolve(&mut self, field: &'static str, catalog: &Catalog) -> Result<(), InvalidUpstream> {
        let mut resolved: BTreeMap<String, (String, T)> = BTreeMap::new();
        for (given, value) in std::mem::take(&mut self.0) {
            let name = catalog.canonical_name(&given).unwrap_or(&given).to_owned();
            if let Some((one, _)) = resolved.insert(name, (given.clone(), value)) {
                return Err(InvalidUpstream::SameModel { field, one, two: given });
            }
        }
        self.0 = resolved.into_iter().map(|(name, (_, value))| (name, value)).collect();
        Ok(())
    }

    /// Refuses a name that no model of `catalog` has, and two names of one model.
    pub fn check(&self, field: &'static str, catalog: &Catalog) -> Result<(), InvalidUpstream> {
        let mut seen: BTreeMap<&str, &String> = BTreeMap::new();
        for name in self.0.keys().filter(|name| *name != ANY) {
            let Some(canonical) = catalog.canonical_name(name) else {
                return Err(InvalidUpstream::UnknownModel { field, name: name.clone() });
            };
            if let Some(one) = seen.insert(canonical, name) {
                return Err(InvalidUpstream::SameModel { field, one: one.clone(), two: name.clone() });
            }
        }
        Ok(())
    }

    /// The value of a model: its own, or that of the model it is made over.
    pub fn find(&self, model: &Model) -> Option<&T> {
        // A custom model is not known when names are resolved, so it stands as it was given.
        let is_spelled = |(name, _): &(&String, &T)| spellings(name).any(|name| name == model.name);
        let spelled = || self.0.iter().find(is_spelled).map(|(_, value)| value);
        let base = || self.0.get(model.base_name.as_deref()?);
        self.0.get(&model.name).or_else(spelled).or_else(base)
    }

    /// Refuses a value for every model, where a setting has none such.
    pub fn forbid_any(&self, field: &'static str) -> Result<(), InvalidUpstream> {
        let rule = "each entry must name one model; only guardrails have * for all others";
        let field = || field.to_owned();
        if self.0.contains_key(ANY) { Err(InvalidUpstream::Field { field: field(), rule }) } else { Ok(()) }
    }

    /// The value that is given for every model.
    pub fn find_any(&self) -> Option<&T> {
        self.0.get(ANY)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.0.iter()
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }
}
