//! The audit log: written by whatever changes something, read by `GET /audit` and `GET /audit/{id}`.

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::api::{ApiError, json_response};
use stargate_core::audit::{Action, AuditEntry};

use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::Operation;
use crate::openapi::operation::schema_of;
use crate::request::date_range::DateRange;
use crate::request::pagination::Page;
use crate::rows::limits::raw;
use crate::state::ManagementState;

/// Entries of a page, unless `page_size` says otherwise.
const PAGE: usize = 10;
/// The most entries that one search looks back at.
const MAX_SIZE: usize = 2_000;

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
        found.extend(app.store.audit_of_day(&day.to_string(), MAX_SIZE - found.len(), wanted).await?);
        if found.len() >= MAX_SIZE {
            break;
        }
    }
    let response = AuditLogResponse {
        audit_logs: page.slice(&found).iter().map(audit_log_row).collect::<Result<_, _>>()?,
        total: found.len(),
        page: page.number,
        page_size: page.size,
        total_pages: page.count(found.len()),
    };
    Ok(json_response(StatusCode::OK, &response))
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
