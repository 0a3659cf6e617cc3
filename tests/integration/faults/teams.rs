//! Stories of teams, their members and keys, and of the audit log.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::{AdmissionError, KeyRef, Store, StoreError};
use stargate_core::audit::{Action, AuditEntry};
use stargate_core::entity::{Key, Member, Team, TeamRole};
use stargate_core::id::{RequestId, TeamId, UserId};
use stargate_core::scope::{KeyOwner, Scope};
use stargate_core::secret::Secret;
use stargate_core::spend::SpendRecord;
use tests::calls::{MODEL, budget, call, call_of, key, no_limits, pico, record, user};

use super::Scenario;
use super::entities::{assert_created, check_nothing, end_of};
use super::ledger::roomy;
use super::stage::{AMOUNT, COST, End, FLOOR, Fixture, Outcome};

pub const fn story(
    name: &'static str,
    play: fn(&Fixture) -> BoxFuture<'_, End>,
    after: fn(&Fixture) -> BoxFuture<'_, ()>,
) -> Scenario {
    Scenario { name, limits: roomy, before: &[], play, after }
}

pub const STORIES: [Scenario; 10] = [
    story("a team is made, with a member", make, is_made),
    story("a team and a member change", change, has_changed),
    story("a member goes", remove_member, member_is_gone),
    story("a team goes", delete_team, team_is_gone),
    story("a team's call, its user only looked at", team_call, team_agrees),
    story("a key gets another name", rename, is_renamed),
    story("a key gets another secret", rotate, is_rotated),
    story("a model is limited, and is not", limit, is_lifted),
    story("a change is written down", note, is_noted),
    story("reports of teams and days", report, check_nothing),
];

pub fn team_id(stage: &Fixture) -> TeamId {
    TeamId::parse(format!("team of {}", stage.quiet.key_id())).unwrap()
}

pub fn mario(stage: &Fixture) -> UserId {
    UserId::parse(format!("mario of {}", stage.quiet.key_id())).unwrap()
}

pub fn a_team(stage: &Fixture) -> Team {
    let (alias, metadata) = (Some("Developers".to_owned()), "{}".to_owned());
    Team { id: team_id(stage), alias, org: None, limits: no_limits(), metadata, created: stage.spare.created }
}

fn a_member(stage: &Fixture) -> Member {
    let (team, user) = (team_id(stage), mario(stage));
    Member { team, user, role: TeamRole::User, limits: no_limits(), joined: stage.spare.created }
}

/// The member's key in the team.
fn a_key(stage: &Fixture) -> Key {
    let Key { id, holder, .. } = stage.spare.clone();
    let (user, team) = (Some(mario(stage)), Some(team_id(stage)));
    let alias = Some(format!("alias of {id}"));
    Key {
        id,
        alias,
        holder: KeyOwner { user, team, ..holder },
        ..key(None, no_limits(), stage.spare.created)
    }
}

pub async fn set(stage: &Fixture) {
    let store = &stage.quiet.store;
    store.create_user(&user(mario(stage).as_str(), no_limits(), stage.spare.created)).await.unwrap();
    store.create_team(&a_team(stage)).await.unwrap();
    store.create_member(&a_member(stage)).await.unwrap();
    store.create_key(&a_key(stage)).await.unwrap();
}

fn make(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let mario = user(mario(stage).as_str(), no_limits(), stage.spare.created);
        stage.quiet.store.create_user(&mario).await.unwrap();
        match stage.faulty.store.create_team(&a_team(stage)).await {
            Ok(()) => end_of(stage.faulty.store.create_member(&a_member(stage)).await),
            Err(error) => end_of(Err(error)),
        }
    }
    .boxed()
}

fn is_made(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let store = &stage.quiet.store;
        assert_created(store.create_team(&a_team(stage)).await);
        assert_created(store.create_member(&a_member(stage)).await);
        assert_eq!(store.find_team(&team_id(stage)).await.unwrap().unwrap().team, a_team(stage));
        let members = store.members(&team_id(stage)).await.unwrap();
        assert_eq!(members.into_iter().map(|entry| entry.member).collect::<Vec<_>>(), [a_member(stage)]);
        assert_eq!(store.teams_of_user(&mario(stage)).await.unwrap(), [team_id(stage)]);
    }
    .boxed()
}

fn changed_team(stage: &Fixture) -> Team {
    Team { alias: None, ..a_team(stage) }
}

fn change(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        let store = &stage.faulty.store;
        let described = store.describe_team(&a_team(stage), &changed_team(stage)).await;
        let promoted = store.set_team_role(&team_id(stage), &mario(stage), TeamRole::Admin).await;
        end_of(described.and(promoted).map(|found| assert!(found)))
    }
    .boxed()
}

