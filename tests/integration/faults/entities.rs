//! Stories of users and keys: made, described, found, listed and deleted. Whatever failed may be repeated, and is whole
//! then.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::{AdmissionError, CreateError, PageStart, Search, Store, StoreError};
use stargate_core::catalog::CustomModel;
use stargate_core::entity::{Key, User};
use stargate_core::scope::{KeyOwner, Scope};
use stargate_core::spend::RefusalRecord;
use tests::calls::{MODEL, call, key, no_limits, user};

use super::Scenario;
use super::ledger::roomy;
use super::stage::{End, Fixture, Outcome};

pub const STORIES: [Scenario; 10] = [
    Scenario { name: "a user is made", limits: roomy, before: &[], play: make_user, after: user_is_made },
    Scenario { name: "a key is made", limits: roomy, before: &[], play: make_key, after: key_is_made },
    Scenario { name: "a user moves", limits: roomy, before: &[], play: move_user, after: user_has_moved },
    Scenario { name: "a key is deleted", limits: roomy, before: &[], play: delete_key, after: key_is_gone },
    Scenario { name: "a user is deleted", limits: roomy, before: &[], play: delete_user, after: all_is_gone },
    Scenario { name: "made, and deleted", limits: roomy, before: &[], play: make_both, after: all_goes },
    Scenario { name: "reports", limits: roomy, before: &[], play: report, after: check_nothing },
    Scenario { name: "a model is offered", limits: roomy, before: &[], play: offer, after: is_offered },
    Scenario { name: "a key names models", limits: roomy, before: &[], play: name_models, after: is_named },
    Scenario { name: "a refusal is noted", limits: roomy, before: &[], play: refuse, after: is_noted },
];

fn a_user(stage: &Fixture) -> User {
    let name = format!("{}-other", stage.quiet.key_id());
    let email = Some(format!("{name}@example.com"));
    User { email, ..user(&name, no_limits(), stage.spare.created) }
}

fn moved_user(stage: &Fixture) -> User {
    User { email: Some(format!("{}-moved@example.com", stage.quiet.key_id())), ..a_user(stage) }
}

/// A key with an alias, whose secret is the stage's spare one.
fn a_key(stage: &Fixture) -> Key {
    let Key { id, holder, .. } = stage.spare.clone();
    let owner = a_user(stage).id;
    Key {
        id: id.clone(),
        alias: Some(format!("alias of {id}")),
        holder: KeyOwner { user: Some(owner.clone()), ..holder },
        ..key(Some(&owner), no_limits(), stage.spare.created)
    }
}

pub fn end_of<E: Into<Outcome>>(response: Result<(), E>) -> End {
    End { told: response.map_or_else(Into::into, |()| Outcome::Done), least: 0, most: 0 }
}

/// What an administrator does who was told to try again: it is there now, by whichever try.
pub fn assert_created(response: Result<(), CreateError>) {
    assert!(matches!(response, Ok(()) | Err(CreateError::Taken { .. })), "{response:?}");
}

pub fn check_nothing(_: &Fixture) -> BoxFuture<'_, ()> {
    async {}.boxed()
}

fn make_user(stage: &Fixture) -> BoxFuture<'_, End> {
    async { end_of(stage.faulty.store.create_user(&a_user(stage)).await) }.boxed()
}

fn user_is_made(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, user) = (&stage.quiet.store, a_user(stage));
        assert_created(store.create_user(&user).await);
        assert_eq!(store.find_user(&user.id).await.unwrap().unwrap().user, user);
        assert_eq!(store.user_of_email(user.email.as_ref().unwrap()).await.unwrap(), Some(user.id));
    }
    .boxed()
}

fn make_key(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&a_user(stage)).await.unwrap();
        end_of(stage.faulty.store.create_key(&a_key(stage)).await)
    }
    .boxed()
}

fn key_is_made(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, key) = (&stage.quiet.store, a_key(stage));
        assert_created(store.create_key(&key).await);
        let pointer = store.find_pointer(&key.holder.secret).await.unwrap().unwrap();
        assert_eq!((&pointer.key, &pointer.holder), (&key.id, &key.holder));
        assert_eq!(store.find_key_by_alias(key.alias.as_ref().unwrap()).await.unwrap(), Some(key.id.clone()));
        assert_eq!(store.keys_of_user(&a_user(stage).id).await.unwrap(), [key.id]);
        store.admit(&mut pointer.clone(), &call(1), || stage.quiet.now()).await.unwrap();
    }
    .boxed()
}

