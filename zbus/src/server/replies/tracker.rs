//! What becomes of replies and events on their way to the broker: replies are written again for as long as their callers wait.

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::broker::{BrokerError, BrokerErrorKind};
use crate::log_limit::{LogLimit, Outage};
use crate::outbox::{Tracker, Waiting};
use crate::server::workers::Unwritten;

/// What a server writes.
#[derive(Debug)]
pub(crate) enum Sent {
    /// A reply that a caller waits for until then.
    Reply {
        until: Instant,
        /// Keeps a worker back where too many are not written. None once the broker has refused it: a caller whose reply list takes
        /// nothing must not keep the workers from the calls of others.
        unwritten: Option<Unwritten>,
    },
    /// An event. It is tried once: subscribers learn of a gap by themselves.
    Event,
}

/// How many replies that the broker has refused are tried again at once, and how many bytes: a bound for what a caller whose reply list
/// takes nothing may cost.
const MOST_REFUSED: usize = 1024;
const MOST_REFUSED_BYTES: usize = 16 << 20;

/// Has replies that could not be written written again, for as long as their callers wait.
#[derive(Debug, Default)]
pub(crate) struct ReplyTracker {
    replies: Outage,
    events: Outage,
    refused: Outage,
    late: LogLimit,
    /// Those that are tried again.
    held: Mutex<Refused>,
}

/// Replies that the broker has refused.
#[derive(Debug, Default)]
struct Refused {
    replies: usize,
    bytes: usize,
}

impl Refused {
    /// Whether there is room for one more.
    fn add(&mut self, bytes: usize) -> bool {
        if self.replies >= MOST_REFUSED || self.bytes + bytes > MOST_REFUSED_BYTES {
            return false;
        }
        self.replies += 1;
        self.bytes += bytes;
        true
    }

    fn remove(&mut self, bytes: usize) {
        self.replies -= 1;
        self.bytes -= bytes;
    }
}

impl ReplyTracker {
    /// A reply that the broker had refused is written, or one is given up.
    fn release(&self, waiting: &Waiting<Sent>) {
        if let Sent::Reply { unwritten: None, .. } = waiting.tag {
            self.held.lock().remove(waiting.write.message().len());
        }
    }

    /// Whether a reply that the broker has refused is to be tried again.
    fn holds(&self, waiting: &mut Waiting<Sent>) -> bool {
        let Sent::Reply { unwritten, .. } = &mut waiting.tag else { return false };
        // Without it, it is among those that are held.
        unwritten.take().is_none() || self.held.lock().add(waiting.write.message().len())
    }
}

impl Tracker for ReplyTracker {
    type Tag = Sent;

    fn begin(&self, batch: &mut Vec<Waiting<Sent>>) {
        let now = Instant::now();
        batch.retain(|waiting| match waiting.tag {
            Sent::Reply { until, .. } if until <= now => {
                self.release(waiting);
                if let Some(unsaid) = self.late.due() {
                    tracing::warn!(unsaid, "a reply was not written before its caller's deadline, and is dropped");
                }
                false
            }
            Sent::Reply { .. } | Sent::Event => true,
        });
    }

    fn end(&self, batch: &mut Vec<Waiting<Sent>>, outcomes: Vec<Result<(), BrokerError>>) {
        let mut outcomes = outcomes.into_iter();
        let mut written = Written::default();
        let mut failed = Failed::default();
        let mut done: Option<Unwritten> = None;
        batch.retain_mut(|waiting| match (&mut waiting.tag, outcomes.next()) {
            (Sent::Reply { unwritten, .. }, Some(Ok(())) | None) => {
                written.replies = true;
                match (unwritten.take(), &mut done) {
                    (Some(unwritten), Some(done)) => done.absorb(unwritten),
                    (Some(unwritten), None) => done = Some(unwritten),
                    (None, _) => self.release(waiting),
                }
                false
            }
            (Sent::Event, Some(Ok(())) | None) => {
                written.events = true;
                false
            }
            (Sent::Event, Some(Err(error))) => {
                failed.events.add(error);
                false
            }
            (Sent::Reply { .. }, Some(Err(error))) if error.kind() == BrokerErrorKind::Refused => {
                failed.refused.add(error);
                self.holds(waiting)
            }
            (Sent::Reply { .. }, Some(Err(error))) => {
                failed.replies.add(error);
                true
            }
        });
        drop(done);
        self.log(&written, &failed);
    }

    fn pauses(&self) -> bool {
        true
    }
}

/// What of a batch was written.
#[derive(Default)]
struct Written {
    replies: bool,
    events: bool,
}

/// What of a batch was not.
#[derive(Default)]
struct Failed {
    replies: Failures,
    events: Failures,
    refused: Failures,
}

/// How many have failed, and why the last of them has.
#[derive(Default)]
struct Failures {
    count: usize,
    error: Option<BrokerError>,
}

impl Failures {
    fn add(&mut self, error: BrokerError) {
        self.count += 1;
        self.error = Some(error);
    }

    /// If a line is due: the error, and how many there were since the last line.
    fn due(&self, outage: &Outage) -> Option<(&BrokerError, u64)> {
        let error = self.error.as_ref()?;
        Some((error, outage.failed(self.count)?))
    }
}

impl ReplyTracker {
    /// A line for each cause that is new, or was not logged for a while, and one when it works again.
    fn log(&self, written: &Written, failed: &Failed) {
        if written.replies && self.replies.is_over() {
            tracing::info!("replies are written again");
        }
        if written.events && self.events.is_over() {
            tracing::info!("events are published again");
        }
        if let Some((error, count)) = failed.replies.due(&self.replies) {
            tracing::warn!(%error, count, "replies cannot be written: they are tried again until their callers' deadlines");
        }
        if let Some((error, count)) = failed.refused.due(&self.refused) {
            tracing::error!(%error, count, "the broker refuses replies: they are tried again until their callers' deadlines");
        }
        if let Some((error, count)) = failed.events.due(&self.events) {
            tracing::warn!(%error, count, "events are not published, and are lost");
        }
    }
}