fn has_changed(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, team) = (&stage.quiet.store, team_id(stage));
        assert!(store.describe_team(&a_team(stage), &changed_team(stage)).await.unwrap());
        assert!(store.set_team_role(&team, &mario(stage), TeamRole::Admin).await.unwrap());
        assert_eq!(store.find_team(&team).await.unwrap().unwrap().team, changed_team(stage));
        let member = store.find_member(&team, &mario(stage)).await.unwrap().unwrap().member;
        assert_eq!(member.role, TeamRole::Admin);
    }
    .boxed()
}

fn remove_member(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        end_of(
            stage
                .faulty
                .store
                .delete_member(&team_id(stage), &mario(stage))
                .await
                .map(|found| assert!(found)),
        )
    }
    .boxed()
}

fn member_is_gone(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, team) = (&stage.quiet.store, team_id(stage));
        store.delete_member(&team, &mario(stage)).await.unwrap();
        stage.wire.land().await;
        assert!(store.find_member(&team, &mario(stage)).await.unwrap().is_none());
        assert!(store.teams_of_user(&mario(stage)).await.unwrap().is_empty());
        assert!(store.keys_of_team(&team).await.unwrap().is_empty());
        assert_eq!(store.find_pointer(&a_key(stage).holder.secret).await.unwrap(), None);
    }
    .boxed()
}

fn delete_team(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        let deleted = stage.faulty.store.delete_team(&team_id(stage), stage.faulty.now()).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

fn team_is_gone(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, team) = (&stage.quiet.store, team_id(stage));
        store.delete_team(&team, stage.quiet.now()).await.unwrap();
        member_is_gone(stage).await;
        assert!(store.find_team(&team).await.unwrap().is_none());
        let left = store.scope_states(&[Scope::Team(team)]).await.unwrap();
        assert_eq!(left.into_iter().flatten().count(), 0);
    }
    .boxed()
}

pub fn pointer(stage: &Fixture) -> KeyRef {
    let key = a_key(stage);
    KeyRef::new(key.id, key.holder)
}

/// It is charged to the team's scopes, which are audited after it: to the stage's own it costs nothing.
fn team_call(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        let (mut pointer, now) = (pointer(stage), stage.faulty.now());
        let admitted = stage.faulty.store.admit(&mut pointer, &call_of(AMOUNT, FLOOR), || now).await;
        let told = match admitted {
            Ok(admission) => {
                let record = SpendRecord { cost: pico(COST), ..record(&pointer, &admission, now) };
                stage
                    .faulty
                    .store
                    .settle(&admission, &record, || now)
                    .await
                    .map_or_else(Outcome::from, |_| Outcome::Done)
            }
            Err(error) => error.into(),
        };
        End { told, least: 0, most: 0 }
    }
    .boxed()
}

fn team_agrees(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (team, user) = (team_id(stage), mario(stage));
        let key = Scope::Key(a_key(stage).id);
        let scopes = [key, Scope::Member(team.clone(), user.clone()), Scope::Team(team)];
        for wait in [100, 100, 8000] {
            stage.quiet.wait(Duration::from_secs(wait));
            for scope in &scopes {
                stage.quiet.store.sweep(scope, stage.quiet.now()).await.unwrap();
            }
        }
        let recorded = stage.table.aggregated_spend(&Scope::User(user)).await;
        for scope in &scopes {
            let state = stage.table.audit(scope).await;
            assert_eq!((state.total_spend, state.leases.len()), (recorded, 0), "{scope}");
        }
        assert!([0, FLOOR, COST].contains(&recorded.pico()), "{recorded}");
    }
    .boxed()
}

fn renamed_key(stage: &Fixture) -> Key {
    let alias = Some(format!("another alias of {}", stage.spare.id));
    Key { alias, tags: vec!["one".to_owned(), "two".to_owned()], ..a_key(stage) }
}

fn rename(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        let named = stage.faulty.store.describe_key(&a_key(stage), &renamed_key(stage)).await;
        end_of(named.map(|found| assert!(found)))
    }
    .boxed()
}

fn is_renamed(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, before, after) = (&stage.quiet.store, a_key(stage), renamed_key(stage));
        assert!(store.describe_key(&before, &after).await.unwrap());
        let [now] = store.keys(std::slice::from_ref(&after.id)).await.unwrap().try_into().unwrap();
        assert_eq!((now.key.alias.as_ref(), &now.key.tags), (after.alias.as_ref(), &after.tags));
        assert_eq!(store.find_key_by_alias(before.alias.as_ref().unwrap()).await.unwrap(), None);
        assert_eq!(store.find_key_by_alias(after.alias.as_ref().unwrap()).await.unwrap(), Some(after.id));
    }
    .boxed()
}

/// The secret that comes next; the stage's own stays good for an hour.
fn next(stage: &Fixture) -> Secret {
    Secret::new(format!("sk-next-of-{}", stage.spare.id))
}

fn rotate(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        let grace = stage.faulty.now() + Duration::from_secs(3600);
        end_of(stage.faulty.store.rotate_key(&a_key(stage), &next(stage), Some(grace)).await.map(|_| ()))
    }
    .boxed()
}

