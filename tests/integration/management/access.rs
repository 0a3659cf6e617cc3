//! Who gets in, and what everybody else is told.

use std::fmt::Write;

use axum::body::Body;
use http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use lambda_http::request::RequestContext;
use stargate_core::policy::{ROUTES, RoleRow};

use super::{Management, admins};

#[tokio::test]
async fn every_route_of_the_table_is_served_and_closed_to_strangers() {
    let management = Management::fresh().await;
    for RoleRow { method, path, .. } in ROUTES.iter().filter(|row| !row.is_open) {
        for (bearer, second) in
            [("sk-master", None), ("sk-other", Some("second")), ("sk-master", Some("first"))]
        {
            let request = Request::builder().method(*method).uri(*path);
            let request = request.header("authorization", format!("Bearer {bearer}"));
            let request =
                second.into_iter().fold(request, |request, it| request.header("x-admin-secret", it));
            let response = management.send(request.body(Body::from("not json")).unwrap()).await;
            assert_eq!(response.refusal(), (401, None, "Invalid API key"), "{method} {path} {bearer}");
            assert_eq!(response.json["error"]["type"], "invalid_api_key");
        }
        let bare =
            management.send(Request::builder().method(*method).uri(*path).body(Body::empty()).unwrap());
        assert_eq!(bare.await.refusal(), (401, None, "No API key was sent"), "{method} {path}");
        // A route of the table that nobody serves would be a 404 without a `param`.
        let request = admins().method(*method).uri(*path).header("content-type", "application/json");
        let response = management.send(request.body(Body::from("{}")).unwrap()).await;
        let is_served = [200, 400].contains(&response.status) || response.json["error"]["param"].is_string();
        assert!(is_served, "{method} {path}: {}", response.text);
    }
}

