//! A fresh table for each test: the embedded engine, or another one if `STARGATE_TEST_DYNAMODB` names its endpoint.

use std::collections::HashMap;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use fake_aws::{dynamodb, local_sdk_config};
use shared::store::{Store, client, create_table};
use stargate_core::id::RequestId;
use stargate_core::ledger::LedgerSettings;
use stargate_core::money::Money;
use stargate_core::scope::{Scope, ScopeState, UNLIMITED};

use crate::wire::Wire;

/// Names the endpoint of another engine, such as Amazon's DynamoDB Local.
const ENDPOINT: &str = "STARGATE_TEST_DYNAMODB";

/// How long one request may take: on a busy machine an engine needs longer than AWS ever does.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

pub type Item = HashMap<String, AttributeValue>;

/// The store's client, with a timeout that no load on the machine reaches. Tests of timeouts use a [`Wire`].
fn patient(config: &SdkConfig) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(REQUEST_TIMEOUT).build();
    Client::from_conf(client(config).config().to_builder().timeout_config(timeouts).build())
}

/// One table of its own. Several stores on it are several processes.
pub struct Table {
    name: String,
    config: SdkConfig,
    line: SharedHttpClient,
    raw: Client,
}

impl Table {
    /// An empty table as the template makes it. The embedded engine lives as long as the test's runtime.
    pub async fn fresh() -> Self {
        let endpoint = match std::env::var(ENDPOINT) {
            Ok(endpoint) => endpoint,
            Err(_) => start_embedded().await,
        };
        let (config, line) = sdk(&endpoint);
        let name = format!("test-{}", stargate_core::id::random_key_id().unwrap());
        let raw = patient(&config);
        create_table(&raw, &name).await.unwrap();
        Self { name, config, line, raw }
    }

    /// Whether it is on the embedded engine, whose capacity figures are those of AWS: DynamoDB Local counts a
    /// transaction's units once, where AWS bills them twice.
    pub fn is_embedded(&self) -> bool {
        std::env::var(ENDPOINT).is_err()
    }

    /// One process's store on this table.
    pub fn store(&self, terms: LedgerSettings) -> Store {
        Store::new(self.raw.clone(), &self.name, terms)
    }

    /// A store whose requests are noted, and may meet faults.
    pub fn wired_store(&self, terms: LedgerSettings) -> (Store, Wire) {
        let wire = Wire::default();
        let wired = wire.intercept(client(&self.config).config().to_builder(), &self.line);
        (Store::new(wired, &self.name, terms), wire)
    }

    /// The engine itself, for audits and for what no store would do.
    pub fn raw(&self) -> &Client {
        &self.raw
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its engine listens.
    pub fn endpoint(&self) -> &str {
        self.config.endpoint_url().unwrap()
    }

    /// An item as it is stored.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        let get = self.raw.get_item().table_name(&self.name).consistent_read(true);
        let get = get.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
        get.send().await.unwrap().item
    }

    /// What the daily aggregates of a scope sum up to: they are written with the records, in one transaction.
    pub async fn aggregated_spend(&self, owner: &Scope) -> Money {
        let query = self.raw.query().table_name(&self.name).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk");
        let query =
            query.expression_attribute_values(":pk", AttributeValue::S(format!("A#{}", partition(owner))));
        let days = query.send().await.unwrap().items.unwrap_or_default();
        days.iter().map(|day| Money::from_pico(number(&day["spend"]))).sum()
    }

    /// Takes a lease from a scope as if it had never been granted.
    pub async fn forget_lease(&self, scope: &Scope, request: RequestId) {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        self.raw
            .update_item()
            .table_name(&self.name)
            .key("pk", text(&partition(scope)))
            .key("sk", text("scope"))
            .expression_attribute_names("#r", request.as_str())
            .update_expression("SET headroom = headroom + leases.#r.a REMOVE leases.#r")
            .send()
            .await
            .unwrap();
    }

    /// How many items there are in all, beside what the audit log keeps and the counters of lists.
    pub async fn count(&self) -> usize {
        let mut pages = self.raw.scan().table_name(&self.name).into_paginator().items().send();
        let mut count = 0;
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let pk = item["pk"].as_s().unwrap();
            count += usize::from(!pk.starts_with("L#") && !pk.starts_with("C#count#"));
        }
        count
    }

    /// The scope as it is, after both rules of the ledger were found to hold: nothing overspent, and every unit of the
    /// limit accounted for.
    pub async fn audit(&self, scope: &Scope) -> ScopeState {
        let state = self.audit_balance(scope).await;
        let committed = state.spend + state.leased_amount();
        assert!(committed <= state.limits.ceiling(), "{scope} is overspent: {committed}: {state:#?}");
        state
    }

    /// The same where a budget may have been lowered, or a late holder have corrected a sweep: `headroom` may be negative.
    pub async fn audit_balance(&self, scope: &Scope) -> ScopeState {
        let item = self.item(&partition(scope), "scope").await.unwrap_or_else(|| panic!("{scope} is gone"));
        // Read apart from the store's own reading, which is under test too.
        let leases = item["leases"].as_m().unwrap().values();
        let leased: i128 = leases.map(|lease| number(&lease.as_m().unwrap()["a"])).sum();
        let limit = item.get("max_budget").map_or(UNLIMITED.pico(), number);
        let (spend, headroom) = (number(&item["spend"]), number(&item["headroom"]));
        assert_eq!(headroom, limit - spend - leased, "{scope} is out of balance: {item:#?}");
        let states =
            self.store(LedgerSettings::default()).scope_states(std::slice::from_ref(scope)).await.unwrap();
        states.into_iter().next().flatten().unwrap_or_else(|| panic!("{scope} is gone"))
    }
}

/// An SDK configuration for an endpoint of this machine, and what it sends its requests by.
pub fn sdk(endpoint: &str) -> (SdkConfig, SharedHttpClient) {
    let config =
        local_sdk_config(endpoint).into_builder().region(Region::from_static("eu-central-1")).build();
    let line = config.http_client().expect("it was built with a client");
    (config, line)
}

/// Where a scope's items are.
pub fn partition(scope: &Scope) -> String {
    match scope {
        Scope::Key(id) => format!("K#{id}"),
        Scope::User(id) => format!("U#{id}"),
        Scope::Team(id) => format!("T#{id}"),
        Scope::Member(team, user) => format!("M#{team}\u{1f}{user}"),
        Scope::Org(id) => format!("O#{id}"),
        Scope::Model(whole, model) => format!("Y#{model}\u{1f}{}", partition(whole)),
    }
}

pub fn number(value: &AttributeValue) -> i128 {
    value.as_n().unwrap().parse().unwrap()
}

/// Starts an engine in this process, which ends with the test's runtime. Returns its URL.
async fn start_embedded() -> String {
    dynamodb::serve_database(dynamodb::open(None).unwrap(), &mut Vec::new()).await.unwrap()
}
