//! A deployment's settings, read once at the start. A wrong one stops the process and names itself.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::tz::TimeZone;
use stargate_core::ledger::LedgerSettings;
use stargate_core::secret::Secret;

/// Every setting that the functions read.
#[derive(Clone, Debug)]
pub struct Config {
    /// `STARGATE_TABLE`, default `stargate`.
    pub table: String,
    /// `STARGATE_PROFILE`: which inference profiles are called (`global`, `us`, `eu` ...), default `global`.
    pub profile: String,
    /// `STARGATE_ADMIN_AUTH`: who is let into management.
    pub admin_auth: AdminAuth,
    /// `STARGATE_ORIGIN_SECRET`: what CloudFront sends to the public API; the secret, or its ARN in Secrets Manager, as with
    /// the next two.
    pub origin_secret: Option<Secret>,
    /// `STARGATE_MASTER_KEY`: what the administrator holds in master-key mode.
    pub master_key: Option<Secret>,
    /// `STARGATE_ADMIN_SECRET`: a second factor, `X-Admin-Secret`.
    pub admin_secret: Option<Secret>,
    /// `STARGATE_LITELLM_SETTINGS`: rules for new users and keys, a JSON object that management reads.
    pub litellm_settings: Option<String>,
    /// `STARGATE_CREATE_MISSING_USERS`: whether an administrator's request creates the unknown users that it names: `allow`
    /// (default) or `deny`.
    pub create_missing_users: bool,
    /// `STARGATE_TEAM_ADMINS_ADD_USERS`: whether a team's administrators add existing users at once, or (default) invite them.
    pub team_admins_add_users: bool,
    /// `STARGATE_SOFT_BUDGET_TOPIC`: the ARN of an SNS topic that is told of soft budgets.
    pub soft_budget_topic: Option<String>,
    /// `STARGATE_JWT`: whose tokens are accepted instead of keys, a JSON object that [`crate::auth::jwt`] reads.
    pub jwt: Option<String>,
    /// `STARGATE_UPSTREAM`: fallbacks, guardrails, tiers, rules and timeouts, a JSON object that inference reads.
    pub upstream: Option<String>,
    /// `STARGATE_METRICS`: the namespace of the metrics that CloudWatch makes of the log; without one there are none.
    pub metrics: Option<String>,
    /// `STARGATE_MAX_BODY_BYTES`, default 32 MiB, what Anthropic itself accepts.
    pub max_body: usize,
    /// `STARGATE_ON_LOW_BUDGET`: `clamp` (default) or `reject`.
    pub clamps: bool,
    /// `AWS_LAMBDA_RUNTIME_API`: where Lambda is asked for work, if the process is one of its functions.
    pub runtime_api: Option<SocketAddr>,
    pub terms: LedgerSettings,
}

/// Which API a management function stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAuth {
    /// `master-key` (default): the master key administers, and users serve themselves.
    MasterKey,
    /// `iam`: API Gateway has checked an IAM identity, and that administers.
    Iam,
    /// `none`: the public API, where users serve themselves and nobody administers.
    None,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} must be {rule}, not {given:?}")]
pub struct InvalidSetting {
    pub name: &'static str,
    pub rule: &'static str,
    pub given: String,
}

