//! Teams and their members: created with everything that hangs on them, deleted mark first.

use stargate_core::entity::{Member, Team, TeamRole};
use stargate_core::id::{InvitationId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::{LinkedScopes, Scope, ScopeState};

use super::users::{CreateError, map_violation};
use super::{organizations, team_invitations};
use crate::store::ledger::scope_item;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, WriteOutcome};

/// A team and the scope that its calls are charged to.
#[derive(Clone, Debug)]
pub struct TeamEntry {
    pub team: Team,
    pub state: ScopeState,
}

/// A member and the scope that its calls in the team are charged to.
#[derive(Clone, Debug)]
pub struct MemberEntry {
    pub member: Member,
    pub state: ScopeState,
}

impl Store {
    /// Creates a team and its scope, or nothing.
    pub async fn create_team(&self, team: &Team) -> Result<(), CreateError> {
        let scope = Scope::Team(team.id.clone());
        let resets = self.reset_of(&team.limits, team.created);
        let ties = LinkedScopes { org: team.org.clone(), ..LinkedScopes::default() };
        let mut items = vec![
            ("team_id", scope_item::new_item(&scope, &team.limits, resets, None, &ties)),
            ("team_id", attributes_of(team)),
        ];
        if let Some(org) = &team.org {
            items.push(("team_id", organizations::team_link_item(org, &team.id)));
        }
        self.put_all("create_team", items).await.map_err(map_violation)?;
        if let Some(org) = &team.org
            && self.find_org(org).await?.is_none()
        {
            self.delete_team(&team.id, team.created).await?;
            return Err(CreateError::Gone { field: "organization_id" });
        }
        Ok(())
    }

    /// A team that exists and is not being deleted.
    pub async fn find_team(&self, id: &TeamId) -> Result<Option<TeamEntry>, StoreError> {
        Ok(self.teams(std::slice::from_ref(id)).await?.pop())
    }