fn names() -> BTreeMap<String, String> {
    BTreeMap::from([("fast".to_owned(), MODEL.to_owned())])
}

fn name_models(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let named = stage.faulty.store.set_aliases(stage.faulty.key_id(), &names()).await;
        end_of(named.map(|found| assert!(found)))
    }
    .boxed()
}

/// Asked for again, they are there; the next call learns them, and the one after it is admitted.
fn is_named(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (caller, key) = (&stage.quiet, stage.quiet.key_id());
        assert!(caller.store.set_aliases(key, &names()).await.unwrap());
        let mut pointer = caller.pointer.clone();
        let told = caller.store.admit(&mut pointer, &call(1), || caller.now()).await;
        assert!(matches!(told, Err(AdmissionError::Renamed)), "{told:?}");
        assert_eq!(pointer.aliases(), Some(&names()));
        let admission = caller.store.admit(&mut pointer, &call(1), || caller.now()).await.unwrap();
        caller.settle(&admission, 0).await.unwrap();
        assert!(caller.store.set_aliases(key, &BTreeMap::new()).await.unwrap());
    }
    .boxed()
}

fn move_user(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        stage.quiet.store.create_user(&a_user(stage)).await.unwrap();
        let moves = stage.faulty.store.describe_user(&a_user(stage), &moved_user(stage)).await;
        end_of(moves.map(|found| assert!(found)))
    }
    .boxed()
}

fn user_has_moved(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, before, after) = (&stage.quiet.store, a_user(stage), moved_user(stage));
        assert!(store.describe_user(&before, &after).await.unwrap());
        assert_eq!(store.find_user(&after.id).await.unwrap().unwrap().user, after);
        assert_eq!(store.user_of_email(after.email.as_ref().unwrap()).await.unwrap(), Some(after.id));
        assert_eq!(store.user_of_email(before.email.as_ref().unwrap()).await.unwrap(), None);
    }
    .boxed()
}

async fn make(stage: &Fixture) {
    stage.quiet.store.create_user(&a_user(stage)).await.unwrap();
    stage.quiet.store.create_key(&a_key(stage)).await.unwrap();
}

fn delete_key(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        make(stage).await;
        end_of(stage.faulty.store.delete_key(&a_key(stage).id).await.map(|found| assert!(found)))
    }
    .boxed()
}

fn key_is_gone(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, key) = (&stage.quiet.store, a_key(stage));
        store.delete_key(&key.id).await.unwrap();
        stage.wire.land().await;
        assert_eq!(store.find_pointer(&key.holder.secret).await.unwrap(), None);
        assert_eq!(store.find_key_by_alias(key.alias.as_ref().unwrap()).await.unwrap(), None);
        assert!(store.keys_of_user(&a_user(stage).id).await.unwrap().is_empty());
        assert_eq!(scopes(store, [Scope::Key(key.id)]).await, 0);
    }
    .boxed()
}

fn delete_user(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        make(stage).await;
        let deleted = stage.faulty.store.delete_user(&a_user(stage).id, stage.faulty.now()).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

fn all_is_gone(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, user) = (&stage.quiet.store, a_user(stage));
        store.delete_user(&user.id, stage.quiet.now()).await.unwrap();
        key_is_gone(stage).await;
        assert!(store.find_user(&user.id).await.unwrap().is_none());
        assert_eq!(store.user_of_email(user.email.as_ref().unwrap()).await.unwrap(), None);
        assert_eq!(scopes(store, [Scope::User(user.id)]).await, 0);
    }
    .boxed()
}

fn make_both(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let made = match stage.faulty.store.create_user(&a_user(stage)).await {
            Ok(()) => end_of(stage.faulty.store.create_key(&a_key(stage)).await),
            Err(error) => end_of(Err(error)),
        };
        if made.told != Outcome::Done {
            // Whoever was told that it may have failed, looks again before deleting what may yet come.
            stage.wire.land().await;
        }
        made
    }
    .boxed()
}

/// A creation that was answered, and lands again after the deletion, brings nothing back.
fn all_goes(stage: &Fixture) -> BoxFuture<'_, ()> {
    all_is_gone(stage)
}

