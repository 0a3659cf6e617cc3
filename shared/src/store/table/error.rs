//! What can go wrong between us and the table.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The table did not answer, or answered what it never should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer that can be relied on. Whether a write took place is told by `applied`.
    #[error("the store did not answer {operation}")]
    Unavailable { operation: &'static str, applied: WriteEffect, source: Box<dyn Error + Send + Sync> },
    /// An item lacks an attribute or holds one that cannot be read. Never guessed at: unknown is not zero.
    #[error("an item of the table has no readable {attribute:?}")]
    Corrupt { attribute: String },
    /// The operating system gave no randomness for an id.
    #[error("no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

impl StoreError {
    /// No response that can be relied on, with its cause.
    pub fn unavailable(
        operation: &'static str,
        applied: WriteEffect,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { operation, applied, source: source.into() }
    }

    pub(in crate::store) fn corrupt(attribute: impl Into<String>) -> Self {
        Self::Corrupt { attribute: attribute.into() }
    }

    /// Whether a write may have taken place although it failed.
    pub fn may_have_applied(&self) -> bool {
        matches!(self, Self::Unavailable { applied: WriteEffect::Unknown, .. })
    }
}

/// Whether a failed write took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEffect {
    No,
    Unknown,
}

/// What to do about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct FailureClass {
    pub applied: WriteEffect,
    pub retry: bool,
}

/// Reads from an SDK error whether the write may have happened and whether to try again.
///
/// Throttling and conflicts are refusals before anything is written; a server error or a lost connection says nothing.
pub(in crate::store) fn classify<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> FailureClass {
    match error {
        SdkError::ConstructionFailure(_) => FailureClass { applied: WriteEffect::No, retry: false },
        SdkError::ServiceError(service) => match service.err().code() {
            Some(
                "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "TransactionConflictException"
                | "TransactionCanceledException"
                | "TransactionInProgressException",
            ) => FailureClass { applied: WriteEffect::No, retry: true },
            Some(
                "ValidationException"
                | "ResourceNotFoundException"
                | "AccessDeniedException"
                | "UnrecognizedClientException"
                | "ItemCollectionSizeLimitExceededException",
            ) => FailureClass { applied: WriteEffect::No, retry: false },
            _ => FailureClass { applied: WriteEffect::Unknown, retry: true },
        },
        _ => FailureClass { applied: WriteEffect::Unknown, retry: true },
    }
}
