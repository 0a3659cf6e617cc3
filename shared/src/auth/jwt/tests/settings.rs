use super::*;
use crate::auth::jwt::settings::UserField;

fn read(more: Value) -> Result<JwtSettings, InvalidJwt> {
    let common = json!({"issuer": "i", "audience": "a", "public_key_url": "https://login.company.com/keys"});
    JwtSettings::read(&merge_json(common, more).to_string())
}

#[test]
fn a_setting_that_cannot_be_used_names_the_field_and_the_rule() {
    for (more, told) in [
        (json!({"issuer": null}), "issuer must be a text"),
        (json!({"issuer": ""}), "issuer must be a text"),
        (json!({"issuer": ["i"]}), "issuer must be a text"),
        (json!({"audience": null}), "audience must be a text"),
        (json!({"audience": []}), "audience must be a text"),
        (json!({"audience": ["a", ""]}), "audience must be a text"),
        (json!({"audience": ["a", 1]}), "audience must be a text"),
        (json!({"public_key_url": null}), "public_key_url must be a text"),
        (json!({"public_key_url": "http://login.company.com/keys"}), "public_key_url must be a URL"),
        (json!({"public_key_url": "http://127.0.0.1.company.com/"}), "public_key_url must be a URL"),
        (json!({"public_key_url": "http://localhost@company.com/"}), "public_key_url must be a URL"),
        (json!({"public_key_url": "/keys"}), "public_key_url must be a URL"),
        (json!({"public_key_url": "ftp://127.0.0.1/keys"}), "public_key_url must be a URL"),
        (json!({"public_key_ttl": 59}), "public_key_ttl must be a whole number of seconds from 60 to 86400"),
        (json!({"public_key_ttl": 86401}), "public_key_ttl must be"),
        (json!({"public_key_ttl": "600"}), "public_key_ttl must be"),
        (json!({"public_key_ttl": 60.5}), "public_key_ttl must be"),
        (json!({"user_id_jwt_field": 1}), "user_id_jwt_field must be a text"),
        (json!({"user_email_jwt_field": ""}), "user_email_jwt_field must be a text"),
        (json!({"team_ids_jwt_field": ["groups"]}), "team_ids_jwt_field must be a text"),
        (json!({"team_id_jwt_field": ""}), "team_id_jwt_field must be a text"),
        (
            json!({"user_allowed_email_domain": "company.com"}),
            "user_allowed_email_domain needs user_email_jwt",
        ),
        (
            json!({"user_allowed_email_domain": "@company.com", "user_email_jwt_field": "email"}),
            "user_allowed_email_domain must be a domain",
        ),
        (json!({"admin_jwt_scope": "x"}), "admin_jwt_scope is not a field: the fields are issuer, audience,"),
    ] {
        let error = read(more.clone()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with(&format!("STARGATE_JWT: {told}")), "{more}: {error}");
    }
    for text in ["", "[]", "{", "null"] {
        let error = Jwt::read(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("STARGATE_JWT: the setting must be a JSON object"), "{text}: {error}");
    }
}

#[test]
fn what_is_not_set_has_a_default() {
    let settings = read(json!({})).unwrap();
    assert_eq!(settings.public_key_ttl.as_secs(), 600);
    assert!(matches!(settings.user, UserField::Id(field) if field == "sub"));
    assert!(settings.email_domain.is_none() && settings.teams.is_none() && settings.team.is_none());
    let by_email = read(json!({"user_email_jwt_field": "email", "public_key_ttl": 60})).unwrap();
    assert!(matches!(by_email.user, UserField::Email(field) if field == "email"));
    assert_eq!(by_email.public_key_ttl.as_secs(), 60);
    let both = read(json!({"user_email_jwt_field": "email", "user_id_jwt_field": "oid"})).unwrap();
    assert!(matches!(both.user, UserField::Id(field) if field == "oid"));
    for url in ["http://127.0.0.1:8080/keys", "http://localhost/keys", "https://login.company.com"] {
        assert!(read(json!({"public_key_url": url})).is_ok(), "{url}");
    }
}
