//! Reads tables row by row. A row that cannot be imported is in the report, and among what is skipped.

use std::collections::{BTreeSet, HashMap};
use std::io;

use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::scope::Limits;

use super::budget::{self, Budgets, ImportBudget};
use super::columns::{self, OtherFields};
use super::entry::ImportEntry;
use super::folder::{Folder, KEYS, OBJECT_PERMISSIONS, Table};
use super::report::{ImportOutcome, Report};
use super::row::{DumpRow, RowError, has_value};
use super::skipped::{SkippedRows, identity, identity_column};

pub struct Reader<'a> {
    pub folder: &'a Folder,
    pub now: Moment,
    pub report: &'a mut Report,
    /// Whether tables and columns may be missing.
    is_partial: bool,
    pub budgets: Budgets,
    pub skipped: SkippedRows,
    /// The hashes of all keys of the export, imported or not.
    pub tokens: BTreeSet<String>,
    /// Ids of permissions that block something.
    blocking: BTreeSet<String>,
    /// Unknown columns that are in the report.
    unknown: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub fn new(
        folder: &'a Folder,
        is_partial: bool,
        now: Moment,
        report: &'a mut Report,
    ) -> io::Result<Self> {
        let rows = folder.table(OBJECT_PERMISSIONS)?.map(|table| table.rows).unwrap_or_default();
        let blocks = |row: &&DumpRow| row.values.get("blocked_tools").is_some_and(has_value);
        let id = |row: &DumpRow| row.text("object_permission_id").ok().flatten();
        let blocking = rows.iter().filter(blocks).filter_map(id).collect();
        let (budgets, skipped, tokens, unknown) = Default::default();
        Ok(Self { folder, now, report, is_partial, budgets, skipped, tokens, blocking, unknown })
    }

    pub fn table<T>(
        &mut self,
        table: &'static str,
        kind: &'static str,
        mut read: impl FnMut(&mut Self, &DumpRow) -> Result<T, RowError>,
    ) -> io::Result<Vec<T>> {
        let Some(Table { rows, head }) = self.folder.table(table)? else {
            self.report.remark(format!("{table}: it is not there, and is taken for empty"));
            return Ok(Vec::new());
        };
        if let Some(head) = head {
            self.check_columns(table, &head)?;
        }
        let mut times: HashMap<String, usize> = HashMap::new();
        rows.iter().filter_map(identity).for_each(|id| *times.entry(id).or_default() += 1);
        let mut things = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = identity(row);
            if table == KEYS {
                self.tokens.extend(id.clone());
            }
            let thing = match id.filter(|id| times.get(id).is_some_and(|times| *times > 1)) {
                Some(id) => Err(format!("{}: several rows have {id}: keep one", identity_column(table))),
                None => read(self, row),
            };
            match thing {
                Ok(thing) => things.push(thing),
                Err(wrong) => {
                    self.skipped.add_row(row, &wrong);
                    self.report.count(kind, ImportOutcome::Skipped);
                    self.report.remark(format!("{table} row {}: skipped: {wrong}", row.number));
                }
            }
        }
        Ok(things)
    }

    /// Reads the budgets; one that is skipped is kept with the reason.
    pub fn read_budgets(&mut self, table: &'static str) -> io::Result<()> {
        let mut skipped = Vec::new();
        let budgets = self.table(table, "budgets", |reader, row| {
            let id = row.require_text("budget_id")?;
            let budget =
                reader.other_fields(row).and_then(|fields| match budget::unsupported_limits(&fields) {
                    None => ImportBudget::read(row),
                    Some(why) => Err(why),
                });
            budget.map(|budget| (id.clone(), Ok(budget))).inspect_err(|why| skipped.push((id, why.clone())))
        })?;
        self.budgets.extend(budgets);
        self.budgets.extend(skipped.into_iter().map(|(id, why)| (id, Err(why))));
        Ok(())
    }

    /// The limits of a row, over those of the budget that it names.
    pub fn limits(&self, row: &DumpRow) -> Result<Limits, RowError> {
        let own = row.limits()?;
        Ok(match self.budget(row)? {
            Some(budget) => budget::merge_limits(own, &budget.limits),
            None => own,
        })
    }

    pub fn budget(&self, row: &DumpRow) -> Result<Option<&ImportBudget>, RowError> {
        budget::find_budget(&self.budgets, "budget_id", row.text("budget_id")?.as_deref())
    }

    /// A thing with what hangs on it; `limits` are its own.
    pub fn entry<T>(&mut self, row: &DumpRow, limits: &Limits, thing: T) -> Result<ImportEntry<T>, RowError> {
        let fields = self.other_fields(row)?;
        let mut model_limits =
            self.budget(row)?.map(|budget| budget.model_limits.clone()).unwrap_or_default();
        model_limits.extend(row.model_limits()?);
        let spend = self.spend(row, limits)?;
        Ok(ImportEntry { thing, spend, model_limits, refusal: budget::unsupported_limits(&fields) })
    }

    /// What was spent in the current period. It is zero where the period is over and LiteLLM has not reset it yet. The period is
    /// the row's own, or its budget's where the row has none.
    pub fn spend(&mut self, row: &DumpRow, limits: &Limits) -> Result<Money, RowError> {
        let spend = row.amount("spend")?.unwrap_or(Money::ZERO);
        if spend.is_negative() {
            let (table, number) = (row.table, row.number);
            self.report.remark(format!("{table} row {number}: spend is negative: it counts as zero"));
            return Ok(Money::ZERO);
        }
        let reset_at = match row.text("budget_duration")? {
            Some(_) => row.moment("budget_reset_at")?,
            None => match self.budget(row)?.and_then(|budget| budget.reset_at) {
                Some(reset) => Some(reset),
                None => row.moment("budget_reset_at")?,
            },
        };
        let is_over = limits.budget_duration.is_some() && reset_at.is_some_and(|reset| reset <= self.now);
        Ok(if is_over { Money::ZERO } else { spend })
    }

    pub fn created_at(&self, row: &DumpRow) -> Result<Moment, RowError> {
        Ok(row.moment("created_at")?.unwrap_or(self.now))
    }

    /// What a row says besides what is carried over: what is dropped is reported.
    pub fn other_fields(&mut self, row: &DumpRow) -> Result<OtherFields, RowError> {
        let mut fields = columns::other_fields(row)?;
        let permission = row.text("object_permission_id")?;
        if permission.is_some_and(|id| self.blocking.contains(&id)) {
            fields.limits.push("blocked_tools of its object_permission_id".to_owned());
        }
        let (table, number) = (row.table, row.number);
        if !fields.dropped.is_empty() {
            self.report
                .remark(format!("{table} row {number}: not carried over: {}", fields.dropped.join(", ")));
        }
        for column in &fields.unknown {
            if self.unknown.insert(format!("{table} {column}")) {
                self.report
                    .remark(format!("{table}: the column {column} is unknown, and is not carried over"));
            }
        }
        Ok(fields)
    }

    /// Nobody knows what a missing column limits: it is empty only where `--partial` says so.
    fn check_columns(&mut self, table: &str, head: &[String]) -> io::Result<()> {
        let is_missing = |name: &&&str| !head.iter().any(|column| column == **name);
        let missing: Vec<&str> = columns::limit_columns(table).iter().filter(is_missing).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let text = format!("{table}.csv: it has no column {}", missing.join(", "));
        if self.is_partial {
            self.report.remark(format!("{text}: taken for empty"));
            return Ok(());
        }
        let what_to_do = "export all columns, or give --partial, which takes them for empty";
        Err(io::Error::new(io::ErrorKind::InvalidData, format!("{text}: {what_to_do}")))
    }
}
