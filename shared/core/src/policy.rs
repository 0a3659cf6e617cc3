//! Who may do what: one table of routes and roles.

use crate::entity::UserRole;
use crate::id::{KeyId, UserId};

/// Who asks. Issued by `auth` or by the way in, which checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Holds the master key, or an IAM identity that the admin API let in.
    Administrator { actor: String },
    /// Holds a key of this user.
    User { id: UserId, role: UserRole, key: KeyId },
    /// Holds a key that belongs to no user, or to a team.
    Key { key: KeyId },
    /// Has proven at an open route to be this user, and holds no key yet.
    Person { id: UserId },
}

impl Caller {
    /// What the audit log calls the caller.
    pub fn actor(&self) -> String {
        match self {
            Self::Administrator { actor } => actor.clone(),
            Self::User { id, key, .. } => format!("user {id} (key {key})"),
            Self::Key { key } => format!("key {key}"),
            Self::Person { id } => format!("user {id}"),
        }
    }

    fn role(&self) -> UserRole {
        match self {
            Self::Administrator { .. } => UserRole::ProxyAdmin,
            Self::User { role, .. } => *role,
            // It can do what its owner could, of what is its own: itself.
            Self::Key { .. } => UserRole::InternalUser,
            Self::Person { .. } => UserRole::InternalUserViewer,
        }
    }
}

/// How far a route reaches for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    No,
    /// The caller's own: its user, its keys, what they spent; and a team that it is an administrator of.
    Own,
    All,
}

use Access::{All, No, Own};

/// One route and what it is to everybody but an administrator, who may do everything.
#[derive(Clone, Copy, Debug)]
pub struct RoleRow {
    pub method: &'static str,
    pub path: &'static str,
    viewer: Access,
    user: Access,
    user_viewer: Access,
    /// Whether it is for those who have no key yet: they prove themselves by what they send.
    pub is_open: bool,
}

const fn row(method: &'static str, path: &'static str, [viewer, user, user_viewer]: [Access; 3]) -> RoleRow {
    RoleRow { method, path, viewer, user, user_viewer, is_open: false }
}

const fn open(method: &'static str, path: &'static str) -> RoleRow {
    RoleRow { method, path, viewer: All, user: All, user_viewer: All, is_open: true }
}

/// Every management route: for a viewer of everything, a user, and a user who only looks. A request for one that has no
/// row is refused, so a route cannot exist without one.
pub const ROUTES: &[RoleRow] = &[
    row("POST", "/user/new", [No, No, No]),
    row("GET", "/user/info", [All, Own, Own]),
    row("GET", "/user/list", [All, No, No]),
    row("GET", "/user/get_users", [All, No, No]),
    row("GET", "/user/filter/ui", [All, Own, No]),
    row("GET", "/user/available_roles", [All, All, All]),
    row("GET", "/user/daily/activity", [All, Own, Own]),
    row("POST", "/user/update", [No, Own, No]),
    row("POST", "/user/delete", [No, No, No]),
    row("POST", "/key/generate", [No, Own, No]),
    row("POST", "/key/service-account/generate", [No, Own, No]),
    row("POST", "/key/update", [No, Own, No]),
    row("POST", "/key/delete", [No, Own, No]),
    row("POST", "/key/block", [No, No, No]),
    row("POST", "/key/unblock", [No, No, No]),
    row("POST", "/key/regenerate", [No, Own, No]),
    row("POST", "/key/{key}/regenerate", [No, Own, No]),
    row("POST", "/key/health", [All, Own, Own]),
    row("GET", "/key/info", [All, Own, Own]),
    row("GET", "/key/list", [All, Own, Own]),
    row("POST", "/team/new", [No, No, No]),
    row("POST", "/team/update", [No, Own, No]),
    row("POST", "/team/delete", [No, No, No]),
    row("POST", "/team/block", [No, No, No]),
    row("POST", "/team/unblock", [No, No, No]),
    row("GET", "/team/info", [All, Own, Own]),
    row("GET", "/team/list", [All, Own, Own]),
    row("POST", "/team/member_add", [No, Own, No]),
    row("POST", "/team/member_update", [No, Own, No]),
    row("POST", "/team/member_delete", [No, Own, No]),
    row("POST", "/organization/new", [No, No, No]),
    row("PATCH", "/organization/update", [No, No, No]),
    row("DELETE", "/organization/delete", [No, No, No]),
    row("GET", "/organization/info", [All, No, No]),
    row("GET", "/organization/list", [All, No, No]),
    row("POST", "/organization/member_add", [No, No, No]),
    row("PATCH", "/organization/member_update", [No, No, No]),
    row("DELETE", "/organization/member_delete", [No, No, No]),
    row("POST", "/invitation/new", [No, No, No]),
    row("GET", "/invitation/info", [All, No, No]),
    row("POST", "/invitation/accept", [Own, Own, Own]),
    row("POST", "/invitation/delete", [Own, Own, Own]),
    open("GET", "/onboarding/get_token"),
    open("POST", "/onboarding/claim_token"),
    open("POST", "/login"),
    open("POST", "/v2/login"),
    row("POST", "/session/logout", [Own, Own, Own]),
    row("POST", "/user/password/change", [Own, Own, Own]),
    row("GET", "/model/info", [All, Own, Own]),
    row("GET", "/v1/model/info", [All, Own, Own]),
    row("POST", "/model/new", [No, No, No]),
    row("POST", "/model/update", [No, No, No]),
    row("PATCH", "/model/{id}/update", [No, No, No]),
    row("POST", "/model/delete", [No, No, No]),
    row("GET", "/spend/logs", [All, Own, Own]),
    row("GET", "/spend/tags", [All, Own, Own]),
    row("GET", "/spend/keys", [All, Own, Own]),
    row("GET", "/spend/users", [All, Own, Own]),
    row("GET", "/spend/sessions", [All, Own, Own]),
    row("POST", "/spend/calculate", [All, Own, Own]),
    row("GET", "/global/spend/report", [All, No, No]),
    row("GET", "/audit", [All, No, No]),
    row("GET", "/audit/{id}", [All, No, No]),
    open("GET", "/openapi.json"),
];

