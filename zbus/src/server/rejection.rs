//! Why a server does not run a method, or cannot answer.

use crate::error::RejectionKind;

/// Why a method was not run, or its values cannot travel: a caller gets it as
/// [`Error::Rejected`](crate::Error::Rejected).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub(crate) kind: RejectionKind,
    pub(crate) message: String,
}

impl Rejection {
    /// A rejection in these words.
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
