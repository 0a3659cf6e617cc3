//! Organizations, and which teams and keys are charged to them as well.

use stargate_core::entity::{Org, OrgMember};
use stargate_core::id::{KeyId, OrgId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::{LinkedScopes, Scope, ScopeState};

use super::users::{CreateError, map_violation};
use crate::store::ledger::edit_versioned::EditOutcome;
use crate::store::ledger::scope_item;
use crate::store::table::item::{Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError};

/// An organization and the scope that its calls are charged to.
#[derive(Clone, Debug)]
pub struct OrgEntry {
    pub org: Org,
    pub state: ScopeState,
}

impl Store {
    /// Creates an organization and its scope, or nothing.
    pub async fn create_org(&self, org: &Org) -> Result<(), CreateError> {
        let scope = Scope::Org(org.id.clone());
        let resets = self.reset_of(&org.limits, org.created);
        let items = vec![
            (
                "organization_id",
                scope_item::new_item(&scope, &org.limits, resets, None, &LinkedScopes::default()),
            ),
            ("organization_id", attributes_of(org)),
        ];
        self.put_all("create_org", items).await.map_err(map_violation)
    }

    /// An organization that exists and is not being deleted.
    pub async fn find_org(&self, id: &OrgId) -> Result<Option<OrgEntry>, StoreError> {
        Ok(self.orgs(std::slice::from_ref(id)).await?.pop())
    }

    /// Those of `ids` that exist, in that order.
    pub async fn orgs(&self, ids: &[OrgId]) -> Result<Vec<OrgEntry>, StoreError> {
        let scopes: Vec<Scope> = ids.iter().cloned().map(Scope::Org).collect();
        let entries = self.entries("orgs", &scopes).await?;
        let live = entries.into_iter().filter(|(_, _, state)| !state.deleted);
        live.map(|(_, about, state)| Ok(OrgEntry { org: read_about(&about, &state)?, state })).collect()
    }

    /// Every organization's id, the newest first. Reads index keys only.
    pub async fn org_ids(&self) -> Result<Vec<OrgId>, StoreError> {
        let found = self.list_scopes("org").await?;
        Ok(found
            .into_iter()
            .filter_map(|scope| if let Scope::Org(id) = scope { Some(id) } else { None })
            .collect())
    }

    /// Changes what is known of an organization besides its limits. `false`: there is none.
    pub async fn describe_org(&self, before: &Org, after: &Org) -> Result<bool, StoreError> {
        let fields = [
            ("alias", before.alias.clone(), after.alias.clone()),
            ("metadata", Some(before.metadata.clone()), Some(after.metadata.clone())),
        ];
        self.describe("describe_org", &Scope::Org(after.id.clone()), fields, None).await
    }

    /// Charges a team's calls to an organization too, or to none. `false`: the team is gone, or the organization is.
    ///
    /// The organization knows of the team before the team is charged to it, and until it is not any more. An edit like any
    /// other: by the version, so that one which lands late or twice changes nothing.
    pub async fn set_org(&self, team: &TeamId, after: Option<&OrgId>) -> Result<bool, StoreError> {
        let operation = "set_org";
        let scope = Scope::Team(team.clone());
        if let Some(org) = after {
            let link = UpdateExpression::default().put("team", Some(text(team.as_str())));
            self.write(operation, team_link(org, team), &link).await?;
        }
        let change = |state: &ScopeState| {
            let tie = UpdateExpression::default().put("org", after.map(|org| text(org.as_str())));
            Ok::<_, StoreError>((state.ties.org.as_ref() != after).then_some(tie))
        };
        let is_ours = |_: &ScopeState, now: &ScopeState| now.ties.org.as_ref() == after;
        match self.edit_versioned((operation, &scope, None), change, is_ours).await? {
            EditOutcome::Missing => {
                self.unlink(operation, team, after).await?;
                return Ok(false);
            }
            EditOutcome::Unchanged(_) => {}
            EditOutcome::Changed(states) => self.unlink(operation, team, states[0].ties.org.as_ref()).await?,
        }
        // It may have been deleted meanwhile, when no team was charged to it yet: then none is.
        match after {
            Some(org) if self.find_org(org).await?.is_none() => {
                Box::pin(self.set_org(team, None)).await.map(|_| false)
            }
            _ => Ok(true),
        }
    }

    /// Lets an organization forget a team, unless the team has come back to it meanwhile.
    async fn unlink(
        &self,
        operation: &'static str,
        team: &TeamId,
        org: Option<&OrgId>,
    ) -> Result<(), StoreError> {
        let Some(org) = org else {
            return Ok(());
        };
        self.delete(operation, team_link(org, team)).await?;
        let states = self.scope_states(&[Scope::Team(team.clone())]).await?;
        if states.into_iter().flatten().any(|state| state.ties.org.as_ref() == Some(org)) {
            let link = UpdateExpression::default().put("team", Some(text(team.as_str())));
            self.write(operation, team_link(org, team), &link).await?;
        }
        Ok(())
    }

    /// Takes a team that is being deleted out of its organization.
    pub(in crate::store) async fn forget_org(
        &self,
        operation: &'static str,
        team: &TeamId,
    ) -> Result<(), StoreError> {
        let states = self.scope_states(&[Scope::Team(team.clone())]).await?;
        match states.into_iter().flatten().find_map(|state| state.ties.org) {
            Some(org) => self.delete(operation, team_link(&org, team)).await,
            None => Ok(()),
        }
    }

    /// The teams that are charged to an organization.
    pub async fn teams_of_org(&self, org: &OrgId) -> Result<Vec<TeamId>, StoreError> {
        let pk = schema::scope_pk(&Scope::Org(org.clone()));
        let links = self.query("teams_of_org", &pk, schema::TEAM_LINK).await?;
        let team = |link: &Item| {
            link.opt_parsed("team", |id| TeamId::parse(id).ok())?.ok_or_else(|| StoreError::corrupt("team"))
        };
        let teams = links.iter().map(team).collect::<Result<Vec<_>, _>>()?;
        // A link may be left of a move that was cut short: the team itself tells.
        let scopes: Vec<Scope> = teams.iter().cloned().map(Scope::Team).collect();
        let states = self.scope_states(&scopes).await?;
        let is_here = |state: &Option<ScopeState>| {
            state.as_ref().is_some_and(|state| state.ties.org.as_ref() == Some(org))
        };
        Ok(teams.into_iter().zip(&states).filter(|(_, state)| is_here(state)).map(|(team, _)| team).collect())
    }

    /// The keys that are charged to an organization without a team between them.
    pub async fn keys_of_org(&self, org: &OrgId) -> Result<Vec<KeyId>, StoreError> {
        self.keys_of(&Scope::Org(org.clone())).await
    }

    /// Names a user with an organization, or changes as what.
    pub async fn put_org_member(&self, member: &OrgMember) -> Result<(), StoreError> {
        let change = UpdateExpression::default()
            .put("user", Some(text(member.user.as_str())))
            .put("role", Some(text(&member.role)))
            .set("#created = if_not_exists(#created, :created)")
            .value("created", number(member.joined.ms()));
        self.write("put_org_member", seat_key(&member.org, &member.user), &change).await.map(|_| ())
    }

    /// The users who are named with an organization.
    pub async fn org_members(&self, org: &OrgId) -> Result<Vec<OrgMember>, StoreError> {
        let pk = schema::scope_pk(&Scope::Org(org.clone()));
        let seats = self.query("org_members", &pk, schema::SEAT).await?;
        let corrupt = |name| move || StoreError::corrupt(name);
        let member = |seat: &Item| {
            Ok(OrgMember {
                org: org.clone(),
                user: seat.opt_parsed("user", |id| UserId::parse(id).ok())?.ok_or_else(corrupt("user"))?,
                role: seat.text("role")?,
                joined: seat.opt_ms("created")?.ok_or_else(corrupt("created"))?,
            })
        };
        seats.iter().map(member).collect()
    }

    pub async fn delete_org_member(&self, org: &OrgId, user: &UserId) -> Result<(), StoreError> {
        self.delete("delete_org_member", seat_key(org, user)).await
    }

    /// Deletes an organization, to which nothing is charged any more. The mark binds the next request of whatever is.
    ///
    /// `false`: there is none.
    pub async fn delete_org(&self, id: &OrgId, now: Moment) -> Result<bool, StoreError> {
        let scope = Scope::Org(id.clone());
        if !self.mark_deleted("delete_org", &scope, now).await? {
            return Ok(false);
        }
        let pk = schema::scope_pk(&scope);
        for seat in self.query("delete_org", &pk, schema::SEAT).await? {
            self.delete("delete_org", schema::key(&pk, seat.text("sk")?)).await?;
        }
        self.delete("delete_org", schema::key(&pk, schema::ABOUT)).await?;
        self.delete_scope("delete_org", &scope).await?;
        Ok(true)
    }
}

/// What an organization knows of a team.
pub(in crate::store) fn team_link_item(org: &OrgId, team: &TeamId) -> Item {
    let mut item = team_link(org, team);
    item.insert("team".to_owned(), text(team.as_str()));
    item
}

fn team_link(org: &OrgId, team: &TeamId) -> Item {
    schema::key(schema::scope_pk(&Scope::Org(org.clone())), format!("{}{team}", schema::TEAM_LINK))
}

fn seat_key(org: &OrgId, user: &UserId) -> Item {
    schema::key(schema::scope_pk(&Scope::Org(org.clone())), format!("{}{user}", schema::SEAT))
}

fn attributes_of(org: &Org) -> Item {
    let mut item = schema::key(schema::scope_pk(&Scope::Org(org.id.clone())), schema::ABOUT);
    let Org { id, alias, limits: _, metadata, created } = org;
    let fixed = [
        ("metadata", text(metadata)),
        ("created", number(created.ms())),
        ("list_pk", text("org")),
        ("list_sk", text(schema::list_sk(*created, id.as_str()))),
    ];
    let alias = alias.as_ref().map(|alias| ("alias", text(alias)));
    item.extend(fixed.into_iter().chain(alias).map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read_about(item: &Item, state: &ScopeState) -> Result<Org, StoreError> {
    let Some(Scope::Org(id)) = schema::scope_of(&item.text("pk")?) else {
        return Err(StoreError::corrupt("pk"));
    };
    Ok(Org {
        id,
        alias: item.opt_text("alias")?,
        limits: state.limits.clone(),
        metadata: item.text("metadata")?,
        created: item.opt_ms("created")?.ok_or_else(|| StoreError::corrupt("created"))?,
    })
}
