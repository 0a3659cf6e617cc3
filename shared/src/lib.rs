//! What every function of Stargate shares.
//!
//! Core: pure. No async, AWS, HTTP or clock; `now` is an argument. Core imports core only.
//!
//! - [`money`] amounts and rates, in whole picodollars; [`moment`] a point in time
//! - [`id`] names of things; [`secret`] a key in the clear, and what is stored of it; [`password`] what people log in with
//! - [`period`] how long budgets and keys last; [`deadline`] how long an invocation does
//! - [`usage`] tokens by class; [`pricing`] what they cost; [`quote`] what a call may cost at most
//! - [`model`] the catalogue: names, prices, limits and rules of models
//! - [`scope`] anything with limits; [`admission`] why a scope refuses; [`refusals`] how often
//! - [`record`] what one request cost; [`daily`] what a day did
//! - [`offload`] long work that must not stop other requests
//! - [`exit`] how a program says that it cannot start
//! - [`key`], [`user`], [`team`], [`org`], [`invitation`] the entities; [`policy`] who may do what; [`audit`] who did what
//!
//! Edges: async, fallible. Functions import `web`, `panics`, `auth`, `jwt`, `vault`, `origin`, `standing`, `offering` and `fault`; those import the store; the store imports core.

pub mod admission;
pub mod audit;
pub mod auth;
pub mod clock;
pub mod config;
pub mod daily;
pub mod deadline;
pub mod exit;
pub mod fault;
pub mod id;
pub mod invitation;
pub mod jwt;
pub mod key;
pub mod model;
pub mod moment;
pub mod money;
pub mod offering;
pub mod offload;
pub mod org;
pub mod origin;
pub mod panics;
pub mod password;
pub mod period;
pub mod policy;
pub mod pricing;
pub mod quote;
pub mod record;
pub mod refusals;
pub mod scope;
pub mod secret;
pub mod standing;
pub mod store;
pub mod team;
pub mod telemetry;
pub mod tokens;
pub mod usage;
pub mod user;
pub mod vault;
pub mod web;
