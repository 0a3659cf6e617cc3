//! The folder of an export: one file for each table.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::row::DumpRow;

/// The endings of a table's file: a list of rows, a row in each line, and PostgreSQL's CSV with a head line.
const ENDINGS: [&str; 3] = ["json", "jsonl", "csv"];

pub const BUDGETS: &str = "LiteLLM_BudgetTable";
pub const ORGANIZATIONS: &str = "LiteLLM_OrganizationTable";
pub const USERS: &str = "LiteLLM_UserTable";
pub const TEAMS: &str = "LiteLLM_TeamTable";
pub const MEMBERSHIPS: &str = "LiteLLM_TeamMembership";
pub const KEYS: &str = "LiteLLM_VerificationToken";
/// Read only where it is there: it says which tools a row blocks.
pub const OBJECT_PERMISSIONS: &str = "LiteLLM_ObjectPermissionTable";

/// The tables that an export must have.
pub const TABLES: [&str; 6] = [BUDGETS, ORGANIZATIONS, USERS, TEAMS, MEMBERSHIPS, KEYS];

/// One table as its file has it.
pub struct Table {
    pub rows: Vec<DumpRow>,
    /// The columns of a CSV file, which has each of them in every row. JSON leaves out what is null.
    pub head: Option<Vec<String>>,
}

#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The files of tables in it.
    files: Vec<String>,
}

impl Folder {
    /// Opens an export: a folder with at least one of the tables.
    pub fn open(path: &Path) -> io::Result<Self> {
        let wrong =
            |kind, text: &str| Err(io::Error::new(kind, format!("--from {}: {text}", path.display())));
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return wrong(error.kind(), "there is no such folder");
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return wrong(error.kind(), "it is a file; name the folder that the exported tables are in");
            }
            Err(error) => return wrong(error.kind(), &error.to_string()),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut files: Vec<String> = names.collect::<io::Result<_>>()?;
        files.retain(|name| name.to_lowercase().starts_with("litellm_"));
        files.sort();
        let folder = Self { path: path.to_owned(), files };
        if TABLES.iter().all(|table| folder.files_of(table).is_empty()) {
            let text = "it has none of LiteLLM's tables, such as LiteLLM_UserTable.csv (or .json, .jsonl)";
            return wrong(io::ErrorKind::NotFound, text);
        }
        Ok(folder)
    }

    pub fn missing(&self) -> Vec<&'static str> {
        TABLES.into_iter().filter(|table| self.files_of(table).is_empty()).collect()
    }

    /// Files that look like tables and are not read.
    pub fn unread(&self) -> Vec<&str> {
        let read: Vec<String> =
            TABLES.into_iter().chain([OBJECT_PERMISSIONS]).flat_map(|table| self.files_of(table)).collect();
        self.files.iter().filter(|name| !read.contains(name)).map(String::as_str).collect()
    }

    fn files_of(&self, table: &str) -> Vec<String> {
        let names = ENDINGS.map(|ending| format!("{table}.{ending}"));
        names.into_iter().filter(|name| self.files.contains(name)).collect()
    }

    /// A table's rows. `None`: it has no file.
    pub fn table(&self, table: &'static str) -> io::Result<Option<Table>> {
        let files = self.files_of(table);
        let name = match files.as_slice() {
            [] => return Ok(None),
            [name] => name,
            _ => {
                return Err(invalid_file(
                    &files.join(" and "),
                    "are the same table twice: keep the newer one",
                ));
            }
        };
        let text = fs::read_to_string(self.path.join(name))
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
        // Spreadsheets write a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let (objects, head) = match name.rsplit('.').next() {
            Some("json") => (read_json(name, text)?, None),
            Some("jsonl") => (read_lines(name, text)?, None),
            _ => read_csv(name, text).map(|(rows, head)| (rows, Some(head)))?,
        };
        let rows = objects.into_iter().zip(1..).map(|(values, number)| DumpRow { table, number, values });
        Ok(Some(Table { rows: rows.collect(), head }))
    }
}

type JsonMap = Map<String, Value>;

fn invalid_file(name: &str, text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {text}"))
}

fn read_json(name: &str, text: &str) -> io::Result<Vec<JsonMap>> {
    let value =
        serde_json::from_str(text).map_err(|error| invalid_file(name, &format!("not JSON: {error}")))?;
    let Value::Array(rows) = value else {
        let text = "must be a list of rows, such as [{..}, {..}]; one row in each line is a .jsonl file";
        return Err(invalid_file(name, text));
    };
    rows.into_iter().zip(1..).map(|(row, number)| parse_object(name, "row", number, row)).collect()
}

fn read_lines(name: &str, text: &str) -> io::Result<Vec<JsonMap>> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let row = |(line, number): (&str, usize)| {
        let value = serde_json::from_str(line)
            .map_err(|error| invalid_file(name, &format!("line {number} is not JSON: {error}")))?;
        parse_object(name, "line", number, value)
    };
    lines.map(row).collect()
}

fn parse_object(name: &str, what: &str, number: usize, value: Value) -> io::Result<JsonMap> {
    match value {
        Value::Object(values) => Ok(values),
        _ => Err(invalid_file(
            name,
            &format!("{what} {number} must be a JSON object, with a field for each column"),
        )),
    }
}

/// Every field as text; an empty one is `null`, as PostgreSQL's `\copy .. csv` writes it.
fn read_csv(name: &str, text: &str) -> io::Result<(Vec<JsonMap>, Vec<String>)> {
    let wrong = |error: csv::Error| invalid_file(name, &error.to_string());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().map_err(wrong)?.clone();
    if head.is_empty() {
        return Err(invalid_file(name, "it is empty, without even a head line: export the table again"));
    }
    let twice =
        head.iter().enumerate().find(|(at, column)| head.iter().take(*at).any(|name| name == *column));
    if let Some((_, column)) = twice {
        return Err(invalid_file(name, &format!("its head line has the column {column} twice")));
    }
    let row = |record: csv::StringRecord| {
        let value = |text: &str| if text.is_empty() { Value::Null } else { Value::String(text.to_owned()) };
        head.iter().zip(record.iter()).map(|(name, text)| (name.to_owned(), value(text))).collect()
    };
    let rows = reader.records().map(|record| record.map(row).map_err(wrong)).collect::<io::Result<_>>()?;
    Ok((rows, head.iter().map(str::to_owned).collect()))
}
