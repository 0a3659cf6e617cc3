//! An identity provider on one port: it signs tokens by one key, and publishes that.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stargate_core::moment::Moment;
use tokio::net::TcpListener;

pub const NAME: &str = "https://login.company.com";
pub const AUDIENCE: &str = "stargate";

pub struct Issuer {
    pair: EcdsaKeyPair,
    url: String,
}

impl Issuer {
    pub async fn start() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let key =
            json!({"kty": "EC", "kid": "1", "crv": "P-256", "x": encode_base64(x), "y": encode_base64(y)});
        let set = json!({"keys": [key]}).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = Router::new().route("/keys", get(async move || set.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { pair, url }
    }

    /// `STARGATE_JWT` for a deployment that believes this one, with more fields.
    pub fn setting(&self, more: Value) -> String {
        let mut setting = json!({"issuer": NAME, "audience": AUDIENCE, "public_key_url": self.url});
        setting.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        setting.to_string()
    }

    /// A token for an hour, with these claims besides.
    pub fn token(&self, now: Moment, claims: Value) -> String {
        let mut all = json!({"iss": NAME, "aud": AUDIENCE, "exp": now.seconds() + 3600});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let text = |part: &Value| encode_base64(part.to_string().as_bytes());
        let message = format!("{}.{}", text(&json!({"alg": "ES256", "kid": "1"})), text(&all));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", encode_base64(signature.as_ref()))
    }
}

fn encode_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
