//! A call in progress: its leases, its meter, and its settlement, which happens once.

use shared::clock::Clock;
use shared::id::RequestId;
use shared::money::Money;
use shared::record::{Record, Status};
use shared::store::Admission;
use tokio::sync::mpsc::UnboundedSender;

use crate::App;
use crate::leases::Leases;
use crate::meter::Meter;
use crate::settler::Settler;

/// What a request says of itself that its record keeps.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub session: Option<String>,
    pub agent: Option<String>,
    pub tags: Vec<String>,
}

/// A call whose body was dropped: its client went away where the runtime ends the work at once.
#[derive(Debug)]
pub struct Abandoned {
    pub admission: Admission,
    pub record: Record,
}

/// Where dropped calls are sent to be settled. On Lambda there is none: the runtime goes on when a client leaves, and
/// what dies with the process is swept.
pub type Abandonment = UnboundedSender<Abandoned>;

/// An admitted call. It is settled inside its answer, before the last byte leaves.
pub struct Running {
    settler: Settler,
    clock: Clock,
    abandonment: Option<Abandonment>,
    pub leases: Leases,
    pub meter: Meter,
    about: About,
    settled: bool,
}

impl Running {
    pub fn new(app: &App, admission: Admission, meter: Meter, about: About) -> Self {
        let (settler, clock) = (Settler::of(app), app.clock.clone());
        let leases = Leases::new(app.store.clone(), clock.clone(), admission);
        Self { settler, clock, abandonment: app.abandonment.clone(), leases, meter, about, settled: false }
    }

    pub fn request(&self) -> RequestId {
        self.leases.admission().request()
    }

    /// Ends the call with what it cost, as far as is known. After two seconds without the store the answer goes on:
    /// the record is in the log, and a sweep charges the floor.
    pub async fn settle(&mut self, status: Status) -> Money {
        let record = self.record(status);
        self.end(record).await
    }

    /// Ends a call that cost nothing: Bedrock refused it.
    pub async fn settle_free(&mut self) -> Money {
        let usage = shared::usage::Usage::default();
        let record = Record { cost: Money::ZERO, usage, ..self.record(Status::Failure) };
        self.end(record).await
    }

    async fn end(&mut self, record: Record) -> Money {
        let cost = self.settler.settle(self.leases.admission(), &record).await;
        // Only now: a client that leaves meanwhile drops this future, and the call must be settled all the same.
        self.settled = true;
        cost
    }

    fn record(&self, status: Status) -> Record {
        let admission = self.leases.admission();
        let pointer = admission.pointer();
        let (usage, cost) = self.meter.charge();
        Record {
            request: admission.request(),
            ended: self.clock.now(),
            user: pointer.holder.user.clone(),
            key: pointer.key.clone(),
            team: pointer.holder.team.clone(),
            org: pointer.org().cloned(),
            model: admission.model().to_owned(),
            usage,
            rates: Some(*self.meter.prices().rates(usage.prompt())),
            cost,
            status,
            session: self.about.session.clone(),
            agent: self.about.agent.clone(),
            tags: self.about.tags.clone(),
        }
    }
}

impl Drop for Running {
    /// Hands a call that nobody will settle to whoever does; it does no work of its own.
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let (admission, record) = (self.leases.admission().clone(), self.record(Status::Cancelled));
        tracing::info!(request = %record.request, "abandoned");
        if let Some(abandonment) = &self.abandonment {
            // A closed channel is a process about to end: then the leases are swept.
            abandonment.send(Abandoned { admission, record }).ok();
        }
    }
}
