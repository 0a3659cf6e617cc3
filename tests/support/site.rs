//! Which call site of the store a request comes from: told by the span that the store puts around each try.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::metadata::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

thread_local! {
    /// The sites whose spans this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The call site that is asking right now.
pub fn current() -> String {
    ENTERED.with_borrow(|sites| sites.last().cloned()).expect("only the store's own tries go over this wire")
}

/// Begins to watch, once for the whole process.
pub fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| set_global_default(Registry::default().with(Sites)).unwrap());
}

struct Sites;

struct Site(String);

fn is_call(of: &Metadata<'_>) -> bool {
    of.is_span() && of.name() == "dynamodb"
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Sites {
    fn register_callsite(&self, of: &'static Metadata<'static>) -> Interest {
        if is_call(of) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, of: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_call(of)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut operation = Operation(None);
        attributes.record(&mut operation);
        let site = Site(operation.0.expect("the span names its operation"));
        context.span(id).unwrap().extensions_mut().insert(site);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let site = span.extensions().get::<Site>().unwrap().0.clone();
        ENTERED.with_borrow_mut(|sites| sites.push(site));
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        ENTERED.with_borrow_mut(Vec::pop);
    }
}

struct Operation(Option<String>);

impl Visit for Operation {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "operation" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
