//! Management through its front door: the router that Lambda runs, on a table of its own.

mod access;
mod audit;
mod bad_input;
mod invitations;
mod keys;
mod list;
mod missing_users;
mod models;
mod orgs;
mod outage;
mod reports;
mod roles;
mod rules;
mod spend;
mod team_admins;
mod team_invitations;
mod teams;
mod update;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use management::AdminAuthenticator;
use serde_json::Value;
use shared::auth::MasterKey;
use shared::runtime::clock::Clock;
use shared::runtime::secrets_manager::RotatingSecret;
use shared::store::{CatalogCache, Store};
use stargate_core::catalog::Catalog;
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::policy::RoleRow;
use stargate_core::secret::Secret;
use tests::table::Table;
use tests::wire::Wire;
use tower::ServiceExt;

/// 2025-01-26T00:00:00Z: thirty days before the expiry that the administrator's guide prints.
const JANUARY_26: Moment = Moment::from_ms(1_737_849_600_000);

/// A management function with both of the administrator's guide's secrets.
struct Management {
    table: Arc<Table>,
    store: Store,
    clock: Clock,
    router: Router,
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
    json: Value,
}

impl Management {
    async fn fresh() -> Self {
        let table = Table::fresh().await;
        let store = table.store(LedgerSettings::default());
        Self::with_store(table, store)
    }

    /// One whose table may fail.
    async fn with_wire() -> (Self, Wire) {
        let table = Table::fresh().await;
        let (store, wire) = table.wired_store(LedgerSettings::default());
        (Self::with_store(table, store), wire)
    }

    fn with_store(table: Table, store: Store) -> Self {
        let table = Arc::new(table);
        let clock = Clock::default();
        clock.shift(JANUARY_26.ms() - clock.now().ms());
        let router = management::router(app(&store, &clock, by_master_key(), "{}"));
        Self { table, store, clock, router }
    }

    /// The same table behind the public API.
    fn public(&self) -> Self {
        self.with_admin_auth(AdminAuthenticator::SelfService, "{}")
    }

    fn behind_iam(&self) -> Self {
        self.with_admin_auth(AdminAuthenticator::Iam, "{}")
    }

    /// The same table where the deployment has rules of its own.
    fn with_policy(&self, rules: &str) -> Self {
        self.with_admin_auth(by_master_key(), rules)
    }

    /// The same table where missing users are created or not, and team administrators add users at once or not.
    fn with_users(&self, create_missing_users: bool, team_admins_add_users: bool) -> Self {
        let change = |app| management::ManagementState { create_missing_users, team_admins_add_users, ..app };
        self.with(change(app(&self.store, &self.clock, by_master_key(), "{}")))
    }

    fn with_admin_auth(&self, entrance: AdminAuthenticator, rules: &str) -> Self {
        self.with(app(&self.store, &self.clock, entrance, rules))
    }

    fn with(&self, app: management::ManagementState) -> Self {
        let (table, store, clock) = (Arc::clone(&self.table), self.store.clone(), self.clock.clone());
        Self { table, store, clock, router: management::router(app) }
    }

    /// The status that a route answers to somebody who sends what it cannot take.
    async fn knock(&self, row: &RoleRow, key: &str) -> u16 {
        let request = Request::builder().method(row.method).uri(format!("{}?nonsense=1", row.path));
        let request = request.header("x-api-key", key).header("content-type", "application/json");
        self.send(request.body(Body::from("{}")).unwrap()).await.status
    }

    /// A call with somebody's own key.
    async fn post_as(&self, key: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder().method("POST").uri(path).header("x-api-key", key);
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn get_as(&self, key: &str, path: &str) -> Answer {
        let request = Request::builder().uri(path).header("x-api-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let request = admins().method("POST").uri(path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(admins().uri(path).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(headers.contains_key("request-id"), "every answer has a name");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, json }
    }
}

fn app(
    store: &Store,
    clock: &Clock,
    entrance: AdminAuthenticator,
    rules: &str,
) -> management::ManagementState {
    let offering = CatalogCache::new(Catalog::load_bundled("global").unwrap());
    let rules = management::read_key_policy(Some(rules), offering.bundled_catalog(), clock.now()).unwrap();
    management::ManagementState {
        store: store.clone(),
        catalog: Arc::clone(offering.bundled_catalog()),
        offering,
        entrance,
        rules: Arc::new(rules),
        create_missing_users: true,
        team_admins_add_users: false,
        tokens: None,
        clock: clock.clone(),
        max_body: 64 << 10,
    }
}

/// A request with the administrator's guide's two headers.
/// The admin API in master-key mode, with a second secret.
fn by_master_key() -> AdminAuthenticator {
    let given = |text: &str| RotatingSecret::from_fixed(Secret::new(text));
    AdminAuthenticator::MasterKey(MasterKey::new(given("sk-master"), Some(given("second"))))
}

fn admins() -> http::request::Builder {
    Request::builder().header("authorization", "Bearer sk-master").header("x-admin-secret", "second")
}

impl Answer {
    /// The answer's body, of a call that must have been granted.
    #[track_caller]
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json
    }

    /// The status, the `param` and the message of a refusal in the plain shape, which says not to try again.
    #[track_caller]
    fn refusal(&self) -> (u16, Option<&str>, &str) {
        let error = &self.json["error"];
        assert_eq!(error["code"].as_u64(), Some(u64::from(self.status)), "{}", self.text);
        assert!(error["type"].is_string(), "{}", self.text);
        assert_eq!(self.headers["x-should-retry"], "false", "{}", self.text);
        (self.status, error["param"].as_str(), error["message"].as_str().unwrap())
    }
}
