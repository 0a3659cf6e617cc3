//! A member of a JSON body, found by a path as Bedrock writes it, and taken out.

use std::borrow::Cow;

use crate::formats::raw_json::{RawObject, array, elements};

/// The longest path that is followed.
const MAX_DEPTH: usize = 12;

/// How many segments of a path may be tags. A block in a tool's result has two.
const MAX_TAGS: usize = 3;

/// The body without the member of an object at `path`, and without the object of the body that it leaves empty. `None`
/// if there is no such member, or nothing can be asked without it.
pub fn remove_path(body: &str, path: &str) -> Option<String> {
    let segments: Vec<&str> = path.split('.').collect();
    if segments.last().is_some_and(|last| is_number(last)) {
        return None;
    }
    let (first, rest) = segments.split_first().filter(|(_, rest)| rest.len() < MAX_DEPTH)?;
    let mut fields = RawObject::parse(body.as_bytes()).ok()?;
    if rest.is_empty() {
        if is_required(&[first]) {
            return None;
        }
        fields.remove(first)?;
    } else {
        let changed = remove_segments(fields.get(first)?, rest, &[first], MAX_TAGS)?;
        if changed == "{}" {
            fields.remove(first);
        } else {
            fields.set(first, changed);
        }
    }
    Some(fields.to_json())
}

/// `json` without the member that `segments` lead to from here; `walked` are the names and numbers that led here. A
/// segment may also be the tag of a union, `text` for one, which is no place in the body: but a field of that name
/// comes first.
fn remove_segments(json: &str, segments: &[&str], walked: &[&str], tags: usize) -> Option<String> {
    let (&first, rest) = segments.split_first()?;
    let here = [walked, &[first]].concat();
    if json.starts_with('{') {
        let mut fields = RawObject::parse(json.as_bytes()).ok()?;
        match fields.get(first) {
            Some(_) if rest.is_empty() && is_required(&here) => return None,
            Some(_) if rest.is_empty() => {
                fields.remove(first)?;
                return Some(fields.to_json());
            }
            // Not also tried as a tag: each level is read once, however the path was written. A block of type `text` has
            // a text of that name, in which nothing can lie.
            Some(inner) if inner.starts_with(['{', '[']) => {
                let changed = remove_segments(inner, rest, &here, tags)?;
                fields.set(first, changed);
                return Some(fields.to_json());
            }
            Some(_) | None => {}
        }
    } else if json.starts_with('[') {
        if let Ok(number) = first.parse::<usize>() {
            let mut elements: Vec<Cow<'_, str>> =
                elements(json).ok()?.into_iter().map(Cow::Borrowed).collect();
            let element = elements.get_mut(number)?;
            *element = Cow::Owned(remove_segments(element, rest, &here, tags)?);
            return Some(array(elements));
        }
    } else {
        return None;
    }
    if is_number(first) { None } else { remove_segments(json, rest, walked, tags.checked_sub(1)?) }
}

/// Whether it counts elements: it is no tag then, nor is it anybody's name.
fn is_number(segment: &str) -> bool {
    segment.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether there is no request without it.
fn is_required(path: &[&str]) -> bool {
    matches!(
        path,
        ["model" | "messages" | "max_tokens" | "anthropic_version"]
            | ["messages", _, "role" | "content"]
            | ["tools", _, "name" | "input_schema"]
    )
}
