//! `POST /key/generate`

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use shared::fault::Fault;
use shared::id::UserId;
use shared::moment::Moment;
use shared::policy::Permit;
use shared::scope::Limits;
use shared::secret::Secret;
use shared::store::NotCreated;
use shared::user::{Role, User};
use shared::web::json_answer;

use super::mint::not_unique;
use super::{KeyRow, Order, mint, must_be_free};
use crate::App;
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::{LimitsPatch, key_duration};
use crate::users::parse_id;

/// The shortest and the longest key that may be chosen.
const SHORTEST: usize = 16;
const LONGEST: usize = 256;

#[derive(Serialize)]
struct Answer {
    /// The key itself: here and never again.
    key: String,
    #[serde(flatten)]
    row: KeyRow,
}

/// Makes a key. A `user_id` that is not known yet becomes a user without limits, as LiteLLM's clients expect.
pub async fn generate(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let order = read(&ask.body)?;
    // What would be refused is refused before a user is created for it.
    if let Some(alias) = &order.alias {
        must_be_free(&app, alias).await?;
    }
    if let Some(secret) = &order.secret
        && app.store.find_pointer(&secret.hash()).await?.is_some()
    {
        return Err(not_unique(NotCreated::Taken { field: "key" }, None));
    }
    if let Some(user) = &order.user {
        must_exist(&app, user, ask.now).await?;
    }
    let minted = mint(&app, &permit, order, ask.now).await?;
    let row = KeyRow::of(&minted.entry, ask.now, &app.store.terms().zone)?.with_hash();
    let answer = Answer { key: minted.secret.reveal().to_owned(), row };
    Ok(json_answer(StatusCode::OK, &answer))
}

/// Sees to it that there is such a user.
async fn must_exist(app: &App, id: &UserId, now: Moment) -> Result<(), Fault> {
    if app.store.find_user(id).await?.is_some() {
        return Ok(());
    }
    let bare = User {
        id: id.clone(),
        email: None,
        alias: None,
        role: Role::default(),
        limits: Limits::default(),
        metadata: "{}".to_owned(),
        created: now,
    };
    match app.store.create_user(&bare).await {
        Ok(()) => Ok(()),
        Err(NotCreated::Store(error)) => Err(error.into()),
        // Another call was faster; or the user is on its way out, and a key would go with it.
        Err(NotCreated::Taken { .. } | NotCreated::Gone { .. }) => match app.store.find_user(id).await? {
            Some(_) => Ok(()),
            None => Err(Fault::Conflict {
                param: Some("user_id".to_owned()),
                message: format!("user_id: User {id} is being deleted"),
            }),
        },
    }
}

fn read(body: &[u8]) -> Result<Order, Fault> {
    let mut fields = Fields::read(body)?;
    let secret = fields.text("key")?.checked(own_secret)?.value();
    let user = fields.patch("user_id", "a string")?.checked(|id| parse_id("user_id", id))?.value();
    let order = Order {
        secret,
        alias: fields.text("key_alias")?.value(),
        duration: key_duration(&mut fields)?,
        user,
        limits: LimitsPatch::read(&mut fields)?.over(Limits::default()),
        metadata: fields.object("metadata")?.value().unwrap_or_else(|| "{}".to_owned()),
        tags: fields.texts("tags")?.value().unwrap_or_default(),
    };
    fields.only_zero("spend")?;
    fields.finish()?;
    Ok(order)
}

/// A key that the administrator chose: it must be one that every client can send.
fn own_secret(text: String) -> Result<Secret, Fault> {
    let is_sendable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.starts_with("sk-") && (SHORTEST..=LONGEST).contains(&text.len()) && is_sendable {
        return Ok(Secret::new(text));
    }
    let rule = format!("must start with sk- and have {SHORTEST} to {LONGEST} visible ASCII characters");
    Err(Fault::invalid("key", rule))
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
