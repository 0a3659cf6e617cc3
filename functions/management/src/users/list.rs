//! `GET /user/list`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::web::json_answer;

use super::row::UserRow;
use crate::App;
use crate::guard::Ask;
use crate::paging::Page;

/// Entries of a page, unless `page_size` says otherwise; LiteLLM's default.
const PAGE: usize = 25;

#[derive(Serialize)]
struct Answer {
    users: Vec<UserRow>,
    total: usize,
    page: usize,
    page_size: usize,
    total_pages: usize,
}

/// All users, the newest first, page by page.
pub async fn list(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&["page", "page_size"])?;
    let page = Page::read(&ask.query, "page_size", PAGE)?;
    let ids = app.store.user_ids().await?;
    let mut users = Vec::new();
    for entry in app.store.users(page.of(&ids)).await? {
        users.push(UserRow::read(&app, &entry, ask.now).await?);
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
