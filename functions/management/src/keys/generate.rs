//! `POST /key/generate`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::CreateError;
use stargate_core::catalog::Catalog;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::Limits;
use stargate_core::secret::Secret;

use super::mint::not_unique;
use super::owner::{belongs, check_owner};
use super::{KeyRow, NewKey, aliases, create_key, must_be_free};
use crate::audit::AuditRecorder;
use crate::fields::RequestBody;
use crate::guard::RequestContext;
use crate::limits::{LimitsPatch, key_life};
use crate::model_limits::ModelLimitsPatch;
use crate::openapi::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::patch::Patch;
use crate::rules::KeyPolicy;
use crate::users::{CreatedUsers, UserRef, ensure_user, parse_id};
use crate::{ManagementState, orgs, teams};

/// The shortest and the longest key that may be chosen.
const SHORTEST: usize = 16;
const LONGEST: usize = 256;

/// A key and its secret.
#[derive(JsonSchema, Serialize)]
pub struct GenerateKeyResponse {
    /// The key itself: here and never again.
    key: String,
    #[serde(flatten)]
    row: KeyRow,
    #[serde(flatten)]
    created: CreatedUsers,
}

impl GenerateKeyResponse {
    pub fn with_secret(secret: &Secret, row: KeyRow) -> Self {
        let key = secret.reveal().to_owned();
        Self { key, row: row.with_hash(), created: CreatedUsers::default() }
    }
}

pub const OPERATION: Operation = Operation::new("Makes a key, shown once", schema_of::<GenerateKeyResponse>)
    .takes(&[
        &[
            "user_id",
            "team_id",
            "organization_id",
            "key_alias",
            "duration",
            "key",
            "metadata",
            "aliases",
            "tags",
            "spend",
        ],
        LIMITS,
        MODEL_LIMITS,
    ]);

/// Makes a key. An administrator's request creates the user that it names, if there is none: see [`ensure_user`].
///
/// Users make keys for themselves. Administrators of a team make its keys for themselves, and service keys.
pub async fn generate(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let order = read(fields, &app.rules, &app.catalog, ask.now)?;
    Box::pin(create(app, permit, ask, order)).await
}

/// Makes a key that was ordered, if the caller may order it.
pub async fn create(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    order: NewKey,
) -> Result<Response, ApiError> {
    let order = check_owner(&app, &permit, order).await?;
    // What would be refused is refused before a user is created for it.
    if let Some(alias) = &order.alias {
        must_be_free(&app, alias).await?;
    }
    if let Some(secret) = &order.secret
        && app.store.find_pointer(&secret.hash()).await?.is_some()
    {
        return Err(not_unique(CreateError::Taken { field: "key" }, None));
    }
    if let Some(org) = &order.org {
        if order.team.is_some() {
            return Err(ApiError::invalid("organization_id", "is the team's where there is a team_id"));
        }
        orgs::find(&app, org).await?;
    }
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    let mut created = CreatedUsers::default();
    if let Some(team) = &order.team {
        belongs(&app, team, order.user.as_ref()).await?;
    } else if let Some(user) = &order.user {
        ensure_user(&app, &scribe, &UserRef::Id(user.clone()), &mut created, ask.now).await?;
    }
    let minted = create_key(&app, &permit, order, ask.now).await?;
    minted.note(&app, &scribe, ask.now).await?;
    let row = KeyRow::read(&app, &minted.entry, ask.now).await?;
    Ok(json_response(
        StatusCode::OK,
        &GenerateKeyResponse { created, ..GenerateKeyResponse::with_secret(&minted.secret, row) },
    ))
}

/// Reads a request for a key, completed by what this deployment gives every key, and held to its bounds.
pub fn read(
    fields: RequestBody,
    rules: &KeyPolicy,
    catalog: &Catalog,
    now: Moment,
) -> Result<NewKey, ApiError> {
    rules.makers.needs(&fields)?;
    order(fields, rules, catalog, now)
}

/// The same of fields that were read, by whoever makes a key along with something else.
pub fn order(
    mut fields: RequestBody,
    rules: &KeyPolicy,
    catalog: &Catalog,
    now: Moment,
) -> Result<NewKey, ApiError> {
    rules.complete_key(&mut fields);
    let secret = fields.text("key")?.try_map(own_secret)?.value();
    let user = fields.patch("user_id", "a string")?.try_map(|id| parse_id("user_id", id))?;
    let (limits, life) = (LimitsPatch::read(&mut fields)?, key_life(&mut fields)?);
    rules.within_bounds(&limits, &life, now)?;
    let order = NewKey {
        secret,
        alias: fields.text("key_alias")?.value(),
        duration: life.value(),
        is_service_key: user == Patch::Clear,
        user: user.value(),
        team: fields.patch("team_id", "a string")?.try_map(|id| teams::parse_id("team_id", id))?.value(),
        org: fields
            .patch("organization_id", "a string")?
            .try_map(|id| orgs::parse_id("organization_id", id))?
            .value(),
        limits: limits.apply_to(Limits::default()),
        model_limits: ModelLimitsPatch::read(&mut fields, catalog)?,
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        aliases: aliases::read(&mut fields, catalog)?.value().unwrap_or_default(),
        tags: fields.texts("tags")?.value().unwrap_or_default(),
        is_session: false,
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(order)
}

/// A key that the administrator chose: it must be one that every client can send.
pub fn own_secret(text: String) -> Result<Secret, ApiError> {
    let is_sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.starts_with("sk-") && (SHORTEST..=LONGEST).contains(&text.len()) && is_sendable {
        return Ok(Secret::new(text));
    }
    let rule = format!("must start with sk- and have {SHORTEST} to {LONGEST} visible ASCII characters");
    Err(ApiError::invalid("key", rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_key_must_look_like_one() {
        for (text, is_good) in [
            ("sk-1234567890123", true),
            ("sk-123456789012", false),
            ("pk-1234567890123", false),
            ("sk-1234567890 12", false),
            ("sk-1234567890è123", false),
        ] {
            assert_eq!(own_secret(text.to_owned()).is_ok(), is_good, "{text}");
        }
        assert!(own_secret(format!("sk-{}", "x".repeat(254))).is_err());
    }
}
