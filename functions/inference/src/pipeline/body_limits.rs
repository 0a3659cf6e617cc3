//! How many elements a body may have, found by one pass over its bytes before anything else looks at them.
//!
//! A body of 32 MB has room for ten million empty tools. Whatever takes lists apart element by element would work on them
//! for seconds. The pass looks at brackets and commas outside of strings, keeps nothing, and stops at the first list that is
//! too long. It does not judge whether the body is JSON: its reader does.

use shared::api::ApiError;

/// Messages of one request. Anthropic's own limit.
const MAX_MESSAGES: u64 = 100_000;

/// Tools of one request. The largest sets that clients send have some hundreds.
const MAX_TOOLS: u64 = 10_000;

/// Blocks of the system prompt.
const MAX_ELEMENTS: u64 = 100_000;

/// Content blocks, tool calls and blocks of tool results of all messages together.
const MAX_BLOCKS: u64 = 200_000;

/// Brackets and commas of everything but messages, system prompt and tools: of what is read as values, not passed as text.
const MAX_SETTINGS: u64 = 20_000;

/// The fields that are passed on as text, element by element at most.
const CONTENT: [&[u8]; 4] = [b"messages", b"system", b"tools", b"toolConfig"];

/// Lists deeper than this are values of the client's own, such as a tool's input: nobody takes them apart.
const MAX_DEPTH: usize = 6;

/// Names the first list that has too many elements, and the rule.
pub fn check(body: &[u8]) -> Result<(), ApiError> {
    Scan::new(body).run()
}

struct Scan<'a> {
    body: &'a [u8],
    at: usize,
    depth: usize,
    /// Whether the open brackets are lists, by depth.
    is_list: [bool; MAX_DEPTH + 1],
    /// The latest string at depth one: the field that is being looked at.
    field: &'a [u8],
    /// Elements of the current list at depth two, and at depth three.
    elements: [u64; 2],
    /// Elements of all lists in elements of lists.
    blocks: u64,
    /// Elements and members outside of what is passed on as text.
    settings: u64,
}

impl<'a> Scan<'a> {
    fn new(body: &'a [u8]) -> Self {
        let is_list = [false; MAX_DEPTH + 1];
        Self { body, at: 0, depth: 0, is_list, field: b"", elements: [0, 0], blocks: 0, settings: 0 }
    }

