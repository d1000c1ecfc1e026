//! Errors between this process and its broker.

use std::error::Error as StdError;
use std::time::Duration;

/// An error of the broker.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BrokerError {
    kind: BrokerErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of a [`BrokerError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerErrorKind {
    /// The address is not valid, or needs a feature that is off.
    Address,
    /// There is no connection: the broker does not run, its host has no address, or it does not answer. Nothing was written.
    Unreachable,
    /// The broker refused (access rights, a key of another type), and a retry will fail too. Nothing was written.
    Refused,
    /// The broker takes no writes for now (it loads its data, is out of memory, or has become a replica). Nothing was written.
    Unready,
    /// The list has reached the limit that the writer set. Nothing was written.
    Full,
    /// The connection was lost during the operation. The broker may or may not have applied it.
    Lost,
    /// The broker was restarted or replaced while a call waited for its reply, and it no longer had the request at the call's deadline.
    /// The broker may have lost the request or the reply. The method may have run all the same.
    Restarted,
}

/// An error for an address that is not valid.
pub(super) fn not_an_address(message: impl Into<String>) -> BrokerError {
    BrokerError::new(BrokerErrorKind::Address, message)
}

impl BrokerError {
    /// An error of this kind; the message says what to do.
    pub fn new(kind: BrokerErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(super) fn full(list: &str, limit: u32) -> Self {
        Self::new(
            BrokerErrorKind::Full,
            format!("{limit} requests wait in `{list}`, which is the limit that was set: try again later"),
        )
    }

    /// Adds the cause of the error.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    pub(super) fn after_waiting(self, time: Duration) -> Self {
        Self { message: format!("{}; it was waited for {time:?}", self.message), ..self }
    }

    /// The kind of the error.
    pub fn kind(&self) -> BrokerErrorKind {
        self.kind
    }
}
