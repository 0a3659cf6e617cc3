//! Where Converse takes less from a model than the catalog says the model can: the catalog counts what is done
//! for a model by other means.

use stargate_core::catalog::{Capability, Model};

/// Whether a schema may be asked for by `outputConfig`. Nova's pages tell to force a tool instead, and it is not on
/// Bedrock's list of models with structured outputs. Not tried on Bedrock.
pub fn supports_json_schema(model: &Model) -> bool {
    model.can(Capability::ResponseSchema) && !is_nova(model)
}

/// Whether a cache point may stand among the tools. Nova's are refused there: `#/toolConfig/tools/1: extraneous key
/// [cachePoint] is not permitted`. Elsewhere it takes them.
pub fn tool_cache_points(model: &Model) -> bool {
    model.can(Capability::PromptCaching) && !is_nova(model)
}

fn is_nova(model: &Model) -> bool {
    model.base_id.starts_with("amazon.nova")
}
