//! The whole gateway, as `cargo run` serves it, and a client in front of it.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fake_aws::bedrock::FakeBedrock;
use inference::{BedrockClient, Settings};
use serde_json::{Value, json};
use shared::auth::KeyCache;
use shared::runtime::clock::Clock;
use shared::runtime::config::Config;
use shared::store::{CatalogCache, Store};
use stargate::data_dir::DataDir;
use stargate::gateway::Gateway;
use stargate::options::{BedrockTarget, LocalOptions, Pace};
use stargate_core::catalog::Catalog;
use stargate_core::money::Money;
use stargate_core::scope::{Limits, Scope, ScopeState};
use stargate_core::spend::SpendRecord;

use crate::calls::employ;
use crate::table::sdk;

/// A gateway of its own, in memory, with an instant scripted Bedrock.
pub struct Stargate {
    pub gateway: Gateway,
    pub http: reqwest::Client,
}

/// A key and whose it is.
#[derive(Clone)]
pub struct Keyholder {
    pub secret: String,
    pub key: Scope,
    pub user: Scope,
}

impl Stargate {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings, as a deployment's environment would have them.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::try_with(settings).await.unwrap()
    }

    /// The same, or why it does not start.
    pub async fn try_with(settings: &[(&str, &str)]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let set = |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let options = LocalOptions {
            command: None,
            port: 0,
            data_dir: Default::default(),
            in_memory: true,
            bedrock: BedrockTarget::Fake,
            dynamodb: None,
            pace: Pace::Instant,
        };
        let data = DataDir::open(None).unwrap();
        let gateway = Gateway::start(&options, Config::read(set)?, &data).await?;
        Ok(Self { gateway, http: reqwest::Client::new() })
    }

    pub fn fake(&self) -> &FakeBedrock {
        self.gateway.fake.as_ref().unwrap()
    }

    /// A user and a key with limits of their own.
    pub async fn keyholder(&self, user_limits: Limits, key_limits: Limits) -> Keyholder {
        let now = self.gateway.clock.now();
        let (secret, pointer) = employ(&self.gateway.store, user_limits, key_limits, now).await;
        let user = pointer.holder.user.expect("it has a user");
        Keyholder { secret, key: Scope::Key(pointer.key), user: Scope::User(user) }
    }

    /// A user and a key without limits.
    pub async fn free_keyholder(&self) -> Keyholder {
        self.keyholder(Limits::default(), Limits::default()).await
    }

    pub fn post(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.gateway.url())).header("x-api-key", key)
    }

    /// Makes a custom model, and waits until the gateway offers it: it follows the table within ten seconds.
    pub async fn make_custom_model(&self, holder: &Keyholder, name: &str, params: &Value, info: &Value) {
        let mut new = json!({"model_name": name, "litellm_params": params, "model_info": {"id": name}});
        new["model_info"].as_object_mut().unwrap().extend(info.as_object().unwrap().clone());
        let url = format!("{}/model/new", self.gateway.url());
        let master_key = self.gateway.master_key.reveal();
        let made = self.http.post(url).bearer_auth(master_key).json(&new).send().await.unwrap();
        assert_eq!(made.status(), 200, "{}", made.text().await.unwrap());
        for _ in 0..150 {
            let url = format!("{}/v1/models/{name}", self.gateway.url());
            let found = self.http.get(url).bearer_auth(&holder.secret).send().await.unwrap();
            if found.status() == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} is not offered");
    }

    pub async fn messages(&self, holder: &Keyholder, body: &Value) -> reqwest::Response {
        self.post("/v1/messages", &holder.secret).json(body).send().await.unwrap()
    }

    /// A streamed answer, whole.
    pub async fn stream(&self, holder: &Keyholder, body: &Value) -> (reqwest::StatusCode, Vec<Event>) {
        let response = self.messages(holder, body).await;
        let status = response.status();
        (status, events(&response.text().await.unwrap()))
    }

    pub async fn state(&self, scope: &Scope) -> ScopeState {
        let states = self.gateway.store.scope_states(std::slice::from_ref(scope)).await.unwrap();
        states.into_iter().next().flatten().unwrap()
    }

    /// The scope when it holds no lease any more, its ledger in balance.
    pub async fn wait_until_settled(&self, scope: &Scope) -> ScopeState {
        for _ in 0..2400 {
            let state = self.state(scope).await;
            assert!(state.is_balanced(), "{state:#?}");
            if state.leases.is_empty() {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{scope} still holds leases: {:#?}", self.state(scope).await);
    }

    /// Every record of today, oldest first.
    pub async fn records(&self) -> Vec<SpendRecord> {
        let day = self.gateway.clock.now().date();
        let mut records = self.gateway.store.records_of_day(&day, 10_000, |_| true).await.unwrap();
        records.reverse();
        records
    }

    /// What both scopes of a key were charged, after checking that they agree with each other and with the records.
    pub async fn charged_amount(&self, holder: &Keyholder) -> Money {
        let (key, user) =
            (self.wait_until_settled(&holder.key).await, self.wait_until_settled(&holder.user).await);
        assert_eq!(key.total_spend, user.total_spend);
        let Scope::Key(id) = &holder.key else { unreachable!() };
        let records = self.records().await;
        let recorded: Money =
            records.iter().filter(|record| record.key == *id).map(|record| record.cost).sum();
        assert_eq!(key.total_spend, recorded);
        recorded
    }
}

/// Inference alone, as its Lambda runs it, on a store and a scripted Bedrock of one's choice.
pub fn inference_on(store: Store, bedrock: &str, clock: Clock) -> inference::InferenceState {
    let offering = CatalogCache::new(Catalog::load_bundled("global").unwrap());
    inference::InferenceState {
        store,
        bedrock: BedrockClient::new(&sdk(bedrock).0),
        upstream: Default::default(),
        catalog: Arc::clone(offering.bundled_catalog()),
        offering,
        keyring: KeyCache::default(),
        tokens: None,
        clock,
        refusals: Default::default(),
        settings: Settings { max_body: 32 << 20, clamps: true },
        notices: Default::default(),
        abandonment: None,
    }
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub data: Value,
}

/// Reads a stream as strictly as Claude Code does: every event has an `event:` line and one `data:` line of JSON.
pub fn events(text: &str) -> Vec<Event> {
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').unwrap_or_else(|| panic!("half an event: {block:?}"));
        let name = name.strip_prefix("event: ").unwrap_or_else(|| panic!("no name: {block:?}")).to_owned();
        let data = data.strip_prefix("data: ").unwrap_or_else(|| panic!("no data: {block:?}"));
        Event { name, data: serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {block:?}")) }
    };
    text.split("\n\n").filter(|block| !block.is_empty()).map(event).collect()
}

pub fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

/// A Messages body for Claude Haiku 4.5 whose answer is played as `script` says.
pub fn ask(script: &Value) -> Value {
    json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": format!("Hello <<fake {script}>>")}],
    })
}

/// The same, streamed.
pub fn ask_stream(script: &Value) -> Value {
    let mut body = ask(script);
    body["stream"] = json!(true);
    body
}

pub fn budget(dollars: &str) -> Limits {
    Limits { max_budget: Some(Money::parse(dollars).unwrap()), ..Limits::default() }
}

pub fn models(names: &[&str]) -> Limits {
    let models: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Limits { models, ..Limits::default() }
}
