//! Where a request's time goes: the store's and Bedrock's spans, added up by call.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// What the calls of one name came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpanTotals {
    pub calls: u32,
    /// From begin to end.
    pub wall: Duration,
    /// In which this process worked on it, connections aside.
    pub busy: Duration,
}

/// Adds up spans. Clones add to the same sums.
#[derive(Clone, Debug, Default)]
pub struct Spans(Arc<Mutex<BTreeMap<String, SpanTotals>>>);

impl Spans {
    pub fn take(&self) -> BTreeMap<String, SpanTotals> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Open {
    name: String,
    begun: Instant,
    entered: Option<Instant>,
    busy: Duration,
}

fn is_wanted(of: &Metadata<'_>) -> bool {
    of.is_span() && matches!(of.name(), "dynamodb" | "bedrock" | "request")
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn register_callsite(&self, of: &'static Metadata<'static>) -> Interest {
        if is_wanted(of) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, of: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_wanted(of)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut name = Name(attributes.metadata().name().to_owned());
        attributes.record(&mut name);
        let open = Open { name: name.0, begun: Instant::now(), entered: None, busy: Duration::ZERO };
        context.span(id).unwrap().extensions_mut().insert(open);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        context.span(id).unwrap().extensions_mut().get_mut::<Open>().unwrap().entered = Some(Instant::now());
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        let open = extensions.get_mut::<Open>().unwrap();
        open.busy += open.entered.take().unwrap().elapsed();
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let extensions = span.extensions();
        let Open { name, begun, busy, .. } = extensions.get::<Open>().unwrap();
        let mut sums = self.0.lock().unwrap();
        let spent = sums.entry(name.clone()).or_default();
        *spent = SpanTotals {
            calls: spent.calls + 1,
            wall: spent.wall + begun.elapsed(),
            busy: spent.busy + *busy,
        };
    }
}

/// A span's name, and its operation if it has one.
struct Name(String);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "operation" {
            self.0 = format!("{} {value}", self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
