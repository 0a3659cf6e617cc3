//! A query string, with ids kept as they are: a `+` in `mario+test@company.com` is no space.

use axum::http::Uri;
use shared::api::ApiError;

/// The parameters of one request, still encoded.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub fn read(uri: &Uri) -> Result<Self, ApiError> {
        let text = uri.query().unwrap_or_default();
        let pair = |pair: &str| -> Result<_, ApiError> {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = percent_decode(name).ok_or_else(|| ApiError::Invalid {
                param: None,
                message: "a parameter's name is not percent-encoded UTF-8".to_owned(),
            })?;
            Ok((name, value.to_owned()))
        };
        let pairs = text.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Result<_, _>>()?;
        Ok(Self { pairs })
    }

    /// A parameter, read as forms are: `+` is a space. Sent without a value it is absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.value(name, |value| percent_decode(&value.replace('+', " ")))
    }

    /// A parameter that names somebody: `+` stays, as LiteLLM's `/user/info` has it.
    pub fn id(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.value(name, percent_decode)
    }

    /// A parameter that is `true` or `false`.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.text(name)?.map(|value| value.to_lowercase()).as_deref() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(_) => Err(ApiError::invalid(name, "must be true or false")),
        }
    }

    /// A whole number from `least` to `most`.
    pub fn number(&self, name: &str, default: usize, least: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number
            .ok_or_else(|| ApiError::invalid(name, format!("must be a whole number from {least} to {most}")))
    }

    /// Refuses every parameter but these: a filter that is not applied would show what it should hide. One that asks
    /// for nothing may stay.
    pub fn reject_others(&self, known: &[&str]) -> Result<(), ApiError> {
        let asks = |value: &str| !["", "false", "False"].contains(&value);
        let foreign = self.pairs.iter().find(|(name, value)| !known.contains(&&**name) && asks(value));
        match foreign {
            None => Ok(()),
            Some((name, _)) => {
                let message = format!("is no parameter here; there are: {}", known.join(", "));
                Err(ApiError::invalid(name, message))
            }
        }
    }

    /// Whether any of these parameters was sent with a value.
    pub fn has_any(&self, names: &[&str]) -> bool {
        self.pairs.iter().any(|(name, value)| names.contains(&&**name) && !value.is_empty())
    }

    /// The last of that name counts.
    fn value(&self, name: &str, decode: impl Fn(&str) -> Option<String>) -> Result<Option<String>, ApiError> {
        let last = self.pairs.iter().rev().find(|(own, value)| own == name && !value.is_empty());
        let bad = || ApiError::invalid(name, "must be percent-encoded UTF-8");
        last.map(|(_, value)| decode(value).ok_or_else(bad)).transpose()
    }
}

/// `text` with its `%40` turned into `@`.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => (digit(bytes.next())? << 4) | digit(bytes.next())?,
            other => other,
        });
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::read(&format!("/x?{text}").parse().unwrap()).unwrap()
    }

    #[test]
    fn a_plus_is_a_space_except_in_ids() {
        for (text, id, form) in [
            ("a=x+y", Some("x+y"), Some("x y")),
            ("a=x%2By%20z", Some("x+y z"), Some("x+y z")),
            ("a=mario%40company.com", Some("mario@company.com"), Some("mario@company.com")),
            ("a=1&a=2", Some("2"), Some("2")),
            ("a=", None, None),
            ("b=1", None, None),
        ] {
            assert_eq!(query(text).id("a").unwrap().as_deref(), id, "{text}");
            assert_eq!(query(text).text("a").unwrap().as_deref(), form, "{text}");
        }
        for broken in ["a=%4", "a=%zz", "a=%ff"] {
            assert!(query(broken).id("a").is_err(), "{broken}");
        }
    }

    #[test]
    fn numbers_flags_and_names_are_checked() {
        for (text, want) in
            [("", Some(25)), ("n=1", Some(1)), ("n=100", Some(100)), ("n=0", None), ("n=-1", None)]
        {
            assert_eq!(query(text).number("n", 25, 1, 100).ok(), want, "{text}");
        }
        for (text, want) in
            [("", Some(true)), ("f=False", Some(false)), ("f=1", Some(true)), ("f=maybe", None)]
        {
            assert_eq!(query(text).flag("f", true).ok(), want, "{text}");
        }
        assert!(query("team_id=&x=false").reject_others(&["page"]).is_ok());
        assert!(query("page=2&team_id=t").reject_others(&["page"]).is_err());
    }
}
