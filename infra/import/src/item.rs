//! One thing to import.

use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope};

use super::entry::ImportEntry;
use super::model_limits::ImportModelLimits;
use super::row::RowError;

/// What is to be made, and what it needs.
pub struct ImportItem<'a> {
    pub kind: &'static str,
    pub name: String,
    pub scope: Scope,
    /// Its name among the marks: what is marked and gone was deleted here, and stays so.
    pub mark: String,
    pub limits: &'a Limits,
    pub spend: Money,
    pub model_limits: &'a ImportModelLimits,
    /// Whose it is.
    pub needs: Vec<Scope>,
    /// What nobody else may have.
    pub unique: Option<(&'static str, String)>,
    /// Why it must not be made.
    pub refusal: Option<RowError>,
}

impl<'a> ImportItem<'a> {
    pub fn new<T>(
        kind: &'static str,
        name: String,
        scope: Scope,
        limits: &'a Limits,
        entry: &'a ImportEntry<T>,
    ) -> Self {
        let (mark, spend, model_limits) = (name.clone(), entry.spend, &entry.model_limits);
        let (needs, unique, refusal) = (Vec::new(), None, entry.refusal.clone());
        Self { kind, name, scope, mark, limits, spend, model_limits, needs, unique, refusal }
    }
}
