//! Gateways as processes of their own: started, measured, frozen and killed, by their id.

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A child that does not outlive whoever started it, unless that is killed.
pub struct Process(Child);

/// What a gateway is started with.
pub struct Endpoints {
    pub binary: PathBuf,
    pub table: String,
    pub dynamodb: String,
    pub bedrock: String,
    /// A lease's life, if it is not the usual one.
    pub lease: Option<Duration>,
}

pub struct Gateway {
    pub process: Process,
    pub url: String,
}

/// The stand-ins of a local gateway, for others to use.
pub struct StandIns {
    pub process: Process,
    pub dynamodb: String,
    pub bedrock: String,
    /// Its end of the pipe, kept open: it goes on printing.
    _printed: Lines<BufReader<ChildStdout>>,
}

impl Gateway {
    /// Starts one that keeps nothing itself, and returns when it answers.
    pub async fn start(on: &Endpoints) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&on.binary);
        command
            .args(["--in-memory", "--bedrock", "aws", "--port", &port.to_string()])
            .env_clear()
            .env("STARGATE_TABLE", &on.table)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &on.dynamodb)
            .env("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", &on.bedrock)
            .envs([
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_REGION", "us-east-1"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(lease) = on.lease {
            command.env("STARGATE_LEASE_MS", lease.as_millis().to_string());
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", on.binary.display()));
        let gateway = Self { process: Process(child), url: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(30);
        while reqwest::get(format!("{}/api/hello", gateway.url)).await.is_err() {
            assert!(Instant::now() < deadline, "the gateway does not answer");
            sleep(Duration::from_millis(1)).await;
        }
        gateway
    }
}

impl StandIns {
    /// Starts a local gateway for the sake of its stand-ins, and reads from what it prints where they are.
    pub fn start(binary: &PathBuf) -> Self {
        let mut command = Command::new(binary);
        command.args(["--in-memory", "--pace", "instant", "--port", "0"]).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut find = |name: &str| {
            let begins = format!("Stand-in: {name}");
            let line = printed.by_ref().map(Result::unwrap).find(|line| line.starts_with(&begins));
            let line = line.expect("it says where");
            let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
            url.trim_end_matches([',', '.']).to_owned()
        };
        let (bedrock, dynamodb) = (find("Bedrock"), find("DynamoDB"));
        Self { process: Process(child), dynamodb, bedrock, _printed: printed }
    }
}

impl Process {
    /// `SIGKILL`: nothing of it runs any more.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Stops it in the middle of whatever it does, until `pause` is over.
    pub async fn freeze(&self, pause: impl Future<Output = ()>) {
        self.signal("STOP");
        pause.await;
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.0.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// The CPU time that it has used, in its own code and in the kernel's, to a hundredth of a second.
    pub fn cpu(&self) -> Duration {
        let stat = self.proc("stat");
        // After the name, which is in parentheses: the 12th and 13th fields are ticks of 10 ms.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }

    /// KiB of memory that it has now (`VmRSS`) or had at most (`VmHWM`).
    pub fn memory(&self, which: &str) -> u64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("a line of /proc/status");
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).unwrap()
    }
}

impl Drop for Process {
    /// A driver that fails leaves nothing behind.
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
