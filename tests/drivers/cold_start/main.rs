//! What a cold start costs: the functions' own binaries under a stand-in of Lambda's runtime API, with stand-ins of AWS behind
//! TLS. Times differ from machine to machine: read them side by side.
//!
//! `cargo build --release --workspace && target/release/cold_start --functions target/release`

mod runtime;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use shared::runtime::config::Config;
use stargate::data_dir::DataDir;
use stargate::options::{BedrockTarget, LocalOptions as Local, Pace};
use stargate::services::Services;
use tests::tls::Authority;

use runtime::Runtime;

const ORIGIN: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:origin";

#[derive(Parser)]
struct Options {
    /// The folder of the functions' binaries.
    #[arg(long)]
    functions: PathBuf,
    /// How often each is started.
    #[arg(long, default_value_t = 20)]
    starts: usize,
}

/// What every start is given.
struct Setting {
    environment: Vec<(String, String)>,
    key: String,
    /// What the last function wrote: it stays where a start failed.
    log: PathBuf,
    _services: Services,
}

/// How long after the process's start, or after the event was given, things came.
#[derive(Default)]
struct Times {
    polls: Vec<Duration>,
    first_calls: Vec<Duration>,
    second_calls: Vec<Duration>,
    heads: Vec<Duration>,
    stalls: Vec<Duration>,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let folder = std::env::temp_dir().join(format!("stargate-cold-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let setting = Setting::new(&folder).await;
    println!("measured: cold starts, {} of each; milliseconds, median (slowest)", options.starts);
    println!(
        "measured: secrets are read, and the table's connection is opened by TLS, before the first poll"
    );
    println!(
        "measured: | function | MB | start to first poll | first call | second call | first byte of a stream | of it after its head |"
    );
    for (name, calls) in [("inference", true), ("management", true), ("budget-reset", false)] {
        let binary = options.functions.join(name);
        let mut times = Times::default();
        for _ in 0..options.starts {
            measure_start(&binary, &setting, calls, &mut times).await;
        }
        let megabytes = fs::metadata(&binary).unwrap().len() as f64 / 1e6;
        let Times { mut polls, mut first_calls, mut second_calls, mut heads, mut stalls } = times;
        let told = [&mut polls, &mut first_calls, &mut second_calls, &mut heads, &mut stalls]
            .map(|times| median_and_max(times));
        println!("measured: | {name} | {megabytes:.2} | {} |", told.join(" | "));
    }
    survives_panics(&options.functions.join("panics"), &setting).await;
    fs::remove_dir_all(&folder).unwrap();
}

impl Setting {
    /// AWS, stood in for in this process, and the way to it by TLS.
    async fn new(folder: &Path) -> Self {
        let local = Local {
            command: None,
            port: 0,
            data_dir: PathBuf::new(),
            in_memory: true,
            bedrock: BedrockTarget::Fake,
            dynamodb: None,
            pace: Pace::Instant,
        };
        let config = Config::read(|_| None).unwrap();
        let services = Services::start(&local, config, &DataDir::open(None).unwrap()).await.unwrap();
        services.secrets.put(ORIGIN, "of-cloudfront");
        let authority = Authority::generate();
        let trusted = folder.join("authority.pem");
        fs::write(&trusted, authority.pem()).unwrap();
        let mut environment = vec![
            ("SSL_CERT_FILE".to_owned(), trusted.to_str().unwrap().to_owned()),
            ("STARGATE_ORIGIN_SECRET".to_owned(), ORIGIN.to_owned()),
            ("STARGATE_METRICS".to_owned(), "Stargate/cold".to_owned()),
        ];
        for (name, value) in services.environment() {
            let value = match value.strip_prefix("http://") {
                Some(address) => authority.start_tls_proxy(address.parse().unwrap()).await,
                None => value.clone(),
            };
            environment.push(((*name).to_owned(), value));
        }
        let key = services.demo_key().expect("a fresh table has a demo user").reveal().to_owned();
        let log = folder.join("function.log");
        println!("each function writes to {}", log.display());
        Self { environment, key, log, _services: services }
    }
}

/// One start, and what it answers first.
async fn measure_start(binary: &Path, setting: &Setting, calls: bool, times: &mut Times) {
    let mut runtime = Runtime::start().await;
    let begun = Instant::now();
    let function = Function(spawn(binary, &runtime, setting));
    times.polls.push(runtime.wait_for_poll().await - begun);
    if calls {
        let ask = || {
            event(
                "GET",
                if binary.ends_with("inference") { "/v1/me" } else { "/key/list" },
                &setting.key,
                None,
            )
        };
        for into in [&mut times.first_calls, &mut times.second_calls] {
            let response = runtime.ask(ask()).await;
            assert!(response.text().contains("\"statusCode\":200"), "{}", response.text());
            into.push(response.total_time());
        }
    }
    if binary.ends_with("inference") {
        let body = json!({
            "model": "claude-haiku-4-5",
            "max_tokens": 100,
            "stream": true,
            "messages": [{"role": "user", "content": "Say it."}],
        });
        let response = runtime.ask(event("POST", "/v1/messages", &setting.key, Some(&body))).await;
        assert!(response.text().contains("event: message_stop"), "{}", response.text());
        times.heads.push(response.first_byte());
        times.stalls.push(response.first_byte() - response.head());
    }
    drop(function);
}

/// A panic is answered as an error, its process takes the next event, and the log does not tell what was sent.
async fn survives_panics(binary: &Path, setting: &Setting) {
    let mut runtime = Runtime::start().await;
    let function = Function(spawn(binary, &runtime, setting));
    runtime.wait_for_poll().await;
    for (path, status, says) in
        [("/v1/messages", 500, "api_error"), ("/v1/messages", 500, "api_error"), ("/", 200, "alive")]
    {
        let text = runtime.ask(event("GET", path, &setting.key, None)).await.text();
        assert!(text.contains(&format!("\"statusCode\":{status}")) && text.contains(says), "{path}: {text}");
    }
    drop(function);
    let log = fs::read_to_string(&setting.log).unwrap();
    assert!(log.contains("\"panicked\"") && !log.contains("what was sent"), "{log}");
    println!("measured: a function that panicked twice answered both, and the next event");
}

/// A process that does not outlive the try of its start.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn spawn(binary: &Path, runtime: &Runtime, setting: &Setting) -> Child {
    let log = fs::File::create(&setting.log).unwrap();
    let mut command = Command::new(binary);
    command.env_clear().envs(setting.environment.iter().map(|(name, value)| (name, value))).envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime.address.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", "cold"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()))
}

/// What API Gateway makes of a request from CloudFront.
fn event(method: &str, path: &str, key: &str, body: Option<&Value>) -> Value {
    let headers = json!({
        "authorization": format!("Bearer {key}"),
        "content-type": "application/json",
        "x-stargate-origin": "of-cloudfront",
    });
    json!({
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {},
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {"path": path, "stage": "live", "httpMethod": method, "resourcePath": path, "identity": {}},
        "body": body.map(Value::to_string),
        "isBase64Encoded": false,
    })
}

/// The median and the slowest.
fn median_and_max(times: &mut [Duration]) -> String {
    times.sort();
    let ms = |time: &Duration| time.as_secs_f64() * 1e3;
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(slowest)) => format!("{:.1} ({:.1})", ms(median), ms(slowest)),
        _ => "-".to_owned(),
    }
}
