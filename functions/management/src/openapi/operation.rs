//! What a route takes and answers.

use axum::http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The limits that users, keys, teams, members and organizations have in common.
pub const LIMITS: &[&str] = &[
    "max_budget",
    "soft_budget",
    "budget_duration",
    "rpm_limit",
    "tpm_limit",
    "max_parallel_requests",
    "models",
    "blocked",
];

/// Those of single models, which users, keys and teams have.
pub const MODEL_LIMITS: &[&str] = &["model_max_budget", "model_rpm_limit", "model_tpm_limit"];

/// Which of a deployment's two APIs have a route.
pub const APIS: &str = "x-stargate-apis";

/// One route's parameters, fields and answer. Every name is one of [`crate::openapi::field_schemas`].
#[derive(Clone, Copy)]
pub struct Operation {
    pub summary: &'static str,
    pub query: &'static [&'static str],
    fields: &'static [&'static [&'static str]],
    /// The parameters and fields without which it is a 400.
    pub needs: &'static [&'static str],
    pub answer: fn(&mut SchemaGenerator) -> Schema,
}

impl Operation {
    pub const fn new(summary: &'static str, response: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self { summary, query: &[], fields: &[], needs: &[], answer: response }
    }

    pub const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    pub const fn takes(self, fields: &'static [&'static [&'static str]]) -> Self {
        Self { fields, ..self }
    }

    pub const fn needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    pub fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().flat_map(|group| group.iter().copied())
    }
}

/// The schema of what is written, by its type.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    T::json_schema(generator)
}

/// An operation where it is served.
pub struct RouteOperation {
    pub method: Method,
    pub path: &'static str,
    pub operation: Operation,
}
