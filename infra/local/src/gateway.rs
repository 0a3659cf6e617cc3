//! The gateway, put together: the same routers that Lambda runs, on one port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as HttpClient;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::serve::ListenerExt;
use inference::{Bedrock, Notices, Settler};
use management::{Entrance, Rules};
use shared::auth::{Keyring, MasterKey};
use shared::clock::Clock;
use shared::config::Config;
use shared::offering::Offering;
use shared::policy;
use shared::secret::Secret;
use shared::store::{self, Store};
use shared::tokens::Tokens;
use shared::vault::Kept;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::bedrock::Fake;
use crate::data::Data;
use crate::options::{Options, Pace, Upstream};
use crate::upkeep;

/// How long a shutdown waits for open streams before it drops them.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A running gateway. Dropping it leaves the tasks to the runtime; [`Gateway::stop`] ends them in order.
pub struct Gateway {
    pub address: SocketAddr,
    pub store: Store,
    pub clock: Clock,
    pub master_key: Secret,
    /// The scripted Bedrock, unless another is used.
    pub fake: Option<Fake>,
    /// Where the stand-ins listen: the scripted Bedrock and the embedded DynamoDB, if they are used.
    pub fake_url: Option<String>,
    pub table_url: Option<String>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
    settler: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Starts everything and returns when it answers.
    pub async fn start(options: &Options, config: Config, data: &Data) -> Result<Self, Failure> {
        let mut others = Vec::new();
        let (db, table_url) = table(options, data, &mut others).await?;
        store::create_table(&db, &config.table).await?;
        let fake = (options.bedrock == Upstream::Fake).then(|| match options.pace {
            Pace::Human => Fake::human(),
            Pace::Instant => Fake::instant(),
        });
        let fake_url = match &fake {
            Some(fake) => Some(serve_fake(fake, &mut others).await?),
            None => None,
        };
        let bedrock = match &fake_url {
            Some(url) => Bedrock::new(&at_home(url)),
            None => Bedrock::new(&on_aws().await),
        };
        let master_key = master_key(&config, data)?;
        let clock = Clock::default();
        let store = Store::new(db, &config.table, config.terms.clone());
        let (abandonment, abandoned) = tokio::sync::mpsc::unbounded_channel();
        let (upstream, catalog) = inference::Upstream::read(config.upstream.as_deref(), &config.profile)?;
        let offering = Offering::new(catalog);
        let rules = Rules::read(config.litellm_settings.as_deref(), offering.shipped(), clock.now())?;
        let tokens = Tokens::read(config.jwt.as_deref())?;
        let notices = match &config.soft_budget_topic {
            Some(topic) => Notices::to(&on_aws().await, topic),
            None => Notices::default(),
        };
        let calls = inference::App {
            store: store.clone(),
            bedrock,
            upstream: Arc::new(upstream),
            catalog: Arc::clone(offering.shipped()),
            offering: offering.clone(),
            keyring: Keyring::default(),
            tokens: tokens.clone(),
            clock: clock.clone(),
            refusals: Default::default(),
            settings: inference::Settings { max_body: config.max_body, clamps: config.clamps },
            notices,
            abandonment: Some(abandonment),
        };
        let settler = spawn(Settler::of(&calls).settle_abandoned(abandoned));
        let router = whole(
            inference::router(calls),
            management::router(management::App {
                store: store.clone(),
                catalog: Arc::clone(offering.shipped()),
                offering,
                rules: Arc::new(rules),
                tokens,
                entrance: Entrance::MasterKey(MasterKey::new(
                    Kept::given(master_key.clone()),
                    config.admin_secret.map(Kept::given),
                )),
                clock: clock.clone(),
                max_body: config.max_body.min(management::MOST_BODY),
            }),
        );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        others.push(spawn(upkeep::run(store.clone(), clock.clone())));
        let server = spawn(serve(listener, router, stopped));
        Ok(Self {
            address,
            store,
            clock,
            master_key,
            fake,
            fake_url,
            table_url,
            stop,
            server,
            settler,
            others,
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests, lets open streams end for a while, and settles what is dropped then.
    pub async fn stop(self) {
        // The receiver is gone only if the server ended by itself.
        self.stop.send(()).ok();
        let abort = self.server.abort_handle();
        if tokio::time::timeout(PATIENCE, self.server).await.is_err() {
            tracing::warn!("open streams are dropped");
            abort.abort();
        }
        if tokio::time::timeout(PATIENCE, self.settler).await.is_err() {
            tracing::warn!("some dropped calls are left to be swept at the next start");
        }
        self.others.iter().for_each(JoinHandle::abort);
    }
}

/// A task of this process, which no Lambda freezes.
#[expect(clippy::disallowed_methods, reason = "a server on one machine outlives its answers")]
fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(task)
}

async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    // Small events must leave at once.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let stopped = async { stopped.await.unwrap_or_default() };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

/// The two APIs of a deployment on one port: management's paths, by the first part of the role table's after any `v1`, and the rest.
///
/// A handler is a task of its own, so that it goes on when its client leaves, as on Lambda: what Bedrock is generating
/// is billed whether anybody waits or not, and only its answer tells how much it is.
fn whole(inference: Router, management: Router) -> Router {
    Router::new().fallback(move |request: Request| {
        let router = if is_managed(request.uri().path()) { management.clone() } else { inference.clone() };
        async move {
            let Ok(answer) = spawn(router.oneshot(request)).await else {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            };
            answer.into_response()
        }
    })
}

fn is_managed(path: &str) -> bool {
    let area = |path: &str| {
        let path = path.trim_start_matches('/');
        path.strip_prefix("v1/").unwrap_or(path).split('/').next().map(str::to_owned)
    };
    policy::ROUTES.iter().any(|row| area(row.path) == area(path))
}

fn master_key(config: &Config, data: &Data) -> Result<Secret, Failure> {
    const NAME: &str = "master-key";
    if let Some(configured) = &config.master_key {
        return Ok(configured.clone());
    }
    if let Some(kept) = data.secret(NAME)? {
        return Ok(kept);
    }
    let made = Secret::generate()?;
    data.keep(NAME, &made)?;
    Ok(made)
}

/// The table: at the endpoint that was named, or embedded in this process.
async fn table(
    options: &Options,
    data: &Data,
    others: &mut Vec<JoinHandle<()>>,
) -> Result<(aws_sdk_dynamodb::Client, Option<String>), Failure> {
    if let Some(url) = &options.dynamodb {
        let aws = on_aws().await.into_builder().endpoint_url(url).build();
        return Ok((store::client(&aws), None));
    }
    let database = match data.table() {
        Some(path) => dynoxide::Database::new(&path.to_string_lossy()),
        None => dynoxide::Database::memory(),
    };
    let database = database.map_err(|error| format!("the embedded table could not be opened: {error}"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    others.push(spawn(dynoxide::server::serve_on(listener, database)));
    Ok((store::client(&at_home(&url)), Some(url)))
}

/// The table without a gateway: a deployment's on AWS, or the one that a gateway here would have.
pub async fn table_alone(
    options: &Options,
    is_on_aws: bool,
    config: &Config,
    data: &Data,
) -> Result<Store, Failure> {
    let db = if is_on_aws {
        store::client(&on_aws().await)
    } else {
        // The embedded engine ends with the process.
        let (db, _) = table(options, data, &mut Vec::new()).await?;
        store::create_table(&db, &config.table).await?;
        db
    };
    Ok(Store::new(db, &config.table, config.terms.clone()))
}

async fn serve_fake(fake: &Fake, others: &mut Vec<JoinHandle<()>>) -> Result<String, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let fake = fake.clone();
    others.push(spawn(async move {
        if let Err(error) = fake.serve(listener).await {
            tracing::error!(%error, "the scripted Bedrock ended");
        }
    }));
    Ok(url)
}

/// The SDK's own configuration: its variables, profiles and credentials.
async fn on_aws() -> SdkConfig {
    let region = RegionProviderChain::default_provider().or_else("us-east-1");
    aws_config::defaults(BehaviorVersion::latest()).region(region).load().await
}

/// An SDK configuration for a stand-in in this process: no TLS, and credentials that mean nothing.
pub fn at_home(url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(HttpClient::new().build_http())
        .endpoint_url(url)
        .build()
}