/// Whatever was told, the key answers to one of the two, and after another try to the new one, and to both for an hour.
fn is_rotated(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (store, key) = (&stage.quiet.store, a_key(stage));
        let old = works(store, stage, &key.holder.secret).await;
        let new = works(store, stage, &next(stage).hash()).await;
        assert!(old || new, "it answers to neither");
        if !new {
            let grace = stage.quiet.now() + Duration::from_secs(3600);
            // The pointer that a cut rotation left stands in the way of that secret, and of no other.
            let fresh = Secret::generate().unwrap();
            assert!(store.rotate_key(&key, &fresh, Some(grace)).await.unwrap());
            assert!(
                works(store, stage, &fresh.hash()).await && works(store, stage, &key.holder.secret).await
            );
        }
        stage.quiet.wait(Duration::from_secs(3601));
        assert!(!works(store, stage, &key.holder.secret).await, "its grace is over");
        assert!(store.delete_key(&key.id).await.unwrap());
        assert_eq!(store.find_pointer(&key.holder.secret).await.unwrap(), None);
    }
    .boxed()
}

async fn works(store: &Store, stage: &Fixture, secret: &stargate_core::secret::SecretHash) -> bool {
    let Some(mut pointer) = store.find_pointer(secret).await.unwrap() else {
        return false;
    };
    let now = stage.quiet.now();
    let Ok(admission) = store.admit(&mut pointer, &call(1), || now).await else {
        return false;
    };
    store.settle(&admission, &record(&pointer, &admission, now), || now).await.unwrap();
    true
}

fn limit(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let (store, key, now) = (&stage.faulty.store, stage.faulty.key(), stage.faulty.now());
        let limited = store.limit_model(&key, MODEL, Some(&budget(1)), now).await;
        end_of(limited.map(|found| assert!(found)))
    }
    .boxed()
}

/// Asked for again, it binds; lifted, it does not.
fn is_lifted(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (caller, key, now) = (&stage.quiet, stage.quiet.key(), stage.quiet.now());
        assert!(caller.store.limit_model(&key, MODEL, Some(&budget(1)), now).await.unwrap());
        let part = Scope::Model(Box::new(key.clone()), MODEL.to_owned());
        match caller.admit(&call(2)).await {
            Err(AdmissionError::Refused(refusal)) => assert_eq!(refusal.scope, part),
            other => panic!("{other:?}"),
        }
        assert!(caller.store.limit_model(&key, MODEL, None, now).await.unwrap());
        assert!(stage.table.audit(&key).await.ties.models.is_empty());
        let admission = caller.admit(&call(2)).await.unwrap();
        caller.settle(&admission, 0).await.unwrap();
    }
    .boxed()
}

fn entry(stage: &Fixture) -> AuditEntry {
    AuditEntry {
        id: RequestId::from_parts(
            stage.spare.created.ms(),
            stage.spare.id.as_str().bytes().map(u32::from).sum(),
        ),
        actor: "master key".to_owned(),
        claimed: None,
        action: Action::Created,
        table: "LiteLLM_TeamTable".to_owned(),
        object: team_id(stage).as_str().to_owned(),
        before: None,
        after: Some("{}".to_owned()),
    }
}

fn note(stage: &Fixture) -> BoxFuture<'_, End> {
    async { end_of(stage.faulty.store.put_audit(&entry(stage)).await) }.boxed()
}

fn is_noted(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, entry) = (&stage.quiet.store, entry(stage));
        store.put_audit(&entry).await.unwrap();
        assert_eq!(store.find_audit(entry.id).await.unwrap(), Some(entry.clone()));
        let own = |found: &AuditEntry| found.object == entry.object;
        let day = stage.spare.created.date();
        assert_eq!(store.audit_of_day(&day, 10, own).await.unwrap(), std::slice::from_ref(&entry));
    }
    .boxed()
}

/// Reads change nothing and are answered in full, or not at all.
fn report(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.put_audit(&entry(stage)).await.unwrap();
        end_of(reports(stage).await)
    }
    .boxed()
}

async fn reports(stage: &Fixture) -> Result<(), StoreError> {
    let (store, team, user) = (&stage.faulty.store, team_id(stage), mario(stage));
    assert!(store.team_ids().await?.contains(&team));
    assert_eq!(store.teams(std::slice::from_ref(&team)).await?.len(), 1);
    assert_eq!(store.members(&team).await?.len(), 1);
    assert!(store.find_member(&team, &user).await?.is_some());
    assert_eq!(store.teams_of_user(&user).await?, std::slice::from_ref(&team));
    assert_eq!(store.keys_of_team(&team).await?, [a_key(stage).id]);
    let day = stage.spare.created.date();
    assert_eq!(store.daily_of(&Scope::User(user), &day, &day).await?, []);
    store.daily_of_all(&day).await?;
    assert!(store.find_audit(entry(stage).id).await?.is_some());
    assert!(!store.audit_of_day(&day, 1, |_| true).await?.is_empty());
    Ok(())
}
