//! One row of an exported table, read field by field: JSON's own types, or CSV's texts of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use shared::moment::Moment;
use shared::money::Money;
use shared::period::BudgetDuration;
use shared::scope::Limits;

/// Why a row cannot be imported: the field and what is the matter with it.
pub type Wrong = String;

#[derive(Clone, Debug)]
pub struct Row {
    pub table: &'static str,
    /// Counted from one.
    pub number: usize,
    pub values: Map<String, Value>,
}

impl Row {
    /// A field that is there and says something.
    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, Wrong> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("{name} is no text")),
        }
    }

    pub fn required(&self, name: &str) -> Result<String, Wrong> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    pub fn money(&self, name: &str) -> Result<Option<Money>, Wrong> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => return Err(format!("{name} is no amount")),
        };
        let amount = Money::parse(&text).map_err(|rule| format!("{name}: {rule}"))?;
        if amount.is_negative() { Err(format!("{name} is negative")) } else { Ok(Some(amount)) }
    }

    pub fn count(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let wrong = || format!("{name} is no whole number");
        match self.value(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(wrong),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong()),
            Some(_) => Err(wrong()),
        }
    }

    pub fn flag(&self, name: &str) -> Result<bool, Wrong> {
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
    pub fn texts(&self, name: &str) -> Result<Vec<String>, Wrong> {
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
    pub fn json(&self, name: &str) -> Result<Option<Value>, Wrong> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| format!("{name} is no JSON"))
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A JSON object as text; an absent one is empty.
    pub fn object(&self, name: &str) -> Result<String, Wrong> {
        match self.json(name)? {
            None | Some(Value::Null) => Ok("{}".to_owned()),
            Some(value @ Value::Object(_)) => Ok(value.to_string()),
            Some(_) => Err(format!("{name} is no JSON object")),
        }
    }

    /// A JSON object of texts.
    pub fn names(&self, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
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
    pub fn moment(&self, name: &str) -> Result<Option<Moment>, Wrong> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let zoned = text.parse::<Timestamp>().or_else(|_| format!("{text}:00").parse());
        let plain = || text.parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC));
        let at = zoned.or_else(|_| plain().map(|zoned| zoned.timestamp()));
        at.map(|at| Some(Moment::from_ms(at.as_millisecond()))).map_err(|_| format!("{name} is no time"))
    }

    /// The limits that users, keys, teams and budgets have in common.
    pub fn limits(&self) -> Result<Limits, Wrong> {
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

    /// Limits of single models: budgets (`{"model": {"budget_limit": 1, "time_period": "1mo"}}` by either pair of LiteLLM's names,
    /// or the bare amount), and the rates that LiteLLM keeps in `metadata`.
    pub fn model_limits(&self) -> Result<BTreeMap<String, Limits>, Wrong> {
        let mut limits = self.model_budgets()?;
        let metadata = self.json("metadata")?.unwrap_or_default();
        let rates = |name: &str| -> Result<Vec<(String, u64)>, Wrong> {
            let wrong = || format!("{name} is no object of whole numbers");
            let rates = metadata[name].as_object().into_iter().flatten();
            rates.map(|(model, rate)| Ok((model.clone(), rate.as_u64().ok_or_else(wrong)?))).collect()
        };
        for (model, rpm) in rates("model_rpm_limit")? {
            limits.entry(model).or_default().rpm = Some(rpm);
        }
        for (model, tpm) in rates("model_tpm_limit")? {
            limits.entry(model).or_default().tpm = Some(tpm);
        }
        Ok(limits)
    }

    fn model_budgets(&self) -> Result<BTreeMap<String, Limits>, Wrong> {
        let name = "model_max_budget";
        let wrong = || format!("{name} is no object of budgets");
        let Some(Value::Object(budgets)) = self.json(name)? else {
            return Ok(BTreeMap::new());
        };
        let budget = |(model, value): (String, Value)| {
            let values = match value {
                Value::Object(values) => values,
                amount => Map::from_iter([("budget_limit".to_owned(), amount)]),
            };
            let (table, number) = (self.table, self.number);
            let row = Row { table, number, values };
            let either = |one: &str, other: &str| Ok::<_, Wrong>(row.text(one)?.or(row.text(other)?));
            let duration = either("time_period", "budget_duration")?;
            let duration = duration.map(|text| BudgetDuration::parse(&text)).transpose();
            let limits = Limits {
                max_budget: row.money("budget_limit")?.or(row.money("max_budget")?),
                budget_duration: duration.map_err(|rule| format!("{name}: {rule}"))?,
                rpm: row.count("rpm_limit")?,
                tpm: row.count("tpm_limit")?,
                ..Limits::default()
            };
            if limits == Limits::default() { Err(wrong()) } else { Ok((model, limits)) }
        };
        budgets.into_iter().map(budget).collect()
    }

    /// What was spent in the period that runs at `now`: nothing, where LiteLLM has not reset yet what is over.
    pub fn spend(&self, now: Moment) -> Result<Money, Wrong> {
        let spend = self.money("spend")?.unwrap_or(Money::ZERO);
        let is_over = self.moment("budget_reset_at")?.is_some_and(|reset| reset <= now);
        Ok(if is_over { Money::ZERO } else { spend })
    }

    /// Which of these fields say something that is not carried over.
    pub fn lost(&self, names: &[&'static str]) -> Vec<&'static str> {
        let says = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !["", "{}", "[]", "f", "false"].contains(&text.as_str()),
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(true) | Value::Number(_) => true,
        };
        names.iter().copied().filter(|name| self.values.get(*name).is_some_and(says)).collect()
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

    fn row(json: &str) -> Row {
        Row { table: "t", number: 1, values: serde_json::from_str(json).unwrap() }
    }

    #[test]
    fn fields_are_json_or_the_texts_of_postgres() {
        let typed = row(r#"{"max_budget": 10.5, "models": ["a", "b c"], "blocked": true, "rpm_limit": 3,
            "expires": "2025-02-25T00:00:00Z", "metadata": {"a": 1}}"#);
        let texts = row(r#"{"max_budget": "10.5", "models": "{a,\"b c\"}", "blocked": "t", "rpm_limit": "3",
            "expires": "2025-02-25 00:00:00", "metadata": "{\"a\": 1}"}"#);
        assert_eq!(typed.limits().unwrap(), texts.limits().unwrap());
        assert_eq!(typed.object("metadata"), texts.object("metadata"));
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
        assert_eq!(of_postgres("{}"), Some(Vec::new()));
        assert_eq!(of_postgres(r#"{"a\"b,c",d}"#), Some(vec!["a\"b,c".to_owned(), "d".to_owned()]));
        for time in ["2025-02-25 01:00:00+01", "2025-02-25T00:00:00.000Z", "2025-02-25 00:00:00"] {
            let json = format!(r#"{{"at": "{time}"}}"#);
            assert_eq!(row(&json).moment("at"), Ok(Some(Moment::from_seconds(1_740_441_600))), "{time}");
        }
    }
}
