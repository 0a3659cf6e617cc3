//! How the ledger behaves in one deployment.

use std::time::Duration;

use jiff::tz::TimeZone;

/// How the ledger behaves in this deployment.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// How long a lease lives unless it is renewed.
    pub lease_life: Duration,
    /// How far from a lease's end its holder must have stopped, and a sweep must wait: twice what clocks may differ by.
    pub lease_margin: Duration,
    /// How often a holder renews.
    pub renew_every: Duration,
    /// Calls in flight beyond which a scope is refused as busy: one item holds them all.
    pub max_leases: u64,
    /// Whose midnights end budget periods.
    pub zone: TimeZone,
    /// Whether what a team's key spends counts in its user's own budget too.
    pub user_pays_for_team: bool,
    /// How long spend records are kept; for ever if `None`.
    pub retention: Option<Duration>,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            lease_life: Duration::from_secs(60),
            lease_margin: Duration::from_secs(10),
            renew_every: Duration::from_secs(15),
            max_leases: 1000,
            zone: TimeZone::UTC,
            user_pays_for_team: true,
            retention: None,
        }
    }
}
