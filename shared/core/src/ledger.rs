//! The rules of the ledger: what a reservation asks of a scope, and why a scope refuses it.

pub mod admission;
mod settings;

pub use admission::{
    MAX_CLOSED, Reason, Refusal, RefusalCause, ReserveRequest, ScopeExpectation, check_active,
    explain_refusal, may_use,
};
pub use settings::LedgerSettings;
