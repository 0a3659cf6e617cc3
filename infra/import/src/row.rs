//! One row of an exported table, read field by field: JSON's own types, or CSV's texts of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::Limits;

/// Why a row cannot be imported: the field and what is the matter with it.
pub type RowError = String;

#[derive(Clone, Debug)]
pub struct DumpRow {
    pub table: &'static str,
    /// Counted from one.
    pub number: usize,
    pub values: Map<String, Value>,
}

impl DumpRow {
    /// A field that is there.
    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, RowError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("{name} is no text")),
        }
    }

    pub fn require_text(&self, name: &str) -> Result<String, RowError> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// An amount, which may be negative.
    pub fn amount(&self, name: &str) -> Result<Option<Money>, RowError> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => return Err(format!("{name} is no amount")),
        };
        Money::parse(&text).map(Some).map_err(|rule| format!("{name}: {rule}"))
    }

    pub fn money(&self, name: &str) -> Result<Option<Money>, RowError> {
        match self.amount(name)? {
            Some(amount) if amount.is_negative() => Err(format!("{name} is negative")),
            amount => Ok(amount),
        }
    }

    pub fn count(&self, name: &str) -> Result<Option<u64>, RowError> {
        let wrong = || format!("{name} is no whole number");
        match self.value(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(wrong),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong()),
            Some(_) => Err(wrong()),
        }
    }

    pub fn flag(&self, name: &str) -> Result<bool, RowError> {
        match self.value(name) {
            None | Some(Value::Bool(false)) => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(Value::String(text)) => match text.as_str() {
                "t" | "true" => Ok(true),
                "f" | "false" => Ok(false),
                _ => Err(format!("{name} is neither true nor false")),
            },
            Some(_) => Err(format!("{name} is neither true nor false")),
        }
    }

    /// A list of texts: JSON's, or PostgreSQL's `{one,"two words"}`.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, RowError> {
        let wrong = || format!("{name} is no list of texts");
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) if text.starts_with('{') => of_postgres(text).ok_or_else(wrong),
            Some(_) => match self.json(name)? {
                Some(value) => serde_json::from_value(value).map_err(|_| wrong()),
                None => Ok(Vec::new()),
            },
        }
    }

    /// A field of JSON, as such or as its text.
    pub fn json(&self, name: &str) -> Result<Option<Value>, RowError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| format!("{name} is no JSON"))
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A JSON object; an absent one is empty.
    pub fn object(&self, name: &str) -> Result<Map<String, Value>, RowError> {
        match self.json(name)? {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(values)) => Ok(values),
            Some(_) => Err(format!("{name} is no JSON object")),
        }
    }

    /// `metadata` as it is kept: the text of a JSON object.
    pub fn metadata(&self) -> Result<String, RowError> {
        Ok(Value::Object(self.object("metadata")?).to_string())
    }

    /// A JSON object of texts.
    pub fn names(&self, name: &str) -> Result<BTreeMap<String, String>, RowError> {
        let wrong = || format!("{name} is no object of texts");
        let names: Option<BTreeMap<String, String>> =
            self.json(name)?.map(|value| serde_json::from_value(value).map_err(|_| wrong())).transpose()?;
        let is_one_line = |text: &String| !text.is_empty() && !text.chars().any(char::is_control);
        let names = names.unwrap_or_default();
        if names.iter().all(|(name, model)| is_one_line(name) && is_one_line(model)) {
            Ok(names)
        } else {
            Err(wrong())
        }
    }

    /// A point in time as PostgreSQL and JSON write it; in UTC where no zone is told.
    pub fn moment(&self, name: &str) -> Result<Option<Moment>, RowError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let zoned = text.parse::<Timestamp>().or_else(|_| format!("{text}:00").parse());
        let plain = || text.parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC));
        let at = zoned.or_else(|_| plain().map(|zoned| zoned.timestamp()));
        at.map(|at| Some(Moment::from_ms(at.as_millisecond()))).map_err(|_| format!("{name} is no time"))
    }

    /// The limits that users, keys, teams and budgets have in common.
    pub fn limits(&self) -> Result<Limits, RowError> {
        let duration = self
            .text("budget_duration")?
            .map(|text| BudgetDuration::parse(&text).map_err(|rule| format!("budget_duration: {rule}")));
        Ok(Limits {
            max_budget: self.money("max_budget")?,
            soft_budget: self.money("soft_budget")?,
            budget_duration: duration.transpose()?,
            rpm: self.count("rpm_limit")?,
            tpm: self.count("tpm_limit")?,
            max_parallel_requests: self.count("max_parallel_requests")?,
            models: BTreeSet::from_iter(self.texts("models")?),
            blocked: self.flag("blocked")?,
            expires: self.moment("expires")?,
        })
    }
}

