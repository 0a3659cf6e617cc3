//! A hundred thousand users and three hundred thousand keys, and what a page of them costs.
//!
//! `target/debug/scale --users 100000`. Pages of lists, searches and single users are asked for through the management router, and
//! the read units that the table counted are printed: they must not grow with what is in it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use clap::Parser;
use futures_util::{StreamExt, stream};
use http::Request;
use management::{AdminAuthenticator, KeyPolicy, ManagementState};
use serde_json::Value;
use shared::auth::MasterKey;
use shared::runtime::clock::Clock;
use shared::runtime::secrets_manager::RotatingSecret;
use shared::store::{CatalogCache, CreateError, Store, StoreError};
use stargate_core::catalog::Catalog;
use stargate_core::entity::User;
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::scope::KeyOwner;
use stargate_core::secret::Secret;
use tests::calls::{key, no_limits, user};
use tests::table::Table;
use tokio::time::Instant;
use tower::ServiceExt;

/// Creations that are on their way at once.
const CONCURRENCY: usize = 16;

#[derive(Parser)]
struct Options {
    /// How many users there are, each with three keys.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
}

/// Read units that a request may use. A row is a scope and what is known of it, at a unit each, and a user's teams and keys
/// at half a unit or a unit each; the lists' index keys are some eighty bytes.
struct PageRequest {
    path: String,
    most_units: f64,
    status: u16,
}

fn page_request(path: impl Into<String>, most_units: f64) -> PageRequest {
    PageRequest { path: path.into(), most_units, status: 200 }
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let begun = Instant::now();
    seed(&store, options.users).await;
    println!(
        "measured: {} users and {} keys made in {:.0?}",
        options.users,
        options.users * 3,
        begun.elapsed()
    );
    let router = router(&store);
    let first = get(&router, "/user/list?page_size=100").await.1;
    assert_eq!(first["total"], options.users);
    let cursor = first["next_cursor"].as_str().unwrap().replace('#', "%23");
    let keys = get(&router, "/key/list?size=100").await.1;
    assert_eq!(keys["total_count"], options.users * 3);
    let key_cursor = keys["next_cursor"].as_str().unwrap().replace('#', "%23");
    let hash = keys["keys"][0]["token_id"].as_str().unwrap();
    let one = options.users / 2;
    let is_large = options.users > 10_000;
    let beyond = |asked: PageRequest| PageRequest { status: if is_large { 400 } else { 200 }, ..asked };
    for asked in [
        page_request("/user/list?page_size=100", 450.0),
        page_request(format!("/user/list?page_size=100&cursor={cursor}"), 450.0),
        page_request("/user/list?page_size=25&page=4", 120.0),
        // The deepest that a page may begin by its number: the index keys before it are read.
        page_request("/user/list?page_size=100&page=101", 700.0),
        page_request(format!("/user/list?search=user-{one:06}"), 10.0),
        page_request("/user/list?search=user-0001&page_size=25", 130.0),
        PageRequest { status: 400, ..page_request("/user/list?search=user-00&page_size=25", 20.0) },
        page_request(format!("/user/filter/ui?user_email=PERSON{one:06}"), 10.0),
        page_request(format!("/user/info?user_id=user-{one:06}"), 15.0),
        page_request("/key/list?size=100", 250.0),
        page_request(format!("/key/list?size=100&cursor={key_cursor}"), 250.0),
        page_request(format!("/key/list?user_id=user-{one:06}"), 15.0),
        page_request(format!("/key/info?key={hash}"), 5.0),
        page_request("/spend/keys", 250.0),
        page_request("/spend/users", 450.0),
        beyond(page_request("/user/list?role=proxy_admin", 2.0)),
        beyond(page_request("/user/list?sort_by=spend", 2.0)),
        PageRequest { status: 400, ..page_request("/user/list?page_size=100&page=102", 2.0) },
    ] {
        let before = store.capacity().used().read_units;
        let begun = Instant::now();
        let (status, answer) = get(&router, &asked.path).await;
        let (units, took) = (store.capacity().used().read_units - before, begun.elapsed());
        println!("measured: {units:>7.1} read units in {:>4.0?} {status} {}", took, asked.path);
        assert_eq!(status, asked.status, "{}: {answer}", asked.path);
        assert!(units <= asked.most_units || !is_large && asked.status == 200, "{}: {units}", asked.path);
    }
}

fn router(store: &Store) -> Router {
    let offering = CatalogCache::new(Catalog::load_bundled("global").unwrap());
    management::router(ManagementState {
        store: store.clone(),
        catalog: Arc::clone(offering.bundled_catalog()),
        offering,
        rules: Arc::new(KeyPolicy::default()),
        create_missing_users: true,
        team_admins_add_users: false,
        tokens: None,
        entrance: AdminAuthenticator::MasterKey(MasterKey::new(
            RotatingSecret::from_fixed(Secret::new("sk-master")),
            None,
        )),
        clock: Clock::default(),
        max_body: management::MAX_BODY,
    })
}

async fn get(router: &Router, path: &str) -> (u16, Value) {
    let request = Request::builder().uri(path).header("authorization", "Bearer sk-master");
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// Makes something, however busy the machine is: what a try without an answer has made is taken at the next.
async fn create_until_done<Fut: Future<Output = Result<(), CreateError>>>(make: impl Fn() -> Fut) {
    for _ in 0..20 {
        match make().await {
            Ok(()) | Err(CreateError::Taken { .. }) => return,
            Err(CreateError::Store(StoreError::Unavailable { .. })) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the table does not answer");
}

/// Users with an address and three keys each, made as management makes them.
async fn seed(store: &Store, users: usize) {
    let began = Moment::from_ms(1_700_000_000_000);
    let make = |at: usize| {
        let store = store.clone();
        async move {
            let created = began + Duration::from_millis(at as u64);
            let email = Some(format!("person{at:06}.of@company.com"));
            let person = User { email, ..user(&format!("user-{at:06}"), no_limits(), created) };
            create_until_done(|| store.create_user(&person)).await;
            for _ in 0..3 {
                let mut key = key(None, no_limits(), created);
                key.holder = KeyOwner { user: Some(person.id.clone()), ..key.holder };
                create_until_done(|| store.create_key(&key)).await;
            }
        }
    };
    let tasks = (0..users).map(|at| tokio::spawn(make(at)));
    stream::iter(tasks).buffer_unordered(CONCURRENCY).for_each(|made| async { made.unwrap() }).await;
}
