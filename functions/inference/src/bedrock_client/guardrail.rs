//! The guardrail of a deployment: what a client may say about it, and how it is sent.

use serde::Deserialize;
use serde_json::json;
use shared::api::ApiError;

use crate::formats::BedrockRequest;
use crate::formats::raw_json::may_hold;

/// A guardrail of Amazon Bedrock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    pub id: String,
    pub version: String,
}

impl Guardrail {
    /// As Converse has it.
    pub fn config(&self) -> String {
        json!({"guardrailIdentifier": self.id, "guardrailVersion": self.version}).to_string()
    }
}

/// Refuses a guardrail that the client chose, unless it is the deployment's own: no budget covers what another one costs.
pub fn check_client_guardrail(said: &BedrockRequest, own: Option<&Guardrail>) -> Result<(), ApiError> {
    const FIELD: &str = "guardrailConfig";

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct GuardrailConfig {
        guardrail_identifier: String,
        guardrail_version: String,
        trace: Option<String>,
    }

    let Some(chosen) = said.guardrail.as_deref().filter(|chosen| *chosen != "null") else { return Ok(()) };
    let chosen: Option<GuardrailConfig> = serde_json::from_str(chosen).ok();
    let is_own = chosen.zip(own).is_some_and(|(chosen, own)| {
        let is_traced = chosen.trace.is_some_and(|trace| trace != "disabled");
        !is_traced
            && (chosen.guardrail_identifier, chosen.guardrail_version)
                == (own.id.clone(), own.version.clone())
    });
    if is_own {
        return Ok(());
    }
    Err(ApiError::invalid(
        FIELD,
        "the deployment chooses guardrails, since no budget here covers their price; leave it out",
    ))
}

/// Refuses what would tell a guardrail of the deployment which part of a request it shall look at.
pub fn reject_guardrail_overrides(said: &BedrockRequest) -> Result<(), ApiError> {
    for word in ["guardContent", "amazon-bedrock-"] {
        if may_hold(&said.body, word) {
            let message = format!("{word}: this deployment's guardrail looks at the whole request");
            return Err(ApiError::Invalid { param: None, message });
        }
    }
    Ok(())
}
