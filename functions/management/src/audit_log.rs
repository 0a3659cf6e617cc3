//! Changes, recorded with who made them.

pub use stargate_core::audit::{INVITATIONS, KEYS, MEMBERS, MODELS, ORG_MEMBERS, ORGS, TEAMS, USERS};

use serde::Serialize;
use stargate_core::audit::{Action, AuditEntry};
use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::state::ManagementState;

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
pub fn json(row: &impl Serialize) -> Option<String> {
    serde_json::to_string(row).ok()
}
