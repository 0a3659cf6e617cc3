//! `PATCH /organization/update`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::org::Org;
use shared::policy::Permit;
use shared::scope::Scope;
use shared::web::json_answer;

use super::row::OrgRow;
use super::{find, named, unknown};
use crate::App;
use crate::audit::{ORGS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::LimitsPatch;
use crate::openapi::{LIMITS, Operation, schema_of};

pub const OPERATION: Operation =
    Operation::new("Changes an organisation: what is absent stays, null clears", schema_of::<OrgRow>)
        .takes(&[&["organization_id", "organization_alias", "metadata"], LIMITS])
        .needs(&["organization_id"]);

/// Changes an organisation: a field that is absent stays, `null` clears it, anything else sets it.
pub async fn update(app: App, permit: Permit, ask: Ask, mut fields: Fields) -> Result<Response, Fault> {
    let entry = named(&app, &mut fields).await?;
    let (alias, metadata) = (fields.text("organization_alias")?, fields.object("metadata")?);
    let limits = LimitsPatch::read(&mut fields)?;
    fields.finish()?;
    let before = OrgRow::read(&app, &entry, ask.now).await?;
    let org = &entry.org;
    let after = Org {
        alias: alias.over(org.alias.clone()),
        metadata: metadata.over(Some(org.metadata.clone())).unwrap_or_else(|| "{}".to_owned()),
        ..org.clone()
    };
    let missing = || unknown("organization_id", &org.id);
    if !app.store.describe_org(org, &after).await? {
        return Err(missing());
    }
    let scope = Scope::Org(org.id.clone());
    let edited = app.store.edit::<Fault>(&scope, |now| Ok(limits.clone().over(now.clone())), ask.now).await?;
    edited.ok_or_else(missing)?;
    let row = OrgRow::read(&app, &find(&app, &org.id).await?, ask.now).await?;
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Updated, (ORGS, org.id.as_str()), Some(&before), Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &row))
}
