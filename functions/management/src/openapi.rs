//! The OpenAPI document, made of what the routes are put together from: see [`crate::routes`].
//!
//! A route's [`Operation`] is what it takes: a parameter or a field that is not in it is refused before the handler sees the
//! request, so the document cannot tell less than what is served. Answers are told by the types that are written.

mod document;
mod inference;
mod operation;
mod words;

pub use document::document;
pub use operation::{LIMITS, MODEL_LIMITS, Operation, RouteOperation, schema_of};
