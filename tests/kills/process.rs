//! Gateways: processes that are started, stopped, and killed by their id.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::table::Table;
use tokio::time::{Instant, sleep};

/// What a gateway is started with.
pub struct Endpoints {
    binary: PathBuf,
    table: String,
    dynamodb: String,
    bedrock: String,
}

impl Endpoints {
    pub fn new(binary: PathBuf, table: &Table, dynamodb: String, bedrock: String) -> Self {
        Self { binary, table: table.name().to_owned(), dynamodb, bedrock }
    }
}

pub struct Gateway {
    child: Child,
    pub url: String,
}

impl Gateway {
    /// Starts one and returns when it answers.
    pub async fn start(on: &Endpoints) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(&on.binary)
            .args(["--in-memory", "--bedrock", "aws", "--port", &port.to_string()])
            .env_clear()
            .env("STARGATE_TABLE", &on.table)
            .env("STARGATE_LEASE_MS", super::LEASE.as_millis().to_string())
            .env("AWS_ENDPOINT_URL_DYNAMODB", &on.dynamodb)
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &on.bedrock)
            .envs([
                ("AWS_ACCESS_KEY_ID", "kills"),
                ("AWS_SECRET_ACCESS_KEY", "kills"),
                ("AWS_REGION", "us-east-1"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", on.binary.display()));
        let gateway = Self { child, url: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(30);
        while reqwest::get(format!("{}/api/hello", gateway.url)).await.is_err() {
            assert!(Instant::now() < deadline, "the gateway does not answer");
            sleep(Duration::from_millis(5)).await;
        }
        gateway
    }

    /// `SIGKILL`: nothing of it runs any more.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it in the middle of whatever it does, until `pause` is over.
    pub async fn freeze(&self, pause: impl Future<Output = ()>) {
        self.signal("STOP");
        pause.await;
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Gateway {
    /// A driver that fails leaves no gateway behind.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