    fn run(mut self) -> Result<(), ApiError> {
        while let Some(byte) = self.body.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' => self.open(false)?,
                b'[' => self.open(true)?,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b',' => {
                    self.count_setting()?;
                    self.count()?;
                }
                _ => {}
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Goes on behind the string that begins here.
    fn skip_string(&mut self) {
        let begin = self.at + 1;
        let mut at = begin;
        loop {
            let rest = self.body.get(at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(found) if rest.get(found) == Some(&b'"') => {
                    at += found;
                    break;
                }
                // The escaped byte is no end.
                Some(found) => at += found + 2,
                None => {
                    at = self.body.len();
                    break;
                }
            }
        }
        let is_followed = || self.body.get(at + 1..).unwrap_or_default().trim_ascii_start().starts_with(b":");
        if self.depth == 1 && is_followed() {
            self.field = self.body.get(begin..at).unwrap_or_default();
        }
        self.at = at + 1;
    }

    /// Counts an element or a member of a setting.
    fn count_setting(&mut self) -> Result<(), ApiError> {
        if self.depth < 2 || CONTENT.contains(&self.field) {
            return Ok(());
        }
        self.settings += 1;
        let rule = "values in all, beside messages, system and tools";
        if self.settings > MAX_SETTINGS { Err(self.too_many(rule, MAX_SETTINGS)) } else { Ok(()) }
    }

    fn open(&mut self, is_list: bool) -> Result<(), ApiError> {
        self.depth += 1;
        self.count_setting()?;
        if let Some(known) = self.is_list.get_mut(self.depth) {
            *known = is_list;
        }
        if !is_list {
            return Ok(());
        }
        match self.depth {
            2 | 3 => self.elements[self.depth - 2] = 0,
            _ => {}
        }
        self.count()
    }

    /// Counts one element of the list that is open, if it is one that is taken apart.
    fn count(&mut self) -> Result<(), ApiError> {
        if !self.is_list.get(self.depth).is_some_and(|is_list| *is_list) {
            return Ok(());
        }
        let is_in_elements = |depth: usize| (2..depth).all(|at| self.is_list[at] == (at % 2 == 0));
        match self.depth {
            2 | 3 => {
                let count = &mut self.elements[self.depth - 2];
                *count += 1;
                let (count, most) = (*count, most_of(self.field));
                if count > most { Err(self.too_many("elements", most)) } else { Ok(()) }
            }
            depth @ (4 | 6) if is_in_elements(depth) => {
                self.blocks += 1;
                if self.blocks > MAX_BLOCKS {
                    Err(self.too_many("blocks in all", MAX_BLOCKS))
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    fn too_many(&self, what: &str, most: u64) -> ApiError {
        // The name is the client's own text, of any length.
        let field: String = String::from_utf8_lossy(self.field).chars().take(64).collect();
        ApiError::invalid(&field, format!("must have at most {most} {what}"))
    }
}

fn most_of(field: &[u8]) -> u64 {
    match field {
        b"messages" => MAX_MESSAGES,
        b"tools" | b"toolConfig" => MAX_TOOLS,
        _ => MAX_ELEMENTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Option<String> {
        check(body.as_bytes()).err().map(|fault| fault.to_string())
    }

    fn list(element: &str, count: u64) -> String {
        let count = usize::try_from(count).unwrap();
        format!("[{}]", vec![element; count].join(","))
    }

    #[test]
    fn each_list_has_its_limit() {
        for (make, most, says) in [
            (r#"{"model":"m","tools":@}"#, MAX_TOOLS, "tools: must have at most 10000 elements"),
            (r#"{"toolConfig":{"tools":@}}"#, MAX_TOOLS, "toolConfig: must have at most 10000 elements"),
            (r#"{"messages" : @}"#, MAX_MESSAGES, "messages: must have at most 100000 elements"),
            (r#"{"system":@}"#, MAX_ELEMENTS, "system: must have at most 100000 elements"),
            (
                r#"{"thinking":{"type":"enabled","a":@}}"#,
                // Each of the elements counts twice, by its bracket and its comma.
                MAX_SETTINGS / 2 - 1,
                "thinking: must have at most 20000 values in all, beside messages, system and tools",
            ),
            (
                r#"{"additionalModelRequestFields":{"a":{"b":@}}}"#,
                MAX_SETTINGS / 2 - 1,
                "additionalModelRequestFields: must have at most 20000 values in all, beside messages, system and tools",
            ),
            (
                r#"{"messages":[{"role":"user","content":@}]}"#,
                MAX_BLOCKS,
                "messages: must have at most 200000 blocks in all",
            ),
            (
                r#"{"messages":[{"content":[{"type":"tool_result","content":@}]}]}"#,
                MAX_BLOCKS - 1,
                "messages: must have at most 200000 blocks in all",
            ),
        ] {
            let body = |count: u64| make.replace('@', &list("{}", count));
            // An opening bracket counts for the first element.
            assert_eq!(refusal(&body(most)), None, "{make} with {most}");
            assert_eq!(refusal(&body(most + 1)).as_deref(), Some(says), "{make} with one more");
        }
    }

    #[test]
    fn what_is_the_clients_own_has_none() {
        let many = list("1", 300_000);
        for body in [
            format!(r#"{{"messages":[{{"content":[{{"type":"tool_use","input":{{"rows":{many}}}}}]}}]}}"#),
            format!(r#"{{"tools":[{{"input_schema":{{"properties":{{"a":{{"enum":{many}}}}}}}}}]}}"#),
            format!(r#"{{"messages":[{{"content":"{}"}}]}}"#, "[{},".repeat(300_000)),
            format!(r#"{{"messages":[{{"content":"{}"}}]}}"#, r#"\"tools\":[{},"#.repeat(300_000)),
        ] {
            assert_eq!(refusal(&body), None);
        }
    }

    #[test]
    fn what_is_no_json_passes_to_its_reader() {
        for body in ["", "]]]}}}", "\"", "{\"a\":\"\\", "[[[[[[[[[[", "{\"a\":[1,2", "\\\"\\"] {
            assert_eq!(refusal(body), None, "{body}");
        }
    }
}
