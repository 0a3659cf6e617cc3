//! `GET /user/info`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::policy::Permit;
use shared::web::json_answer;

use super::row::UserRow;
use super::{parse_id, unknown};
use crate::App;
use crate::guard::Ask;
use crate::keys::KeyRow;

/// Document 000's flat fields and LiteLLM's nested ones.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    flat: UserRow,
    user_info: UserRow,
    keys: Vec<KeyRow>,
}

/// A user and its keys.
pub async fn info(app: App, _permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&["user_id"])?;
    let id = ask.query.id("user_id")?.ok_or_else(|| Fault::invalid("user_id", "must be given"))?;
    let id = parse_id("user_id", id)?;
    let entry = app.store.find_user(&id).await?.ok_or_else(|| unknown("user_id", id.as_str()))?;
    let keys = app.store.keys(&app.store.keys_of_user(&id).await?).await?;
    let zone = &app.store.terms().zone;
    let answer = Answer {
        flat: UserRow::of(&entry, ask.now, zone)?,
        user_info: UserRow::of(&entry, ask.now, zone)?,
        keys: keys.iter().map(|entry| KeyRow::of(entry, ask.now, zone)).collect::<Result<_, _>>()?,
    };
    Ok(json_answer(StatusCode::OK, &answer))
}
