//! Blocks of content.

use std::borrow::Cow;

use serde_json::value::RawValue;
use shared::api::ApiError;
use stargate_core::catalog::{Capability, Model};

use super::block_fields::BlockFields;
use super::media;
use super::read::{FieldPath, object, raw_object, require, string, text};
use super::texts::{blocks_of, text_block, texts};
use crate::formats::anthropic::strip_blocks::unsupported_server_tool;
use crate::formats::converse::request::{CachePoint, ConverseBlock, ToolResult, ToolUse};

/// What stands for a tool's result that is empty: Converse wants something.
const NO_CONTENT: &str = "(no content)";

/// Puts the content of one conversation into Converse's blocks.
pub struct Contents<'m> {
    model: &'m Model,
    /// How many documents there were so far: their names are numbered.
    documents: usize,
}

impl<'m> Contents<'m> {
    pub fn new(model: &'m Model) -> Self {
        Self { model, documents: 0 }
    }

    /// A message's content: a string, or blocks. Empty if it says nothing.
    pub fn read<'a>(&mut self, raw: &'a RawValue, path: &str) -> Result<Vec<ConverseBlock<'a>>, ApiError> {
        if raw.get().starts_with('"') {
            return Ok(text_block(raw).into_iter().collect());
        }
        let mut blocks = Vec::new();
        for (number, raw) in blocks_of(raw, path)?.into_iter().enumerate() {
            let path = format!("{path}.{number}");
            let fields: BlockFields<'a> = object(raw, &path)?;
            let mut is_cached = fields.cache_control.is_some();
            let before = blocks.len();
            match string(fields.kind, FieldPath { path: &path, name: "type" })?.as_ref() {
                "tool_use" => blocks.push(tool_use(&fields, &path)?),
                "tool_result" => {
                    let (result, caches) = self.tool_result(&fields, &path)?;
                    is_cached |= caches;
                    blocks.push(ConverseBlock::ToolResult(result));
                }
                // Signed by another model, for itself.
                "thinking" | "redacted_thinking" => {}
                kind => self.show(kind, &fields, &path, &mut blocks)?,
            }
            if is_cached && blocks.len() > before {
                blocks.extend(cache_point(self.model));
            }
        }
        Ok(blocks)
    }

    /// A block that a tool's result can hold as well.
    fn show<'a>(
        &mut self,
        kind: &str,
        fields: &BlockFields<'a>,
        path: &str,
        blocks: &mut Vec<ConverseBlock<'a>>,
    ) -> Result<(), ApiError> {
        match kind {
            "text" => blocks.extend(text_block(text(fields.text, FieldPath { path, name: "text" })?)),
            "image" => blocks.push(media::image(fields, path, self.model)?),
            "document" => {
                self.documents += 1;
                blocks.extend(media::document(fields, path, self.model, self.documents)?);
            }
            "search_result" => {
                let title = string(fields.title, FieldPath { path, name: "title" })?;
                let source = string(fields.source, FieldPath { path, name: "source" })?;
                blocks.push(ConverseBlock::OwnText(format!("Search result: {title} ({source})").into()));
                let content = require(fields.content, FieldPath { path, name: "content" })?;
                blocks.extend(texts(content, &format!("{path}.content"))?);
            }
            "tool_reference" => {
                let name = string(fields.tool_name, FieldPath { path, name: "tool_name" })?;
                blocks.push(ConverseBlock::OwnText(format!("The tool {name} can be called now.").into()));
            }
            _ if is_anthropics(kind) => return Err(ApiError::invalid(path, unsupported_server_tool(kind))),
            _ => {
                let rule =
                    format!("{kind:.64} is not a type of content that can be sent to {}", self.model.name);
                return Err(FieldPath { path, name: "type" }.wrong(rule));
            }
        }
        Ok(())
    }

    /// A tool's result, and whether anything in it ends what shall be cached: Converse has no cache points inside.
    fn tool_result<'a>(
        &mut self,
        fields: &BlockFields<'a>,
        path: &str,
    ) -> Result<(ToolResult<'a>, bool), ApiError> {
        let mut content = Vec::new();
        let mut is_cached = false;
        match fields.content {
            None => {}
            Some(raw) if raw.get().starts_with('"') => content.extend(text_block(raw)),
            Some(raw) => {
                let path = format!("{path}.content");
                for (number, raw) in blocks_of(raw, &path)?.into_iter().enumerate() {
                    let path = format!("{path}.{number}");
                    let inner: BlockFields<'a> = object(raw, &path)?;
                    is_cached |= inner.cache_control.is_some();
                    let kind = string(inner.kind, FieldPath { path: &path, name: "type" })?;
                    self.show(&kind, &inner, &path, &mut content)?;
                }
            }
        }
        if content.is_empty() {
            content.push(ConverseBlock::OwnText(NO_CONTENT.into()));
        }
        let tool_use_id = string(fields.tool_use_id, FieldPath { path, name: "tool_use_id" })?;
        let is_error = fields.is_error.is_some_and(|raw| raw.get() == "true");
        let status = is_error.then_some("error");
        Ok((ToolResult { tool_use_id, content, status }, is_cached))
    }
}

/// Anthropic's ids of calls fit Converse's rule for them: letters, digits, `_` and `-`, at most 64.
fn tool_use<'a>(fields: &BlockFields<'a>, path: &str) -> Result<ConverseBlock<'a>, ApiError> {
    Ok(ConverseBlock::ToolUse(ToolUse {
        tool_use_id: string(fields.id, FieldPath { path, name: "id" })?,
        name: string(fields.name, FieldPath { path, name: "name" })?,
        input: Cow::Borrowed(raw_object(fields.input, FieldPath { path, name: "input" })?),
    }))
}

/// What follows a block that ends what shall be cached. The five minutes are Bedrock's own default; it has no price for
/// an hour with these models.
pub fn cache_point(model: &Model) -> Option<ConverseBlock<'static>> {
    model.can(Capability::PromptCaching).then(|| ConverseBlock::CachePoint(CachePoint::new(false)))
}

/// Whether a block tells of what Anthropic's own servers did, and only they can read.
fn is_anthropics(kind: &str) -> bool {
    kind.starts_with("server_")
        || kind.starts_with("mcp_")
        || kind.ends_with("_tool_result")
        || kind == "container_upload"
}
