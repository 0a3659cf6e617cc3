//! `GET /user/filter/ui`

use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::UserId;
use shared::policy::{Forbidden, Permit};
use shared::team::TeamRole;
use shared::web::json_answer;

use super::search::{found, search};
use crate::App;
use crate::guard::Ask;
use crate::openapi::{Operation, schema_of};
use crate::paging::Page;

/// Entries of a page, unless `page_size` says otherwise: LiteLLM's default.
const PAGE: usize = 50;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "FoundUser")]
struct Found {
    user_id: UserId,
    user_email: Option<String>,
}

pub const OPERATION: Operation =
    Operation::new("Ids and addresses of users, for a form that picks one", schema_of::<Vec<Found>>)
        .query(&["user_id", "user_email", "search", "page", "page_size"]);

/// Who there is, for a form that picks a user: by how a part of the id or the address begins, or all, the newest first. For
/// administrators, and for those of a team: a directory of everybody is not for everybody.
pub async fn filter(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    let query = &ask.query;
    let page = Page::read(query, "page_size", PAGE)?;
    if !permit.sees_all() && !administers_a_team(&app, &permit).await? {
        return Err(Forbidden("only administrators, and those of a team, search for users").into());
    }
    let mut wanted = Vec::new();
    for field in ["user_id", "user_email", "search"] {
        wanted.extend(query.id(field)?.map(|prefix| (field, prefix)));
    }
    let entries = match wanted.as_slice() {
        [] => app.store.users(&app.store.user_page(&page.start(None)?, page.size).await?.ids).await?,
        [(field, prefix)] => found(&app, page.of(&search(&app, field, prefix).await?), prefix).await?,
        [_, (field, _), ..] => {
            return Err(Fault::invalid(field, "send one of user_id, user_email and search"));
        }
    };
    let answer: Vec<Found> = entries
        .into_iter()
        .map(|entry| Found { user_id: entry.user.id, user_email: entry.user.email })
        .collect();
    Ok(json_answer(StatusCode::OK, &answer))
}

async fn administers_a_team(app: &App, permit: &Permit) -> Result<bool, Fault> {
    let Some(user) = permit.user() else {
        return Ok(false);
    };
    for team in app.store.teams_of_user(user).await? {
        let member = app.store.find_member(&team, user).await?;
        if member.is_some_and(|entry| entry.member.role == TeamRole::Admin) {
            return Ok(true);
        }
    }
    Ok(false)
}
