//! An identity provider on one port: keys that sign, and the set of them, which it can keep back or spoil.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stargate_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::RwLock;

/// A key pair of each kind, and a second one that nobody publishes unless a test does.
pub static RSA: LazyLock<Signer> =
    LazyLock::new(|| Signer::Rsa(lc::RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
pub static OTHER_RSA: LazyLock<Signer> =
    LazyLock::new(|| Signer::Rsa(lc::RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
pub static P256: LazyLock<Signer> = LazyLock::new(|| {
    Signer::Ec("P-256", lc::EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
});
pub static P384: LazyLock<Signer> = LazyLock::new(|| {
    Signer::Ec("P-384", lc::EcdsaKeyPair::generate(&lc::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
});
pub static ED: LazyLock<Signer> = LazyLock::new(|| Signer::Ed(lc::Ed25519KeyPair::generate().unwrap()));

pub enum Signer {
    Rsa(lc::RsaKeyPair),
    Ec(&'static str, lc::EcdsaKeyPair),
    Ed(lc::Ed25519KeyPair),
}

impl Signer {
    /// The public half, as a set publishes it.
    pub fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let key = pair.public_key();
                let n = encode_base64(key.modulus().big_endian_without_leading_zero());
                let e = encode_base64(key.exponent().big_endian_without_leading_zero());
                json!({"kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": e})
            }
            Self::Ec(curve, pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({"kty": "EC", "kid": kid, "crv": curve, "x": encode_base64(x), "y": encode_base64(y)})
            }
            Self::Ed(pair) => {
                json!({"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": encode_base64(pair.public_key().as_ref())})
            }
        }
    }

    /// A token of this header and these claims, signed as the header says, or as RS256 where it says nonsense.
    pub fn token(&self, header: Value, claims: &Value) -> Secret {
        let text = |part: &Value| encode_base64(part.to_string().as_bytes());
        let message = format!("{}.{}", text(&header), text(claims));
        let signature = match self {
            Self::Rsa(pair) => {
                let encoding: &'static dyn lc::RsaEncoding = match header["alg"].as_str().unwrap_or_default()
                {
                    "RS384" => &lc::RSA_PKCS1_SHA384,
                    "RS512" => &lc::RSA_PKCS1_SHA512,
                    "PS256" => &lc::RSA_PSS_SHA256,
                    "PS384" => &lc::RSA_PSS_SHA384,
                    "PS512" => &lc::RSA_PSS_SHA512,
                    _ => &lc::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::Ec(_, pair) => {
                pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec()
            }
            Self::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        Secret::new(format!("{message}.{}", encode_base64(&signature)))
    }
}

pub fn encode_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[derive(Clone)]
pub struct Issuer {
    port: u16,
    answer: Arc<Mutex<(u16, String)>>,
    reads: Arc<AtomicUsize>,
    /// Who holds it for writing keeps the answers back.
    pub gate: Arc<RwLock<()>>,
}

impl Issuer {
    pub async fn publishing(keys: Vec<Value>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = Self { port, answer: Arc::default(), reads: Arc::default(), gate: Arc::default() };
        issuer.publish(keys);
        let serving = issuer.clone();
        spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                spawn(serving.clone().serve(line));
            }
        });
        issuer
    }

    /// With the one key that the tokens of these tests are signed with.
    pub async fn usual() -> Self {
        Self::publishing(vec![RSA.jwk("one")]).await
    }

    pub fn publish(&self, keys: Vec<Value>) {
        self.say(200, json!({"keys": keys}).to_string());
    }

    pub fn say(&self, status: u16, body: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, body.into());
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/keys", self.port)
    }

    /// How often the set was asked for.
    pub fn reads(&self) -> usize {
        self.reads.load(Relaxed)
    }

    /// Returns when it was asked that often.
    pub async fn wait_for_requests(&self, times: usize) {
        while self.reads() < times {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn serve(self, mut line: TcpStream) {
        let (mut request, mut bytes) = (Vec::new(), [0; 1024]);
        while !request.ends_with(b"\r\n\r\n") {
            let Ok(length @ 1..) = line.read(&mut bytes).await else { return };
            request.extend_from_slice(&bytes[..length]);
        }
        self.reads.fetch_add(1, Relaxed);
        let _open = self.gate.read().await;
        let (status, body) = self.answer.lock().unwrap().clone();
        let head =
            format!("HTTP/1.1 {status} x\r\nlocation: {}\r\ncontent-length: {}", self.url(), body.len());
        // A client may have gone.
        line.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.ok();
    }
}

#[expect(clippy::disallowed_methods, reason = "a server beside a test, which no Lambda freezes")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}