async fn scopes(store: &Store, scopes: [Scope; 1]) -> usize {
    store.scope_states(&scopes).await.unwrap().into_iter().flatten().count()
}

/// Reads change nothing and are answered in full, or not at all.
fn report(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        make(stage).await;
        let admission = stage.quiet.admit(&call(super::stage::AMOUNT)).await.unwrap();
        stage.quiet.settle(&admission, super::stage::COST).await.unwrap();
        let End { told, .. } = end_of(reports(stage).await);
        End { told, least: super::stage::COST, most: super::stage::COST }
    }
    .boxed()
}

async fn reports(stage: &Fixture) -> Result<(), StoreError> {
    let (store, user, key) = (&stage.faulty.store, a_user(stage), a_key(stage));
    let now = stage.quiet.now();
    assert_eq!(store.find_user(&user.id).await?.map(|entry| entry.user), Some(user.clone()));
    assert_eq!(store.user_of_email(user.email.as_ref().unwrap()).await?, Some(user.id.clone()));
    assert!(store.user_page(&PageStart::Skip(0), 10_000).await?.ids.contains(&user.id));
    assert!(store.count_users().await? > 0);
    assert_eq!(store.search_users(user.id.as_str()).await?, Search::Found(vec![user.id.clone()]));
    assert_eq!(store.keys(std::slice::from_ref(&key.id)).await?.len(), 1);
    assert!(store.key_page(&PageStart::Skip(0), 10_000).await?.ids.contains(&key.id));
    assert_eq!(store.keys_of_user(&user.id).await?, std::slice::from_ref(&key.id));
    assert_eq!(store.find_key_by_alias(key.alias.as_ref().unwrap()).await?, Some(key.id.clone()));
    assert!(store.find_pointer(&key.holder.secret).await?.is_some());
    assert_eq!(
        store.scope_states(&[stage.quiet.key(), stage.quiet.user()]).await?.iter().flatten().count(),
        2
    );
    let own = |record: &stargate_core::spend::SpendRecord| record.key == *stage.quiet.key_id();
    assert_eq!(store.records_of_day(&now.date(), 10, own).await?.len(), 1);
    store.refusals_of_day(&now.date(), 10, |_| true).await?;
    store.due_for_reset(now, 1).await?;
    store.due_for_sweep(now, 1).await?;
    Ok(())
}

fn refuse(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let refused = RefusalRecord {
            key: stage.quiet.key_id().clone(),
            user: None,
            reason: "rpm".to_owned(),
            model: MODEL.to_owned(),
            at: stage.quiet.now(),
            count: 1,
        };
        end_of(stage.faulty.store.add_refusals(&refused).await)
    }
    .boxed()
}

/// It is a report and no ledger: what was tried again may count again, up to as often as it was tried.
fn is_noted(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let own = |refused: &RefusalRecord| refused.key == *stage.quiet.key_id();
        let day = stage.quiet.now().date();
        let noted = stage.quiet.store.refusals_of_day(&day, 10, own).await.unwrap();
        assert!(noted.iter().map(|refused| refused.count).sum::<u64>() <= 3, "{noted:?}");
    }
    .boxed()
}

/// A model of the table's own, of which all stories' models are one list.
fn model(stage: &Fixture) -> CustomModel {
    let name = format!("model of {}", stage.quiet.key_id());
    CustomModel { id: name.clone(), name, offer: None }
}

/// Adds the model, unless it is there: whoever meets another change looks again.
async fn offers(store: &Store, model: CustomModel) -> Result<(), StoreError> {
    loop {
        let (version, mut own) = store.own_models().await?;
        if own.contains(&model) {
            return Ok(());
        }
        own.push(model.clone());
        if store.set_own_models(version, &own).await? {
            return Ok(());
        }
    }
}

fn offer(stage: &Fixture) -> BoxFuture<'_, End> {
    async { end_of(offers(&stage.faulty.store, model(stage)).await) }.boxed()
}

fn is_offered(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        offers(&stage.quiet.store, model(stage)).await.unwrap();
        stage.wire.land().await;
        let (_, own) = stage.quiet.store.own_models().await.unwrap();
        assert_eq!(own.iter().filter(|own| **own == model(stage)).count(), 1);
    }
    .boxed()
}