impl RoleRow {
    fn access(&self, role: UserRole) -> Access {
        match role {
            UserRole::ProxyAdmin => All,
            UserRole::ProxyAdminViewer => self.viewer,
            UserRole::InternalUser => self.user,
            UserRole::InternalUserViewer => self.user_viewer,
        }
    }

    /// Whether it is on the public API: for anybody but an administrator.
    pub fn is_public(&self) -> bool {
        self.is_open || (0..3).any(|role| self.allows(role))
    }

    /// Whether anybody of the row's roles may call it: 0 a viewer of everything, 1 a user, 2 a user who only looks.
    pub fn allows(&self, role: usize) -> bool {
        [self.viewer, self.user, self.user_viewer].get(role).is_some_and(|access| *access != No)
    }
}

/// Leave to call one management route. Only this file makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    caller: Caller,
    sees_all: bool,
}

impl Permit {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    pub fn role(&self) -> UserRole {
        self.caller.role()
    }

    /// Whether the route reaches everything, and not only what is the caller's own.
    pub fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// The user whose own things the caller may reach.
    pub fn user(&self) -> Option<&UserId> {
        match &self.caller {
            Caller::User { id, .. } | Caller::Person { id } => Some(id),
            Caller::Administrator { .. } | Caller::Key { .. } => None,
        }
    }

    /// Whose things a request is about, of those within reach: `None` is everybody's. Whoever sees only their own may name
    /// nobody else, and is refused with `told`.
    pub fn limit_to_own(
        &self,
        asked: Option<UserId>,
        told: &'static str,
    ) -> Result<Option<UserId>, PermissionError> {
        match (self.sees_all, self.user(), asked) {
            (true, _, asked) => Ok(asked),
            (false, Some(own), asked) if asked.as_ref().is_none_or(|asked| asked == own) => {
                Ok(Some(own.clone()))
            }
            (false, ..) => Err(PermissionError(told)),
        }
    }

    /// Whether a key with this owner is within reach.
    pub fn reaches_key(&self, key: &KeyId, owner: Option<&UserId>) -> bool {
        match &self.caller {
            _ if self.sees_all => true,
            Caller::User { id, .. } | Caller::Person { id } => owner == Some(id),
            Caller::Key { key: own } => own == key,
            Caller::Administrator { .. } => true,
        }
    }
}

/// The caller may not use the route, or not for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PermissionError(pub &'static str);

const NO_ROUTE: PermissionError = PermissionError("not allowed to call this route");