    /// Those of `ids` that exist, in that order.
    pub async fn teams(&self, ids: &[TeamId]) -> Result<Vec<TeamEntry>, StoreError> {
        let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::Team).collect();
        let entries = self.entries("teams", &scopes).await?;
        let live = entries.into_iter().filter(|(_, _, state)| !state.deleted);
        live.map(|(_, about, state)| Ok(TeamEntry { team: read_about(&about, &state)?, state })).collect()
    }

    /// Every team's id, the newest first. Reads index keys only.
    pub async fn team_ids(&self) -> Result<Vec<TeamId>, StoreError> {
        let found = self.list_scopes("team").await?;
        Ok(found
            .into_iter()
            .filter_map(|scope| if let Scope::Team(id) = scope { Some(id) } else { None })
            .collect())
    }

    /// Changes what is known of a team besides its limits. `false`: there is no such team.
    pub async fn describe_team(&self, before: &Team, after: &Team) -> Result<bool, StoreError> {
        let fields = [
            ("alias", before.alias.clone(), after.alias.clone()),
            ("metadata", Some(before.metadata.clone()), Some(after.metadata.clone())),
        ];
        self.describe("describe_team", &Scope::Team(after.id.clone()), fields, None).await
    }

    /// Makes a user a member of a team, with a scope of its own, or does nothing. An invitation that is pending for the user
    /// goes with it: otherwise it would let a removed member come back.
    ///
    /// **Cost:** a transaction of five items (10 write units), and three reads.
    pub async fn create_member(&self, member: &Member) -> Result<(), CreateError> {
        let pending = team_invitations::invitation_keys(&member.team, &member.user);
        let pending = pending.map(|key| self.delete_write("create_member", key));
        let pending = pending.into_iter().collect::<Result<Vec<_>, _>>()?;
        let items = self.member_items(member, None);
        self.put_with("create_member", items, pending).await.map_err(map_violation)?;
        self.confirm_member(member).await
    }

    /// The items of a new membership, and what must be unique in each. The user's link to the team keeps the id of the
    /// invitation that was accepted.
    pub(in crate::store) fn member_items(
        &self,
        member: &Member,
        accepted: Option<&InvitationId>,
    ) -> Vec<(&'static str, Item)> {
        let scope = scope_of(member);
        let resets = self.reset_of(&member.limits, member.joined);
        let mut link = link(&member.team, &member.user);
        link.extend(accepted.map(|id| ("invitation".to_owned(), text(id.as_str()))));
        vec![
            ("user_id", scope_item::new_item(&scope, &member.limits, resets, None, &LinkedScopes::default())),
            ("user_id", seat(member)),
            ("user_id", link),
        ]
    }

    /// Takes a new membership back if the team or the user was deleted meanwhile, after what hangs on it was listed.
    pub(in crate::store) async fn confirm_member(&self, member: &Member) -> Result<(), CreateError> {
        let gone = match (self.find_team(&member.team).await?, self.find_user(&member.user).await?) {
            (Some(_), Some(_)) => return Ok(()),
            (None, _) => "team_id",
            (_, None) => "user_id",
        };
        self.delete_member(&member.team, &member.user).await?;
        Err(CreateError::Gone { field: gone })
    }

    /// The members of a team, from the table itself: one just added is among them.
    pub async fn members(&self, team: &TeamId) -> Result<Vec<MemberEntry>, StoreError> {
        let pk = schema::scope_pk(&Scope::Team(team.clone()));
        let seats = self.query("members", &pk, schema::SEAT).await?;
        self.read_members(team, &seats).await
    }

    pub async fn find_member(&self, team: &TeamId, user: &UserId) -> Result<Option<MemberEntry>, StoreError> {
        let Some(seat) = self.get("find_member", seat_key(team, user)).await? else {
            return Ok(None);
        };
        Ok(self.read_members(team, std::slice::from_ref(&seat)).await?.pop())
    }

    async fn read_members(&self, team: &TeamId, seats: &[Item]) -> Result<Vec<MemberEntry>, StoreError> {
        let users = seats.iter().map(|seat| seat.user_id("user")).collect::<Result<Vec<_>, _>>()?;
        let scopes: Vec<Scope> = users.iter().map(|user| Scope::Member(team.clone(), user.clone())).collect();
        let states = self.scope_states(&scopes).await?;
        let mut members = Vec::with_capacity(seats.len());
        for ((seat, user), state) in seats.iter().zip(users).zip(states) {
            // One whose scope is gone is being removed.
            let Some(state) = state else { continue };
            let role = seat.opt_parsed("role", |word| TeamRole::parse(&word))?;
            let member = Member {
                team: team.clone(),
                user,
                role: role.ok_or_else(|| StoreError::corrupt("role"))?,
                limits: state.limits.clone(),
                joined: seat.opt_ms("created")?.ok_or_else(|| StoreError::corrupt("created"))?,
            };
            members.push(MemberEntry { member, state });
        }
        Ok(members)
    }

    /// The teams that a user is in.
    pub async fn teams_of_user(&self, user: &UserId) -> Result<Vec<TeamId>, StoreError> {
        let pk = schema::scope_pk(&Scope::User(user.clone()));
        let links = self.query("teams_of_user", &pk, schema::TEAM_LINK).await?;
        links.iter().map(|link| link.team_id("team")).collect()
    }

    /// Changes a member's role. `false`: there is no such member.
    pub async fn set_team_role(
        &self,
        team: &TeamId,
        user: &UserId,
        role: TeamRole,
    ) -> Result<bool, StoreError> {
        let change = UpdateExpression::default()
            .put("role", Some(text(role.word())))
            .condition("attribute_exists(#pk)");
        let written = self.write("set_team_role", seat_key(team, user), &change).await?.answer;
        Ok(matches!(written, WriteOutcome::Done(())))
    }

    /// Takes a user out of a team, with its keys there. The scope goes first, which binds the next request.
    ///
    /// `false`: there is no such member.
    pub async fn delete_member(&self, team: &TeamId, user: &UserId) -> Result<bool, StoreError> {
        let scope = Scope::Member(team.clone(), user.clone());
        if self.get("delete_member", seat_key(team, user)).await?.is_none() {
            return Ok(false);
        }
        self.delete_scope("delete_member", &scope).await?;
        let keys = self.keys(&self.keys_of_team(team).await?).await?;
        for entry in keys.iter().filter(|entry| entry.key.holder.user.as_ref() == Some(user)) {
            self.delete_key(&entry.key.id).await?;
        }
        let [own, of_team] = team_invitations::invitation_keys(team, user);
        self.delete_all("delete_member", vec![link_key(team, user), seat_key(team, user), own, of_team])
            .await?;
        Ok(true)
    }

    /// Deletes a team with its keys, members and pending invitations. The mark binds the next request of any of its keys; what follows may be
    /// repeated.
    ///
    /// `false`: there is no such team.
    pub async fn delete_team(&self, id: &TeamId, now: Moment) -> Result<bool, StoreError> {
        let scope = Scope::Team(id.clone());
        if !self.mark_deleted("delete_team", &scope, now).await? {
            return Ok(false);
        }
        for key in self.keys_of_team(id).await? {
            self.delete_key(&key).await?;
        }
        let pk = schema::scope_pk(&scope);
        for seat in self.query("delete_team", &pk, schema::SEAT).await? {
            self.delete_member(id, &seat.user_id("user")?).await?;
        }
        for invitee in self.invitees_of_team(id).await? {
            self.end_team_invitation(&invitee.id, id, &invitee.user).await?;
        }
        self.forget_org("delete_team", id).await?;
        self.delete("delete_team", schema::key(&pk, schema::ABOUT)).await?;
        self.delete_scope("delete_team", &scope).await?;
        Ok(true)
    }
}

