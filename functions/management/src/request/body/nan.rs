//! Python's `json.dumps` writes `NaN` and `Infinity`, which JSON has not. Whoever sends one is told so, by field.

use shared::api::ApiError;

const NOT_JSON: [&str; 2] = ["NaN", "Infinity"];

/// The fault of a body that holds such a number, if it does.
pub fn fault(body: &[u8]) -> Option<ApiError> {
    let text = std::str::from_utf8(body).ok()?;
    let (field, token) = find(text)?;
    let message = format!("must be a JSON number or null; JSON has no {token}");
    Some(match field {
        Some(field) => ApiError::invalid(&field, message),
        None => ApiError::Invalid { param: None, message },
    })
}

/// The first such number outside strings, and the name that stands before it.
fn find(text: &str) -> Option<(Option<String>, &'static str)> {
    let (mut name, mut last) = (None, String::new());
    let mut rest = text;
    loop {
        let at = rest.find(['"', ':', 'N', 'I'])?;
        let (_, here) = rest.split_at(at);
        if let Some(token) = NOT_JSON.into_iter().find(|token| here.starts_with(token)) {
            return Some((name, token));
        }
        let mut after = here.chars();
        match after.next()? {
            '"' => {
                let (string, behind) = string(after.as_str())?;
                (last, rest) = (string.chars().take(100).collect(), behind);
                continue;
            }
            ':' => name = Some(last.clone()),
            _ => {}
        }
        rest = after.as_str();
    }
}

/// What a string holds that has just been opened, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return Some((text.get(..at)?, text.get(at + 1..)?)),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_that_holds_no_number() {
        for (text, want) in [
            (r#"{"max_budget": NaN}"#, Some((Some("max_budget"), "NaN"))),
            (r#"{"a": "NaN", "b":-Infinity}"#, Some((Some("b"), "Infinity"))),
            (r#"{"a": "say \"", "b": Infinity}"#, Some((Some("b"), "Infinity"))),
            ("NaN", Some((None, "NaN"))),
            (r#"{"a": "NaN", "b": }"#, None),
            (r#"{"a": "NaN"#, None),
        ] {
            let got = find(text);
            assert_eq!(got.as_ref().map(|(name, token)| (name.as_deref(), *token)), want, "{text}");
        }
    }
}
