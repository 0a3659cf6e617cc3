//! Anthropic's Messages API. For Claude it is passed through to Bedrock, and only what Bedrock needs changed is changed;
//! for every other model it is put into Converse, and told from it.

pub mod from_converse;
pub mod passthrough;
pub mod request;
pub mod sse;
pub mod strip_blocks;
pub mod strip_rejected;
pub mod to_bedrock;
pub mod to_converse;

use http::HeaderMap;
use shared::api::ApiError;
use stargate_core::catalog::Model;

use crate::formats::{Api, BedrockRequest, ChatRequest, OutputLimits, ResponseWriter};
use from_converse::ConverseToAnthropic;
use passthrough::Passthrough;
use request::Request;
use to_bedrock::to_bedrock;
use to_converse::to_converse;

/// A request, and the betas of its headers.
#[derive(Debug)]
pub struct Messages<'a> {
    pub request: Request<'a>,
    pub betas: Vec<String>,
}

impl<'a> Messages<'a> {
    /// Reads a body, or names the field that is wrong and the rule.
    pub fn parse(body: &'a [u8], betas: Vec<String>) -> Result<Self, ApiError> {
        Ok(Self { request: Request::parse(body)?, betas })
    }
}

/// The betas that a client asks for, from every `anthropic-beta` header.
pub fn betas(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

impl ChatRequest for Messages<'_> {
    fn model(&self) -> &str {
        &self.request.model
    }

    fn streams(&self) -> bool {
        self.request.stream
    }

    fn output(&self, model: &Model) -> Result<OutputLimits, ApiError> {
        self.request.output(model)
    }

    fn to_bedrock(&self, model: &Model, max_tokens: u64) -> Result<BedrockRequest, ApiError> {
        Ok(match &model.rules {
            Some(rules) => {
                let body = to_bedrock(&self.request, rules, &self.betas, max_tokens)?;
                BedrockRequest { heals: true, ..BedrockRequest::new(Api::Messages, body) }
            }
            None => BedrockRequest::new(Api::Converse, to_converse(&self.request, model, max_tokens)?),
        })
    }

    fn teller(&self, model: &Model, request_id: &str, _began: i64) -> Box<dyn ResponseWriter> {
        if model.rules.is_some() {
            Box::new(Passthrough)
        } else {
            Box::new(ConverseToAnthropic::new(model, request_id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::BedrockEvent;
    use bytes::Bytes;
    use stargate_core::catalog::Catalog;

    #[test]
    fn claude_is_passed_through_and_the_others_are_put_into_converse() {
        let catalog = Catalog::load_bundled("global").unwrap();
        let body =
            br#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let asking = Messages::parse(body, vec!["context-1m-2025-08-07".to_owned()]).unwrap();
        assert_eq!((asking.model(), asking.streams()), ("m", true));
        for (name, api, holds) in [
            ("claude-sonnet-4-5", Api::Messages, "anthropic_version"),
            ("nova-pro", Api::Converse, "inferenceConfig"),
        ] {
            let model = catalog.find(name).unwrap();
            let said = asking.to_bedrock(model, asking.output(model).unwrap().max_tokens).unwrap();
            let body = String::from_utf8(said.body).unwrap();
            assert_eq!((said.api, body.contains(holds)), (api, true), "{name} {body}");
            // The one tells Anthropic's events, the other Converse's.
            let message = BedrockEvent::Message { kind: "ping".into(), json: b"{}" };
            let told = asking.teller(model, "req_1", 0).write_event(&message, &Bytes::new());
            assert_eq!(told.is_empty(), api == Api::Converse, "{name}");
        }
    }
}