/// Whether `caller` may use a route, by the table.
pub fn may_manage(caller: Caller, method: &str, path: &str) -> Result<Permit, PermissionError> {
    match find(method, path).map_or(No, |row| row.access(caller.role())) {
        No => Err(NO_ROUTE),
        access => Ok(Permit { caller, sees_all: access == All }),
    }
}

/// Whether a route is for those who have no key.
pub fn is_open(method: &str, path: &str) -> bool {
    find(method, path).is_some_and(|row| row.is_open)
}

/// Whether a route is on the public API.
pub fn is_public(method: &str, path: &str) -> bool {
    find(method, path).is_some_and(RoleRow::is_public)
}

/// The row of a route. No two have the same method and path.
fn find(method: &str, path: &str) -> Option<&'static RoleRow> {
    ROUTES.iter().find(|row| row.method == method && row.path == path)
}

/// Leave for somebody who has proven at an open route who they are, to have what is theirs there.
pub fn permit_identified(id: UserId) -> Permit {
    Permit { caller: Caller::Person { id }, sees_all: false }
}

/// The same on the public API, where an administrator's secrets are worth nothing: whoever finds one there must not
/// thereby own the installation.
pub fn may_serve_itself(caller: Caller, method: &str, path: &str) -> Result<Permit, PermissionError> {
    if caller.role() == UserRole::ProxyAdmin {
        return Err(PermissionError("administrators are served by the admin API only"));
    }
    may_manage(caller, method, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn administrator() -> Caller {
        Caller::Administrator { actor: "master key".to_owned() }
    }

    fn user(role: UserRole) -> Caller {
        let (id, key) = (UserId::parse("u").unwrap(), KeyId::parse("k").unwrap());
        Caller::User { id, role, key }
    }

    #[test]
    fn a_route_without_a_row_is_refused_to_everyone() {
        assert!(may_manage(administrator(), "POST", "/user/new").is_ok());
        for (method, path) in [("GET", "/user/new"), ("POST", "/user/new/"), ("POST", "/anything")] {
            assert_eq!(may_manage(administrator(), method, path).err(), Some(NO_ROUTE), "{method} {path}");
        }
    }

    #[test]
    fn a_role_reaches_what_the_table_says() {
        for (role, path, want) in [
            (UserRole::ProxyAdmin, "/user/list", Some(true)),
            (UserRole::ProxyAdminViewer, "/user/list", Some(true)),
            (UserRole::InternalUser, "/user/list", None),
            (UserRole::InternalUser, "/key/list", Some(false)),
            (UserRole::InternalUserViewer, "/key/list", Some(false)),
        ] {
            let permit = may_manage(user(role), "GET", path).ok();
            assert_eq!(permit.map(|permit| permit.sees_all()), want, "{role:?} {path}");
        }
        for role in [UserRole::ProxyAdminViewer, UserRole::InternalUserViewer] {
            assert!(may_manage(user(role), "POST", "/key/generate").is_err(), "{role:?} only looks");
        }
    }

    #[test]
    fn whoever_sees_only_their_own_may_name_nobody_else() {
        let id = |name: &str| UserId::parse(name).ok();
        let permit = |role| may_manage(user(role), "GET", "/key/list").unwrap();
        for (role, asked, want) in [
            (UserRole::ProxyAdminViewer, None, Ok(None)),
            (UserRole::ProxyAdminViewer, id("v"), Ok(id("v"))),
            (UserRole::InternalUser, None, Ok(id("u"))),
            (UserRole::InternalUser, id("u"), Ok(id("u"))),
            (UserRole::InternalUser, id("v"), Err(PermissionError("no"))),
        ] {
            assert_eq!(permit(role).limit_to_own(asked.clone(), "no"), want, "{role:?} {asked:?}");
        }
        let nobodys = Caller::Key { key: KeyId::parse("k").unwrap() };
        let permit = may_manage(nobodys, "GET", "/key/list").unwrap();
        assert_eq!(permit.limit_to_own(None, "no"), Err(PermissionError("no")));
    }

    #[test]
    fn the_public_api_knows_no_administrator() {
        for caller in [administrator(), user(UserRole::ProxyAdmin)] {
            assert!(may_serve_itself(caller, "GET", "/user/info").is_err());
        }
        assert!(may_serve_itself(user(UserRole::InternalUser), "GET", "/user/info").is_ok());
    }
}
