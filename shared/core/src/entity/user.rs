//! A user: a person or a service that owns keys.

use std::collections::BTreeSet;

use crate::id::UserId;
use crate::moment::Moment;
use crate::scope::Limits;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: Option<String>,
    pub alias: Option<String>,
    pub role: UserRole,
    pub limits: Limits,
    /// A JSON object, kept as it was sent.
    pub metadata: String,
    pub created: Moment,
}

/// The fewest characters that a search begins with.
pub const MIN_PREFIX_LEN: usize = 2;
/// The most parts of one user.
const MAX_PARTS: usize = 12;
/// The longest part, in characters: what is longer is found by its beginning.
const MAX_PART_LEN: usize = 100;

/// What a user is searched by, in lower case: its id and its address as a whole, and the words of what stands before an `@`
/// (in `mario.rossi@company.com`: `mario`, `rossi`). What stands after it is the same for everybody.
pub fn search_terms(id: &UserId, email: Option<&str>) -> BTreeSet<String> {
    let whole = [Some(id.as_str()), email].into_iter().flatten().map(|text| text.trim().to_lowercase());
    let whole: BTreeSet<String> = whole.collect();
    let words = |text: &String| {
        let name = text.split('@').next().unwrap_or_default();
        name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()
    };
    let words: BTreeSet<String> = whole.iter().flat_map(words).collect();
    let cut = |text: String| text.chars().take(MAX_PART_LEN).collect::<String>();
    let is_long_enough = |text: &String| text.chars().count() >= MIN_PREFIX_LEN;
    whole.into_iter().chain(words).map(cut).filter(is_long_enough).take(MAX_PARTS).collect()
}

/// What a user may do besides calling models. The seed documents' `user` and `admin` are accepted for the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserRole {
    ProxyAdmin,
    ProxyAdminViewer,
    #[default]
    InternalUser,
    InternalUserViewer,
}

impl UserRole {
    const ALL: [(UserRole, &'static str); 4] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_searched_by_what_tells_it_apart() {
        for (id, email, want) in [
            ("mario.rossi@company.com", None, &["mario", "mario.rossi@company.com", "rossi"][..]),
            ("U-7", Some("Ann_Lee@x.org"), &["ann", "ann_lee@x.org", "lee", "u-7"][..]),
            ("x", None, &[][..]),
        ] {
            let id = UserId::parse(id).unwrap();
            assert_eq!(search_terms(&id, email).iter().map(String::as_str).collect::<Vec<_>>(), want, "{id}");
        }
        let long = UserId::parse("ab-".repeat(100) + &"word-".repeat(40)).unwrap();
        assert!(search_terms(&long, None).iter().all(|part| part.chars().count() <= MAX_PART_LEN));
        let many: Vec<String> = (0..40).map(|n| format!("w{n:02}")).collect();
        assert_eq!(search_terms(&UserId::parse(many.join("-")).unwrap(), None).len(), MAX_PARTS);
    }
}
