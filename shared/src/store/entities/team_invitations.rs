//! Invitations to teams: created, accepted or deleted. A user has at most one for each team, under the user's partition.

use stargate_core::entity::{TeamInvitation, TeamInvitee, TeamRole};
use stargate_core::id::{InvitationId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;

use super::users::{CreateError, map_violation};
use crate::store::ledger::scope_item;
use crate::store::table::batch::UniqueViolation;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::{Store, StoreError, WriteEffect};

/// Attempts of a creation that meets other invitations of the same user to the same team.
const MAX_ATTEMPTS: u32 = 6;

/// How long an expired invitation stays, in seconds, so that whoever comes late learns why.
const KEPT_AFTER_EXPIRY: i64 = 30 * 86_400;

impl Store {
    /// Writes a pending invitation, in place of one that the user has for the team already.
    ///
    /// - **Cost:** a transaction of three items (6 write units while each is under 1 KB) and four reads; where there was an
    ///   invitation before, another transaction of three items and a read.
    /// - **Fails:** [`CreateError::Taken`] where the user is a member by now, [`CreateError::Gone`] where the team or the user
    ///   was deleted meanwhile. Then nothing is left.
    pub async fn create_team_invitation(&self, invitation: &TeamInvitation) -> Result<(), CreateError> {
        let TeamInvitation { id, team, user, .. } = invitation;
        self.put_team_invitation(invitation).await?;
        // Each of these may have changed after the caller looked, and before the invitation could be found.
        let refused = match (self.find_team(team).await?, self.find_user(user).await?) {
            (None, _) => CreateError::Gone { field: "team_id" },
            (_, None) => CreateError::Gone { field: "user_id" },
            _ if self.find_member(team, user).await?.is_some() => CreateError::Taken { field: "user_id" },
            _ => return Ok(()),
        };
        self.end_team_invitation(id, team, user).await?;
        Err(refused)
    }

    async fn put_team_invitation(&self, invitation: &TeamInvitation) -> Result<(), StoreError> {
        let operation = "create_team_invitation";
        for _ in 0..MAX_ATTEMPTS {
            let [own, note, pointer] = invitation_items(invitation);
            // A note of an invitation that has expired and is gone may be left.
            let note = self.put_write(operation, note)?;
            let new = vec![("user_id", own), ("invitation_id", pointer)];
            match self.put_with("create_team_invitation", new, vec![note]).await {
                Ok(()) => return Ok(()),
                Err(UniqueViolation::Store(error)) => return Err(error),
                Err(UniqueViolation::Taken(_)) => {}
            }
            let [own, _] = invitation_keys(&invitation.team, &invitation.user);
            if let Some(item) = self.get("create_team_invitation", own).await? {
                self.delete_team_invitation(&read(&item)?).await?;
            }
        }
        let source = "every attempt met another invitation";
        Err(StoreError::unavailable(operation, WriteEffect::No, source))
    }

    /// The invitations to teams that are pending for a user, expired ones included. One query.
    pub async fn team_invitations_of_user(&self, user: &UserId) -> Result<Vec<TeamInvitation>, StoreError> {
        let pk = schema::scope_pk(&Scope::User(user.clone()));
        let items = self.query("team_invitations_of_user", &pk, schema::TEAM_INVITE).await?;
        items.iter().map(read).collect()
    }

    /// The users who are invited to a team, expired invitations included. One query.
    pub async fn invitees_of_team(&self, team: &TeamId) -> Result<Vec<TeamInvitee>, StoreError> {
        let pk = schema::scope_pk(&Scope::Team(team.clone()));
        let items = self.query("invitees_of_team", &pk, schema::TEAM_INVITE).await?;
        let invitee = |item: &Item| {
            Ok(TeamInvitee {
                id: id_of(item)?,
                user: item.user_id("user")?,
                role: role_of(item)?,
                expires: item.opt_seconds("expires")?.ok_or_else(|| StoreError::corrupt("expires"))?,
            })
        };
        items.iter().map(invitee).collect()
    }

    /// A pending invitation by its id. Two reads.
    pub async fn find_team_invitation(
        &self,
        id: &InvitationId,
    ) -> Result<Option<TeamInvitation>, StoreError> {
        let Some(pointer) = self.get("find_team_invitation", pointer_key(id)).await? else {
            return Ok(None);
        };
        let [own, _] = invitation_keys(&pointer.team_id("team")?, &pointer.user_id("user")?);
        let item = self.get("find_team_invitation", own).await?;
        let invitation = item.as_ref().map(read).transpose()?;
        // What the pointer names may have been replaced by a later invitation.
        Ok(invitation.filter(|invitation| invitation.id == *id))
    }

    /// The team that a user has joined by an invitation, as long as the membership lasts. One query.
    pub async fn find_team_joined_by(
        &self,
        user: &UserId,
        id: &InvitationId,
    ) -> Result<Option<TeamId>, StoreError> {
        let pk = schema::scope_pk(&Scope::User(user.clone()));
        for link in self.query("find_team_joined_by", &pk, schema::TEAM_LINK).await? {
            if link.opt_text("invitation")?.as_deref() == Some(id.as_str()) {
                return link.team_id("team").map(Some);
            }
        }
        Ok(None)
    }

    /// Makes the invited user a member with the role and the limits of the invitation, and deletes the invitation: both or
    /// neither.
    ///
    /// - **Cost:** a transaction of six items (12 write units while each is under 1 KB), and three reads.
    /// - **Fails:** [`CreateError::Taken`] where the user is a member by now; [`CreateError::Gone`] with `invitation_id` where
    ///   the invitation is not pending any more, with `team_id` or `user_id` where that was deleted meanwhile.
    pub async fn accept_team_invitation(
        &self,
        invitation: &TeamInvitation,
        now: Moment,
    ) -> Result<(), CreateError> {
        let operation = "accept_team_invitation";
        let member = invitation.member(now);
        let new = |(field, item)| Ok((Some(field), self.new_item(operation, item)?));
        let items = self.member_items(&member, Some(&invitation.id));
        let mut writes = items.into_iter().map(new).collect::<Result<Vec<_>, StoreError>>()?;
        writes.extend(self.deletion_writes(operation, invitation)?);
        match self.transact("accept_team_invitation", writes).await.map_err(map_violation) {
            Ok(()) => self.confirm_member(&member).await,
            Err(CreateError::Taken { field: "invitation_id" }) => {
                Err(CreateError::Gone { field: "invitation_id" })
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes a pending invitation. `false`: it is not pending any more, or another one has taken its place.
    ///
    /// **Cost:** a transaction of three items (6 write units while each is under 1 KB).
    pub async fn delete_team_invitation(&self, invitation: &TeamInvitation) -> Result<bool, StoreError> {
        let writes = self.deletion_writes("delete_team_invitation", invitation)?;
        match self.transact("delete_team_invitation", writes).await {
            Ok(()) => Ok(true),
            Err(UniqueViolation::Taken(_)) => Ok(false),
            Err(UniqueViolation::Store(error)) => Err(error),
        }
    }

    /// The writes that delete an invitation, on the condition that it is still the pending one.
    fn deletion_writes(
        &self,
        operation: &'static str,
        TeamInvitation { id, team, user, .. }: &TeamInvitation,
    ) -> Result<Vec<Write>, StoreError> {
        let [own, of_team] = invitation_keys(team, user);
        let pending = self.delete_write_if(operation, own, ("invitation", id.as_str()))?;
        Ok(vec![
            (Some("invitation_id"), pending),
            (None, self.delete_write(operation, of_team)?),
            (None, self.delete_write(operation, pointer_key(id))?),
        ])
    }

    /// Deletes what is left of an invitation with its team or its user, whether or not it is still pending.
    pub(in crate::store) async fn end_team_invitation(
        &self,
        id: &InvitationId,
        team: &TeamId,
        user: &UserId,
    ) -> Result<(), StoreError> {
        let [own, of_team] = invitation_keys(team, user);
        self.delete_all("end_team_invitation", vec![own, of_team, pointer_key(id)]).await
    }
}

/// One write of a transaction, with the name of its condition.
type Write = (Option<&'static str>, aws_sdk_dynamodb::types::TransactWriteItem);

/// The keys of a pending invitation under its user, and of the team's note of it.
pub(in crate::store) fn invitation_keys(team: &TeamId, user: &UserId) -> [Item; 2] {
    let of_user = schema::scope_pk(&Scope::User(user.clone()));
    let of_team = schema::scope_pk(&Scope::Team(team.clone()));
    [
        schema::key(of_user, format!("{}{team}", schema::TEAM_INVITE)),
        schema::key(of_team, format!("{}{user}", schema::TEAM_INVITE)),
    ]
}

fn pointer_key(id: &InvitationId) -> Item {
    schema::key(format!("V#{id}"), schema::TEAM_INVITATION)
}

/// An invitation under its user, the team's note of it, and what finds it by its id.
fn invitation_items(invitation: &TeamInvitation) -> [Item; 3] {
    let TeamInvitation { id, team, user, role, limits, inviter, created } = invitation;
    let named = [
        ("invitation", text(id.as_str())),
        ("team", text(team.as_str())),
        ("user", text(user.as_str())),
        ("gone_at", number(invitation.expires().seconds() + KEPT_AFTER_EXPIRY)),
    ];
    let named = named.map(|(name, value)| (name.to_owned(), value));
    let role = ("role".to_owned(), text(role.word()));
    let [mut own, mut of_team] = invitation_keys(team, user);
    own.extend(named.clone());
    own.extend([
        role.clone(),
        ("inviter".to_owned(), text(inviter.as_str())),
        ("created".to_owned(), number(created.ms())),
    ]);
    let limits = scope_item::limit_attributes(limits).into_iter();
    own.extend(limits.filter_map(|(name, value)| Some((name.to_owned(), value?))));
    of_team.extend(named.clone());
    of_team.extend([role, ("expires".to_owned(), number(invitation.expires().seconds()))]);
    let mut pointer = pointer_key(id);
    pointer.extend(named);
    [own, of_team, pointer]
}

fn read(item: &Item) -> Result<TeamInvitation, StoreError> {
    let inviter = item.opt_parsed("inviter", |id| UserId::parse(id).ok())?;
    Ok(TeamInvitation {
        id: id_of(item)?,
        team: item.team_id("team")?,
        user: item.user_id("user")?,
        role: role_of(item)?,
        limits: scope_item::read_limits(item)?,
        inviter: inviter.ok_or_else(|| StoreError::corrupt("inviter"))?,
        created: item.opt_ms("created")?.ok_or_else(|| StoreError::corrupt("created"))?,
    })
}

fn id_of(item: &Item) -> Result<InvitationId, StoreError> {
    let id = item.opt_parsed("invitation", |id| InvitationId::parse(id).ok())?;
    id.ok_or_else(|| StoreError::corrupt("invitation"))
}

fn role_of(item: &Item) -> Result<TeamRole, StoreError> {
    let role = item.opt_parsed("role", |word| TeamRole::parse(&word))?;
    role.ok_or_else(|| StoreError::corrupt("role"))
}
