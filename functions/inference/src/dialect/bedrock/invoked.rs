//! `InvokeModel`: a body in the model's own form.

use shared::fault::Fault;
use shared::model::Model;

use super::framed::Framed;
use crate::dialect::anthropic::request::Request;
use crate::dialect::raw::Fields;
use crate::dialect::{Api, Asking, Output, Said, Teller};

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

impl Asking for Invoked<'_> {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn streams(&self) -> bool {
        self.request.stream
    }

    fn output(&self, model: &Model) -> Result<Output, Fault> {
        if model.rules.is_some() {
            return self.request.output(model);
        }
        // Every family has its own name for it. What cannot be read is the most that the model makes, all of it thought.
        let max_tokens = model.max_output_tokens;
        Ok(Output { max_tokens, thinking_budget: max_tokens })
    }

    fn said_to(&self, model: &Model, max_tokens: u64) -> Result<Said, Fault> {
        if model.rules.is_none() {
            return Ok(Said::new(Api::Native, self.body.to_vec()));
        }
        if self.output(model)?.max_tokens == max_tokens {
            return Ok(Said::new(Api::Messages, self.body.to_vec()));
        }
        let mut fields = self.request.fields.clone();
        fields.set("max_tokens", max_tokens.to_string());
        Ok(Said::new(Api::Messages, fields.to_json().into_bytes()))
    }

    fn teller(&self, _: &Model, _: &str, _: i64) -> Box<dyn Teller> {
        Box::new(Framed)
    }
}
