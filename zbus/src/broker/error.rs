//! What goes wrong between this process and its broker.

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

/// What a [`BrokerError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerErrorKind {
    /// The address is not one, or needs a feature that is off.
    Address,
    /// There is no connection, as the broker does not run, its host has no address, or it does not answer: nothing was written.
    Unreachable,
    /// The broker said no (access rights, a key of another type), and will again: nothing was written.
    Refused,
    /// The broker takes no writes for now (it loads its data, is out of memory, or has become a replica): nothing was written.
    Unready,
    /// A list holds as much as the writer lets it: nothing was written.
    Full,
    /// The connection was lost under way: it is open what the broker has done.
    Lost,
    /// The broker was restarted, or another took its place, while a call waited for its answer, and no longer had the request at the
    /// call's deadline: the request or its answer may be lost with what the broker has not kept. It may have run all the same.
    Restarted,
}

/// An error of an address that is none.
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

    /// The like with what caused it.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    pub(super) fn after_waiting(self, time: Duration) -> Self {
        Self { message: format!("{}; it was waited for {time:?}", self.message), ..self }
    }

    /// What it is.
    pub fn kind(&self) -> BrokerErrorKind {
        self.kind
    }
}
