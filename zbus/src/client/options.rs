//! What a call is told beside its arguments.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::ReplyMode;

/// What a call is told beside its arguments, for one call, for all of a stub, or for all of a client. What is not set here stays as it
/// is there.
///
/// ```
/// use std::time::Duration;
/// use zbus::CallOptions;
///
/// let options = CallOptions::new().timeout(Duration::from_secs(2)).metadata("user", "anna");
/// ```
///
/// A generated stub takes them as `stub.with_options(options)`. The time limit of a call is that of its own options, else the stub's,
/// else the method's (`@timeout` in the schema), else the client's.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "options do nothing before a call, a stub or a client is given them"]
pub struct CallOptions {
    pub(super) limit: Option<TimeLimit>,
    pub(super) fails_fast: bool,
    pub(super) queue_limit: Option<u32>,
    reply_mode: Option<ReplyMode>,
    /// None for nothing: most calls have none.
    metadata: Option<Arc<BTreeMap<String, String>>>,
}

/// How long a call may take, where that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeLimit {
    After(Duration),
    Never,
}

impl TimeLimit {
    pub(super) fn duration(self) -> Option<Duration> {
        match self {
            Self::After(limit) => Some(limit),
            Self::Never => None,
        }
    }
}

impl CallOptions {
    /// How much metadata a call takes: its keys and values together, in bytes. A call with more is an
    /// [`Error::Encode`](crate::Error::Encode).
    pub const MAX_METADATA_BYTES: usize = crate::wire::MOST_METADATA;

    /// Options that say nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait for the answer.
    pub fn timeout(self, limit: Duration) -> Self {
        Self { limit: Some(TimeLimit::After(limit)), ..self }
    }

    /// Waits for ever.
    pub fn without_timeout(self) -> Self {
        Self { limit: Some(TimeLimit::Never), ..self }
    }

    /// Asks first whether a server of the module is there, and fails with [`Error::NoServer`](crate::Error::NoServer) at once if none
    /// is: a round trip more for each call. Nor does the call wait for a broker that is out of reach. A call without this waits for both
    /// until its deadline.
    ///
    /// Servers of the Go library and of rbus do not show that they are there: a module that they alone serve counts as one without
    /// servers. For some 15 s a server that died still counts as there, and for some 5 s after a broker has lost its data one that lives
    /// may not. Where the broker does not tell who is there, the call is made.
    pub fn fail_fast(self) -> Self {
        Self { fails_fast: true, ..self }
    }

    /// How many requests may wait for the object's servers, this one among them: where there are more, the call fails at once as
    /// [`Overloaded`](crate::RejectionKind::Overloaded), and nothing is written. No limit unless set; 0 refuses every call.
    ///
    /// Redis is asked in the same round trip, with a script: its user needs the right to `EVAL`. What is being run does not count, nor
    /// is a caller held to it that sets no limit.
    pub fn queue_limit(self, requests: u32) -> Self {
        Self { queue_limit: Some(requests), ..self }
    }

    /// Something that the method may know about the call, under a name; in place of what had this name. The method finds it in its
    /// context. At most [`CallOptions::MAX_METADATA_BYTES`] travel with a call. Go's servers ignore it.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(self.metadata.get_or_insert_default()).insert(key.into(), value.into());
        self
    }

    /// Where to wait for the reply: servers on rbus need [`ReplyMode::PerCall`].
    pub fn reply_mode(self, mode: ReplyMode) -> Self {
        Self { reply_mode: Some(mode), ..self }
    }

    /// These, and for what they do not say, those.
    pub(super) fn over(mut self, others: &Self) -> Self {
        self.limit = self.limit.or(others.limit);
        self.fails_fast |= others.fails_fast;
        self.queue_limit = self.queue_limit.or(others.queue_limit);
        self.reply_mode = self.reply_mode.or(others.reply_mode);
        self.metadata = match (self.metadata, &others.metadata) {
            (Some(mut own), Some(others)) => {
                let merged = Arc::make_mut(&mut own);
                for (key, value) in &**others {
                    merged.entry(key.clone()).or_insert_with(|| value.clone());
                }
                Some(own)
            }
            (own, others) => own.or_else(|| others.clone()),
        };
        self
    }

    pub(super) fn replies(&self) -> ReplyMode {
        self.reply_mode.unwrap_or_default()
    }

    /// What travels.
    pub(super) fn entries(&self) -> &BTreeMap<String, String> {
        static NOTHING: LazyLock<BTreeMap<String, String>> = LazyLock::new(BTreeMap::new);
        self.metadata.as_deref().unwrap_or(&NOTHING)
    }

    pub(super) fn metadata_bytes(&self) -> usize {
        self.entries().iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_options_win_and_what_they_do_not_say_stays() {
        let client = CallOptions::new().metadata("host", "a").metadata("user", "nobody");
        let stub = CallOptions::new().timeout(Duration::from_secs(1)).metadata("user", "anna").over(&client);
        let call = CallOptions::new().without_timeout().over(&stub);
        assert_eq!((stub.limit, call.limit), (Some(TimeLimit::After(Duration::from_secs(1))), Some(TimeLimit::Never)));
        let entries: Vec<_> = call.entries().iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(entries, [("host", "a"), ("user", "anna")]);
        assert_eq!(call.metadata_bytes(), 13);
        assert!(CallOptions::new().over(&CallOptions::new()).entries().is_empty());
    }
}
