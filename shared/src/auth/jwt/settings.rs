//! What `STARGATE_JWT` says: whose tokens are believed, and which of their claims mean what. By LiteLLM's names where it has
//! them.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use serde_json::{Map, Value};

/// Every field of the setting.
const FIELDS: [&str; 9] = [
    "issuer",
    "audience",
    "public_key_url",
    "public_key_ttl",
    "user_id_jwt_field",
    "user_email_jwt_field",
    "user_allowed_email_domain",
    "team_ids_jwt_field",
    "team_id_jwt_field",
];

const TEXT: &str = "must be a text that is not empty";

/// A field of the setting that cannot be used, and the rule that it breaks.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("STARGATE_JWT: {field} {rule}")]
pub struct InvalidJwt {
    pub field: String,
    pub rule: String,
}

/// The setting, checked. A field of claims is a name, or names with dots between them that lead into nested objects.
pub(super) struct JwtSettings {
    pub issuer: Arc<str>,
    /// A token is for us if it is for one of these.
    pub audience: Vec<String>,
    pub public_key_url: Uri,
    pub public_key_ttl: Duration,
    pub user: UserField,
    /// The field of the address, and the one domain, in lower case, that it must be of.
    pub email_domain: Option<(String, String)>,
    /// A list of teams, or one.
    pub teams: Option<String>,
    /// One team.
    pub team: Option<String>,
}

/// The field that says who somebody is.
pub(super) enum UserField {
    Id(String),
    Email(String),
}

impl JwtSettings {
    pub fn read(json: &str) -> Result<Self, InvalidJwt> {
        let fields: Map<String, Value> = serde_json::from_str(json)
            .map_err(|error| invalid("the setting", format!("must be a JSON object: {error}")))?;
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(invalid(unknown, format!("is not a field: the fields are {}", FIELDS.join(", "))));
        }
        let email = text(&fields, "user_email_jwt_field")?;
        let user = match (text(&fields, "user_id_jwt_field")?, &email) {
            (Some(id), _) => UserField::Id(id),
            (None, Some(email)) => UserField::Email(email.clone()),
            (None, None) => UserField::Id("sub".to_owned()),
        };
        Ok(Self {
            issuer: require_text(&fields, "issuer")?.into(),
            audience: audience(&fields)?,
            public_key_url: url(&fields)?,
            public_key_ttl: ttl(&fields)?,
            user,
            email_domain: email_domain(&fields, email)?,
            teams: text(&fields, "team_ids_jwt_field")?,
            team: text(&fields, "team_id_jwt_field")?,
        })
    }
}

fn invalid(field: &str, rule: impl Into<String>) -> InvalidJwt {
    InvalidJwt { field: field.to_owned(), rule: rule.into() }
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, InvalidJwt> {
    match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, TEXT)),
    }
}

fn require_text(fields: &Map<String, Value>, name: &str) -> Result<String, InvalidJwt> {
    text(fields, name)?.ok_or_else(|| invalid(name, TEXT))
}

fn audience(fields: &Map<String, Value>) -> Result<Vec<String>, InvalidJwt> {
    let name = "audience";
    let given = fields
        .get(name)
        .map_or(&[][..], |given| given.as_array().map_or(std::slice::from_ref(given), |list| list));
    let texts = given.iter().map(|one| one.as_str().filter(|text| !text.is_empty()).map(str::to_owned));
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(invalid(name, "must be a text that is not empty, or a list of such texts")),
    }
}

/// Who can answer for that URL can sign for everybody: only TLS tells who answers, or the machine itself.
fn url(fields: &Map<String, Value>) -> Result<Uri, InvalidJwt> {
    let name = "public_key_url";
    let is_safe = |url: &Uri| match (url.scheme_str(), url.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => ["127.0.0.1", "localhost"].contains(&host),
        _ => false,
    };
    let rule = "must be a URL that starts with https:// (http:// at 127.0.0.1 or localhost only)";
    require_text(fields, name)?.parse().ok().filter(is_safe).ok_or_else(|| invalid(name, rule))
}

fn ttl(fields: &Map<String, Value>) -> Result<Duration, InvalidJwt> {
    let name = "public_key_ttl";
    match fields.get(name).map(Value::as_u64) {
        None => Ok(Duration::from_secs(600)),
        Some(Some(seconds @ 60..=86_400)) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(invalid(name, "must be a whole number of seconds from 60 to 86400")),
    }
}

fn email_domain(
    fields: &Map<String, Value>,
    email: Option<String>,
) -> Result<Option<(String, String)>, InvalidJwt> {
    let name = "user_allowed_email_domain";
    match (text(fields, name)?, email) {
        (None, _) => Ok(None),
        (Some(domain), _) if domain.contains('@') => Err(invalid(name, "must be a domain, without an @")),
        (Some(domain), Some(email)) => Ok(Some((email, domain.to_lowercase()))),
        (Some(_), None) => Err(invalid(name, "needs user_email_jwt_field: where the address is")),
    }
}
