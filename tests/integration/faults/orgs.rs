//! Stories of organizations.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::StoreError;
use stargate_core::entity::{Org, OrgMember, Team};
use stargate_core::id::OrgId;
use stargate_core::scope::Scope;
use tests::calls::{call, no_limits, record};

use super::Scenario;
use super::entities::{assert_created, check_nothing, end_of};
use super::stage::{End, Fixture};
use super::teams::{a_team, mario, pointer, set, story, team_id};

pub const STORIES: [Scenario; 4] = [
    story("an organization is made, with a team", find_organization, is_founded),
    story("a team changes its organization", transfer, is_transferred),
    story("an organization goes", dissolve, is_dissolved),
    story("reports of organizations", report, check_nothing),
];

fn org_id(stage: &Fixture) -> OrgId {
    OrgId::parse(format!("org of {}", stage.quiet.key_id())).unwrap()
}

fn an_org(stage: &Fixture) -> Org {
    let metadata = "{}".to_owned();
    Org { id: org_id(stage), alias: None, limits: no_limits(), metadata, created: stage.spare.created }
}

fn renamed_org(stage: &Fixture) -> Org {
    Org { alias: Some("ACME".to_owned()), ..an_org(stage) }
}

fn org_member(stage: &Fixture) -> OrgMember {
    let role = "org_admin".to_owned();
    OrgMember { org: org_id(stage), user: mario(stage), role, joined: stage.spare.created }
}

fn find_organization(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let store = &stage.faulty.store;
        if let Err(error) = store.create_org(&an_org(stage)).await {
            return end_of(Err(error));
        }
        let named = store.put_org_member(&org_member(stage)).await;
        let described = store.describe_org(&an_org(stage), &renamed_org(stage)).await;
        let team = Team { org: Some(org_id(stage)), ..a_team(stage) };
        match named.and(described) {
            Ok(_) => end_of(store.create_team(&team).await),
            Err(error) => end_of(Err(error)),
        }
    }
    .boxed()
}

fn is_founded(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, team) = (&stage.quiet.store, Team { org: Some(org_id(stage)), ..a_team(stage) });
        assert_created(store.create_org(&an_org(stage)).await);
        store.put_org_member(&org_member(stage)).await.unwrap();
        assert!(store.describe_org(&an_org(stage), &renamed_org(stage)).await.unwrap());
        assert_created(store.create_team(&team).await);
        assert_eq!(store.find_org(&org_id(stage)).await.unwrap().unwrap().org, renamed_org(stage));
        assert_eq!(store.org_members(&org_id(stage)).await.unwrap(), [org_member(stage)]);
        assert_eq!(store.teams_of_org(&org_id(stage)).await.unwrap(), std::slice::from_ref(&team.id));
        assert_eq!(store.find_team(&team.id).await.unwrap().unwrap().team, team);
    }
    .boxed()
}

fn transfer(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_org(&an_org(stage)).await.unwrap();
        let moved = stage.faulty.store.set_org(&team_id(stage), Some(&org_id(stage))).await;
        end_of(moved.map(|found| assert!(found)))
    }
    .boxed()
}

/// There and back: whatever was told, the team and the organization agree after another try.
fn is_transferred(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let (store, org, team) = (&stage.quiet.store, org_id(stage), team_id(stage));
        assert!(store.set_org(&team, Some(&org)).await.unwrap());
        assert_eq!(store.find_team(&team).await.unwrap().unwrap().team.org.as_ref(), Some(&org));
        assert_eq!(store.teams_of_org(&org).await.unwrap(), std::slice::from_ref(&team));
        let now = stage.quiet.now();
        let mut pointer = pointer(stage);
        let admission = store.admit(&mut pointer, &call(1), || now).await.unwrap();
        assert_eq!(pointer.org(), Some(&org), "it is charged from the next request");
        store.settle(&admission, &record(&pointer, &admission, now), || now).await.unwrap();
        assert!(store.set_org(&team, None).await.unwrap());
        assert!(store.teams_of_org(&org).await.unwrap().is_empty());
    }
    .boxed()
}

fn dissolve(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let store = &stage.quiet.store;
        store.create_org(&an_org(stage)).await.unwrap();
        store.put_org_member(&org_member(stage)).await.unwrap();
        let one = stage.faulty.store.delete_org_member(&org_id(stage), &mario(stage)).await;
        let deleted = stage.faulty.store.delete_org(&org_id(stage), stage.faulty.now()).await;
        end_of(one.and(deleted).map(|found| assert!(found)))
    }
    .boxed()
}

fn is_dissolved(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, org) = (&stage.quiet.store, org_id(stage));
        store.delete_org(&org, stage.quiet.now()).await.unwrap();
        stage.wire.land().await;
        store.delete_org(&org, stage.quiet.now()).await.unwrap();
        assert!(store.find_org(&org).await.unwrap().is_none());
        let left = store.scope_states(&[Scope::Org(org)]).await.unwrap();
        assert_eq!(left.into_iter().flatten().count(), 0);
    }
    .boxed()
}

/// Reads change nothing and are answered in full, or not at all.
fn report(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        let store = &stage.quiet.store;
        store.create_org(&an_org(stage)).await.unwrap();
        store.put_org_member(&org_member(stage)).await.unwrap();
        end_of(reports(stage).await)
    }
    .boxed()
}

async fn reports(stage: &Fixture) -> Result<(), StoreError> {
    let (store, org) = (&stage.faulty.store, org_id(stage));
    assert!(store.org_ids().await?.contains(&org));
    assert_eq!(store.orgs(std::slice::from_ref(&org)).await?.len(), 1);
    assert_eq!(store.org_members(&org).await?, [org_member(stage)]);
    assert!(store.teams_of_org(&org).await?.is_empty());
    assert!(store.keys_of_org(&org).await?.is_empty());
    Ok(())
}
