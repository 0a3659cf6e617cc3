//! `POST /user/new`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::catalog::Catalog;
use stargate_core::entity::User;
use stargate_core::id::TeamId;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::{Limits, Scope};

use super::row::UserRow;
use super::whom::new_id;
use super::{email, not_unique, parse_id, role_of, unknown_user};
use crate::audit::{AuditRecorder, USERS};
use crate::fields::RequestBody;
use crate::guard::RequestContext;
use crate::keys::{self, CreatedKey, NewKey};
use crate::limits::LimitsPatch;
use crate::model_limits::ModelLimitsPatch;
use crate::openapi::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::rules::KeyPolicy;
use crate::{ManagementState, teams};

/// What is asked for.
pub struct NewUser {
    pub user: User,
    /// The word that was sent for the role: the answer repeats it.
    role_word: Option<String>,
    pub hangings: NewUserRelations,
}

/// What hangs on a new user.
pub struct NewUserRelations {
    pub model_limits: ModelLimitsPatch,
    teams: Vec<TeamId>,
    key: Option<NewKey>,
}

#[derive(JsonSchema, Serialize)]
struct NewUserResponse {
    #[serde(flatten)]
    row: UserRow,
    /// The key that was made along, in the clear; empty if none was asked for.
    key: String,
    key_name: Option<String>,
    token: Option<String>,
    token_id: Option<String>,
    expires: Option<String>,
}

pub const OPERATION: Operation =
    Operation::new("Creates a user, with a key where auto_create_key is true", schema_of::<NewUserResponse>)
        .takes(&[
            &[
                "user_id",
                "user_email",
                "user_alias",
                "user_role",
                "teams",
                "metadata",
                "auto_create_key",
                "key_alias",
                "duration",
                "spend",
            ],
            LIMITS,
            MODEL_LIMITS,
        ]);

/// Creates a user, with a key if `auto_create_key` is true: without it no key is made, unlike LiteLLM's default.
pub async fn new(
    app: ManagementState,
    permit: Permit,
    ask: RequestContext,
    fields: RequestBody,
) -> Result<Response, ApiError> {
    let NewUser { user, role_word, hangings } = read(fields, &app.rules, &app.catalog, ask.now)?;
    if let Some(alias) = hangings.key.as_ref().and_then(|order| order.alias.as_deref()) {
        keys::must_be_free(&app, alias).await?;
    }
    for team in &hangings.teams {
        app.store.find_team(team).await?.ok_or_else(|| teams::unknown_team("teams", team))?;
    }
    let created = app.store.create_user(&user).await;
    created.map_err(|error| not_unique(error, &user.id, user.email.as_deref()))?;
    let minted = match Box::pin(attach_relations(
        &app,
        (&permit, &AuditRecorder::new(&app, &permit, &ask)),
        &user,
        hangings,
        ask.now,
    ))
    .await
    {
        Ok(minted) => minted,
        Err(fault) => {
            // All or nothing: without what it was to have, the user goes too.
            app.store.delete_user(&user.id, ask.now).await?;
            return Err(fault);
        }
    };
    let entry =
        app.store.find_user(&user.id).await?.ok_or_else(|| unknown_user("user_id", user.id.as_str()))?;
    let row = UserRow::read(&app, &entry, ask.now).await?.with_models(&app, &entry, ask.now).await?;
    let scribe = AuditRecorder::new(&app, &permit, &ask);
    scribe.note(Action::Created, (USERS, user.id.as_str()), None, Some(&row)).await;
    if let Some(minted) = &minted {
        minted.note(&app, &scribe, ask.now).await?;
    }
    Ok(json_response(StatusCode::OK, &answer(row, minted, role_word)))
}

