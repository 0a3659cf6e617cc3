//! Stories of invitations to teams: made, made again, accepted, declined, gone with the user or the team. Whatever failed may
//! be repeated, and is whole then: a membership or an invitation, never both.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use shared::store::{CreateError, Store, StoreError};
use stargate_core::entity::{TeamInvitation, TeamRole};
use stargate_core::id::{InvitationId, UserId};
use stargate_core::scope::Limits;
use tests::calls::{budget, no_limits, user};

use super::Scenario;
use super::entities::end_of;
use super::stage::{End, Fixture};
use super::teams::{a_team, story, team_id};

pub const STORIES: [Scenario; 6] = [
    story("a user is invited to a team", invite, is_invited),
    story("a user is invited again", invite_again, is_invited),
    story("an invitation to a team is accepted", accept, is_accepted),
    story("an invitation to a team is declined", decline, is_declined),
    story("a user with an invitation is deleted", delete_user, nothing_is_left),
    story("a team with an invitation is deleted", delete_team, nothing_is_left),
];

fn eva(stage: &Fixture) -> UserId {
    UserId::parse(format!("eva of {}", stage.quiet.key_id())).unwrap()
}

fn limits() -> Limits {
    Limits { rpm: Some(7), ..budget(5) }
}

fn invitation(stage: &Fixture) -> TeamInvitation {
    TeamInvitation {
        id: InvitationId::parse(format!("invitation of {}", stage.quiet.key_id())).unwrap(),
        team: team_id(stage),
        user: eva(stage),
        role: TeamRole::Admin,
        limits: limits(),
        inviter: UserId::parse("anna").unwrap(),
        created: stage.spare.created,
    }
}

/// One that was sent before, with other limits.
fn earlier(stage: &Fixture) -> TeamInvitation {
    let id = InvitationId::parse(format!("earlier invitation of {}", stage.quiet.key_id())).unwrap();
    TeamInvitation { id, role: TeamRole::User, limits: no_limits(), ..invitation(stage) }
}

async fn set(stage: &Fixture) {
    let store = &stage.quiet.store;
    store.create_user(&user(eva(stage).as_str(), no_limits(), stage.spare.created)).await.unwrap();
    store.create_team(&a_team(stage)).await.unwrap();
}

/// What a team and a user see of an invitation.
async fn looks(store: &Store, wanted: &TeamInvitation) -> Result<(), StoreError> {
    assert_eq!(store.find_team_invitation(&wanted.id).await?.as_ref(), Some(wanted));
    assert_eq!(store.team_invitations_of_user(&wanted.user).await?, std::slice::from_ref(wanted));
    let invited = store.invitees_of_team(&wanted.team).await?;
    let [invitee] = invited.as_slice() else { panic!("{invited:?}") };
    assert_eq!((&invitee.id, &invitee.user, invitee.role), (&wanted.id, &wanted.user, wanted.role));
    assert_eq!(invitee.expires, wanted.expires());
    assert!(store.find_member(&wanted.team, &wanted.user).await?.is_none(), "nobody is a member yet");
    Ok(())
}

/// Nothing is pending, on either side.
async fn is_over(stage: &Fixture) {
    let store = &stage.quiet.store;
    for invitation in [invitation(stage), earlier(stage)] {
        assert_eq!(store.find_team_invitation(&invitation.id).await.unwrap(), None);
    }
    assert_eq!(store.team_invitations_of_user(&eva(stage)).await.unwrap(), []);
    assert_eq!(store.invitees_of_team(&team_id(stage)).await.unwrap(), []);
}

async fn invites(stage: &Fixture) -> Result<(), CreateError> {
    stage.faulty.store.create_team_invitation(&invitation(stage)).await?;
    Ok(looks(&stage.faulty.store, &invitation(stage)).await?)
}

fn invite(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        end_of(invites(stage).await)
    }
    .boxed()
}

fn invite_again(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_team_invitation(&earlier(stage)).await.unwrap();
        end_of(invites(stage).await)
    }
    .boxed()
}

