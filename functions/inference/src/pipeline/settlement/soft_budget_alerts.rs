//! Soft budgets that were reached, published to whoever subscribed.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::Client;
use futures_util::future::join_all;
use serde::Serialize;
use shared::store::SoftBudget;
use stargate_core::money::Money;

/// How long a call's last event waits for a notice to be taken, with its retries: that is once in a scope's period.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The longest subject that SNS takes, in characters.
const MAX_SUBJECT_LEN: usize = 100;

/// Where notices go: to an SNS topic, or nowhere besides the log. Cloning it is cheap.
#[derive(Clone, Default)]
pub struct SoftBudgetAlerts {
    topic: Option<(Client, Arc<str>)>,
}

/// What subscribers get, as JSON.
#[derive(Serialize)]
struct Notice {
    event: &'static str,
    /// `user mario`, `team dev`, `key k1` ...
    scope: String,
    soft_budget: Money,
    spend: Money,
}

impl SoftBudgetAlerts {
    /// Notices to the topic of this ARN.
    pub fn for_topic(aws: &SdkConfig, topic: &str) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(TIMEOUT).build();
        let config = aws_sdk_sns::config::Builder::from(aws).timeout_config(timeouts).build();
        Self { topic: Some((Client::from_conf(config), topic.into())) }
    }

    /// Publishes what was reached. One that SNS does not take in time is in the log, and nowhere else: the ledger tells of it once.
    pub async fn tell(&self, reached: &[SoftBudget]) {
        let Some((sns, topic)) = self.topic.as_ref() else {
            return;
        };
        let told = reached.iter().map(|SoftBudget { scope, limit, spend }| async move {
            let notice = Notice {
                event: "soft_budget_reached",
                scope: scope.to_string(),
                soft_budget: *limit,
                spend: *spend,
            };
            let subject = format!("Soft budget reached: {scope}");
            // SNS refuses a whole notice for what is not ASCII in its subject.
            let subject: String =
                subject.chars().filter(|c| c.is_ascii() && !c.is_control()).take(MAX_SUBJECT_LEN).collect();
            let message = serde_json::to_string(&notice).unwrap_or_default();
            let sent = sns.publish().topic_arn(&**topic).subject(subject).message(message).send();
            if let Err(error) = Box::pin(sent).await {
                tracing::error!(scope = %scope, error = ?error, "notice_not_sent");
            }
        });
        join_all(told).await;
    }
}
