//! The OpenAPI document, made of what the routes are put together from: see [`crate::route_builder`].
//!
//! A route's [`Operation`] is what it takes: a parameter or a field that is not in it is refused before the handler sees the
//! request, so the document cannot tell less than what is served. Answers are told by the types that are written.

pub mod document;
pub mod field_schemas;
pub mod inference;
pub mod operation;
