//! The store on a real DynamoDB API: the embedded engine, or the one that `STARGATE_TEST_DYNAMODB` names.

mod admit;
mod cost;
mod dead;
mod edit;
mod entities;
mod limits;
mod lost;
mod model;
mod race;
mod records;
mod refusals;
mod roll;
mod settle;
mod sweep;
mod teams;

use shared::store::{Admission, AdmissionError};
use stargate_core::ledger::{Reason, Refusal};

/// The refusal that was expected.
fn refusal(response: Result<Admission, AdmissionError>) -> Refusal {
    match response {
        Err(AdmissionError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn reason(response: Result<Admission, AdmissionError>) -> Reason {
    refusal(response).reason
}
