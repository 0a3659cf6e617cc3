//! Invitations, passwords and sessions: how people without a key get to what is theirs.

use axum::body::Body;
use http::Request;
use serde_json::json;

use super::{Answer, Management};

const DAY: i64 = 86_400_000;
const GOOD: &str = "correct horse battery";

impl Management {
    /// What anybody may send.
    async fn knock_openly(&self, path: &str, body: &str) -> Answer {
        let request = Request::builder().method("POST").uri(path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn look_openly(&self, path: &str) -> Answer {
        self.send(Request::builder().uri(path).body(Body::empty()).unwrap()).await
    }

    async fn login(&self, name: &str, password: &str) -> Answer {
        let body = json!({"username": name, "password": password}).to_string();
        self.knock_openly("/v2/login", &body).await
    }

    /// A user with an address, and an invitation for them.
    async fn invite_user(&self, user: &str) -> String {
        let body = json!({"user_id": user, "user_email": format!("{user}@company.com")}).to_string();
        self.post("/user/new", &body).await.ok();
        let made = self.post("/invitation/new", &json!({"user_id": user}).to_string()).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn open(&self, invitation: &str) -> String {
        let opened = self.look_openly(&format!("/onboarding/get_token?invite_link={invitation}")).await.ok();
        opened["token"].as_str().unwrap().to_owned()
    }

    async fn claim(&self, invitation: &str, token: &str, password: &str) -> Answer {
        let body = json!({"invitation_link": invitation, "user_id": "mario", "password": password});
        self.post_as(token, "/onboarding/claim_token", &body.to_string()).await
    }
}

#[tokio::test]
async fn an_invited_user_sets_a_password_and_serves_themselves() {
    let management = Management::fresh().await;
    let invitation = management.invite_user("mario").await;
    let shown = management.get(&format!("/invitation/info?invitation_id={invitation}")).await.ok();
    let want = json!({"id": invitation, "user_id": "mario", "is_accepted": false, "accepted_at": null,
        "created_at": "2025-01-26T00:00:00Z", "expires_at": "2025-02-02T00:00:00Z", "created_by": "master key"});
    for (name, value) in want.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    // Through the public API, where nobody has a key yet.
    let public = management.public();
    let opened = public.look_openly(&format!("/onboarding/get_token?invite_link={invitation}")).await.ok();
    assert_eq!(opened["user_email"], "mario@company.com");
    let token = opened["token"].as_str().unwrap();
    let short = public.claim(&invitation, token, "too short").await;
    assert_eq!(short.refusal(), (400, Some("password"), "password: must have 12 to 256 characters"));
    let claimed = public.claim(&invitation, token, GOOD).await.ok();
    assert_eq!(claimed["user"]["user_id"], "mario");
    let session = claimed["token"].as_str().unwrap();
    assert_eq!(public.get_as(session, "/user/info").await.ok()["user_id"], "mario");
    let shown = management.get(&format!("/invitation/info?invitation_id={invitation}")).await.ok();
    assert_eq!((&shown["is_accepted"], &shown["updated_by"]), (&json!(true), &json!("mario")));

    for name in ["mario", "mario@company.com", " Mario@Company.COM"] {
        let session = public.login(name, GOOD).await.ok();
        assert_eq!((&session["user_id"], &session["user_role"]), (&json!("mario"), &json!("internal_user")));
        assert!(session["expires"].as_str().unwrap().starts_with("2025-01-27T00:0"), "a day");
        let session = session["token"].as_str().unwrap();
        let made = public.post_as(session, "/key/generate", r#"{"key_alias": null}"#).await.ok();
        assert_eq!(made["user_id"], "mario");
    }
    // No list shows a session, and it is good for no model.
    let keys = management.get("/key/list?user_id=mario").await.ok();
    assert_eq!((keys["total_count"].as_u64(), keys["keys"].as_array().unwrap().len()), (Some(3), 3));
    assert_eq!(management.get("/key/list").await.ok()["total_count"], 3);
    assert_eq!(management.get("/user/info?user_id=mario").await.ok()["keys"].as_array().unwrap().len(), 3);
    assert_eq!(
        public.get_as(session, "/key/info").await.ok()["info"]["models"],
        json!(["no-default-models"])
    );
    // The audit log tells that it was made, and nothing that opens it.
    let audit = management.get("/audit?page_size=100&start_date=2025-01-26&end_date=2025-01-26").await.text;
    for secret in [invitation.as_str(), token, session, GOOD] {
        assert!(!audit.contains(secret), "{audit}");
    }
    assert!(audit.contains("LiteLLM_InvitationLink"));
}

#[tokio::test]
async fn an_invitation_is_accepted_once_in_seven_days_by_whoever_opened_it() {
    let management = Management::fresh().await;
    let told =
        |response: &Answer| (response.status, response.json["error"]["message"].as_str().unwrap().to_owned());
    let invitation = management.invite_user("mario").await;
    let first = management.open(&invitation).await;
    let second = management.open(&invitation).await;
    let stale = "The token is not the one that the invitation was opened with, or is over";
    assert_eq!(told(&management.claim(&invitation, &first, GOOD).await), (401, stale.to_owned()));
    management.clock.shift(15 * 60_000);
    assert_eq!(told(&management.claim(&invitation, &second, GOOD).await), (401, stale.to_owned()));
    let token = management.open(&invitation).await;
    let foreign = json!({"invitation_link": invitation, "user_id": "luigi", "password": GOOD}).to_string();
    let foreign = management.post_as(&token, "/onboarding/claim_token", &foreign).await;
    assert_eq!(foreign.refusal().1, Some("user_id"));
    // Two at once: one password.
    let both = tokio::join!(
        management.claim(&invitation, &token, "the first password"),
        management.claim(&invitation, &token, "the second password"),
    );
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let winner = if both.0.status == 200 { "the first password" } else { "the second password" };
    assert_eq!(management.login("mario", winner).await.status, 200);
    let used = (401, "Invitation link has already been used".to_owned());
    assert_eq!(told(&management.claim(&invitation, &token, GOOD).await), used);
    let path = format!("/onboarding/get_token?invite_link={invitation}");
    assert_eq!(told(&management.look_openly(&path).await), used);
    // Another one ends the sessions that there are.
    let session = management.login("mario", winner).await.ok()["token"].as_str().unwrap().to_owned();
    let again = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok();
    let again = again["id"].as_str().unwrap();
    let token = management.open(again).await;
    management.claim(again, &token, GOOD).await.ok();
    assert_eq!(management.get_as(&session, "/user/info").await.status, 401);
    assert_eq!(management.login("mario", winner).await.status, 401);

    let late = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok();
    let late = late["id"].as_str().unwrap();
    management.clock.shift(7 * DAY);
    let path = format!("/onboarding/get_token?invite_link={late}");
    assert_eq!(told(&management.look_openly(&path).await), (401, "Invitation link has expired".to_owned()));
    for gone in [late, "unknown"] {
        let body = json!({"invitation_id": gone}).to_string();
        let status = management.post("/invitation/delete", &body).await.status;
        assert_eq!(status, if gone == late { 200 } else { 404 });
        let path = format!("/onboarding/get_token?invite_link={gone}");
        let none = (401, "Invitation link does not exist".to_owned());
        assert_eq!(told(&management.look_openly(&path).await), none);
    }
    let unknown = management.post("/invitation/new", r#"{"user_id": "nobody"}"#).await;
    assert_eq!(unknown.refusal(), (404, Some("user_id"), "user_id: User nobody not found"));
}

#[tokio::test]
async fn passwords_are_tried_five_times_in_a_quarter_of_an_hour() {
    let management = Management::fresh().await;
    management.invite_user("mario").await;
    let body = json!({"user_id": "mario", "password": GOOD}).to_string();
    management.post("/user/update", &body).await.ok();
    let wrong = (401, None, "Invalid credentials: no such user, or not their password");
    for name in ["mario", "nobody"] {
        for _ in 0..5 {
            assert_eq!(management.login(name, "not the password").await.refusal(), wrong, "{name}");
        }
        let response = management.login(name, GOOD).await;
        assert_eq!(response.refusal().0, 429, "{name}");
        let wait: i64 = response.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((840..=900).contains(&wait), "the clock goes on while passwords are hashed: {wait}");
    }
    // Another name of the same user is another name: the limit is there to slow guesses down.
    assert_eq!(management.login("mario@company.com", GOOD).await.status, 200);
    management.clock.shift(15 * 60_000);
    // Who is let in begins again.
    for _ in 0..7 {
        management.login("mario", GOOD).await.ok();
    }
    management.post("/user/update", r#"{"user_id": "mario", "blocked": true}"#).await.ok();
    assert_eq!(management.login("mario", GOOD).await.refusal().2, "Invalid API key: user mario is blocked");
    management.post("/user/update", r#"{"user_id": "mario", "blocked": false, "password": null}"#).await.ok();
    assert_eq!(management.login("mario", GOOD).await.refusal(), wrong);
}

#[tokio::test]
async fn sessions_end() {
    let management = Management::fresh().await;
    management.invite_user("mario").await;
    let body = json!({"user_id": "mario", "password": GOOD}).to_string();
    management.post("/user/update", &body).await.ok();
    let begin = || async { management.login("mario", GOOD).await.ok()["token"].as_str().unwrap().to_owned() };
    let works = |session: String| {
        let management = &management;
        async move { management.get_as(&session, "/user/info").await.status == 200 }
    };
    let (one, other) = (begin().await, begin().await);
    management.post_as(&one, "/session/logout", "{}").await.ok();
    assert!(!works(one).await && works(other.clone()).await);
    let key =
        management.post_as(&other, "/key/generate", "{}").await.ok()["key"].as_str().unwrap().to_owned();
    assert_eq!(management.post_as(&key, "/session/logout", "{}").await.status, 400);
    assert!(works(key.clone()).await);
    // A changed password ends the others and keeps this one.
    let third = begin().await;
    let change =
        |current: &str| json!({"current_password": current, "new_password": "another password"}).to_string();
    let wrong = management.post_as(&third, "/user/password/change", &change("not the password")).await;
    assert_eq!(wrong.refusal(), (403, None, "current_password is not the password"));
    management.post_as(&third, "/user/password/change", &change(GOOD)).await.ok();
    assert!(works(third.clone()).await && !works(other).await && works(key.clone()).await);
    assert_eq!(management.login("mario", GOOD).await.status, 401);
    let body = r#"{"user_id": "mario", "password": "by mario himself"}"#;
    assert_eq!(management.post_as(&third, "/user/update", body).await.status, 403);
    // Twenty at a time, and none longer than a day.
    let new = || async { management.login("mario", "another password").await.ok() };
    let first = new().await["token"].as_str().unwrap().to_owned();
    management.clock.shift(1000);
    for _ in 0..20 {
        new().await;
    }
    assert!(!works(first).await && !works(third).await);
    let last = new().await["token"].as_str().unwrap().to_owned();
    management.clock.shift(DAY);
    assert!(!works(last).await && works(key).await);
    new().await;
    let user = stargate_core::id::UserId::parse("mario").unwrap();
    assert_eq!(
        management.store.sessions_of_user(&user).await.unwrap().len(),
        1,
        "what is over is cleared away"
    );
    // With the user everything goes: the password too, should another have the name.
    let invitation = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok();
    management.post("/user/delete", r#"{"user_ids": ["mario"]}"#).await.ok();
    management.post("/user/new", r#"{"user_id": "mario"}"#).await.ok();
    assert_eq!(management.login("mario", "another password").await.status, 401);
    let path = format!("/onboarding/get_token?invite_link={}", invitation["id"].as_str().unwrap());
    assert_eq!(management.look_openly(&path).await.status, 401);
    assert!(management.store.sessions_of_user(&user).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_used_or_replaced_opens_nothing_any_more() {
    let management = Management::fresh().await;
    let first = management.invite_user("mario").await;
    let first_token = management.open(&first).await;
    management.claim(&first, &first_token, "the first password").await.ok();
    let second = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let second_token = management.open(&second).await;
    management.claim(&second, &second_token, "the second password").await.ok();
    // The first token would be good for minutes yet.
    assert_eq!(management.claim(&first, &first_token, "stolen password").await.status, 401);
    assert_eq!(management.login("mario", "the second password").await.status, 200);
    // An administrator's password takes back what was sent before it.
    let open = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let open_token = management.open(&open).await;
    let body = json!({"user_id": "mario", "password": GOOD}).to_string();
    management.post("/user/update", &body).await.ok();
    assert_eq!(management.claim(&open, &open_token, "stolen password").await.status, 401);
    assert_eq!(management.login("mario", GOOD).await.status, 200);
    // Whoever proves one password while an administrator sets another does not replace that.
    let session = management.login("mario", GOOD).await.ok()["token"].as_str().unwrap().to_owned();
    let change = json!({"current_password": GOOD, "new_password": "stolen password"}).to_string();
    let reset = json!({"user_id": "mario", "password": "set by the administrator"}).to_string();
    let (changed, set) = tokio::join!(
        management.post_as(&session, "/user/password/change", &change),
        management.post("/user/update", &reset),
    );
    let is_set = management.login("mario", "set by the administrator").await.status == 200;
    // One was told to look again, or the administrator came last.
    assert!(is_set || set.status == 409, "{} {}", changed.status, set.status);
}

#[tokio::test]
async fn an_id_that_is_given_again_has_nothing_of_who_had_it() {
    let management = Management::fresh().await;
    management.invite_user("mario").await;
    let body = json!({"user_id": "mario", "password": GOOD}).to_string();
    management.post("/user/update", &body).await.ok();
    let user = |at: i64| shared::store::UserIdentity {
        id: stargate_core::id::UserId::parse("mario").unwrap(),
        created: stargate_core::moment::Moment::from_ms(at),
    };
    management.post("/user/delete", r#"{"user_ids": ["mario"]}"#).await.ok();
    management.clock.shift(5);
    management.post("/user/new", r#"{"user_id": "mario"}"#).await.ok();
    // What lands late is the password of somebody who is gone.
    let late =
        stargate_core::password::Password::hash(&stargate_core::secret::Secret::new(GOOD)).unwrap().unwrap();
    assert!(management.store.replace_password(&user(1), None, Some(&late)).await.unwrap());
    assert_eq!(management.login("mario", GOOD).await.status, 401);
}

#[tokio::test]
async fn administrators_have_no_session_on_the_public_api() {
    let management = Management::fresh().await;
    let invitation = management.invite_user("mario").await;
    let body = json!({"user_id": "mario", "password": GOOD, "user_role": "proxy_admin"}).to_string();
    management.post("/user/update", &body).await.ok();
    let public = management.public();
    let refused = public.login("mario", GOOD).await;
    assert_eq!(refused.refusal(), (401, None, "Invalid credentials: no such user, or not their password"));
    assert_eq!(
        public.look_openly(&format!("/onboarding/get_token?invite_link={invitation}")).await.status,
        401
    );
    let again = management.post("/invitation/new", r#"{"user_id": "mario"}"#).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = public.open(&again).await;
    assert_eq!(public.claim(&again, &token, "another password").await.status, 403);
    let session = management.login("mario", GOOD).await.ok()["token"].as_str().unwrap().to_owned();
    // It stays what it is: a session for a day.
    for (path, body) in [
        ("/key/update", json!({"key": session, "models": [], "duration": "30d"})),
        ("/key/regenerate", json!({"key": session})),
        ("/key/unblock", json!({"key": session})),
    ] {
        let refused = management.post_as(&session, path, &body.to_string()).await;
        assert_eq!(
            refused.refusal(),
            (400, Some("key"), "key: is a session, which cannot be changed"),
            "{path}"
        );
    }
    assert_eq!(management.behind_iam().login("mario", GOOD).await.status, 401);
    let large = json!({"username": "mario", "password": "x".repeat(20_000)}).to_string();
    assert_eq!(management.knock_openly("/login", &large).await.status, 413);
    // Another's address does not stand in the way of an id.
    management.post("/user/new", r#"{"user_id": "other", "user_email": "mario"}"#).await.ok();
    management.login("mario", GOOD).await.ok();
}
