//! A user: a person or a service that owns keys.

use crate::id::UserId;
use crate::moment::Moment;
use crate::scope::Limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Option<String>,
    pub alias: Option<String>,
    pub role: Role,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub created: Moment,
}

/// What a user may do besides calling models. The seed documents' `user` and `admin` are accepted for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    ProxyAdmin,
    ProxyAdminViewer,
    #[default]
    InternalUser,
    InternalUserViewer,
}

impl Role {
    const ALL: [(Role, &'static str); 4] = [
        (Self::ProxyAdmin, "proxy_admin"),
        (Self::ProxyAdminViewer, "proxy_admin_viewer"),
        (Self::InternalUser, "internal_user"),
        (Self::InternalUserViewer, "internal_user_viewer"),
    ];

    pub fn every() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(role, _)| role)
    }

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(role, _)| *role == self).map_or("internal_user", |(_, word)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "admin" => Some(Self::ProxyAdmin),
            "user" => Some(Self::InternalUser),
            _ => Self::ALL.iter().find(|(_, known)| *known == word).map(|(role, _)| *role),
        }
    }
}
