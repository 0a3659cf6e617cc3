//! `GET /user/list`

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::try_join_all;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::web::json_answer;

use super::row::UserRow;
use crate::App;
use crate::guard::Ask;
use crate::paging::Page;

/// Entries of a page, unless `page_size` says otherwise: LiteLLM's default.
const PAGE: usize = 25;

const PARAMETERS: &[&str] = &["page", "page_size"];

#[derive(Serialize)]
struct Answer {
    users: Vec<UserRow>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
}

/// All users, the newest first, page by page.
///
/// Without any parameter it is document 000's call: its page is the longest, and a user without a budget has the largest
/// there is instead of `null`, since that document's report divides by it.
pub async fn list(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(PARAMETERS)?;
    let is_plain = !ask.query.has_any(PARAMETERS);
    let page = Page::read(&ask.query, "page_size", if is_plain { Page::MOST } else { PAGE })?;
    let ids = app.store.user_ids().await?;
    let entries = app.store.users(page.of(&ids)).await?;
    let rows = entries.iter().map(|entry| UserRow::read(&app, entry, ask.now));
    let mut users = try_join_all(rows).await?;
    if is_plain {
        users = users.into_iter().map(UserRow::with_a_budget).collect();
    }
    let answer = Answer {
        users,
        total: ids.len(),
        page: page.number,
        page_size: page.size,
        total_pages: page.count(ids.len()),
    };
    Ok(json_answer(StatusCode::OK, &answer))
}
