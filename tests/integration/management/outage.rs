//! A table that fails under a request, at the first of its round trips or at a later one: the administrator is told 503, or
//! what was asked for; never 500. Asked again, it is done, or had been done.

use tests::rotation::Rotation;
use tests::wire::Fault;

use super::Management;

const FAULTS: [Fault; 4] = [Fault::Throttled, Fault::Failed, Fault::Cut, Fault::CutAfter];

/// Of a report, which reads day by day, the first round trips stand for the rest.
const MAX_EQUAL: usize = 8;

/// Days whose runs together try every failure.
const PARTS: u64 = 3;

/// A request, and what it may be answered when it is made a second time.
struct Route {
    call: fn(&str) -> Call,
    again: &'static [u16],
}

enum Call {
    Get(String),
    Post(&'static str, String),
}

/// `Call`s for a user who has one key, whose alias is the user's id.
const ROUTES: [Route; 9] = [
    Route {
        call: |user| Call::Post("/user/new", format!(r#"{{"user_id":"{user}-2","user_email":"2-{user}"}}"#)),
        again: &[200, 409],
    },
    Route { call: |user| Call::Get(format!("/user/info?user_id={user}")), again: &[200] },
    Route { call: |_| Call::Get("/user/list".into()), again: &[200] },
    Route {
        call: |user| {
            Call::Post(
                "/user/update",
                format!(r#"{{"user_id":"{user}","max_budget":2,"user_email":"2-{user}"}}"#),
            )
        },
        again: &[200],
    },
    Route {
        call: |user| Call::Post("/user/delete", format!(r#"{{"user_ids":["{user}"]}}"#)),
        again: &[200, 404],
    },
    Route {
        call: |user| Call::Post("/key/generate", format!(r#"{{"user_id":"{user}","key_alias":"{user}-2"}}"#)),
        again: &[200, 409],
    },
    Route { call: |user| Call::Get(format!("/key/list?user_id={user}")), again: &[200] },
    Route {
        call: |user| Call::Post("/key/delete", format!(r#"{{"key_aliases":["{user}"]}}"#)),
        again: &[200, 404],
    },
    Route { call: |user| Call::Get(format!("/spend/logs?user_id={user}")), again: &[200] },
];

/// Makes a user who has a key.
async fn hire(management: &Management, number: usize) -> String {
    let user = format!("someone-{number}@example.com");
    let body = format!(r#"{{"user_id":"{user}","user_email":"{user}"}}"#);
    management.post("/user/new", &body).await.ok();
    management.post("/key/generate", &format!(r#"{{"user_id":"{user}","key_alias":"{user}"}}"#)).await.ok();
    user
}

impl Route {
    async fn ask(&self, of: &Management, user: &str) -> super::Answer {
        match (self.call)(user) {
            Call::Get(path) => of.get(&path).await,
            Call::Post(path, body) => of.post(path, &body).await,
        }
    }
}

#[tokio::test]
async fn a_table_that_fails_is_told_as_such_by_every_route() {
    let (management, wire) = Management::with_wire().await;
    let (mut hired, mut failures) = (0.., 0);
    for route in ROUTES {
        let user = hire(&management, hired.next().unwrap()).await;
        wire.take_seen();
        route.ask(&management, &user).await.ok();
        let trips: usize = wire.take_seen().into_values().sum();
        let cases = (0..trips.min(MAX_EQUAL)).flat_map(|trip| FAULTS.map(|fault| (trip, fault))).collect();
        for (passing, fault) in Rotation::from_env().select(PARTS, cases) {
            failures += 1;
            let user = hire(&management, hired.next().unwrap()).await;
            wire.plan_anywhere(passing, usize::MAX, fault);
            let response = route.ask(&management, &user).await;
            assert!(wire.heal() > 0);
            assert!(matches!(response.status, 200 | 503), "{fault:?} after {passing}: {}", response.text);
            assert_eq!(response.status == 503, response.json["error"]["code"] == 503, "{}", response.text);
            let again = route.ask(&management, &user).await;
            assert!(route.again.contains(&again.status), "{fault:?} after {passing}: {}", again.text);
        }
    }
    println!("measured: {failures} failures of the table under {} routes", ROUTES.len());
}
