//! A new user as a request orders it.

use crate::provisioning::new_key;
use crate::request::ids;

use shared::api::ApiError;
use shared::store::StoreError;
use stargate_core::catalog::Catalog;
use stargate_core::entity::User;
use stargate_core::id::{TeamId, UserId, random_key_id};
use stargate_core::moment::Moment;
use stargate_core::scope::Limits;

use crate::key_policy::KeyPolicy;
use crate::provisioning::new_key::NewKey;
use crate::request::body::RequestBody;
use crate::request::ids::parse_user_id;
use crate::request::limits::LimitsPatch;
use crate::request::model_limits::ModelLimitsPatch;
use crate::request::user_fields::{email, role_of};

/// An id for a user who was given none: sixteen random characters.
pub fn new_user_id() -> Result<UserId, ApiError> {
    let random = random_key_id().map_err(StoreError::from)?;
    parse_user_id("user_id", random.as_str().to_owned())
}

/// What is asked for.
pub struct NewUser {
    pub user: User,
    /// The word that was sent for the role: the answer repeats it.
    pub role_word: Option<String>,
    pub hangings: NewUserRelations,
}

/// What hangs on a new user.
pub struct NewUserRelations {
    pub model_limits: ModelLimitsPatch,
    pub teams: Vec<TeamId>,
    pub key: Option<NewKey>,
}

/// Reads a request for a new user, completed by what this deployment gives every new user.
pub fn read_new_user(
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
        Some(text) => parse_user_id("user_id", text)?,
        None => new_user_id()?,
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
        Some(fields) => Some(new_key::parse_new_key(fields, rules, catalog, now)?),
        None => None,
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(NewUser { user, role_word, hangings: NewUserRelations { model_limits, teams, key } })
}

/// The teams that a user joins, each once.
pub fn teams_of(fields: &mut RequestBody) -> Result<Vec<TeamId>, ApiError> {
    let sent = fields.texts("teams")?.value().unwrap_or_default();
    let mut teams = Vec::with_capacity(sent.len());
    for id in sent {
        let id = ids::parse_team_id("teams", id)?;
        if teams.contains(&id) {
            return Err(ApiError::invalid("teams", format!("names team {id} twice")));
        }
        teams.push(id);
    }
    Ok(teams)
}

/// What is said of a key to be made along, where one is asked for. It may what the user may, and is held to the same rules as
/// every key.
pub fn first_key(fields: &mut RequestBody, user: &User) -> Result<Option<RequestBody>, ApiError> {
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
