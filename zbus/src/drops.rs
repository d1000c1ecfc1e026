//! Messages that lead nowhere: each is counted, and each reason is logged once an interval.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::log_limit::LogLimit;
use crate::telemetry;

/// Why a message was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is not what should be there: no message at all, or one without an address to answer to.
    Malformed,
    /// It is larger than what is read.
    TooLarge,
    /// It nests deeper than what is read.
    TooDeep,
    /// It would have another key written to than a reply list.
    ForeignReplyTo,
    /// Its deadline has passed.
    Expired,
    /// A reply that no call waits for any more.
    Late,
    /// A reply to a call that was never made here.
    Unknown,
}

impl Reason {
    const ALL: [Self; 7] = [
        Self::Malformed,
        Self::TooLarge,
        Self::TooDeep,
        Self::ForeignReplyTo,
        Self::Expired,
        Self::Late,
        Self::Unknown,
    ];

    /// As logs and metrics call it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::ForeignReplyTo => "foreign_reply_to",
            Self::Expired => "expired",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }

    /// Nothing is wrong with those that come too late.
    fn is_ordinary(self) -> bool {
        matches!(self, Self::Expired | Self::Late)
    }
}

/// What one server or client has dropped.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    reasons: [PerReason; Reason::ALL.len()],
}

#[derive(Debug, Default)]
struct PerReason {
    count: AtomicU64,
    limit: LogLimit,
}

impl Drops {
    /// Counts a message, and logs it unless its reason was logged in the last 10 s.
    pub(crate) fn note(&self, reason: Reason, detail: impl fmt::Display) {
        let Some(PerReason { count, limit }) = self.reasons.get(reason as usize) else { return };
        let total = count.fetch_add(1, Ordering::Relaxed) + 1;
        let reason_text = reason.as_str();
        telemetry::dropped(reason_text);
        let Some(unsaid) = limit.due() else { return };
        if reason.is_ordinary() {
            tracing::info!(reason = reason_text, %detail, unsaid, total, "dropped a message");
        } else {
            tracing::warn!(reason = reason_text, %detail, unsaid, total, "dropped a message");
        }
    }

    #[cfg(test)]
    fn count(&self, reason: Reason) -> u64 {
        self.reasons[reason as usize].count.load(Ordering::Relaxed)
    }
}

/// The beginning of a text that somebody else wrote, as a log can show it.
pub(crate) struct Beginning<'a>(pub(crate) &'a str);

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 100;
        let end = self.0.char_indices().nth(LONGEST).map_or(self.0.len(), |(end, _)| end);
        let (beginning, rest) = self.0.split_at(end);
        write!(formatter, "{}", beginning.escape_debug())?;
        if rest.is_empty() { Ok(()) } else { formatter.write_str("…") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_count_of_its_own() {
        let drops = Drops::default();
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            for _ in 0..=index {
                drops.note(reason, "as asked");
            }
        }
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(drops.count(reason), index as u64 + 1, "{reason:?}");
        }
    }

    #[test]
    fn a_text_of_somebody_else_is_cut_and_escaped() {
        assert_eq!(Beginning("a\nb").to_string(), "a\\nb");
        assert_eq!(Beginning(&"ä".repeat(1 << 20)).to_string(), "ä".repeat(100) + "…");
    }
}
