//! What a store sends over the wire, noted request by request; and answers that get lost on their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

/// The requests of one client, by rounds: a round begins when nothing is in flight, and all that is sent before
/// everything is answered belongs to it. Clones note into the same log.
#[derive(Clone, Debug, Default)]
pub struct Wire(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    in_flight: usize,
    rounds: Vec<Vec<String>>,
    lost: HashMap<String, usize>,
}

impl Wire {
    /// The operations sent since the last call of this, by rounds.
    pub fn take_rounds(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.0.lock().unwrap().rounds)
    }

    /// Loses the answers to the next `count` requests of `operation`: they take place, and nobody is told.
    pub fn lose_answers(&self, operation: &str, count: usize) {
        self.0.lock().unwrap().lost.insert(operation.to_owned(), count);
    }
}

/// The name of the operation that is under way.
fn operation(config: &ConfigBag) -> String {
    config.load::<Metadata>().unwrap().name().to_owned()
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut log = self.0.lock().unwrap();
        if log.in_flight == 0 || log.rounds.is_empty() {
            log.rounds.push(Vec::new());
        }
        log.in_flight += 1;
        log.rounds.last_mut().unwrap().push(operation(config));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match self.0.lock().unwrap().lost.get_mut(&operation(config)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                Err("the answer was lost".into())
            }
            _ => Ok(()),
        }
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut log = self.0.lock().unwrap();
        log.in_flight = log.in_flight.saturating_sub(1);
        Ok(())
    }
}
