//! One exported table.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::row::Row;

/// The rows of a table: of `table.json` (a list), `table.jsonl` (a row in each line) or `table.csv` (with a head). `None`: none of
/// these is there.
pub fn rows(folder: &Path, table: &'static str) -> io::Result<Option<Vec<Row>>> {
    let read = |ending: &str| match fs::read_to_string(folder.join(format!("{table}.{ending}"))) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let wrong = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{table}: {error}"))
    };
    let objects: Vec<Map<String, Value>> = if let Some(text) = read("json")? {
        serde_json::from_str(&text).map_err(|error| wrong(&error))?
    } else if let Some(text) = read("jsonl")? {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(serde_json::from_str).collect::<Result<_, _>>().map_err(|error| wrong(&error))?
    } else if let Some(text) = read("csv")? {
        of_csv(&text).map_err(|error| wrong(&error))?
    } else {
        return Ok(None);
    };
    Ok(Some(
        objects.into_iter().enumerate().map(|(at, values)| Row { table, number: at + 1, values }).collect(),
    ))
}

/// Every field as text; an empty one is `null`, as PostgreSQL's `\copy .. csv` writes it.
fn of_csv(text: &str) -> Result<Vec<Map<String, Value>>, csv::Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers()?.clone();
    let row = |record: csv::StringRecord| {
        let value = |text: &str| if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) };
        head.iter().zip(record.iter()).map(|(name, text)| (name.to_owned(), value(text))).collect()
    };
    reader.records().map(|record| record.map(row)).collect()
}
