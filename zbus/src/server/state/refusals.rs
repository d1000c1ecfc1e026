//! Why requests had no result, for the log: callers on Go's zbus get no reason, or do not show it.

use crate::error::RejectionKind;
use crate::log_limit::LogLimit;
use crate::server::Rejection;

/// The kinds that are logged each by itself; all others share a line.
const KINDS: [RejectionKind; 9] = [
    RejectionKind::UnknownObject,
    RejectionKind::UnknownMethod,
    RejectionKind::BadArguments,
    RejectionKind::Expired,
    RejectionKind::Overloaded,
    RejectionKind::Panicked,
    RejectionKind::Stopping,
    RejectionKind::ReplyTooLarge,
    RejectionKind::BadReply,
];

/// What a server has refused: one line a kind and interval.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    limits: [LogLimit; KINDS.len()],
    others: LogLimit,
}

impl Refusals {
    /// Logs why a call has no result, unless a line of that kind was logged a short time ago.
    pub(crate) fn note(&self, rejection: &Rejection) {
        let known = KINDS.iter().position(|kind| *kind == rejection.kind).and_then(|index| self.limits.get(index));
        let Some(unsaid) = known.unwrap_or(&self.others).due() else { return };
        let (kind, reason) = (rejection.kind.as_str(), &*rejection.message);
        match rejection.kind {
            // They are a matter of the caller's clock, and of ours.
            RejectionKind::Expired | RejectionKind::Stopping => {
                tracing::info!(kind, reason, unsaid, "a call has no result");
            }
            RejectionKind::Panicked => tracing::error!(kind, reason, unsaid, "a call has no result"),
            _ => tracing::warn!(kind, reason, unsaid, "a call has no result"),
        }
    }
}