/// What a new user is to have: its places in teams, and a key.
async fn attach_relations(
    app: &ManagementState,
    (permit, scribe): (&Permit, &AuditRecorder<'_>),
    user: &User,
    NewUserRelations { model_limits, teams, key }: NewUserRelations,
    now: Moment,
) -> Result<Option<CreatedKey>, ApiError> {
    for team in &teams {
        teams::join(app, scribe, team, &user.id, now).await?;
    }
    if model_limits.is_asked() {
        let entry =
            app.store.find_user(&user.id).await?.ok_or_else(|| unknown_user("user_id", user.id.as_str()))?;
        model_limits.apply(app, &Scope::User(user.id.clone()), &entry.state, now).await?;
    }
    match key {
        None => Ok(None),
        Some(order) => {
            let order = NewKey { user: Some(user.id.clone()), ..order };
            keys::create_key(app, permit, order, now).await.map(Some)
        }
    }
}

fn answer(mut row: UserRow, minted: Option<CreatedKey>, role_word: Option<String>) -> NewUserResponse {
    row.user.user_role = role_word.unwrap_or(row.user.user_role);
    let token = minted.as_ref().map(|minted| minted.entry.key.holder.secret.as_str().to_owned());
    let expires = minted.as_ref().and_then(|minted| minted.entry.key.limits.expires);
    NewUserResponse {
        row,
        key: minted.as_ref().map(|minted| minted.secret.reveal().to_owned()).unwrap_or_default(),
        key_name: minted.map(|minted| minted.entry.key.hint),
        token: token.clone(),
        token_id: token,
        expires: crate::columns::format_time(expires),
    }
}

/// Reads a request for a new user, completed by what this deployment gives every new user.
pub fn read(
    mut fields: RequestBody,
    rules: &KeyPolicy,
    catalog: &Catalog,
    now: Moment,
) -> Result<NewUser, ApiError> {
    let sent = role_of(&mut fields)?;
    let (role, role_word) = match sent {
        Some((role, word)) => (role, Some(word)),
        None => (rules.default_role, None),
    };
    rules.complete_user(&mut fields, role);
    let id = match fields.patch("user_id", "a string")?.value() {
        Some(text) => parse_id("user_id", text)?,
        None => new_id()?,
    };
    let user = User {
        id,
        email: email(&mut fields)?.value(),
        alias: fields.text("user_alias")?.value(),
        role,
        limits: LimitsPatch::read(&mut fields)?.apply_to(Limits::default()),
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        created: now,
    };
    let teams = teams_of(&mut fields)?;
    let model_limits = ModelLimitsPatch::read(&mut fields, catalog)?;
    let key = match first_key(&mut fields, &user)? {
        Some(fields) => Some(keys::order(fields, rules, catalog, now)?),
        None => None,
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(NewUser { user, role_word, hangings: NewUserRelations { model_limits, teams, key } })
}

/// The teams that a user joins, each once.
fn teams_of(fields: &mut RequestBody) -> Result<Vec<TeamId>, ApiError> {
    let sent = fields.texts("teams")?.value().unwrap_or_default();
    let mut teams = Vec::with_capacity(sent.len());
    for id in sent {
        let id = teams::parse_id("teams", id)?;
        if teams.contains(&id) {
            return Err(ApiError::invalid("teams", format!("names team {id} twice")));
        }
        teams.push(id);
    }
    Ok(teams)
}

/// What is said of a key to be made along, where one is asked for. It may what the user may, and is held to the same rules as
/// every key.
fn first_key(fields: &mut RequestBody, user: &User) -> Result<Option<RequestBody>, ApiError> {
    let is_asked_for = fields.flag("auto_create_key")?.value().unwrap_or(false);
    let mut key = fields.split(&["key_alias", "duration"]);
    if !is_asked_for {
        return match key.names().next() {
            None => Ok(None),
            Some(field) => Err(ApiError::invalid(
                field,
                "is for the user's first key: send auto_create_key: true with it",
            )),
        };
    }
    key.set("models", &user.limits.models)?;
    Ok(Some(key))
}
