//! A spend record: what one request cost, and the judge of what every scope is charged for it.

use crate::id::{KeyId, OrgId, RequestId, TeamId, UserId};
use crate::moment::Moment;
use crate::money::Money;
use crate::pricing::{Rates, TokenUsage};

/// How a charged request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    /// It failed at the upstream or on the way; it is charged what it cost all the same.
    Failure,
    /// The client went away; it is charged what was generated.
    Cancelled,
    /// Its holder was never heard of again; it is charged the lease's floor, and its tokens are not known.
    Swept,
}

impl Status {
    const ALL: [(Status, &'static str); 4] = [
        (Self::Success, "success"),
        (Self::Failure, "failure"),
        (Self::Cancelled, "cancelled"),
        (Self::Swept, "swept"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("unknown", |(_, word)| word)
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(status, _)| *status)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRecord {
    /// Also tells when the request began.
    pub request: RequestId,
    pub ended: Moment,
    /// When the first piece of a streamed answer came from the model.
    pub first_byte: Option<Moment>,
    pub user: Option<UserId>,
    pub key: KeyId,
    pub team: Option<TeamId>,
    pub org: Option<OrgId>,
    /// The catalog's name of the model.
    pub model: String,
    pub usage: TokenUsage,
    /// The rates that were applied, after the choice of tier; a swept request has none.
    pub rates: Option<Rates>,
    pub cost: Money,
    pub status: Status,
    /// What was asked for first, where that was throttled or away and another model or region answered.
    pub fallback_from: Option<String>,
    /// Where it was called, if not in the function's own region.
    pub region: Option<String>,
    /// Claude Code's session and agent, where the client tells them.
    pub session: Option<String>,
    pub agent: Option<String>,
    pub tags: Vec<String>,
}

impl SpendRecord {
    pub fn started_at(&self) -> Moment {
        Moment::from_ms(self.request.started_ms())
    }
}
