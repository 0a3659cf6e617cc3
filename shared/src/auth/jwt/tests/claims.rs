use super::*;

#[tokio::test]
async fn a_token_is_good_for_us_and_for_a_time() {
    let issuer = Issuer::usual().await;
    let one = setting(&issuer, json!({}));
    let two = setting(&issuer, json!({"audience": ["other", "stargate"]}));
    let now = NOW.seconds();
    for (more, told_wanted) in [
        (json!({}), ""),
        (json!({"iss": null}), "issuer (iss)"),
        (json!({"iss": "https://login.company.com/"}), "issuer (iss)"),
        (json!({"iss": ["https://login.company.com"]}), "issuer (iss)"),
        (json!({"aud": null}), "audience (aud)"),
        (json!({"aud": "Stargate"}), "audience (aud)"),
        (json!({"aud": ["them", "stargate"]}), ""),
        (json!({"aud": ["them", 1]}), "audience (aud)"),
        (json!({"aud": []}), "audience (aud)"),
        (json!({"exp": null}), "no expiry"),
        (json!({"exp": format!("{}", now + 300)}), "no expiry"),
        (json!({"exp": now - 60}), "has expired"),
        (json!({"exp": now - 59}), ""),
        (json!({"exp": now as f64 - 59.5}), ""),
        (json!({"exp": now as f64 - 60.5}), "has expired"),
        (json!({"exp": -1}), "has expired"),
        (json!({"exp": u64::MAX}), ""),
        (json!({"exp": 1e300}), ""),
        (json!({"exp": i64::MIN}), "has expired"),
        (json!({"nbf": now + 60}), ""),
        (json!({"nbf": now + 61}), "not valid yet"),
        (json!({"nbf": now as f64 + 60.5}), "not valid yet"),
        (json!({"nbf": 1e300}), "not valid yet"),
        (json!({"nbf": "now"}), "beginning (nbf)"),
    ] {
        for jwt in [&one, &two] {
            let told = response_message(jwt, &token(more.clone()), NOW).await;
            let is_right = if told_wanted.is_empty() { told.is_empty() } else { told.contains(told_wanted) };
            assert!(is_right && (told.is_empty() || told.starts_with("401 ")), "{more}: {told:?}");
        }
    }
    assert_eq!(issuer.reads(), 2);
}

#[tokio::test]
async fn a_token_that_is_not_for_us_asks_nobody_for_keys() {
    let issuer = Issuer::usual().await;
    let jwt = setting(&issuer, json!({}));
    for more in [json!({"iss": "x"}), json!({"aud": "x"}), json!({"exp": 1}), json!({"nbf": 1e300})] {
        assert!(response_message(&jwt, &token(more), NOW).await.starts_with("401 "));
    }
    let long = token(json!({"padding": "x".repeat(13_000)}));
    assert_eq!(response_message(&jwt, &long, NOW).await, "401 the token is longer than 16 KiB");
    assert_eq!(issuer.reads(), 0);
    assert_eq!(response_message(&jwt, &token(json!({"padding": "x".repeat(11_000)})), NOW).await, "");
}

