//! Users and keys: made whole or not at all, found in every way, deleted so that it binds at once.

use shared::store::{CreateError, PageStart, Search};
use stargate_core::entity::{User, UserRole};
use stargate_core::id::{UserId, random_key_id};
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;
use tests::calls::{budget, budget_every, key, no_limits, pico, user};
use tests::table::{Table, number};

fn current_time() -> Moment {
    Moment::from_ms(1_795_000_000_000)
}

fn with_email(name: &str, email: &str) -> User {
    User { email: Some(email.to_owned()), ..user(name, no_limits(), current_time()) }
}

fn violated_field<T: std::fmt::Debug>(response: Result<T, CreateError>) -> &'static str {
    match response {
        Err(CreateError::Taken { field }) => field,
        other => panic!("expected a field that is taken, got {other:?}"),
    }
}

#[tokio::test]
async fn a_user_is_read_back_as_it_was_made() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let made = User {
        alias: Some("Mario".to_owned()),
        role: UserRole::ProxyAdmin,
        metadata: r#"{"team": "a", "n": 1.50}"#.to_owned(),
        limits: budget_every(5_000_000_000_000, "30d"),
        ..with_email("mario.rossi@company.com", "Mario.Rossi@Company.com")
    };
    store.create_user(&made).await.unwrap();
    let found = store.find_user(&made.id).await.unwrap().unwrap();
    assert_eq!(found.user, made);
    assert_eq!((found.state.headroom, found.state.spend), (pico(5_000_000_000_000), pico(0)));
    assert_eq!(store.user_of_email(" mario.rossi@company.COM ").await.unwrap(), Some(made.id));
    assert!(store.find_user(&UserId::parse("nobody").unwrap()).await.unwrap().is_none());
    assert_eq!(store.user_of_email("nobody@company.com").await.unwrap(), None);
}

#[tokio::test]
async fn what_must_be_unique_is_and_a_refused_creation_leaves_nothing() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    store.create_user(&with_email("a", "a@x.org")).await.unwrap();
    let items = table.count().await;
    assert_eq!(violated_field(store.create_user(&user("a", no_limits(), current_time())).await), "user_id");
    assert_eq!(violated_field(store.create_user(&with_email("b", "A@X.org")).await), "user_email");
    assert_eq!(table.count().await, items);

    let owner = UserId::parse("a").unwrap();
    let mut first = key(Some(&owner), no_limits(), current_time());
    first.alias = Some("laptop".to_owned());
    store.create_key(&first).await.unwrap();
    let items = table.count().await;
    let mut second = key(Some(&owner), no_limits(), current_time());
    second.alias = Some("laptop".to_owned());
    assert_eq!(violated_field(store.create_key(&second).await), "key_alias");
    second.alias = None;
    second.holder.secret = first.holder.secret.clone();
    assert_eq!(violated_field(store.create_key(&second).await), "key");
    assert_eq!(table.count().await, items);
    assert_eq!(store.find_key_by_alias("laptop").await.unwrap(), Some(first.id.clone()));
    assert_eq!(store.find_key_by_alias("desktop").await.unwrap(), None);

    // Deleted, both names are free again.
    assert!(store.delete_key(&first.id).await.unwrap());
    assert!(!store.delete_key(&first.id).await.unwrap());
    second.alias = Some("laptop".to_owned());
    store.create_key(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_gets_the_name() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let users: Vec<User> = (0..8).map(|at| with_email(&format!("u{at}"), "same@x.org")).collect();
    let answers = futures_util::future::join_all(users.iter().map(|user| store.create_user(user))).await;
    assert_eq!(answers.iter().filter(|response| response.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(store.user_page(&PageStart::Skip(0), 10).await.unwrap().ids.len(), 1);
    assert_eq!(store.count_users().await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_is_read_back_and_listed_with_its_owners() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let owner = user("owner", no_limits(), current_time());
    store.create_user(&owner).await.unwrap();
    let mut keys = Vec::new();
    for at in 0..3 {
        let mut key = key(
            Some(&owner.id),
            budget(at),
            Moment::from_ms(current_time().ms() + i64::try_from(at).unwrap()),
        );
        key.tags = vec!["ci".to_owned(), format!("{at}")];
        store.create_key(&key).await.unwrap();
        keys.push(key);
    }
    let stranger = key(None, no_limits(), current_time());
    store.create_key(&stranger).await.unwrap();

    let ids: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
    let asked: Vec<_> = ids.iter().cloned().chain([random_key_id().unwrap()]).collect();
    let found: Vec<_> = store.keys(&asked).await.unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(found, keys);
    let mut owned = store.keys_of_user(&owner.id).await.unwrap();
    owned.sort();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!(owned, sorted);
    let listed = store.key_page(&PageStart::Skip(0), 10).await.unwrap();
    assert_eq!((listed.ids.len(), &listed.ids[0], listed.next), (4, &ids[2], None), "the newest first");
    let first = store.key_page(&PageStart::Skip(1), 2).await.unwrap();
    assert_eq!(first.ids, listed.ids[1..3]);
    let rest = store.key_page(&PageStart::After(first.next.unwrap()), 2).await.unwrap();
    assert_eq!((rest.ids, rest.next), (listed.ids[3..].to_vec(), None));
    assert_eq!(store.count_keys().await.unwrap(), 4);
}

#[tokio::test]
async fn a_deleted_user_leaves_nothing_and_deleting_may_be_repeated() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let gone = with_email("gone", "gone@x.org");
    store.create_user(&gone).await.unwrap();
    for at in 0..3 {
        let mut key = key(Some(&gone.id), no_limits(), current_time());
        key.alias = Some(format!("key {at}"));
        store.create_key(&key).await.unwrap();
    }
    assert!(store.delete_user(&gone.id, current_time()).await.unwrap());
    assert!(!store.delete_user(&gone.id, current_time()).await.unwrap());
    assert_eq!(table.count().await, 0);
    assert_eq!((store.count_users().await.unwrap(), store.count_keys().await.unwrap()), (0, 0));
}

#[tokio::test]
async fn a_users_description_changes_and_its_address_moves_along() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let before = with_email("a", "old@x.org");
    store.create_user(&before).await.unwrap();
    store.create_user(&with_email("b", "b@x.org")).await.unwrap();
    let clash = User { email: Some("b@x.org".to_owned()), ..before.clone() };
    assert_eq!(violated_field(store.describe_user(&before, &clash).await), "user_email");
    let after = User {
        email: Some("new@x.org".to_owned()),
        alias: Some("A".to_owned()),
        role: UserRole::InternalUserViewer,
        ..before.clone()
    };
    assert!(store.describe_user(&before, &after).await.unwrap());
    assert_eq!(store.find_user(&before.id).await.unwrap().unwrap().user, after);
    assert_eq!(store.user_of_email("old@x.org").await.unwrap(), None);
    assert_eq!(store.user_of_email("new@x.org").await.unwrap(), Some(before.id));
}

#[tokio::test]
async fn what_is_stored_of_a_new_scope() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    for (limits, headroom, has_budget) in [
        (no_limits(), 1_000_000_000_000_000_000_000_000, false),
        (budget(0), 0, true),
        (budget(2_500_000_000_000), 2_500_000_000_000, true),
    ] {
        let key = key(None, limits, current_time());
        store.create_key(&key).await.unwrap();
        let item = table.item(&format!("K#{}", key.id), "scope").await.unwrap();
        assert_eq!((number(&item["headroom"]), item.contains_key("max_budget")), (headroom, has_budget));
        for map in ["leases", "closed", "req", "tok"] {
            assert!(item[map].as_m().unwrap().is_empty(), "{map} is there from the start");
        }
        for absent in ["rpm_limit", "tpm_limit", "max_parallel_requests", "models", "blocked", "expires"] {
            assert!(!item.contains_key(absent), "{absent} is no limit");
        }
        table.audit(&Scope::Key(key.id)).await;
    }
}

