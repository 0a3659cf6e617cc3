//! `InvokeModel`: a body in the model's own form.

use std::borrow::Cow;

use serde::Deserialize;
use shared::fault::Fault;
use shared::model::{MessageRules, Model};

use super::framed::Framed;
use crate::dialect::anthropic::request::Request;
use crate::dialect::raw::Fields;
use crate::dialect::{Api, Asking, Output, Said, Teller};

/// By these names other makers' models are asked for more answers than one.
const MANY: [&str; 5] = ["n", "best_of", "num_generations", "numResults", "num_results"];

#[derive(Deserialize)]
struct Management {
    #[serde(default)]
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    #[serde(rename = "type", default)]
    kind: String,
}

/// A request whose path names the model and says whether it streams.
pub struct Invoked<'a> {
    body: &'a [u8],
    /// Claude's form, where the body is an object; other models' forms are theirs.
    request: Request<'a>,
}

impl<'a> Invoked<'a> {
    pub fn read(body: &'a [u8], model: &str, streams: bool) -> Result<Self, Fault> {
        let fields = Fields::parse(body).map_err(|error| Fault::Invalid {
            param: None,
            message: format!("Malformed input request: {error}, please reformat your input and try again."),
        })?;
        Ok(Self { body, request: Request { fields, model: model.to_owned(), stream: streams } })
    }
}

impl Invoked<'_> {
    /// Refuses, in Bedrock's own words, what nothing is known of: it may cost what is not reserved.
    fn asks_what_is_known(&self, rules: &MessageRules) -> Result<(), Fault> {
        let fields = &self.request.fields;
        let is_known = |name: &str| rules.allows_field(name) || name.starts_with("amazon-bedrock-");
        if let Some(name) = fields.names().find(|name| !is_known(name)) {
            return Err(unknown(&format!("{name:.64}")));
        }
        // They are told and logged where Bedrock does not take them, which free text must not be.
        let betas: Vec<Cow<'_, str>> = fields
            .read("anthropic_beta")
            .map_err(|_| Fault::invalid("anthropic_beta", "must be a list of strings"))?
            .unwrap_or_default();
        if !betas.iter().all(|beta| is_name(beta)) {
            return Err(Fault::invalid("anthropic_beta", "invalid beta flag"));
        }
        let management: Option<Management> = fields
            .read("context_management")
            .map_err(|_| Fault::invalid("context_management", "must be an object"))?;
        let edits = management.map(|management| management.edits).unwrap_or_default();
        match edits.iter().position(|edit| rules.edit_beta(&edit.kind).is_none()) {
            Some(at) => Err(unknown(&format!("context_management.edits.{at}"))),
            None => Ok(()),
        }
    }
}

/// Whether it is written like a beta, such as `context-1m-2025-08-07`.
fn is_name(beta: &str) -> bool {
    (1..=64).contains(&beta.len())
        && beta.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn unknown(path: &str) -> Fault {
    Fault::invalid(path, "Extra inputs are not permitted")
}

impl Asking for Invoked<'_> {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn streams(&self) -> bool {
        self.request.stream
    }

    fn output(&self, model: &Model) -> Result<Output, Fault> {
        if let Some(rules) = &model.rules {
            self.asks_what_is_known(rules)?;
            return self.request.output(model);
        }
        if let Some(name) = MANY.into_iter().find(|name| self.request.fields.get(name).is_some()) {
            return Err(Fault::invalid(name, "is not taken: one answer is served"));
        }
        // Every family has its own name for it. What cannot be read is the most that the model makes, all of it thought.
        let max_tokens = model.max_output_tokens;
        Ok(Output { asked: max_tokens, max_tokens, thinking_budget: max_tokens })
    }

    fn said_to(&self, model: &Model, max_tokens: u64) -> Result<Said, Fault> {
        if model.rules.is_none() {
            return Ok(Said::new(Api::Native, self.body.to_vec()));
        }
        let body = if self.request.output(model)?.max_tokens == max_tokens {
            self.body.to_vec()
        } else {
            let mut fields = self.request.fields.clone();
            fields.set("max_tokens", max_tokens.to_string());
            fields.to_json().into_bytes()
        };
        // Claude Code sends betas in this mode that not every model takes, and does not always drop them itself.
        Ok(Said { heals: true, ..Said::new(Api::Messages, body) })
    }

    /// A form is one maker's: what is written in Claude's no other model takes.
    fn may_go(&self, from: &Model, to: &Model) -> bool {
        from.base_id == to.base_id || (from.rules.is_some() && to.rules.is_some())
    }

    fn teller(&self, _: &Model, _: &str, _: i64) -> Box<dyn Teller> {
        Box::new(Framed)
    }
}
