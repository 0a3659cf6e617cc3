//! What a deployment adds to every call: its guardrail, its service tier, and whose call it is.

use std::collections::BTreeMap;

use serde_json::json;
use shared::store::Admission;
use stargate_core::secret::Secret;

use crate::bedrock_client::config::ServiceTier;
use crate::bedrock_client::guardrail::Guardrail;
use crate::bedrock_client::{BedrockCall, BedrockOperation};
use crate::formats::{Api, BedrockRequest};

/// What is added.
pub struct RequestOptions<'a> {
    pub guardrail: Option<&'a Guardrail>,
    pub tier: Option<&'a ServiceTier>,
    pub admission: &'a Admission,
}

impl RequestOptions<'_> {
    /// The call of a body, streamed or not, to a model that is invoked by `invoke_id`.
    pub fn call(
        &self,
        said: BedrockRequest,
        streams: bool,
        invoke_id: &str,
        region: Option<String>,
    ) -> BedrockCall {
        let operation = match (said.api, streams) {
            (Api::Messages | Api::Native, true) => BedrockOperation::InvokeStream,
            (Api::Messages | Api::Native, false) => BedrockOperation::Invoke,
            (Api::Converse, true) => BedrockOperation::ConverseStream,
            (Api::Converse, false) => BedrockOperation::Converse,
        };
        let (body, headers) = match said.api {
            Api::Converse => (self.in_body(said), Vec::new()),
            Api::Messages | Api::Native => (said.body, self.in_headers()),
        };
        BedrockCall { operation, model: invoke_id.to_owned(), region, body: body.into(), headers }
    }

    /// As `InvokeModel` takes it.
    fn in_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(
            "x-amzn-bedrock-request-metadata",
            json!(self.metadata().collect::<BTreeMap<_, _>>()).to_string(),
        )];
        if let Some(guardrail) = self.guardrail {
            headers.push(("x-amzn-bedrock-guardrailidentifier", guardrail.id.clone()));
            headers.push(("x-amzn-bedrock-guardrailversion", guardrail.version.clone()));
        }
        headers.extend(self.tier.map(|tier| ("x-amzn-bedrock-service-tier", tier.tier.clone())));
        headers
    }

    /// As Converse takes it: at the end of the body, which holds none of these.
    fn in_body(&self, said: BedrockRequest) -> Vec<u8> {
        let BedrockRequest { mut body, mut metadata, .. } = said;
        metadata.extend(self.metadata().map(|(name, value)| (name.to_owned(), value)));
        let guardrail = self.guardrail.map(Guardrail::config);
        let tier = self.tier.map(|tier| json!({"type": tier.tier}).to_string());
        let added = [
            ("requestMetadata", Some(json!(metadata).to_string())),
            ("guardrailConfig", guardrail),
            ("serviceTier", tier),
        ];
        body.pop();
        for (name, value) in added {
            if let Some(value) = value {
                body.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
            }
        }
        body.push(b'}');
        body
    }

    /// What joins Bedrock's invocation logs with our records: the request's id, and who asked, hashed, since those logs
    /// are read by others.
    fn metadata(&self) -> impl Iterator<Item = (&'static str, String)> {
        let holder = &self.admission.pointer().holder;
        let hashed = |id: &str| Secret::new(id).hash().as_str().to_owned();
        let user = holder.user.as_ref().map(|user| ("stargate_user", hashed(user.as_str())));
        let team = holder.team.as_ref().map(|team| ("stargate_team", hashed(team.as_str())));
        let request = ("stargate_request", self.admission.request().to_string());
        [Some(request), user, team].into_iter().flatten()
    }
}
