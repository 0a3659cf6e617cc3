//! A stand-in for Secrets Manager: secrets in memory, each with its current value and the one before it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Cloning it is cheap, and is the same secrets.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<SecretStore>>);

#[derive(Default)]
struct SecretStore {
    /// By ARN, the newest last.
    values: HashMap<String, Vec<String>>,
    reads: usize,
    is_away: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretRequest {
    secret_id: String,
    version_stage: Option<String>,
    secret_string: Option<String>,
}

impl Secrets {
    /// What `PutSecretValue` does: what was current is now previous.
    pub fn put(&self, arn: &str, value: &str) {
        self.lock_secrets().values.entry(arn.to_owned()).or_default().push(value.to_owned());
    }

    /// How many values were asked for.
    pub fn reads(&self) -> usize {
        self.lock_secrets().reads
    }

    /// Answers nothing but errors, or secrets again.
    pub fn go_away(&self, is_away: bool) {
        self.lock_secrets().is_away = is_away;
    }

    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, Router::new().route("/", post(answer)).with_state(self)).await
    }

    fn lock_secrets(&self) -> MutexGuard<'_, SecretStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, asked: &SecretRequest) -> Result<Value, &'static str> {
        let mut kept = self.lock_secrets();
        kept.reads += 1;
        if kept.is_away {
            return Err("InternalServiceError");
        }
        let age = usize::from(asked.version_stage.as_deref() == Some("AWSPREVIOUS"));
        let value = kept.values.get(&asked.secret_id).and_then(|values| values.iter().rev().nth(age));
        let value = value.ok_or("ResourceNotFoundException")?;
        Ok(json!({"ARN": asked.secret_id, "Name": asked.secret_id, "SecretString": value}))
    }
}

async fn answer(State(secrets): State<Secrets>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let told = match (serde_json::from_slice::<SecretRequest>(&body), operation) {
        (Ok(asked), "secretsmanager.GetSecretValue") => secrets.get(&asked),
        (
            Ok(SecretRequest { secret_id, secret_string: Some(value), .. }),
            "secretsmanager.PutSecretValue",
        ) => {
            secrets.put(&secret_id, &value);
            Ok(json!({"ARN": secret_id}))
        }
        _ => Err("InvalidRequestException"),
    };
    match told {
        Ok(told) => Json(told).into_response(),
        Err(kind) => {
            let is_its_own = kind == "InternalServiceError";
            let status = if is_its_own { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
            (status, Json(json!({"__type": kind, "message": kind}))).into_response()
        }
    }
}