#[tokio::test]
async fn claims_name_a_user() {
    let issuer = Issuer::usual().await;
    let id = |text: &str| Ok(Subject::Id(UserId::parse(text).unwrap()));
    let email = |text: &str| Ok(Subject::Email(text.to_owned()));
    let by_email = json!({"user_email_jwt_field": "email"});
    let in_domain = json!({"user_email_jwt_field": "email", "user_allowed_email_domain": "Company.com"});
    let both = merge_json(in_domain.clone(), json!({"user_id_jwt_field": "sub"}));
    let mario = |verified: Value| json!({"email": "Mario@company.com", "email_verified": verified});
    for (more, claimed, wanted) in [
        (json!({}), json!({}), id("mario")),
        (json!({}), json!({"sub": null}), Err("names no user (claim of user_id_jwt_field)")),
        (json!({}), json!({"sub": 7}), Err("names no user (claim of user_id_jwt_field)")),
        (json!({}), json!({"sub": ""}), Err("cannot be an id")),
        (json!({}), json!({"sub": "x".repeat(513)}), Err("cannot be an id")),
        (json!({}), json!({"sub": "a\nb"}), Err("cannot be an id")),
        (json!({}), json!({"email_verified": false}), id("mario")),
        (json!({"user_id_jwt_field": "a.b.c"}), json!({"a": {"b": {"c": "deep"}}}), id("deep")),
        (json!({"user_id_jwt_field": "a.b.c"}), json!({"a": {"b.c": "deep"}}), id("deep")),
        (json!({"user_id_jwt_field": "a.b"}), json!({"a": "flat"}), Err("names no user")),
        (
            json!({"user_email_jwt_field": "profile.email"}),
            json!({"profile": {"email": "Mario@company.com", "email_verified": false}}),
            Err("is not verified"),
        ),
        (json!({"user_id_jwt_field": "https://x.com/id"}), json!({"https://x.com/id": "url"}), id("url")),
        (json!({"user_id_jwt_field": "email"}), mario(json!(true)), id("Mario@company.com")),
        (json!({"user_id_jwt_field": "email"}), mario(json!(false)), Err("not verified")),
        (json!({"user_id_jwt_field": "a.email"}), json!({"a": mario(Value::Null)}), id("Mario@company.com")),
        (by_email.clone(), mario(Value::Null), email("Mario@company.com")),
        (by_email.clone(), mario(json!(true)), email("Mario@company.com")),
        (by_email.clone(), mario(json!("true")), email("Mario@company.com")),
        (by_email.clone(), mario(json!(false)), Err("not verified")),
        (by_email.clone(), mario(json!("false")), Err("not verified")),
        (by_email.clone(), mario(json!(0)), Err("not verified")),
        (by_email.clone(), json!({}), Err("names no user (no e-mail address")),
        (by_email.clone(), json!({"email": "mario"}), Err("names no user (no e-mail address")),
        (by_email.clone(), json!({"email": "@company.com"}), Err("names no user (no e-mail address")),
        (by_email.clone(), json!({"email": "mario@"}), Err("names no user (no e-mail address")),
        (by_email.clone(), json!({"email": "ma\rrio@x.com"}), Err("names no user (no e-mail address")),
        (in_domain.clone(), json!({"email": "mario@COMPANY.com"}), email("mario@COMPANY.com")),
        (in_domain.clone(), json!({"email": "mario@company.com@x.com"}), Err("another domain")),
        (in_domain.clone(), json!({"email": "mario@x.com@company.com"}), email("mario@x.com@company.com")),
        (in_domain.clone(), json!({"email": "mario@x.company.com"}), Err("another domain")),
        (in_domain.clone(), json!({"email": "mario@xcompany.com"}), Err("another domain")),
        (in_domain.clone(), json!({"email": "x.com@company.com"}), email("x.com@company.com")),
        (both.clone(), json!({"email": "mario@company.com"}), id("mario")),
        (both.clone(), json!({"email": "mario@x.com"}), Err("another domain")),
        (both.clone(), mario(json!(false)), Err("not verified")),
        (both.clone(), json!({}), Err("no e-mail address")),
    ] {
        let token = token(claimed.clone());
        let got = setting(&issuer, more.clone()).verify(&token, NOW).await;
        match (got.map(|identity| identity.subject).map_err(|fault| fault.to_string()), wanted) {
            (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{more} {claimed}"),
            (Err(told), Err(wanted)) => assert!(told.contains(wanted), "{more} {claimed}: {told}"),
            (got, wanted) => panic!("{more} {claimed}: {got:?}, not {wanted:?}"),
        }
    }
}

#[tokio::test]
async fn claims_name_teams() {
    let issuer = Issuer::usual().await;
    let groups = json!({"team_ids_jwt_field": "realm_access.groups"});
    let both = merge_json(groups.clone(), json!({"team_id_jwt_field": "tenant"}));
    let in_realm = |groups: Value| json!({"realm_access": {"groups": groups}});
    for (more, claimed, teams) in [
        (json!({}), in_realm(json!(["a"])), vec![]),
        (groups.clone(), json!({}), vec![]),
        (groups.clone(), json!({"realm_access": "a"}), vec![]),
        (groups.clone(), in_realm(json!("one")), vec!["one"]),
        (groups.clone(), in_realm(json!(["b", "a", "b"])), vec!["a", "b"]),
        (groups.clone(), in_realm(json!(["b", 1, "", "x\n", null, "x".repeat(513)])), vec!["b"]),
        (groups.clone(), in_realm(json!({"a": "b"})), vec![]),
        (both.clone(), merge_json(in_realm(json!(["b"])), json!({"tenant": "a"})), vec!["a", "b"]),
        (both.clone(), json!({"tenant": ["a"]}), vec![]),
    ] {
        let token = token(claimed.clone());
        let identity = setting(&issuer, more.clone()).verify(&token, NOW).await.unwrap();
        let got: Vec<&str> = identity.teams.iter().map(TeamId::as_str).collect();
        assert_eq!(got, teams, "{more} {claimed}");
        assert_eq!(&*identity.issuer, "https://login.company.com");
    }
    // What is cut is the end of the order, whatever order the token has.
    let many: Vec<String> = (0..150).rev().map(|n| format!("team-{n:03}")).collect();
    let identity = setting(&issuer, groups).verify(&token(in_realm(json!(many))), NOW).await.unwrap();
    let ends = (identity.teams.first().unwrap().as_str(), identity.teams.last().unwrap().as_str());
    assert_eq!((identity.teams.len(), ends), (100, ("team-000", "team-099")));
}
