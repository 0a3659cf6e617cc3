//! The gateway of `cargo run`: what outlives a restart.

use serde_json::json;
use shared::runtime::config::Config;
use stargate::banner::demo_key;
use stargate::data_dir::DataDir;
use stargate::gateway::Gateway;
use stargate::options::{BedrockTarget, LocalOptions, Pace};
use tests::gateway::ask;

#[tokio::test]
async fn users_keys_spend_and_secrets_survive_a_restart() {
    let folder =
        std::env::temp_dir().join(format!("stargate-{}", stargate_core::id::random_key_id().unwrap()));
    let options = LocalOptions {
        command: None,
        port: 0,
        data_dir: folder.clone(),
        in_memory: false,
        bedrock: BedrockTarget::Fake,
        dynamodb: None,
        pace: Pace::Instant,
    };
    let data = DataDir::open(Some(&folder)).unwrap();
    let http = reqwest::Client::new();
    let mut seen = Vec::new();
    for run in 1..=2 {
        let gateway = Gateway::start(&options, Config::read(|_| None).unwrap(), &data).await.unwrap();
        let key = demo_key(&gateway.store, &gateway.clock, &data).await.unwrap().unwrap();
        let body = ask(&json!({"text": "ok", "input_tokens": 1000, "output_tokens": 10}));
        let response =
            http.post(format!("{}/v1/messages", gateway.url())).header("x-api-key", key.reveal()).json(&body);
        assert_eq!(response.send().await.unwrap().status(), 200, "run {run}");
        let info = http
            .get(format!("{}/user/info?user_id=demo", gateway.url()))
            .bearer_auth(gateway.master_key.reveal());
        let info: serde_json::Value = info.send().await.unwrap().json().await.unwrap();
        assert_eq!(info["spend"], json!(0.00105 * f64::from(run)), "run {run}: {info}");
        seen.push((key.reveal().to_owned(), gateway.master_key.reveal().to_owned()));
        gateway.stop().await;
    }
    assert_eq!(seen[0], seen[1], "both secrets are kept");
    for name in ["master-key", "demo-key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} is its owner's alone");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
