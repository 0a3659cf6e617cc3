//! What a key may do, for requests that reserve nothing: its scopes are read, not written.

use shared::admission::{self, Reason, Refusal};
use shared::fault::Fault;
use shared::scope::{Scope, ScopeState};
use shared::store::Pointer;

use crate::App;

/// The scopes of a key as they stand; one consistent read for all. A key that is gone, or another's, is unknown.
pub async fn scopes(app: &App, pointer: &Pointer) -> Result<Vec<(Scope, ScopeState)>, Fault> {
    let scopes = pointer.scopes();
    let states = app.store.scope_states(&scopes).await?;
    let mut standing = Vec::with_capacity(scopes.len());
    for (scope, state) in scopes.into_iter().zip(states) {
        match state {
            Some(state)
                if matches!(scope, Scope::Key(_)) && state.holder.as_ref() != Some(&pointer.holder) =>
            {
                app.keyring.forget(&pointer.holder.secret);
                return Err(refused(app, scope, Reason::Unknown));
            }
            Some(state) => standing.push((scope, state)),
            None => return Err(refused(app, scope, Reason::Unknown)),
        }
    }
    Ok(standing)
}

/// Whether every scope of the key lets a model be used.
pub async fn may_use(
    app: &App,
    pointer: &Pointer,
    model: &str,
    permitted_by: &[String],
) -> Result<(), Fault> {
    let now = app.clock.now();
    for (scope, state) in scopes(app, pointer).await? {
        admission::may_use(&state, model, permitted_by, now).map_err(|reason| refused(app, scope, reason))?;
    }
    Ok(())
}

fn refused(app: &App, scope: Scope, reason: Reason) -> Fault {
    Fault::Refused(Refusal { scope, reason }, app.clock.now())
}
