//! Lists: the newest first, page by page.

use serde_json::{Value, json};

use super::Management;

fn named(list: &Value, field: &str) -> Vec<String> {
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
    assert_eq!(named(&some["users"], "user_id"), ["u03", "u07"]);
    let dear = management.get("/user/list?sort_by=max_budget&sort_order=desc&page_size=1").await.ok();
    assert_eq!(named(&dear["users"], "user_id"), ["v"], "no limit is the largest");
    management.post("/user/delete", r#"{"user_ids": ["v"]}"#).await.ok();
    let first = management.get("/user/get_users?page=1").await.ok();
    assert_eq!((&first["total"], &first["page"]), (&json!(30), &json!(1)));
    assert_eq!((&first["page_size"], &first["total_pages"]), (&json!(25), &json!(2)));
    let ids = named(&first["users"], "user_id");
    assert_eq!((ids.len(), ids[0].as_str(), ids[24].as_str()), (25, "u29", "u05"));
    assert_eq!((&first["users"][0]["spend"], &first["users"][0]["max_budget"]), (&json!(0.0), &json!(100.0)));
    let third = management.get("/user/list?page=3&page_size=14").await.ok();
    assert_eq!(named(&third["users"], "user_id"), ["u01", "u00"]);
    assert_eq!(management.get("/user/list?page=4&page_size=14").await.ok()["users"], json!([]));
    for query in
        ["page=0", "page_size=101", "page_size=x", "page=-1", "role=boss", "sort_by=shoe_size", "team=x"]
    {
        let answer = management.get(&format!("/user/list?{query}")).await;
        let field = query.split('=').next();
        assert_eq!((answer.refusal().0, answer.refusal().1), (400, field), "{query}");
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
        assert_eq!(named(&listed["keys"], "key_alias"), want, "{query}");
    }
    let hashes = management.get("/key/list?return_full_object=false&user_id=b").await.ok();
    assert_eq!(hashes["keys"][0].as_str().map(str::len), Some(64));
    assert_eq!((&hashes["total_count"], &hashes["total_pages"]), (&json!(1), &json!(1)));
}
