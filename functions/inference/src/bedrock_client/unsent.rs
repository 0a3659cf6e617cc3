//! Failures before a request is sent. They cost nothing: nothing has left this process.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use hyper_util::client::legacy;

use super::Transmission;

/// What stopped a request before it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsentCause {
    /// The AWS credentials could not be loaded, and another attempt would fail in the same way.
    NoCredentials,
    /// The source of the AWS credentials failed or was too slow. Another attempt may succeed.
    CredentialSource,
    /// The request could not be built or signed: no region, a wrong endpoint, no way to sign.
    Request,
    /// The endpoint's host name could not be resolved.
    NameResolution,
    /// The TLS handshake failed.
    Tls,
    /// The connection was refused, reset or not made in time.
    Connection,
}

impl UnsentCause {
    /// The cause of a failed attempt, by its error; `None` if a part of the request may have been sent.
    pub fn find(error: &(dyn Error + 'static), transmission: &Transmission) -> Option<Self> {
        let in_connect = find_cause::<legacy::Error>(error).is_some_and(legacy::Error::is_connect);
        if !in_connect && transmission.may_have_left() {
            return None;
        }
        if let Some(cause) = credentials(error) {
            return Some(cause);
        }
        Some(if in_connect { connection(error) } else { Self::Request })
    }

    /// What the client is told: what is wrong, what it costs, and what to do.
    pub fn message(self) -> &'static str {
        match self {
            Self::NoCredentials => {
                "The gateway has no valid AWS credentials for Amazon Bedrock. The request was not sent and costs nothing. \
                 Tell the gateway's administrator."
            }
            Self::CredentialSource => {
                "The gateway could not load its AWS credentials: their source did not answer. The request was not sent and \
                 costs nothing. Try again later; if it persists, tell the gateway's administrator."
            }
            Self::Request => {
                "The gateway could not sign the request to Amazon Bedrock: check its region, endpoint and credentials. The \
                 request was not sent and costs nothing. Tell the gateway's administrator."
            }
            Self::NameResolution => {
                "The gateway could not resolve the host name of its Amazon Bedrock endpoint. The request was not sent and \
                 costs nothing. Try again later; if it persists, tell the gateway's administrator."
            }
            Self::Tls => {
                "The gateway could not open a TLS connection to Amazon Bedrock. The request was not sent and costs nothing. \
                 Try again later; if it persists, tell the gateway's administrator."
            }
            Self::Connection => {
                "The gateway could not connect to Amazon Bedrock. The request was not sent and costs nothing. Try again \
                 later; if it persists, tell the gateway's administrator."
            }
        }
    }

    /// Whether another attempt of the gateway, or another region, may succeed.
    pub fn may_pass(self) -> bool {
        match self {
            Self::NoCredentials | Self::Request => false,
            Self::CredentialSource | Self::NameResolution | Self::Tls | Self::Connection => true,
        }
    }
}

/// Whether credentials, or a bearer token in their place, could not be loaded.
fn credentials(error: &(dyn Error + 'static)) -> Option<UnsentCause> {
    let is_permanent = match (find_cause::<CredentialsError>(error), find_cause::<TokenError>(error)) {
        (Some(error), _) => {
            matches!(
                error,
                CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)
            )
        }
        (None, Some(error)) => {
            matches!(error, TokenError::TokenNotLoaded(_) | TokenError::InvalidConfiguration(_))
        }
        (None, None) => return None,
    };
    Some(if is_permanent { UnsentCause::NoCredentials } else { UnsentCause::CredentialSource })
}

/// Which part of the connection failed. hyper has no public type for name resolution, only its text.
fn connection(error: &(dyn Error + 'static)) -> UnsentCause {
    if chain(error).any(|cause| cause.to_string().contains("dns error")) {
        UnsentCause::NameResolution
    } else if chain(error).any(is_tls) {
        UnsentCause::Tls
    } else {
        UnsentCause::Connection
    }
}

/// Whether an error is of TLS. An I/O error leaves out what it wraps when it names its source, and may wrap another one.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>() || wrapped.is_some_and(|wrapped| is_tls(wrapped))
}

fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// An error and what caused it.
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}
