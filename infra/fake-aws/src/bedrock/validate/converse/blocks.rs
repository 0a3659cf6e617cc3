//! Checks on content blocks.

use super::node::{CheckResult, Node};

const MEMBERS: [&str; 12] = [
    "text",
    "image",
    "document",
    "video",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "searchResult",
    "audio",
    "citationsContent",
];

const IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];
const DOCUMENTS: [&str; 9] = ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"];
const VIDEOS: [&str; 9] = ["mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"];
const AUDIOS: [&str; 15] = [
    "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm",
    "webm",
];

/// A block of a message.
pub(super) fn message(block: &Node) -> CheckResult {
    let (member, inner) = block.union(&MEMBERS)?;
    match member {
        "text" => not_blank("ContentBlock", block, &inner),
        "image" => media(&inner, &IMAGES),
        "video" => media(&inner, &VIDEOS),
        "audio" => media(&inner, &AUDIOS),
        "document" => document(&inner),
        "toolUse" => tool_use(&inner),
        "toolResult" => tool_result(&inner),
        "guardContent" => check_guard_content(&inner),
        "cachePoint" => cache_point(&inner),
        "reasoningContent" => reasoning(&inner),
        "searchResult" => search_result(&inner),
        _ => check_citations(&inner),
    }
}

/// A block of the system prompt.
pub(super) fn system(block: &Node) -> CheckResult {
    let (member, inner) = block.union(&["text", "guardContent", "cachePoint"])?;
    match member {
        "text" => not_blank("SystemContentBlock", block, &inner),
        "guardContent" => check_guard_content(&inner),
        _ => cache_point(&inner),
    }
}

pub(super) fn cache_point(point: &Node) -> CheckResult {
    let point = point.object(&["type", "ttl"])?;
    point.need("type")?.one_of(&["default"])?;
    point.if_any("ttl", |ttl| ttl.one_of(&["5m", "1h"]).map(drop))
}

/// The name or id of a tool.
pub(super) fn tool_word(word: &Node) -> CheckResult {
    word.not_empty()?;
    word.matching("[a-zA-Z0-9_-]+", 64, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).map(drop)
}

fn not_blank(kind: &str, block: &Node, text: &Node) -> CheckResult {
    if text.text()?.trim().is_empty() {
        let path = &block.path;
        return Err(format!(
            "The text field in the {kind} object at {path} is blank. Add text to the text field, and try again."
        ));
    }
    Ok(())
}

fn media(media: &Node, formats: &[&str]) -> CheckResult {
    let media = media.object(&["format", "source"])?;
    media.need("format")?.one_of(formats)?;
    let (member, source) = media.need("source")?.union(&["bytes", "s3Location"])?;
    if member == "bytes" { source.base64() } else { s3_location(&source) }
}

fn s3_location(location: &Node) -> CheckResult {
    let location = location.object(&["uri", "bucketOwner"])?;
    let uri = location.need("uri")?;
    if !uri.text()?.starts_with("s3://") {
        return Err(uri.breaks("Member must satisfy regular expression pattern: s3://.*"));
    }
    location.if_any("bucketOwner", |owner| owner.not_empty().map(drop))
}

fn document(document: &Node) -> CheckResult {
    let document = document.object(&["format", "name", "source", "context", "citations"])?;
    document.if_any("format", |format| format.one_of(&DOCUMENTS).map(drop))?;
    document_name(document.need("name")?.not_empty()?)?;
    document.if_any("context", |context| context.text().map(drop))?;
    document.if_any("citations", citations)?;
    let (member, source) = document.need("source")?.union(&["bytes", "text", "s3Location", "content"])?;
    match member {
        "bytes" => source.base64(),
        "text" => source.not_empty().map(drop),
        "content" => source.check_each(only_text),
        _ => s3_location(&source),
    }
}

fn document_name(name: &str) -> CheckResult {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " -()[]".contains(c);
    if name.chars().all(allowed) && !name.contains("  ") {
        return Ok(());
    }
    Err("The document file name can only contain alphanumeric characters, whitespace characters, hyphens, \
         parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."
        .to_owned())
}

fn citations(citations: &Node) -> CheckResult {
    citations.object(&["enabled"])?.need("enabled")?.boolean()
}

fn only_text(block: &Node) -> CheckResult {
    block.object(&["text"])?.need("text")?.text().map(drop)
}

fn tool_use(call: &Node) -> CheckResult {
    let call = call.object(&["toolUseId", "name", "input"])?;
    tool_word(&call.need("toolUseId")?)?;
    tool_word(&call.need("name")?)?;
    json_object(&call.need("input")?)
}

fn json_object(json: &Node) -> CheckResult {
    if json.value.is_object() {
        return Ok(());
    }
    let path = &json.path;
    Err(format!(
        "The format of the value at {path} is invalid. Provide a json object for the field and try again."
    ))
}

/// Its texts may be blank, and without an error it may be empty: so the real service was
/// seen to answer.
fn tool_result(result: &Node) -> CheckResult {
    let path = &result.path;
    let result = result.object(&["toolUseId", "content", "status"])?;
    tool_word(&result.need("toolUseId")?)?;
    let content = result.need("content")?;
    content.check_each(|block| {
        let (member, inner) = block.union(&["text", "json", "image", "document"])?;
        match member {
            "text" => inner.text().map(drop),
            "json" => json_object(&inner),
            "image" => media(&inner, &IMAGES),
            _ => document(&inner),
        }
    })?;
    let Some(status) = result.get("status") else {
        return Ok(());
    };
    if status.one_of(&["success", "error"])? == "error" && content.list()?.is_empty() {
        return Err(format!("The content field at {path} cannot be empty when status value is error."));
    }
    Ok(())
}

fn check_guard_content(content: &Node) -> CheckResult {
    let (member, inner) = content.union(&["text", "image"])?;
    if member == "image" {
        return media(&inner, &["png", "jpeg"]);
    }
    let text = inner.object(&["text", "qualifiers"])?;
    text.need("text")?.text()?;
    text.each_of("qualifiers", |qualifier| {
        qualifier.one_of(&["grounding_source", "query", "guard_content"]).map(drop)
    })
}

fn reasoning(content: &Node) -> CheckResult {
    let (member, inner) = content.union(&["reasoningText", "redactedContent"])?;
    if member == "redactedContent" {
        return inner.base64();
    }
    let text = inner.object(&["text", "signature"])?;
    text.need("text")?.text()?;
    text.if_any("signature", |signature| signature.text().map(drop))
}

fn search_result(result: &Node) -> CheckResult {
    let result = result.object(&["source", "title", "content", "citations"])?;
    result.need("source")?.text()?;
    result.need("title")?.text()?;
    result.need("content")?.check_each(only_text)?;
    result.if_any("citations", citations)
}

fn check_citations(content: &Node) -> CheckResult {
    let content = content.object(&["content", "citations"])?;
    content.each_of("content", only_text)?;
    content.each_of("citations", |citation| citation.entries().map(drop))
}