fn scope_of(member: &Member) -> Scope {
    Scope::Member(member.team.clone(), member.user.clone())
}

fn seat_key(team: &TeamId, user: &UserId) -> Item {
    schema::key(schema::scope_pk(&Scope::Team(team.clone())), format!("{}{user}", schema::SEAT))
}

fn link_key(team: &TeamId, user: &UserId) -> Item {
    schema::key(schema::scope_pk(&Scope::User(user.clone())), format!("{}{team}", schema::TEAM_LINK))
}

fn seat(member: &Member) -> Item {
    let mut item = seat_key(&member.team, &member.user);
    item.extend([
        ("user".to_owned(), text(member.user.as_str())),
        ("role".to_owned(), text(member.role.word())),
        ("created".to_owned(), number(member.joined.ms())),
    ]);
    item
}

fn link(team: &TeamId, user: &UserId) -> Item {
    let mut item = link_key(team, user);
    item.insert("team".to_owned(), text(team.as_str()));
    item
}

fn attributes_of(team: &Team) -> Item {
    let mut item = schema::key(schema::scope_pk(&Scope::Team(team.id.clone())), schema::ABOUT);
    let Team { id, alias, org: _, limits: _, metadata, created } = team;
    let fixed = [
        ("metadata", text(metadata)),
        ("created", number(created.ms())),
        ("list_pk", text("team")),
        ("list_sk", text(schema::list_sk(*created, id.as_str()))),
    ];
    let alias = alias.as_ref().map(|alias| ("alias", text(alias)));
    item.extend(fixed.into_iter().chain(alias).map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read_about(item: &Item, state: &ScopeState) -> Result<Team, StoreError> {
    let Some(Scope::Team(id)) = schema::scope_of(&item.text("pk")?) else {
        return Err(StoreError::corrupt("pk"));
    };
    Ok(Team {
        id,
        alias: item.opt_text("alias")?,
        org: state.ties.org.clone(),
        limits: state.limits.clone(),
        metadata: item.text("metadata")?,
        created: item.opt_ms("created")?.ok_or_else(|| StoreError::corrupt("created"))?,
    })
}
