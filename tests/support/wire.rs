//! The wire between a store and its table: each request is noted by its call site, and meets the faults that are planned
//! for it there.

mod fault;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::site;
pub use fault::Fault;

/// How long an attempt may take: no load on the machine reaches it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The requests of one client. Clones are of the same wire.
#[derive(Clone, Default)]
pub struct Wire(Arc<Mutex<Log>>);

#[derive(Default)]
struct Log {
    in_flight: usize,
    rounds: Vec<Vec<String>>,
    seen: BTreeMap<String, usize>,
    plans: Vec<Plan>,
    met: usize,
    late: Vec<(SharedHttpConnector, HttpRequest)>,
}

/// A fault that some requests of a call site will meet: `times` of them, after `skip` that pass.
struct Plan {
    site: Option<String>,
    skip: usize,
    times: usize,
    fault: Fault,
}

impl Wire {
    /// This wire, put between a client's SDK and its endpoint.
    pub fn intercept(&self, config: aws_sdk_dynamodb::config::Builder, line: &SharedHttpClient) -> Client {
        site::watch();
        let (wire, line) = (self.clone(), line.clone());
        let patience = TimeoutConfig::builder().operation_attempt_timeout(TIMEOUT).build();
        let client = http_client_fn(move |settings, components| {
            let inner = line.http_connector(settings, components);
            SharedHttpConnector::new(InterceptingConnector { wire: wire.clone(), inner })
        });
        Client::from_conf(config.http_client(client).timeout_config(patience).build())
    }

    /// The call sites asked since the last call of this, by rounds: a round begins when nothing is in flight, and all
    /// that is sent before everything is answered belongs to it.
    pub fn take_rounds(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.log().rounds)
    }

    /// How many requests each call site has sent since the last call of this.
    pub fn take_seen(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.log().seen)
    }

    /// `times` requests of `site` meet `fault`, after `skip` of them that pass.
    pub fn plan(&self, site: &str, skip: usize, times: usize, fault: Fault) {
        self.log().plans.push(Plan { site: Some(site.to_owned()), skip, times, fault });
    }

    /// The same, wherever they come from.
    pub fn plan_anywhere(&self, skip: usize, times: usize, fault: Fault) {
        self.log().plans.push(Plan { site: None, skip, times, fault });
    }

    /// Loses the answers to the next `times` requests of `site`: they take place, and nobody is told.
    pub fn lose_answers(&self, site: &str, times: usize) {
        self.plan(site, 0, times, Fault::CutAfter);
    }

    /// No more faults; answers how many were met.
    pub fn heal(&self) -> usize {
        let mut log = self.log();
        log.plans.clear();
        std::mem::take(&mut log.met)
    }

    /// Delivers what was kept back, now that nobody waits for it.
    pub async fn land(&self) {
        let late = std::mem::take(&mut self.log().late);
        for (line, request) in late {
            line.call(request).await.unwrap();
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap()
    }

    fn note(&self, site: String) -> Option<Fault> {
        let mut log = self.log();
        if log.in_flight == 0 || log.rounds.is_empty() {
            log.rounds.push(Vec::new());
        }
        log.in_flight += 1;
        *log.seen.entry(site.clone()).or_default() += 1;
        let planned = log.plans.iter_mut().filter(|plan| plan.site.as_ref().is_none_or(|at| *at == site));
        let met = planned.filter_map(Plan::meet).next();
        log.met += usize::from(met.is_some());
        log.rounds.last_mut().unwrap().push(site);
        met
    }

    fn keep(&self, line: &SharedHttpConnector, request: HttpRequest) {
        self.log().late.push((line.clone(), request));
    }
}

impl Plan {
    fn meet(&mut self) -> Option<Fault> {
        if let Some(fewer) = self.skip.checked_sub(1) {
            self.skip = fewer;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(self.fault)
    }
}

/// A connector with the wire in front of it.
struct InterceptingConnector {
    wire: Wire,
    inner: SharedHttpConnector,
}

impl HttpConnector for InterceptingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let met = self.wire.note(site::current());
        let (under_way, inner) = (UnderWay(self.wire.clone()), self.inner.clone());
        HttpConnectorFuture::new(async move {
            match met {
                Some(fault) => fault.befall(&under_way.0, &inner, request).await,
                None => inner.call(request).await,
            }
        })
    }
}

impl fmt::Debug for InterceptingConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tapped")
    }
}

/// A request in flight, until it is answered or given up.
struct UnderWay(Wire);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.log().in_flight -= 1;
    }
}
