//! The first start: a demo user with a key, and what the terminal says.

use server::BoxError;
use shared::runtime::clock::Clock;
use shared::store::{CreateError, Store};
use stargate_core::entity::{Key, User, UserRole};
use stargate_core::id::{self, UserId};
use stargate_core::money::Money;
use stargate_core::period::BudgetDuration;
use stargate_core::scope::{KeyOwner, Limits};
use stargate_core::secret::Secret;

use crate::data_dir::DataDir;
use crate::gateway::Gateway;

const DEMO: &str = "demo";
const DEMO_KEY: &str = "demo-key";
const DEMO_BUDGET: i64 = 20;

/// The demo user's key: made at the first start, kept in the data folder, and read from there afterwards.
pub async fn demo_key(store: &Store, clock: &Clock, data: &DataDir) -> Result<Option<Secret>, BoxError> {
    if let Some(kept) = data.secret(DEMO_KEY)? {
        return Ok(Some(kept));
    }
    let created = clock.now();
    let id = UserId::parse(DEMO)?;
    let limits = Limits {
        max_budget: Some(Money::from_usd(DEMO_BUDGET)),
        budget_duration: Some(BudgetDuration::parse("monthly")?),
        ..Limits::default()
    };
    let (email, alias, metadata) = (None, None, "{}".to_owned());
    let user = User { id: id.clone(), email, alias, role: UserRole::default(), limits, metadata, created };
    match store.create_user(&user).await {
        Ok(()) => {}
        // Made by an earlier run whose key is not kept here: it is the administrator's to give out another.
        Err(CreateError::Taken { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let secret = Secret::generate()?;
    store
        .create_key(&Key {
            id: id::random_key_id()?,
            hint: secret.hint(),
            alias: Some("demo".to_owned()),
            holder: KeyOwner { secret: secret.hash(), user: Some(id), team: None },
            ties: Default::default(),
            limits: Limits::default(),
            metadata: "{}".to_owned(),
            tags: Vec::new(),
            is_session: false,
            created,
        })
        .await?;
    data.keep(DEMO_KEY, &secret)?;
    Ok(Some(secret))
}

/// Says where the gateway is, how to point Claude Code at it, and what of it is a stand-in.
#[expect(clippy::print_stdout, reason = "the terminal is this program's user interface")]
pub fn print_banner(gateway: &Gateway, demo_key: Option<&Secret>) {
    let url = gateway.url();
    println!("Stargate is listening on {url}\n");
    match demo_key {
        Some(key) => {
            println!("Point Claude Code at it, as the demo user with ${DEMO_BUDGET} a month:\n");
            println!("  export ANTHROPIC_BASE_URL={url}");
            println!("  export ANTHROPIC_AUTH_TOKEN={}\n", key.reveal());
        }
        None => println!("The demo user's key is not kept here: mint another with /key/generate.\n"),
    }
    println!("Administer it with:  Authorization: Bearer {}\n", gateway.master_key.reveal());
    if let Some(url) = &gateway.fake_url {
        println!("Stand-in: Bedrock is scripted, at {url}, and answers with made-up text.");
        println!("          Use `--bedrock aws` with AWS credentials for the real one.");
    }
    if let Some(url) = &gateway.table_url {
        println!("Stand-in: DynamoDB is embedded in this process, at {url}.");
    }
    println!("Stand-in: the scheduled budget reset runs in this process, twice a minute.");
}
