//! What the parts of a server share while it serves.

mod cancellation_registry;
mod counters;
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) use self::cancellation_registry::CancellationRegistry;
pub(super) use self::counters::Counters;
pub(super) use self::refusals::Refusals;
use super::replies::{ReplyLists, Sent};
use super::workers::Workers;
use crate::broker::Broker;
use crate::clock::Clock;
use crate::drops::Drops;
use crate::outbox::Outbox;
use crate::scheduling::Scheduling;
use crate::wire::{Depth, InvalidText};

/// One a server, from its start to its end.
pub(super) struct State {
    pub(super) module: String,
    /// The id of the server among those of its module.
    pub(super) instance: Arc<str>,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) outbox: Outbox<Sent>,
    pub(super) clock: Clock,
    pub(super) scheduling: Scheduling,
    pub(super) workers: Arc<Workers>,
    pub(super) cancellations: Arc<CancellationRegistry>,
    /// How the requests have ended.
    pub(super) counters: Counters,
    pub(super) drops: Drops,
    pub(super) refusals: Refusals,
    pub(super) reply_lists: ReplyLists,
    pub(super) limits: Limits,
    /// Notified when the broker is lost: it may come back empty.
    pub(super) lost: Notify,
    /// No more is taken, and streams end.
    pub(super) stop: CancellationToken,
    /// The calls that run are cut off.
    pub(super) abort: CancellationToken,
    /// What a stopping server waits for, beside its workers.
    pub(super) tasks: TaskTracker,
}

/// What a server takes and sends at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) call_time: Option<Duration>,
    /// In bytes.
    pub(super) message_size: usize,
    pub(super) depth: Depth,
    /// For texts in arguments that are not UTF-8.
    pub(super) invalid_text: InvalidText,
}