/// Whoever was told that it failed invites again; the earlier one is worth nothing then.
fn is_invited(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        stage.wire.land().await;
        let store = &stage.quiet.store;
        store.create_team_invitation(&invitation(stage)).await.unwrap();
        looks(store, &invitation(stage)).await.unwrap();
        let late = store.accept_team_invitation(&earlier(stage), stage.quiet.now()).await;
        assert!(matches!(late, Err(CreateError::Gone { field: "invitation_id" })), "{late:?}");
        looks(store, &invitation(stage)).await.unwrap();
        assert!(!store.delete_team_invitation(&earlier(stage)).await.unwrap());
        looks(store, &invitation(stage)).await.unwrap();
    }
    .boxed()
}

async fn accepts(stage: &Fixture, store: &Store) -> Result<(), CreateError> {
    store.accept_team_invitation(&invitation(stage), stage.quiet.now()).await?;
    let team = store.find_team_joined_by(&eva(stage), &invitation(stage).id).await?;
    assert_eq!(team, Some(team_id(stage)));
    Ok(())
}

fn accept(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_team_invitation(&invitation(stage)).await.unwrap();
        end_of(accepts(stage, &stage.faulty.store).await)
    }
    .boxed()
}

/// A membership with exactly what the invitation says, once, and no invitation.
fn is_accepted(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let (store, team) = (&stage.quiet.store, team_id(stage));
        let again = store.accept_team_invitation(&invitation(stage), stage.quiet.now()).await;
        assert!(matches!(again, Ok(()) | Err(CreateError::Taken { field: "user_id" })), "{again:?}");
        stage.wire.land().await;
        let member = store.find_member(&team, &eva(stage)).await.unwrap().unwrap().member;
        assert_eq!((member.role, member.limits), (TeamRole::Admin, limits()));
        let joined = store.find_team_joined_by(&eva(stage), &invitation(stage).id).await.unwrap();
        assert_eq!(joined.as_ref(), Some(&team));
        is_over(stage).await;
        // A member is invited no more, and a removed one has no way back.
        let late = store.create_team_invitation(&earlier(stage)).await;
        assert!(matches!(late, Err(CreateError::Taken { field: "user_id" })), "{late:?}");
        is_over(stage).await;
        assert!(store.delete_member(&team, &eva(stage)).await.unwrap());
        assert_eq!(store.find_team_joined_by(&eva(stage), &invitation(stage).id).await.unwrap(), None);
    }
    .boxed()
}

fn decline(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_team_invitation(&invitation(stage)).await.unwrap();
        let deleted = stage.faulty.store.delete_team_invitation(&invitation(stage)).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

fn is_declined(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let store = &stage.quiet.store;
        store.delete_team_invitation(&invitation(stage)).await.unwrap();
        stage.wire.land().await;
        is_over(stage).await;
        let late = store.accept_team_invitation(&invitation(stage), stage.quiet.now()).await;
        assert!(matches!(late, Err(CreateError::Gone { field: "invitation_id" })), "{late:?}");
        assert!(store.find_member(&team_id(stage), &eva(stage)).await.unwrap().is_none());
    }
    .boxed()
}

fn delete_user(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_team_invitation(&invitation(stage)).await.unwrap();
        let deleted = stage.faulty.store.delete_user(&eva(stage), stage.faulty.now()).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

fn delete_team(stage: &Fixture) -> BoxFuture<'_, End> {
    async {
        set(stage).await;
        stage.quiet.store.create_team_invitation(&invitation(stage)).await.unwrap();
        let deleted = stage.faulty.store.delete_team(&team_id(stage), stage.faulty.now()).await;
        end_of(deleted.map(|found| assert!(found)))
    }
    .boxed()
}

/// Whoever asks again, of either, finds nothing of the invitation.
fn nothing_is_left(stage: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let store = &stage.quiet.store;
        store.delete_user(&eva(stage), stage.quiet.now()).await.unwrap();
        store.delete_team(&team_id(stage), stage.quiet.now()).await.unwrap();
        stage.wire.land().await;
        is_over(stage).await;
        // One that is written to a user or a team that is gone is taken back.
        let late = store.create_team_invitation(&invitation(stage)).await;
        assert!(matches!(late, Err(CreateError::Gone { .. })), "{late:?}");
        is_over(stage).await;
    }
    .boxed()
}
