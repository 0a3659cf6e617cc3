//! A row of the export that can be imported.

use stargate_core::money::Money;

use super::model_limits::ImportModelLimits;
use super::row::RowError;

/// One thing with what hangs on it.
pub struct ImportEntry<T> {
    pub thing: T,
    /// What it has spent in this period.
    pub spend: Money,
    pub model_limits: ImportModelLimits,
    /// Why it is not imported, although its row can be read: limits that do not exist here.
    pub refusal: Option<RowError>,
}
