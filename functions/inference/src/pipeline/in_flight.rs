//! A call in progress: its leases, its meter, and its settlement, which happens once.

pub mod streaming_call;

use http::HeaderMap;
use shared::runtime::clock::Clock;
use shared::store::Admission;
use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::pricing::TokenUsage;
use stargate_core::spend::{SpendRecord, Status};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::bedrock_client::Transmission;
use crate::pipeline::deadline::Deadline;
use crate::pipeline::in_flight::streaming_call::StreamingCall;
use crate::pipeline::lease_renewal::Leases;
use crate::pipeline::settlement::Settler;
use crate::pipeline::usage_meter::UsageMeter;

/// The most tags of one request, and the longest, in bytes: each is kept with its record.
const MAX_TAGS: usize = 10;
const MAX_TAG_LEN: usize = 100;

/// The longest id of a session or an agent: Claude Code's have 36 characters.
const MAX_ID_LEN: usize = 256;

/// What its record keeps of a request besides.
#[derive(Clone, Debug, Default)]
pub struct RequestMetadata {
    session: Option<String>,
    agent: Option<String>,
    tags: Vec<String>,
    fallback_from: Option<String>,
    region: Option<String>,
}

impl RequestMetadata {
    /// What a request says of itself, and where it went instead of where it was sent.
    pub fn from_headers(sent: &HeaderMap, fallback_from: Option<&str>, region: Option<&str>) -> Self {
        let text = |name: &str| sent.get(name).and_then(|value| value.to_str().ok()).map(cut);
        Self {
            session: text("x-claude-code-session-id"),
            agent: text("x-claude-code-agent-id"),
            tags: sent
                .get("x-litellm-tags")
                .and_then(|list| list.to_str().ok())
                .map(tags)
                .unwrap_or_default(),
            fallback_from: fallback_from.map(str::to_owned),
            region: region.map(str::to_owned),
        }
    }
}

/// So much of a text as a record keeps: an item of the table has its limit.
fn cut(text: &str) -> String {
    text.chars().take(MAX_ID_LEN).collect()
}

/// What a client files its request under, for reports: the first few, and none that is long.
fn tags(list: &str) -> Vec<String> {
    let tags = list.split(',').map(str::trim).filter(|tag| !tag.is_empty() && tag.len() <= MAX_TAG_LEN);
    tags.take(MAX_TAGS).map(str::to_owned).collect()
}

/// A call whose body was dropped: its client went away where the runtime ends the work at once.
pub enum AbandonedCall {
    /// Nothing more can be learned of it.
    Ended { admission: Box<Admission>, record: Box<SpendRecord> },
    /// Its stream is still open.
    Streaming(Box<StreamingCall>),
}

/// Where dropped calls are sent to be settled. On Lambda there is none: the runtime goes on when a client leaves, and
/// what dies with the process is swept.
pub type AbandonedSender = UnboundedSender<AbandonedCall>;

/// An admitted call. It is settled inside its answer, before the last byte leaves.
pub struct InFlightCall {
    settler: Settler,
    clock: Clock,
    abandonment: Option<AbandonedSender>,
    pub leases: Leases,
    pub meter: UsageMeter,
    pub deadline: Deadline,
    about: RequestMetadata,
    /// The latest attempt to send it to Bedrock. Before one has left, the call costs nothing.
    transmission: Transmission,
    /// When the first piece of its answer came, where that is streamed.
    first_byte: Option<Moment>,
    settled: bool,
}

impl InFlightCall {
    pub fn new(
        (settler, abandonment): (Settler, Option<AbandonedSender>),
        admission: Admission,
        meter: UsageMeter,
        about: RequestMetadata,
        deadline: Deadline,
    ) -> Self {
        let clock = settler.clock().clone();
        let leases = Leases::new(settler.store().clone(), clock.clone(), admission);
        Self {
            settler,
            clock,
            abandonment,
            leases,
            meter,
            deadline,
            about,
            transmission: Transmission::default(),
            first_byte: None,
            settled: false,
        }
    }

    pub fn request(&self) -> RequestId {
        self.leases.admission().request()
    }

    /// A new attempt. The one before was refused, and cost nothing.
    pub fn begin_transmission(&mut self) -> Transmission {
        self.transmission = Transmission::default();
        self.transmission.clone()
    }

    /// Where it goes when it is dropped. Taken, it goes nowhere: whoever took it settles it.
    pub fn take_abandonment(&mut self) -> Option<AbandonedSender> {
        self.abandonment.take()
    }

    pub fn is_settled(&self) -> bool {
        self.settled
    }

    pub fn transmission(&self) -> &Transmission {
        &self.transmission
    }

    /// Notes that a piece of a streamed answer came.
    pub fn note_chunk(&mut self) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.clock.now());
        }
    }

    /// Ends the call with what it cost, as far as is known. After two seconds without the store the answer goes on:
    /// the record is in the log, and a sweep charges the floor.
    pub async fn settle(&mut self, status: Status) -> Money {
        let record = self.record(status);
        self.end(record).await
    }

    /// Ends a call that cost nothing: Bedrock refused it.
    pub async fn settle_free(&mut self) -> Money {
        self.begin_transmission();
        self.settle(Status::Failure).await
    }

    async fn end(&mut self, record: SpendRecord) -> Money {
        let cost = self.settler.settle(self.leases.admission(), &record).await;
        // Only now: a client that leaves meanwhile drops this future, and the call must be settled all the same.
        self.settled = true;
        cost
    }

    fn record(&self, status: Status) -> SpendRecord {
        let admission = self.leases.admission();
        let pointer = admission.pointer();
        let nothing = (TokenUsage::default(), Money::ZERO);
        let (usage, cost) =
            if self.transmission.may_have_left() { self.meter.charge(Instant::now()) } else { nothing };
        SpendRecord {
            request: admission.request(),
            ended: self.clock.now(),
            first_byte: self.first_byte,
            user: pointer.holder.user.clone(),
            key: pointer.key.clone(),
            team: pointer.holder.team.clone(),
            org: pointer.org().cloned(),
            model: admission.model().to_owned(),
            usage,
            rates: Some(*self.meter.prices().rates(usage.prompt())),
            cost,
            status,
            fallback_from: self.about.fallback_from.clone(),
            region: self.about.region.clone(),
            session: self.about.session.clone(),
            agent: self.about.agent.clone(),
            tags: self.about.tags.clone(),
        }
    }
}

impl Drop for InFlightCall {
    /// Hands a call that nobody will settle to whoever does; it does no work of its own.
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let (admission, record) = (self.leases.admission().clone(), self.record(Status::Cancelled));
        tracing::info!(request = %record.request, "abandoned");
        if let Some(abandonment) = &self.abandonment {
            // A closed channel is a process about to end: then the leases are swept.
            let (admission, record) = (Box::new(admission), Box::new(record));
            abandonment.send(AbandonedCall::Ended { admission, record }).ok();
        }
    }
}