/// Whether a field has a value, as JSON or as its text. `null`, `false`, an empty text, list or object is none.
pub fn has_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => match text.trim() {
            "" | "f" => false,
            text => match serde_json::from_str::<Value>(text) {
                Ok(Value::String(_)) | Err(_) => true,
                Ok(value) => has_value(&value),
            },
        },
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// An array of texts as PostgreSQL writes it.
fn of_postgres(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let (mut found, mut entry, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => is_quoted = !is_quoted,
            '\\' => entry.push(chars.next()?),
            ',' if !is_quoted => found.push(std::mem::take(&mut entry)),
            other => entry.push(other),
        }
    }
    if !inner.is_empty() {
        found.push(entry);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> DumpRow {
        DumpRow { table: "t", number: 1, values: serde_json::from_str(json).unwrap() }
    }

    #[test]
    fn fields_are_json_or_the_texts_of_postgres() {
        let typed = row(r#"{"max_budget": 10.5, "models": ["a", "b c"], "blocked": true, "rpm_limit": 3,
            "expires": "2025-02-25T00:00:00Z", "metadata": {"a": 1}}"#);
        let texts = row(r#"{"max_budget": "10.5", "models": "{a,\"b c\"}", "blocked": "t", "rpm_limit": "3",
            "expires": "2025-02-25 00:00:00", "metadata": "{\"a\": 1}"}"#);
        assert_eq!(typed.limits().unwrap(), texts.limits().unwrap());
        assert_eq!(typed.metadata(), texts.metadata());
        for (json, field) in [
            (r#"{"max_budget": "much"}"#, "max_budget"),
            (r#"{"max_budget": -1}"#, "max_budget"),
            (r#"{"budget_duration": "30days"}"#, "budget_duration"),
            (r#"{"models": "a"}"#, "models"),
            (r#"{"blocked": "maybe"}"#, "blocked"),
            (r#"{"expires": "soon"}"#, "expires"),
        ] {
            assert!(row(json).limits().is_err_and(|wrong| wrong.starts_with(field)), "{json}");
        }
        for (json, says) in [
            (r#"[null, false, "", "f", "false", "null", "{}", "[ ]", [], {}]"#, false),
            (
                r#"[true, 0, 1.5, "t", "0", "{a}", "{\"a\": null}", "[0]", "no", "\"\"", [0], {"a": null}]"#,
                true,
            ),
        ] {
            for value in serde_json::from_str::<Vec<Value>>(json).unwrap() {
                assert_eq!(has_value(&value), says, "{value}");
            }
        }
        assert_eq!(of_postgres("{}"), Some(Vec::new()));
        assert_eq!(of_postgres(r#"{"a\"b,c",d}"#), Some(vec!["a\"b,c".to_owned(), "d".to_owned()]));
        for time in ["2025-02-25 01:00:00+01", "2025-02-25T00:00:00.000Z", "2025-02-25 00:00:00"] {
            let json = format!(r#"{{"at": "{time}"}}"#);
            assert_eq!(row(&json).moment("at"), Ok(Some(Moment::from_seconds(1_740_441_600))), "{time}");
        }
    }
}
