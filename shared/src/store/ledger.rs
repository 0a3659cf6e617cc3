//! The ledger: reservations of a scope's budget, their settlement, sweeps, limits and budget periods.

pub mod admit;
pub mod due;
pub mod edit_limits;
pub mod edit_versioned;
pub mod key_ref;
pub mod model_limits;
pub mod read_scopes;
pub mod reserve;
pub mod reserve_condition;
pub mod reset_period;
pub mod scope_item;
pub mod settle;
pub mod sweep;
