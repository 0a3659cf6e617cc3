//! The audit log: written by whatever changes something, read by `GET /audit` and `GET /audit/{id}`.

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::api::ApiError;
use shared::api::json_response;
use stargate_core::audit::{Action, AuditEntry};
pub use stargate_core::audit::{INVITATIONS, KEYS, MEMBERS, MODELS, ORG_MEMBERS, ORGS, TEAMS, USERS};
use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;

use crate::ManagementState;
use crate::columns::raw;
use crate::guard::RequestContext;
use crate::openapi::{Operation, schema_of};
use crate::paging::Page;
use crate::routes::Routes;
use crate::spend::DateRange;

/// Entries of a page, unless `page_size` says otherwise.
const PAGE: usize = 10;
/// The most entries that one search looks back at.
const MOST: usize = 2_000;

/// The routes of the audit log.
pub fn routes(routes: &mut Routes) {
    routes.get("/audit", LIST, list);
    routes.get("/audit/{id}", ENTRY, get);
}

/// Who changes something, and when.
pub struct AuditRecorder<'a> {
    app: &'a ManagementState,
    permit: &'a Permit,
    changed_by: Option<String>,
    now: Moment,
}

impl<'a> AuditRecorder<'a> {
    pub fn new(app: &'a ManagementState, permit: &'a Permit, ask: &RequestContext) -> Self {
        Self { app, permit, changed_by: ask.changed_by.clone(), now: ask.now }
    }

    pub fn permit(&self) -> &Permit {
        self.permit
    }

    /// Writes down a change that was made. If the table does not take it, the change stands all the same, and the entry is
    /// in the log.
    pub async fn note<T: Serialize>(
        &self,
        action: Action,
        (table, object): (&str, &str),
        before: Option<&T>,
        after: Option<&T>,
    ) {
        let id = RequestId::generate(self.now.ms())
            .unwrap_or_else(|_| RequestId::from_parts(self.now.ms(), u32::MAX));
        let entry = AuditEntry {
            id,
            actor: self.permit.caller().actor(),
            claimed: self.changed_by.clone(),
            action,
            table: table.to_owned(),
            object: object.to_owned(),
            before: before.and_then(json),
            after: after.and_then(json),
        };
        if let Err(error) = self.app.store.put_audit(&entry).await {
            tracing::error!(entry = ?entry, error = ?error, "audit_failed");
        }
    }
}

/// A row as an entry keeps it. A row that cannot be written is not worth a failed change.
fn json(row: &impl Serialize) -> Option<String> {
    serde_json::to_string(row).ok()
}

/// LiteLLM's row.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AuditLog")]
struct AuditLogRow {
    id: String,
    updated_at: String,
    changed_by: String,
    /// What the caller said of itself; nobody checked it.
    claimed_by: Option<String>,
    action: &'static str,
    table_name: String,
    object_id: String,
    before_value: Box<RawValue>,
    updated_values: Box<RawValue>,
}

#[derive(JsonSchema, Serialize)]
struct AuditLogResponse {
    audit_logs: Vec<AuditLogRow>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
}

pub const LIST: Operation =
    Operation::new("What was changed, by whom", schema_of::<AuditLogResponse>).query(&[
        "page",
        "page_size",
        "changed_by",
        "action",
        "table_name",
        "object_id",
        "start_date",
        "end_date",
    ]);

/// What was changed in some days, the newest first, page by page.
pub async fn list(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let query = &ask.query;
    let page = Page::read(query, "page_size", PAGE)?;
    let action = query.text("action")?.map(|word| {
        let words = Action::ALL.map(|(_, word)| word).join(", ");
        Action::parse(&word).ok_or_else(|| ApiError::invalid("action", format!("must be one of {words}")))
    });
    let action = action.transpose()?;
    let (table, object, by) = (query.text("table_name")?, query.id("object_id")?, query.text("changed_by")?);
    let wanted = |entry: &AuditEntry| {
        action.is_none_or(|action| entry.action == action)
            && table.as_ref().is_none_or(|table| entry.table == *table)
            && object.as_ref().is_none_or(|object| entry.object == *object)
            && by.as_ref().is_none_or(|by| entry.actor == *by || entry.claimed.as_ref() == Some(by))
    };
    let mut found = Vec::new();
    for day in DateRange::read(query, ask.now)?.newest_first() {
        found.extend(app.store.audit_of_day(&day.to_string(), MOST - found.len(), wanted).await?);
        if found.len() >= MOST {
            break;
        }
    }
    let answer = AuditLogResponse {
        audit_logs: page.slice(&found).iter().map(audit_log_row).collect::<Result<_, _>>()?,
        total: found.len(),
        page: page.number,
        page_size: page.size,
        total_pages: page.count(found.len()),
    };
    Ok(json_response(StatusCode::OK, &answer))
}

pub const ENTRY: Operation = Operation::new("One entry of the audit log", schema_of::<AuditLogRow>);

/// One entry.
pub async fn get(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let name = ask.named.unwrap_or_default();
    let found = match RequestId::parse(&name) {
        Some(id) => app.store.find_audit(id).await?,
        None => None,
    };
    let entry = found.ok_or_else(|| ApiError::NotFound {
        param: Some("id".to_owned()),
        message: "id: Audit log not found".to_owned(),
    })?;
    Ok(json_response(StatusCode::OK, &audit_log_row(&entry)?))
}

fn audit_log_row(entry: &AuditEntry) -> Result<AuditLogRow, ApiError> {
    let value = |json: &Option<String>| match json {
        Some(json) => raw(json),
        None => to_raw_value(&()).map_err(|_| ApiError::invalid("id", "cannot be shown")),
    };
    Ok(AuditLogRow {
        id: entry.id.to_string(),
        updated_at: Moment::from_ms(entry.id.started_ms()).to_string(),
        changed_by: entry.actor.clone(),
        claimed_by: entry.claimed.clone(),
        action: entry.action.word(),
        table_name: entry.table.clone(),
        object_id: entry.object.clone(),
        before_value: value(&entry.before)?,
        updated_values: value(&entry.after)?,
    })
}
