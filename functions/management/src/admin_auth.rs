//! Which API a management function stands behind, and so who is let in.

use aws_config::SdkConfig;
use lambda_http::Error;
use shared::auth::MasterKey;
use shared::runtime::clock::Clock;
use shared::runtime::config::{AdminAuth, Config};
use shared::runtime::secrets_manager::{RotatingSecret, Versions};

#[derive(Clone, Debug)]
pub enum AdminAuthenticator {
    /// The admin API, or the only one: the master key, and users' keys with what their roles allow.
    MasterKey(MasterKey),
    /// The admin API behind `AWS_IAM`: API Gateway has checked the signature and says whose it is.
    Iam,
    /// The public API: users' keys, and no administrator whatever it holds.
    SelfService,
}

impl AdminAuthenticator {
    /// The one that the settings name. **Cost:** a call of Secrets Manager for each secret that is kept there.
    pub async fn open(config: &Config, aws: &SdkConfig, clock: &Clock) -> Result<Self, Error> {
        match config.admin_auth {
            AdminAuth::Iam => Ok(Self::Iam),
            AdminAuth::None => Ok(Self::SelfService),
            AdminAuth::MasterKey => {
                let master = config.master_key.clone();
                let master =
                    master.ok_or("STARGATE_MASTER_KEY must be set: nobody could be the administrator")?;
                let master = RotatingSecret::open(master, Versions::Current, (aws, clock)).await?;
                let second = config.admin_secret.clone();
                let second = RotatingSecret::open_any(second, Versions::Current, (aws, clock)).await?;
                Ok(Self::MasterKey(MasterKey::new(master, second)))
            }
        }
    }
}
