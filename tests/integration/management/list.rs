//! Lists: the newest first, page by page.

use serde_json::{Value, json};

use super::Management;

fn field_values(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn users_are_listed_newest_first_in_pages() {
    let management = Management::fresh().await;
    for number in 0..30 {
        management
            .post("/user/new", &json!({"user_id": format!("u{number:02}"), "max_budget": 100}).to_string())
            .await
            .ok();
        management.clock.shift(1000);
    }
    // Document 000's plain call knows of no pages, and divides by each budget.
    management
        .post("/user/new", r#"{"user_id": "v", "user_role": "proxy_admin_viewer", "auto_create_key": true}"#)
        .await
        .ok();
    let plain = management.get("/user/list").await.ok();
    assert_eq!((&plain["total"], &plain["page_size"]), (&json!(31), &json!(100)));
    assert_eq!(
        (&plain["users"][0]["user_id"], &plain["users"][0]["max_budget"]),
        (&json!("v"), &json!(1e12))
    );
    let viewers = management.get("/user/list?role=proxy_admin_viewer").await.ok();
    assert_eq!((&viewers["total"], &viewers["users"][0]["key_count"]), (&json!(1), &json!(1)));
    assert_eq!(viewers["users"][0]["max_budget"], json!(null));
    let some = management.get("/user/list?user_ids=u07,%20u03,nobody&sort_by=user_id").await.ok();
    assert_eq!(field_values(&some["users"], "user_id"), ["u03", "u07"]);
    let dear = management.get("/user/list?sort_by=max_budget&sort_order=desc&page_size=1").await.ok();
    assert_eq!(field_values(&dear["users"], "user_id"), ["v"], "no limit is the largest");
    management.post("/user/delete", r#"{"user_ids": ["v"]}"#).await.ok();
    let first = management.get("/user/get_users?page=1").await.ok();
    assert_eq!((&first["total"], &first["page"]), (&json!(30), &json!(1)));
    assert_eq!((&first["page_size"], &first["total_pages"]), (&json!(25), &json!(2)));
    let ids = field_values(&first["users"], "user_id");
    assert_eq!((ids.len(), ids[0].as_str(), ids[24].as_str()), (25, "u29", "u05"));
    assert_eq!((&first["users"][0]["spend"], &first["users"][0]["max_budget"]), (&json!(0.0), &json!(100.0)));
    let third = management.get("/user/list?page=3&page_size=14").await.ok();
    assert_eq!(field_values(&third["users"], "user_id"), ["u01", "u00"]);
    assert_eq!(management.get("/user/list?page=4&page_size=14").await.ok()["users"], json!([]));
    for query in
        ["page=0", "page_size=101", "page_size=x", "page=-1", "role=boss", "sort_by=shoe_size", "team=x"]
    {
        let response = management.get(&format!("/user/list?{query}")).await;
        let field = query.split('=').next();
        assert_eq!((response.refusal().0, response.refusal().1), (400, field), "{query}");
    }
}

#[tokio::test]
async fn keys_are_listed_by_user_by_alias_and_as_hashes() {
    let management = Management::fresh().await;
    for (number, user) in ["a", "b", "a"].into_iter().enumerate() {
        let body = json!({"user_id": user, "key_alias": format!("k {number}")}).to_string();
        management.post("/key/generate", &body).await.ok();
        management.clock.shift(1000);
    }
    for (query, want) in [
        ("", vec!["k 2", "k 1", "k 0"]),
        ("?user_id=a", vec!["k 2", "k 0"]),
        ("?user_id=nobody", vec![]),
        ("?key_alias=k+1", vec!["k 1"]),
        ("?key_alias=k%201&user_id=a", vec![]),
        ("?size=2&page=2", vec!["k 0"]),
        ("?size=1&page=2&user_id=a", vec!["k 0"]),
    ] {
        let listed = management.get(&format!("/key/list{query}")).await.ok();
        assert_eq!(field_values(&listed["keys"], "key_alias"), want, "{query}");
    }
    let hashes = management.get("/key/list?return_full_object=false&user_id=b").await.ok();
    assert_eq!(hashes["keys"][0].as_str().map(str::len), Some(64));
    assert_eq!((&hashes["total_count"], &hashes["total_pages"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_list_goes_on_from_where_a_page_ended_and_users_are_searched() {
    let management = Management::fresh().await;
    for at in 0..7 {
        let body = json!({"user_id": format!("user-{at}"), "user_email": format!("anna{at}.berg@x.org"), "auto_create_key": true});
        management.post("/user/new", &body.to_string()).await.ok();
        management.clock.shift(1);
    }
    for (list, name, id) in
        [("/user/list?page_size=3", "users", "user_id"), ("/key/list?size=3", "keys", "user_id")]
    {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = management.get(&format!("{list}&cursor={}", cursor.replace('#', "%23"))).await.ok();
            let rows = page[name].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row[id].as_str().unwrap().to_owned()));
            assert_eq!(page["total_pages"], 3);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, ["user-6", "user-5", "user-4", "user-3", "user-2", "user-1", "user-0"], "{list}");
        let deep = management.get(&format!("{list}&page=4000")).await;
        assert_eq!(deep.refusal().1, Some("page"), "{list}");
        assert_eq!(
            management.get(&format!("{list}&cursor=soon")).await.refusal().1,
            Some("cursor"),
            "{list}"
        );
    }
    let ids = |response: &Value| -> Vec<String> {
        response.as_array().unwrap().iter().map(|row| row["user_id"].as_str().unwrap().to_owned()).collect()
    };
    let found = management.get("/user/list?search=ANNA3").await.ok();
    assert_eq!((ids(&found["users"]), &found["total"]), (vec!["user-3".to_owned()], &json!(1)));
    let found = management.get("/user/list?user_email=berg&page_size=2&sort_by=user_id").await.ok();
    assert_eq!(
        (ids(&found["users"]), &found["total"]),
        (vec!["user-0".to_owned(), "user-1".to_owned()], &json!(7))
    );
    assert_eq!(management.get("/user/list?search=a").await.refusal().1, Some("search"));

    assert_eq!(ids(&management.get("/user/filter/ui?user_email=anna5").await.ok()), ["user-5"]);
    assert_eq!(ids(&management.get("/user/filter/ui?page_size=2").await.ok()), ["user-6", "user-5"]);
    assert_eq!(management.get("/user/filter/ui?user_id=us&search=us").await.status, 400);
    let made = management.post("/user/new", r#"{"user_id": "lead", "auto_create_key": true}"#).await.ok();
    let lead = made["key"].as_str().unwrap();
    assert_eq!(management.get_as(lead, "/user/filter/ui?search=anna").await.status, 403);
    let team = r#"{"team_id": "t", "members_with_roles": [{"role": "admin", "user_id": "lead"}]}"#;
    management.post("/team/new", team).await.ok();
    assert_eq!(ids(&management.get_as(lead, "/user/filter/ui?search=anna1").await.ok()), ["user-1"]);
}
