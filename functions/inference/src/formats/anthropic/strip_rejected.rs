//! What Bedrock refused, taken out, so that the rest can be asked for once more.
//!
//! Bedrock's rules for Claude change without notice, and `shared/data/models.json` follows later. A refusal that names
//! what it does not know is enough to go on until then.

mod path;
#[cfg(test)]
mod tests;

use crate::formats::raw_json::RawObject;

/// What Bedrock writes after the path of a field that it does not know.
const UNKNOWN_FIELD: &str = ": Extra inputs are not permitted";

/// The most paths of one refusal that are followed: each reads the body once more.
const MAX_PATHS: usize = 4;

/// A body for `InvokeModel` without what `refusal`, the text of Bedrock's 400, does not want in it, and the names of
/// what is gone. `None`: nothing that it names can be done without.
///
/// A beta that only served a field that is gone stays: alone it changes nothing.
pub fn strip_rejected_fields(body: &[u8], refusal: &str) -> Option<(Vec<u8>, Vec<String>)> {
    let mut json = std::str::from_utf8(body).ok()?.to_owned();
    let mut gone = Vec::new();
    if let Some((without, betas)) = without_betas(&json, refusal) {
        json = without;
        gone = betas;
    }
    for path in unknown_fields(refusal) {
        if let Some(without) = path::remove_path(&json, path) {
            json = without;
            gone.push(path.to_owned());
        }
    }
    (!gone.is_empty()).then(|| (json.into_bytes(), gone))
}

/// The body without the betas that are refused: all of them where none is named.
fn without_betas(json: &str, refusal: &str) -> Option<(String, Vec<String>)> {
    let is_about_all = refusal.contains("invalid beta flag");
    if !is_about_all && !["anthropic-beta", "anthropic_beta"].iter().any(|field| refusal.contains(field)) {
        return None;
    }
    let mut fields = RawObject::parse(json.as_bytes()).ok()?;
    let betas: Vec<String> = fields.read("anthropic_beta").ok()??;
    let is_named =
        |beta: &str| ['`', '\'', '"'].iter().any(|quote| refusal.contains(&format!("{quote}{beta}{quote}")));
    let (mut gone, mut kept): (Vec<_>, Vec<_>) = betas.into_iter().partition(|beta| is_named(beta));
    if is_about_all && gone.is_empty() {
        std::mem::swap(&mut gone, &mut kept);
    }
    if gone.is_empty() {
        return None;
    }
    if kept.is_empty() {
        fields.remove("anthropic_beta");
    } else {
        fields.set("anthropic_beta", serde_json::to_string(&kept).ok()?);
    }
    Some((fields.to_json(), gone))
}

/// The paths of the fields that a refusal does not know, each once.
fn unknown_fields(refusal: &str) -> Vec<&str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-[]".contains(letter);
    let mut paths = Vec::new();
    for (end, _) in refusal.match_indices(UNKNOWN_FIELD) {
        let path = refusal.get(..end).and_then(|before| before.rsplit(|letter| !is_part(letter)).next());
        if let Some(path) = path.filter(|path| !paths.contains(path)) {
            paths.push(path);
        }
        if paths.len() == MAX_PATHS {
            break;
        }
    }
    paths
}
