//! `GET /user/list` and `GET /user/get_users`

use std::cmp::Ordering;
use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::{try_join, try_join_all};
use schemars::JsonSchema;
use serde::Serialize;
use shared::api::{ApiError, json_response};
use shared::store::{PageStart, UserEntry};
use stargate_core::entity::UserRole;
use stargate_core::id::UserId;
use stargate_core::policy::Permit;

use crate::authorize::RequestContext;
use crate::openapi::operation::{Operation, schema_of};
use crate::provisioning::user_search::{read_matching, search};
use crate::request::ids::parse_user_id;
use crate::request::pagination::Page;
use crate::request::user_fields::role;
use crate::rows::user::UserRow;
use crate::state::ManagementState;

/// Entries of a page, unless `page_size` says otherwise: LiteLLM's default.
const PAGE: usize = 25;
/// The most users that are filtered or sorted by what no index holds: all of them are read for one page.
const MAX_SIZE: usize = 10_000;

const PARAMETERS: &[&str] =
    &["page", "page_size", "role", "user_ids", "user_email", "sort_by", "sort_order", "search", "cursor"];

#[derive(JsonSchema, Serialize)]
struct ListUsersResponse {
    users: Vec<ListedUserRow>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
    /// Where the next page begins, in a list of everybody: however deep, it costs what the first does.
    next_cursor: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ListedUser")]
struct ListedUserRow {
    #[serde(flatten)]
    row: UserRow,
    key_count: usize,
}

pub const OPERATION: Operation =
    Operation::new("Users, page by page", schema_of::<ListUsersResponse>).query(PARAMETERS);

/// All users, the newest first, page by page; or those that are asked for, in the order that is asked for.
///
/// Without any parameter it is the administrator's guide's call: its page is the longest, and a user without a budget has the largest
/// there is instead of `null`, since that document's report divides by it.
pub async fn list(app: ManagementState, _permit: Permit, ask: RequestContext) -> Result<Response, ApiError> {
    let is_plain = !ask.query.has_any(PARAMETERS);
    let page = Page::read(&ask.query, "page_size", if is_plain { Page::MAX_SIZE } else { PAGE })?;
    let UserPage { entries, total, next } = UserFilter::read(&ask)?.find(&app, page).await?;
    let rows = entries.iter().map(|entry| listed_user_row(&app, entry, &ask, is_plain));
    let response = ListUsersResponse {
        users: try_join_all(rows).await?,
        total,
        page: page.number,
        page_size: page.size,
        total_pages: page.count(total),
        next_cursor: next,
    };
    Ok(json_response(StatusCode::OK, &response))
}

async fn listed_user_row(
    app: &ManagementState,
    entry: &UserEntry,
    ask: &RequestContext,
    is_plain: bool,
) -> Result<ListedUserRow, ApiError> {
    let row = UserRow::read(app, entry, ask.now).await?;
    let row = if is_plain { row.with_a_budget() } else { row };
    Ok(ListedUserRow { row, key_count: app.store.keys_of_user(&entry.user.id).await?.len() })
}

/// Which users, and in what order.
struct UserFilter {
    role: Option<UserRole>,
    ids: Option<Vec<UserId>>,
    /// What a part of an id or address begins with, and the parameter that says so.
    prefix: Option<(&'static str, String)>,
    cursor: Option<String>,
    order: Option<SortOrder>,
}

#[derive(Clone, Copy)]
struct SortOrder {
    compare: fn(&UserEntry, &UserEntry) -> Ordering,
    is_descending: bool,
}

impl UserFilter {
    fn read(ask: &RequestContext) -> Result<Self, ApiError> {
        let query = &ask.query;
        let role = query.text("role")?.map(|word| role(&word).map_err(|_| unknown_role())).transpose()?;
        let ids = query.id("user_ids")?.map(|list| {
            let ids = list.split(',').map(str::trim).filter(|id| !id.is_empty());
            let ids =
                ids.map(|id| parse_user_id("user_ids", id.to_owned())).collect::<Result<Vec<_>, _>>()?;
            let mut seen = HashSet::new();
            Ok::<_, ApiError>(ids.into_iter().filter(|id| seen.insert(id.clone())).collect::<Vec<_>>())
        });
        let is_descending = match query.text("sort_order")?.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(ApiError::invalid("sort_order", "must be asc or desc")),
        };
        let order = query
            .text("sort_by")?
            .map(|name| Ok::<_, ApiError>(SortOrder { compare: column(&name)?, is_descending }));
        let search = query.id("search")?.map(|prefix| ("search", prefix));
        let prefix = query.id("user_email")?.map(|prefix| ("user_email", prefix)).or(search);
        let cursor = query.id("cursor")?;
        Ok(Self { role, ids: ids.transpose()?, prefix, cursor, order: order.transpose()? })
    }