/// Every route with every role and with keys that are none: whether it is let in is what the table says, and nothing else.
#[tokio::test]
async fn every_route_is_open_to_the_roles_of_its_row_and_to_no_other() {
    let management = Management::fresh().await;
    let mut keys = Vec::new();
    for (role, of_row) in [
        ("proxy_admin", None),
        ("proxy_admin_viewer", Some(0)),
        ("internal_user", Some(1)),
        ("internal_user_viewer", Some(2)),
    ] {
        let body = format!(r#"{{"user_id": "{role}", "user_role": "{role}", "auto_create_key": true}}"#);
        let made = management.post("/user/new", &body).await.ok();
        keys.push((role, made["key"].as_str().unwrap().to_owned(), of_row));
    }
    let mut dead = Vec::new();
    for (name, body) in [
        ("expired", r#"{"user_id": "internal_user", "duration": "1s"}"#),
        ("blocked", r#"{"user_id": "internal_user", "blocked": true}"#),
        ("of a blocked user", r#"{"user_id": "blocked"}"#),
    ] {
        let made = management.post("/key/generate", body).await.ok();
        dead.push((name, made["key"].as_str().unwrap().to_owned()));
    }
    management.post("/user/update", r#"{"user_id": "blocked", "blocked": true}"#).await.ok();
    management.clock.shift(2000);
    let public = management.public();
    let mut table = String::new();
    for row in ROUTES {
        let mut line = format!("{:4} {:24}", row.method, row.path);
        if row.is_open {
            // The document is the same whatever is asked for.
            let want = if row.path == "/openapi.json" { 200 } else { 400 };
            for (_, key, _) in keys.iter().chain([&("nobody", String::new(), None)]) {
                assert_eq!(management.knock(row, key).await, want, "{} {}", row.method, row.path);
                assert_eq!(public.knock(row, key).await, want, "public: {} {}", row.method, row.path);
            }
            writeln!(table, "{line} open to everybody").unwrap();
            continue;
        }
        for (role, key, at) in &keys {
            let open = at.is_none_or(|at| row.allows(at));
            // A body that no route takes: whoever is let in is told that, and nothing is changed.
            let status = management.knock(row, key).await;
            assert_eq!(status != 403, open, "{} {} as {role}: {status}", row.method, row.path);
            assert!(![401, 404, 405].contains(&status), "{} {} as {role}: {status}", row.method, row.path);
            line.push_str(if open { " yes" } else { " -  " });
            let status = public.knock(row, key).await;
            assert_eq!(status != 403, open && at.is_some(), "public: {} {} as {role}", row.method, row.path);
        }
        for (name, key) in &dead {
            assert_eq!(management.knock(row, key).await, 401, "{} {}: {name}", row.method, row.path);
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    insta::assert_snapshot!("roles", table);
}

#[tokio::test]
async fn the_document_tells_every_route_whoever_asks() {
    let management = Management::fresh().await;
    for management in [&management, &management.public(), &management.behind_iam()] {
        let bare = Request::builder().uri("/openapi.json").body(Body::empty()).unwrap();
        let document = management.send(bare).await.ok();
        for row in ROUTES.iter().filter(|row| row.path != "/openapi.json") {
            let told = &document["paths"][row.path][row.method.to_lowercase()];
            assert!(told["responses"]["200"].is_object(), "{} {}", row.method, row.path);
            assert_eq!(told["security"].is_array(), row.is_open, "{}", row.path);
        }
    }
}

#[tokio::test]
async fn behind_iam_the_identity_that_api_gateway_checked_is_the_administrator() {
    let management = Management::fresh().await.behind_iam();
    let event: ApiGatewayProxyRequest = serde_json::from_str(RECORDED).unwrap();
    let signed = |event: &ApiGatewayProxyRequest| {
        let request = Request::builder().uri("/user/list");
        // Whatever a client claims in headers is no identity.
        let mut request = request.header("authorization", "Bearer sk-master").body(Body::empty()).unwrap();
        request.extensions_mut().insert(RequestContext::ApiGatewayV1(event.request_context.clone()));
        request
    };
    assert_eq!(management.send(signed(&event)).await.ok()["total"], 0);
    let mut unsigned = event.clone();
    unsigned.request_context.identity.user_arn = None;
    let refused = management.send(signed(&unsigned)).await;
    assert_eq!(refused.refusal(), (401, None, "API Gateway has checked no IAM identity"));
    let mut request = signed(&event);
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = "/user/new".parse().unwrap();
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    request.headers_mut().insert("litellm-changed-by", "mario".parse().unwrap());
    *request.body_mut() = Body::from(r#"{"user_id": "a"}"#);
    management.send(request).await.ok();
    let mut request = signed(&event);
    *request.uri_mut() = "/audit".parse().unwrap();
    let log = management.send(request).await.ok();
    let entry = &log["audit_logs"][0];
    assert_eq!(entry["changed_by"], "arn:aws:sts::123456789012:assumed-role/Admins/anna");
    assert_eq!((&entry["claimed_by"], &entry["action"]), (&"mario".into(), &"created".into()));
}

/// What API Gateway sends to a Lambda of a REST API whose method has `AWS_IAM`, shortened.
const RECORDED: &str = r#"{
  "resource": "/{proxy+}", "path": "/user/list", "httpMethod": "GET",
  "headers": {"Host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"},
  "multiValueHeaders": {"Host": ["a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"]},
  "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": {"proxy": "user/list"},
  "stageVariables": null, "body": null, "isBase64Encoded": false,
  "requestContext": {
    "resourceId": "abc123", "resourcePath": "/{proxy+}", "httpMethod": "GET", "path": "/prod/user/list",
    "accountId": "123456789012", "protocol": "HTTP/1.1", "stage": "prod", "domainPrefix": "a1b2c3d4e5",
    "requestTimeEpoch": 1737849600000, "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "apiId": "a1b2c3d4e5",
    "identity": {
      "accountId": "123456789012", "caller": "AROAEXAMPLE:anna", "accessKey": "ASIAEXAMPLE",
      "sourceIp": "203.0.113.7", "userAgent": "curl/8.7.1", "user": "AROAEXAMPLE:anna",
      "userArn": "arn:aws:sts::123456789012:assumed-role/Admins/anna"
    }
  }
}"#;

#[tokio::test]
async fn other_paths_and_methods_are_refused_in_the_same_shape() {
    let management = Management::fresh().await;
    for (method, path, status, message) in [
        ("GET", "/user/nobody", 404, "no route for GET /user/nobody"),
        ("POST", "/user/new/", 404, "no route for POST /user/new/"),
        ("GET", "/user/new", 405, "/user/new does not take GET"),
        ("DELETE", "/key/list", 405, "/key/list does not take DELETE"),
    ] {
        let response = management.send(admins().method(method).uri(path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.refusal(), (status, None, message));
    }
    let head = management.send(admins().method("HEAD").uri("/user/list").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn a_body_is_json_of_a_bearable_size() {
    let management = Management::fresh().await;
    let form =
        admins().method("POST").uri("/user/new").header("content-type", "application/x-www-form-urlencoded");
    let response = management.send(form.body(Body::from("user_id=a")).unwrap()).await;
    assert_eq!(response.refusal(), (415, None, "content-type must be application/json"));
    let long = format!("{{\"user_alias\": \"{}\"}}", "x".repeat(64 << 10));
    assert_eq!(management.post("/user/new", &long).await.refusal().0, 413);
    assert_eq!(management.get("/user/list").await.ok()["total"], 0);
}
