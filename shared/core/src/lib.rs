//! The rules of Stargate, without input or output: no async, AWS, HTTP or clock. The time is an argument.
//!
//! - [`money`] amounts and rates in picodollars; [`pricing`] what tokens cost, and the most that a request can cost
//! - [`catalog`] models: names, prices, limits and features
//! - [`scope`] anything with limits; [`ledger`] what a reservation asks of it, and why it refuses
//! - [`spend`] records of spend and of refusals
//! - [`entity`] keys, users, teams, organizations, invitations; [`policy`] who may do what; [`audit`] who did what
//! - [`id`] names of things; [`secret`] a key in the clear, and its hash; [`password`] hashes of passwords
//! - [`moment`] a point in time; [`period`] budget periods and lives of keys; [`deadline`] the end of an invocation

pub mod audit;
pub mod catalog;
pub mod deadline;
pub mod entity;
pub mod id;
pub mod ledger;
pub mod moment;
pub mod money;
pub mod password;
pub mod period;
pub mod policy;
pub mod pricing;
pub mod scope;
pub mod secret;
pub mod spend;
