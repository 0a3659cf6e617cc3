//! `GET /key/list`

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::KeyEntry;
use stargate_core::id::KeyId;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::request::ids::{self, key_hash, parse_user_id};
use crate::request::pagination::Page;
use crate::rows::key::KeyRow;
use crate::state::ManagementState;

/// Entries of a page, unless `size` says otherwise. LiteLLM has ten; the administrator's guide's plain call shows the keys of the whole
/// installation and knows of no pages, so it gets the longest.
const PAGE: usize = Page::MAX_SIZE;

#[derive(JsonSchema, Serialize)]
struct ListKeysResponse {
    keys: Vec<ListedKeyRow>,
    total_count: usize,
    current_page: usize,
    total_pages: usize,
    /// Where the next page begins, in a list of all keys: however deep, it costs what the first does.
    next_cursor: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ListedKey")]
#[serde(untagged)]
enum ListedKeyRow {
    Row(Box<KeyRow>),
    /// What LiteLLM lists where `return_full_object` is false.
    Hash(String),
}

pub const OPERATION: Operation = Operation::new("Keys, page by page", schema_of::<ListKeysResponse>)
    .query(&["page", "size", "user_id", "team_id", "key_alias", "key_hash", "return_full_object", "cursor"]);

/// All keys, the newest first, page by page; those of one user or team, or one by its alias or hash, if that is asked for.
/// Users see their own.
pub async fn list(app: ManagementState, permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let page = Page::read(&ask.query, "size", PAGE)?;
    let is_full = ask.query.flag("return_full_object", true)?;
    let (entries, total, next_cursor) = find(&app, &permit, &ask, page).await?;
    let zone = &app.store.terms().zone;
    let show = |entry: &KeyEntry| {
        Ok(if is_full {
            ListedKeyRow::Row(Box::new(KeyRow::new(entry, ask.now, zone)?))
        } else {
            ListedKeyRow::Hash(entry.key.holder.secret.as_str().to_owned())
        })
    };
    let response = ListKeysResponse {
        keys: entries.iter().map(show).collect::<Result<_, ApiError>>()?,
        total_count: total,
        current_page: page.number,
        total_pages: page.count(total),
        next_cursor,
    };
    Ok(json_response(StatusCode::OK, &response))
}

/// The keys of one page, how many there are on all, and where the next page begins.
async fn find(
    app: &ManagementState,
    permit: &Permit,
    ask: &RequestContext,
    page: Page,
) -> Result<(Vec<KeyEntry>, usize, Option<String>), ApiError> {
    let user = ask.query.id("user_id")?.map(|id| parse_user_id("user_id", id)).transpose()?;
    let team = ask.query.id("team_id")?.map(|id| ids::parse_team_id("team_id", id)).transpose()?;
    let (alias, hash) = (ask.query.text("key_alias")?, ask.query.text("key_hash")?);
    let user = permit.limit_to_own(user, "only your own keys can be listed")?;
    let ids: Vec<KeyId> = match (&alias, &hash, &user, &team) {
        (None, None, None, None) => {
            let start = page.start(ask.query.id("cursor")?)?;
            let (total, listed) =
                try_join(app.store.count_keys(), app.store.key_page(&start, page.size)).await?;
            return Ok((app.store.keys(&listed.ids).await?, total, listed.next));
        }
        (Some(alias), ..) => app.store.find_key_by_alias(alias).await?.into_iter().collect(),
        (None, Some(hash), ..) => {
            let pointer = app.store.find_pointer(&key_hash(hash)).await?;
            pointer.into_iter().map(|pointer| pointer.key).collect()
        }
        (None, None, Some(user), _) => app.store.keys_of_user(user).await?,
        (None, None, None, Some(team)) => app.store.keys_of_team(team).await?,
    };
    let mut entries = app.store.keys(&ids).await?;
    entries.retain(|entry| {
        let holder = &entry.key.holder;
        (user.is_none() || holder.user == user) && (team.is_none() || holder.team == team)
    });
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.key.created));
    Ok((page.slice(&entries).to_vec(), entries.len(), None))
}
