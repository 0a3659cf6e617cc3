//! `POST /user/new`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use stargate_core::audit::Action;
use stargate_core::entity::User;
use stargate_core::moment::Moment;
use stargate_core::policy::Permit;
use stargate_core::scope::Scope;

use crate::audit_log::{AuditRecorder, USERS};
use crate::authorize::RequestContext;
use crate::openapi::operation::{LIMITS, MODEL_LIMITS, Operation, schema_of};
use crate::provisioning::create_key::{self, CreatedKey};
use crate::provisioning::new_key::NewKey;
use crate::provisioning::new_user::{NewUser, NewUserRelations, read_new_user};
use crate::provisioning::user_ref::{unknown_user, user_conflict};
use crate::provisioning::{find_team, new_member};
use crate::request::body::RequestBody;
use crate::rows::limits::format_time;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

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
    let NewUser { user, role_word, hangings } = read_new_user(fields, &app.rules, &app.catalog, ask.now)?;
    if let Some(alias) = hangings.key.as_ref().and_then(|order| order.alias.as_deref()) {
        create_key::must_be_free(&app, alias).await?;
    }
    for team in &hangings.teams {
        app.store.find_team(team).await?.ok_or_else(|| find_team::unknown_team("teams", team))?;
    }
    let created = app.store.create_user(&user).await;
    created.map_err(|error| user_conflict(error, &user.id, user.email.as_deref()))?;
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
        new_member::join_team(app, scribe, team, &user.id, now).await?;
    }
    if model_limits.is_asked() {
        let entry =
            app.store.find_user(&user.id).await?.ok_or_else(|| unknown_user("user_id", user.id.as_str()))?;
        model_limits.apply(&app.store, &Scope::User(user.id.clone()), &entry.state, now).await?;
    }
    match key {
        None => Ok(None),
        Some(order) => {
            let order = NewKey { user: Some(user.id.clone()), ..order };
            create_key::create_key(app, permit, order, now).await.map(Some)
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
        expires: format_time(expires),
    }
}
