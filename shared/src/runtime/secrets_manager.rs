//! Secrets of a deployment: given as they are, or kept in Secrets Manager and followed when they are rotated.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use stargate_core::moment::Moment;
use stargate_core::secret::Secret;

use crate::runtime::clock::Clock;

/// How long what was read is believed, in seconds: a value that was withdrawn counts for no longer.
const CACHE_TTL: i64 = 300;
/// After how many seconds a wrong value makes a process look again: often enough for a rotation, too seldom for an attack.
const PAUSE: i64 = 10;
/// How long Secrets Manager has to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What a setting begins with that names a secret instead of being one.
const ARN: &str = "arn:";

/// Which versions of a secret are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    Current,
    /// The one before it too, so that whoever sends it may follow a rotation later.
    CurrentAndPrevious,
}

impl Versions {
    fn stages(self) -> &'static [&'static str] {
        match self {
            Self::Current => &["AWSCURRENT"],
            Self::CurrentAndPrevious => &["AWSCURRENT", "AWSPREVIOUS"],
        }
    }
}

/// Something that callers must know. Cloning it is cheap.
#[derive(Clone)]
pub struct RotatingSecret(Arc<SecretSource>);

enum SecretSource {
    Given(Secret),
    Stored(StoredSecret),
}

struct StoredSecret {
    client: Client,
    arn: String,
    versions: Versions,
    clock: Clock,
    known: Mutex<SecretValues>,
    /// Held by whoever asks Secrets Manager.
    looking: tokio::sync::Mutex<()>,
}

struct SecretValues {
    values: Vec<Secret>,
    looked: Moment,
}

/// A secret cannot be read, so nobody can be told from anybody.
#[derive(Debug, thiserror::Error)]
#[error("the secret {arn} cannot be read")]
pub struct SecretUnavailable {
    arn: String,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl RotatingSecret {
    /// A secret that never changes.
    pub fn from_fixed(secret: Secret) -> Self {
        Self(Arc::new(SecretSource::Given(secret)))
    }

    /// What a setting says: the secret itself, or the ARN of one, which is read (one request for each version).
    pub async fn open(
        setting: Secret,
        versions: Versions,
        at: (&SdkConfig, &Clock),
    ) -> Result<Self, SecretUnavailable> {
        if !setting.reveal().starts_with(ARN) {
            return Ok(Self::from_fixed(setting));
        }
        let (aws, clock) = (at.0, at.1.clone());
        let timeouts = TimeoutConfig::builder().operation_timeout(TIMEOUT).build();
        let client = Client::from_conf(Builder::from(aws).timeout_config(timeouts).build());
        let arn = setting.reveal().to_owned();
        let values = read(&client, &arn, versions).await?;
        let known = Mutex::new(SecretValues { values, looked: clock.now() });
        let looking = Default::default();
        Ok(Self(Arc::new(SecretSource::Stored(StoredSecret {
            client,
            arn,
            versions,
            clock,
            known,
            looking,
        }))))
    }

    /// The same for a setting that may be missing.
    pub async fn open_any(
        setting: Option<Secret>,
        versions: Versions,
        at: (&SdkConfig, &Clock),
    ) -> Result<Option<Self>, SecretUnavailable> {
        match setting {
            Some(setting) => Self::open(setting, versions, at).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether `presented` is it, in a time that tells nothing else. A value that is not known makes it look again, at most
    /// every ten seconds; so a rotation needs no restart. **Cost:** a request for each version every five minutes.
    pub async fn is(&self, presented: &Secret) -> bool {
        match &*self.0 {
            SecretSource::Given(secret) => secret.matches(presented),
            SecretSource::Stored(stored) => stored.is(presented).await,
        }
    }
}

impl StoredSecret {
    async fn is(&self, presented: &Secret) -> bool {
        let (is_known, is_due) = self.compare(presented);
        if !is_due {
            return is_known;
        }
        // One looks. Who brings what is known does not wait for that, who brings something else does.
        let looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            Err(_) if is_known => return true,
            Err(_) => self.looking.lock().await,
        };
        let (is_known, is_due) = self.compare(presented);
        if !is_due {
            return is_known;
        }
        self.lock_values().looked = self.clock.now();
        match read(&self.client, &self.arn, self.versions).await {
            Ok(values) => self.lock_values().values = values,
            // What was known goes on: an outage of Secrets Manager is none of the gateway's.
            Err(error) => tracing::error!(cause = ?error, "secret_not_read"),
        }
        drop(looking);
        self.lock_values().holds(presented)
    }

    /// Whether it is known, and whether it is time to look again for whoever brings it.
    fn compare(&self, presented: &Secret) -> (bool, bool) {
        let known = self.lock_values();
        let is_known = known.holds(presented);
        let pause = if is_known { CACHE_TTL } else { PAUSE };
        (is_known, known.looked.seconds_until(self.clock.now()) >= pause)
    }

    fn lock_values(&self) -> MutexGuard<'_, SecretValues> {
        // A panic elsewhere cannot leave it half-written.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretValues {
    /// Compares with all of them, whichever it is.
    fn holds(&self, presented: &Secret) -> bool {
        self.values.iter().fold(false, |found, value| found | value.matches(presented))
    }
}

/// Every accepted version that there is. One that was never rotated has no previous one.
async fn read(client: &Client, arn: &str, versions: Versions) -> Result<Vec<Secret>, SecretUnavailable> {
    let unreadable = |source| SecretUnavailable { arn: arn.to_owned(), source };
    let mut values = Vec::new();
    for stage in versions.stages() {
        let asked = client.get_secret_value().secret_id(arn).version_stage(*stage).send();
        match asked.await.map_err(aws_sdk_secretsmanager::error::SdkError::into_service_error) {
            Ok(found) => {
                values.extend(found.secret_string.filter(|value| !value.is_empty()).map(Secret::new))
            }
            Err(GetSecretValueError::ResourceNotFoundException(_)) if !values.is_empty() => {}
            Err(error) => return Err(unreadable(error.into())),
        }
    }
    if values.is_empty() { Err(unreadable("it has no text".into())) } else { Ok(values) }
}

impl fmt::Debug for RotatingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept(..)")
    }
}
