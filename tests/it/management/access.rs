//! Who gets in, and what everybody else is told.

use axum::body::Body;
use http::Request;
use shared::policy::ROUTES;

use super::{Management, admins};

#[tokio::test]
async fn every_route_of_the_table_is_served_and_closed_to_strangers() {
    let management = Management::fresh().await;
    for (method, path, _) in ROUTES {
        for (bearer, second) in
            [("sk-master", None), ("sk-other", Some("second")), ("sk-master", Some("first"))]
        {
            let request = Request::builder().method(*method).uri(*path);
            let request = request.header("authorization", format!("Bearer {bearer}"));
            let request =
                second.into_iter().fold(request, |request, it| request.header("x-admin-secret", it));
            let answer = management.send(request.body(Body::from("not json")).unwrap()).await;
            assert_eq!(answer.refusal(), (401, None, "Invalid API key"), "{method} {path} {bearer}");
            assert_eq!(answer.json["error"]["type"], "invalid_api_key");
        }
        // A route of the table that nobody serves would be a 404.
        let request = admins().method(*method).uri(*path).header("content-type", "application/json");
        let answer = management.send(request.body(Body::from("{}")).unwrap()).await;
        assert!([200, 400].contains(&answer.status), "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_the_same_shape() {
    let management = Management::fresh().await;
    for (method, path, status, message) in [
        ("GET", "/user/nobody", 404, "no route for GET /user/nobody"),
        ("POST", "/user/new/", 404, "no route for POST /user/new/"),
        ("GET", "/user/new", 405, "/user/new does not take GET"),
        ("DELETE", "/key/list", 405, "/key/list does not take DELETE"),
    ] {
        let answer = management.send(admins().method(method).uri(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.refusal(), (status, None, message));
    }
    let head = management.send(admins().method("HEAD").uri("/user/list").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_body_is_json_of_a_bearable_size() {
    let management = Management::fresh().await;
    let form =
        admins().method("POST").uri("/user/new").header("content-type", "application/x-www-form-urlencoded");
    let answer = management.send(form.body(Body::from("user_id=a")).unwrap()).await;
    assert_eq!(answer.refusal(), (415, None, "content-type must be application/json"));
    let long = format!("{{\"user_alias\": \"{}\"}}", "x".repeat(64 << 10));
    assert_eq!(management.post("/user/new", &long).await.refusal().0, 413);
    assert_eq!(management.get("/user/list").await.ok()["total"], 0);
}