/// Deleted by several at once, and repeated: counted once.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_counted_exactly_whoever_meets_whom() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let users: Vec<User> = (0..24).map(|at| user(&format!("u{at}"), no_limits(), current_time())).collect();
    let made = users.iter().map(|user| store.create_user(user));
    futures_util::future::join_all(made).await.into_iter().for_each(|made| made.unwrap());
    let keys: Vec<_> = users.iter().map(|user| key(Some(&user.id), no_limits(), current_time())).collect();
    let made = keys.iter().map(|key| store.create_key(key));
    futures_util::future::join_all(made).await.into_iter().for_each(|made| made.unwrap());
    assert_eq!((store.count_users().await.unwrap(), store.count_keys().await.unwrap()), (24, 24));
    let gone = keys.iter().take(8).flat_map(|key| [key, key]).map(|key| store.delete_key(&key.id));
    assert!(futures_util::future::join_all(gone).await.into_iter().all(|gone| gone.is_ok()));
    let gone = users
        .iter()
        .take(6)
        .flat_map(|user| [user, user])
        .map(|user| store.delete_user(&user.id, current_time()));
    assert!(futures_util::future::join_all(gone).await.into_iter().all(|gone| gone.is_ok()));
    assert_eq!((store.count_users().await.unwrap(), store.count_keys().await.unwrap()), (18, 16));
}

#[tokio::test]
async fn a_user_is_found_by_how_any_part_begins() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let mario = with_email("mario.rossi@company.com", "Boss@Company.com");
    store.create_user(&mario).await.unwrap();
    store.create_user(&user("maria", no_limits(), current_time())).await.unwrap();
    let found = |prefix: &'static str| {
        let store = &store;
        async move {
            match store.search_users(prefix).await.unwrap() {
                Search::Found(ids) => Some(ids.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()),
                Search::TooShort | Search::TooMany => None,
            }
        }
    };
    for (prefix, want) in [
        ("Ma", Some(&["maria", "mario.rossi@company.com"][..])),
        ("rossi", Some(&["mario.rossi@company.com"][..])),
        (" BOSS@co", Some(&["mario.rossi@company.com"][..])),
        ("company", Some(&[][..])),
        ("m", None),
    ] {
        assert_eq!(
            found(prefix).await.as_deref(),
            want.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()).as_deref(),
            "{prefix}"
        );
    }
    let moved = User { email: Some("chief@company.com".to_owned()), ..mario.clone() };
    assert!(store.describe_user(&mario, &moved).await.unwrap());
    assert_eq!(found("boss").await, Some(Vec::new()));
    assert_eq!(found("chief").await.unwrap().len(), 1);
    store.delete_user(&moved.id, current_time()).await.unwrap();
    assert_eq!(found("ma").await.unwrap(), ["maria"]);
}