impl Config {
    /// The settings of this process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, InvalidSetting> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The settings that `get` tells by name.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let set = |name: &str| get(name).filter(|value| !value.is_empty());
        let number = |name: &'static str, default: u64| match set(name) {
            None => Ok(default),
            Some(given) => match given.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(InvalidSetting { name, rule: "a whole number above zero", given }),
            },
        };
        let zone = match set("STARGATE_TIME_ZONE") {
            None => TimeZone::UTC,
            Some(given) => TimeZone::get(&given).map_err(|_| InvalidSetting {
                name: "STARGATE_TIME_ZONE",
                rule: "an IANA time zone",
                given,
            })?,
        };
        let clamps = match set("STARGATE_ON_LOW_BUDGET").as_deref() {
            None | Some("clamp") => true,
            Some("reject") => false,
            Some(other) => {
                let (name, rule) = ("STARGATE_ON_LOW_BUDGET", "clamp or reject");
                return Err(InvalidSetting { name, rule, given: other.to_owned() });
            }
        };
        let admin_auth = match set("STARGATE_ADMIN_AUTH").as_deref() {
            None | Some("master-key") => AdminAuth::MasterKey,
            Some("iam") => AdminAuth::Iam,
            Some("none") => AdminAuth::None,
            Some(other) => {
                let (name, rule) = ("STARGATE_ADMIN_AUTH", "master-key, iam or none");
                return Err(InvalidSetting { name, rule, given: other.to_owned() });
            }
        };
        let create_missing_users = match set("STARGATE_CREATE_MISSING_USERS").as_deref() {
            None | Some("allow") => true,
            Some("deny") => false,
            Some(other) => {
                let (name, rule) = ("STARGATE_CREATE_MISSING_USERS", "allow or deny");
                return Err(InvalidSetting { name, rule, given: other.to_owned() });
            }
        };
        let user_pays_for_team = flag(&set, "STARGATE_USER_BUDGET_ON_TEAM_KEYS", true)?;
        let life = Duration::from_millis(number("STARGATE_LEASE_MS", 60_000)?);
        let terms = LedgerSettings {
            lease_life: life,
            // The proportions of the default: 60 s of life, renewed every 15, with 10 for clocks that disagree.
            lease_margin: life / 6,
            renew_every: life / 4,
            max_leases: number("STARGATE_MAX_LEASES", 1000)?,
            zone,
            user_pays_for_team,
            retention: match set("STARGATE_RETENTION_DAYS") {
                None => None,
                Some(_) => {
                    Some(Duration::from_secs(number("STARGATE_RETENTION_DAYS", 1)?.saturating_mul(86_400)))
                }
            },
        };
        Ok(Self {
            table: set("STARGATE_TABLE").unwrap_or_else(|| "stargate".to_owned()),
            profile: set("STARGATE_PROFILE").unwrap_or_else(|| "global".to_owned()),
            admin_auth,
            origin_secret: set("STARGATE_ORIGIN_SECRET").map(Secret::new),
            master_key: set("STARGATE_MASTER_KEY").map(Secret::new),
            admin_secret: set("STARGATE_ADMIN_SECRET").map(Secret::new),
            litellm_settings: set("STARGATE_LITELLM_SETTINGS"),
            jwt: set("STARGATE_JWT"),
            upstream: set("STARGATE_UPSTREAM"),
            create_missing_users,
            team_admins_add_users: flag(&set, "STARGATE_TEAM_ADMINS_ADD_USERS", false)?,
            soft_budget_topic: set("STARGATE_SOFT_BUDGET_TOPIC"),
            metrics: set("STARGATE_METRICS"),
            max_body: usize::try_from(number("STARGATE_MAX_BODY_BYTES", 32 << 20)?).unwrap_or(usize::MAX),
            clamps,
            // Set by Lambda; what else a stand-in of it may say is none of ours.
            runtime_api: set("AWS_LAMBDA_RUNTIME_API").and_then(|address| address.parse().ok()),
            terms,
        })
    }
}

fn flag(
    set: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: bool,
) -> Result<bool, InvalidSetting> {
    match set(name).as_deref() {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(given) => Err(InvalidSetting { name, rule: "true or false", given: given.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &'static str) -> Result<Config, InvalidSetting> {
        Config::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn a_wrong_setting_names_itself() {
        for (name, value) in [
            ("STARGATE_TIME_ZONE", "Mars/Olympus"),
            ("STARGATE_LEASE_MS", "soon"),
            ("STARGATE_LEASE_MS", "0"),
            ("STARGATE_ON_LOW_BUDGET", "maybe"),
            ("STARGATE_RETENTION_DAYS", "-1"),
            ("STARGATE_USER_BUDGET_ON_TEAM_KEYS", "yes"),
            ("STARGATE_ADMIN_AUTH", "nobody"),
            ("STARGATE_CREATE_MISSING_USERS", "true"),
            ("STARGATE_TEAM_ADMINS_ADD_USERS", "allow"),
        ] {
            assert_eq!(read(name, value).map(|_| ()).map_err(|error| error.name), Err(name), "{value}");
        }
        let rome = read("STARGATE_TIME_ZONE", "Europe/Rome").unwrap();
        assert_eq!(rome.terms.zone.iana_name(), Some("Europe/Rome"));
        assert_eq!(rome.terms.lease_margin, Duration::from_secs(10));
        assert!(rome.create_missing_users && !rome.team_admins_add_users);
        assert!(!read("STARGATE_CREATE_MISSING_USERS", "deny").unwrap().create_missing_users);
        assert!(read("STARGATE_TEAM_ADMINS_ADD_USERS", "true").unwrap().team_admins_add_users);
        assert_eq!(read("STARGATE_LEASE_MS", "3000").unwrap().terms.lease_margin, Duration::from_millis(500));
    }
}