    /// The users of one page, and how many there are on all.
    async fn find(self, app: &ManagementState, page: Page) -> Result<UserPage, ApiError> {
        let is_plain = self.role.is_none() && self.order.is_none();
        let entries = match (self.ids, self.prefix) {
            (Some(ids), _) if is_plain => {
                let entries = app.store.users(page.slice(&ids)).await?;
                return Ok(UserPage { entries, total: ids.len(), next: None });
            }
            (Some(ids), _) => app.store.users(&ids).await?,
            (None, Some((field, prefix))) => {
                let ids = search(app, field, &prefix).await?;
                if is_plain {
                    let entries = read_matching(app, page.slice(&ids), &prefix).await?;
                    return Ok(UserPage { entries, total: ids.len(), next: None });
                }
                read_matching(app, &ids, &prefix).await?
            }
            (None, None) if is_plain => {
                let (total, listed) = try_join(
                    app.store.count_users(),
                    app.store.user_page(&page.start(self.cursor)?, page.size),
                )
                .await?;
                let entries = app.store.users(&listed.ids).await?;
                return Ok(UserPage { entries, total, next: listed.next });
            }
            (None, None) => {
                let total = app.store.count_users().await?;
                if total > MAX_SIZE {
                    let field = if self.role.is_some() { "role" } else { "sort_by" };
                    let rule =
                        format!("works for up to {MAX_SIZE} users, and there are {total}: search for them");
                    return Err(ApiError::invalid(field, rule));
                }
                app.store.users(&app.store.user_page(&PageStart::Skip(0), MAX_SIZE).await?.ids).await?
            }
        };
        let mut entries = entries;
        entries.retain(|entry| self.role.is_none_or(|role| entry.user.role == role));
        if let Some(SortOrder { compare, is_descending }) = self.order {
            entries
                .sort_by(|one, other| if is_descending { compare(other, one) } else { compare(one, other) });
        }
        Ok(UserPage { entries: page.slice(&entries).to_vec(), total: entries.len(), next: None })
    }
}

/// Users of one page, how many there are on all, and where the next page begins.
struct UserPage {
    entries: Vec<UserEntry>,
    total: usize,
    next: Option<String>,
}

fn unknown_role() -> ApiError {
    ApiError::invalid(
        "role",
        "must be proxy_admin, proxy_admin_viewer, internal_user or internal_user_viewer",
    )
}

/// How a column sorts. An amount that is not there is the largest: no limit.
fn column(name: &str) -> Result<fn(&UserEntry, &UserEntry) -> Ordering, ApiError> {
    Ok(match name {
        "created_at" => |one, other| one.user.created.cmp(&other.user.created),
        "user_id" => |one, other| one.user.id.cmp(&other.user.id),
        "user_email" => |one, other| one.user.email.cmp(&other.user.email),
        "user_alias" => |one, other| one.user.alias.cmp(&other.user.alias),
        "user_role" => |one, other| one.user.role.word().cmp(other.user.role.word()),
        "spend" => |one, other| one.state.spend.cmp(&other.state.spend),
        "max_budget" => |one, other| one.state.limits.ceiling().cmp(&other.state.limits.ceiling()),
        _ => {
            let rule = "Invalid sort column: must be created_at, user_id, user_email, user_alias, user_role, spend or \
                        max_budget";
            return Err(ApiError::invalid("sort_by", rule));
        }
    })
}
