//! Stories of people: invited, given a password, logged in, gone. Whatever failed may be repeated, and is whole then.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::{Store, StoreError, UserIdentity};
use stargate_core::entity::{Invitation, Key, User};
use stargate_core::password::Password;
use stargate_core::scope::{KeyOwner, Scope};
use stargate_core::secret::{Secret, SecretHash};
use tests::calls::{no_limits, pico, user};

use super::Scenario;
use super::entities::{check_nothing, end_of};
use super::ledger::roomy;
use super::stage::{End, Fixture};

pub const STORIES: [Scenario; 6] = [
    Scenario { name: "a user is invited", limits: roomy, before: &[], play: invite, after: is_invited },
    Scenario {
        name: "an invitation is accepted",
        limits: roomy,
        before: &[],
        play: accept,
        after: is_accepted,
    },
    Scenario {
        name: "an invitation is deleted",
        limits: roomy,
        before: &[],
        play: take_back,
        after: is_back,
    },
    Scenario { name: "somebody logs in", limits: roomy, before: &[], play: log_in, after: check_nothing },
    Scenario { name: "a user is imported", limits: roomy, before: &[], play: carry, after: is_carried },
    Scenario { name: "an invited user is deleted", limits: roomy, before: &[], play: delete, after: is_gone },
];

fn invited_user(stage: &Fixture) -> User {
    user(&format!("{}-person", stage.quiet.key_id()), no_limits(), stage.spare.created)
}

fn person(stage: &Fixture) -> UserIdentity {
    UserIdentity::from(&invited_user(stage))
}

fn invitation(stage: &Fixture) -> Invitation {
    let (id, user) = (secret(stage, "invitation"), invited_user(stage).id);
    Invitation { id, user, by: "master key".to_owned(), created: stage.spare.created, accepted: None }
}

fn secret(stage: &Fixture, what: &str) -> SecretHash {
    Secret::new(format!("{what} of {}", stage.quiet.key_id())).hash()
}

/// The store does not look into it.
fn password(text: &str) -> Password {
    Password::from_stored(text.to_owned())
}

fn invite(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&invited_user(stage)).await.unwrap();
        end_of(stage.faulty.store.create_invitation(&invitation(stage)).await)
    }
    .boxed()
}

/// Whoever was told that it failed invites again, by another id.
fn is_invited(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let store = &stage.quiet.store;
        let again = Invitation { id: secret(stage, "another invitation"), ..invitation(stage) };
        store.create_invitation(&again).await.unwrap();
        stage.wire.land().await;
        assert_eq!(store.find_invitation(&again.id).await.unwrap(), Some(again));
        store.delete_user(&invited_user(stage).id, stage.quiet.now()).await.unwrap();
        assert_eq!(
            store.find_invitation(&invitation(stage).id).await.unwrap(),
            None,
            "both go with the user"
        );
    }
    .boxed()
}

async fn accepts(stage: &Fixture, store: &Store) -> Result<bool, StoreError> {
    let (Invitation { id, .. }, token) = (invitation(stage), secret(stage, "token"));
    if store.find_invitation(&id).await?.is_none_or(|invitation| invitation.accepted.is_some()) {
        return Ok(false);
    }
    Ok(store.open_invitation(&id, &token, stage.quiet.now()).await?
        && store.accept_invitation(&id, &token, stage.quiet.now()).await?
        && store.claim_password(&person(stage), &password("first"), &id).await?)
}

fn accept(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&invited_user(stage)).await.unwrap();
        stage.quiet.store.create_invitation(&invitation(stage)).await.unwrap();
        end_of(accepts(stage, &stage.faulty.store).await.map(|is_done| assert!(is_done)))
    }
    .boxed()
}

/// Who was told that it may have failed goes on with the same token, and it ends in one password, for good.
fn is_accepted(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, Invitation { id, .. }) = (&stage.quiet.store, invitation(stage));
        let (token, now) = (secret(stage, "token"), stage.quiet.now());
        store.open_invitation(&id, &token, now).await.unwrap();
        assert!(store.accept_invitation(&id, &token, now).await.unwrap());
        store.claim_password(&person(stage), &password("first"), &id).await.unwrap();
        stage.wire.land().await;
        assert_eq!(store.password_of(&person(stage)).await.unwrap(), Some(password("first")));
        assert!(!store.claim_password(&person(stage), &password("second"), &id).await.unwrap());
        assert!(!store.accept_invitation(&id, &secret(stage, "another token"), now).await.unwrap());
    }
    .boxed()
}

