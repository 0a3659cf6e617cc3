//! `POST /key/regenerate` and `POST /key/{key}/regenerate`

use axum::http::StatusCode;
use axum::response::Response;
use shared::audit::Action;
use shared::fault::Fault;
use shared::moment::Moment;
use shared::period::KeyDuration;
use shared::policy::Permit;
use shared::scope::{Limits, Scope};
use shared::secret::Secret;
use shared::store::StoreError;
use shared::web::json_answer;

use super::KeyRow;
use super::find::{by_secret, unknown};
use super::generate::{Answer, own_secret};
use crate::App;
use crate::audit::{KEYS, Scribe};
use crate::fields::Fields;
use crate::guard::Ask;
use crate::limits::key_life;

/// Gives a key another secret. Its limits, its spend and its alias stay. With `grace_period` the old secret goes on
/// working that long: both are one key with one budget.
pub async fn regenerate(app: App, permit: Permit, ask: Ask) -> Result<Response, Fault> {
    ask.query.only(&[])?;
    let mut fields = Fields::read(&ask.body)?;
    let named = fields.text("key")?.value().or_else(|| ask.named.clone());
    let named = named.ok_or_else(|| Fault::invalid("key", "must be given"))?;
    let chosen = fields.text("new_key")?.checked(own_secret)?.value();
    let grace = fields.text("grace_period")?.checked(|text| {
        KeyDuration::parse(&text).map_err(|rule| Fault::invalid("grace_period", rule.to_string()))
    })?;
    let life = key_life(&mut fields)?;
    fields.finish()?;
    let entry = by_secret(&app, &permit, "key", &named).await?;
    let before = KeyRow::of(&entry, ask.now, &app.store.terms().zone)?;
    let secret = match chosen {
        Some(secret) => secret,
        None => Secret::generate().map_err(StoreError::from)?,
    };
    let until = |life: KeyDuration| Moment::from_seconds(life.expires(ask.now.seconds()));
    if !app.store.rotate_key(&entry.key, &secret, grace.value().map(until)).await? {
        let message = "key: it was given another secret meanwhile, or the new one is taken".to_owned();
        return Err(Fault::Conflict { param: Some("key".to_owned()), message });
    }
    let missing = || unknown("key", &entry.key.hint);
    if life != crate::patch::Patch::Keep {
        let expires = life.value().map(until);
        let edit = |limits: &Limits| Ok::<_, Fault>(Limits { expires, ..limits.clone() });
        let scope = Scope::Key(entry.key.id.clone());
        app.store.edit(&scope, edit, ask.now).await?.ok_or_else(missing)?;
    }
    let entry = app.store.keys(std::slice::from_ref(&entry.key.id)).await?.pop().ok_or_else(missing)?;
    let row = KeyRow::of(&entry, ask.now, &app.store.terms().zone)?;
    let scribe = Scribe::new(&app, &permit, &ask);
    scribe.note(Action::Rotated, (KEYS, row.hash()), Some(&before), Some(&row)).await;
    Ok(json_answer(StatusCode::OK, &Answer::once(&secret, row)))
}