fn take_back(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&invited_user(stage)).await.unwrap();
        stage.quiet.store.create_invitation(&invitation(stage)).await.unwrap();
        let deleted = stage.faulty.store.delete_invitation(&invitation(stage).id).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

fn is_back(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, id) = (&stage.quiet.store, invitation(stage).id);
        store.delete_invitation(&id).await.unwrap();
        stage.wire.land().await;
        assert_eq!(store.find_invitation(&id).await.unwrap(), None);
        assert!(!store.open_invitation(&id, &secret(stage, "token"), stage.quiet.now()).await.unwrap());
        assert_eq!(store.find_invitation(&id).await.unwrap(), None, "nothing is made by opening it");
    }
    .boxed()
}

async fn logs_in(stage: &Fixture) -> Result<(), StoreError> {
    let (store, user, now) = (&stage.faulty.store, invited_user(stage).id, stage.quiet.now());
    assert_eq!(store.count_login(user.as_str(), now).await?, None);
    let stored = store.password_of(&person(stage)).await?;
    assert_eq!(stored, Some(password("old")), "unknown is no password");
    assert!(store.replace_password(&person(stage), stored.as_ref(), Some(&password("new"))).await?);
    store.sessions_of_user(&user).await?;
    store.forget_logins(user.as_str(), now).await
}

fn log_in(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let user = invited_user(stage);
        stage.quiet.store.create_user(&user).await.unwrap();
        assert!(
            stage.quiet.store.replace_password(&person(stage), None, Some(&password("old"))).await.unwrap()
        );
        end_of(logs_in(stage).await)
    }
    .boxed()
}

fn delete(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let (store, user) = (&stage.quiet.store, invited_user(stage));
        store.create_user(&user).await.unwrap();
        store.create_invitation(&invitation(stage)).await.unwrap();
        store.replace_password(&person(stage), None, Some(&password("old"))).await.unwrap();
        let Key { holder, .. } = stage.spare.clone();
        let holder = KeyOwner { user: Some(user.id.clone()), ..holder };
        store.create_key(&Key { holder, is_session: true, ..stage.spare.clone() }).await.unwrap();
        end_of(stage.faulty.store.delete_user(&user.id, stage.faulty.now()).await.map(|found| assert!(found)))
    }
    .boxed()
}

fn is_gone(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, user) = (&stage.quiet.store, invited_user(stage).id);
        store.delete_user(&user, stage.quiet.now()).await.unwrap();
        stage.wire.land().await;
        assert_eq!(store.find_invitation(&invitation(stage).id).await.unwrap(), None);
        assert_eq!(store.password_of(&person(stage)).await.unwrap(), None);
        assert!(store.sessions_of_user(&user).await.unwrap().is_empty());
        assert_eq!(store.find_pointer(&stage.spare.holder.secret).await.unwrap(), None);
    }
    .boxed()
}

async fn carries(stage: &Fixture, store: &Store) -> Result<(), StoreError> {
    let (id, now) = (invited_user(stage).id, stage.quiet.now());
    let name = format!("user {id}");
    store.was_imported(&name).await?;
    store.carry_spend(&Scope::User(id), pico(300), false, now).await?;
    store.mark_imported(&name, now).await?;
    assert!(store.list_imported("user ").await?.contains(&name));
    Ok(())
}

fn carry(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&invited_user(stage)).await.unwrap();
        end_of(carries(stage, &stage.faulty.store).await)
    }
    .boxed()
}

/// Repeated, it is charged once.
fn is_carried(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        carries(stage, &stage.quiet.store).await.unwrap();
        stage.wire.land().await;
        let user = stage.table.audit_balance(&Scope::User(invited_user(stage).id)).await;
        assert_eq!((user.spend, user.total_spend), (pico(300), pico(0)));
    }
    .boxed()
}
