//! What all clones of a client and all its calls share, and how it starts.

use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::CallOptions;
use super::in_flight::{InFlight, sweeper};
use super::options::TimeLimit;
use super::replies::{Inbox, Replies, ReplyLists, ReplyMode};
use super::restarts::Restarts;
use super::withdrawals::Withdrawals;
use super::writes::{Tag, Writes};
use crate::broker::Broker;
use crate::clock::Clock;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::wire::{Depth, Generation, InvalidText};

/// What a client is set to.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The time limit of a call, unless the call, its stub or its method has one.
    pub(super) limit: TimeLimit,
    /// The other options of a call.
    pub(super) options: CallOptions,
    pub(super) generation: Generation,
    /// In bytes.
    pub(super) max_message_size: usize,
    pub(super) max_depth: Depth,
    pub(super) invalid_text: InvalidText,
}

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) in_flight: InFlight,
    pub(super) outbox: Outbox<Tag>,
    pub(super) inbox: Arc<str>,
    pub(super) reply_lists: ReplyLists,
    pub(super) clock: Clock,
    pub(super) restarts: Arc<Restarts>,
    pub(super) withdrawals: Withdrawals,
    /// Cancelled when the last clone is gone.
    pub(super) closed: CancellationToken,
    _stop: DropGuard,
}

impl Shared {
    /// Starts all parts of a client. Those that run already end again if a later one cannot be started, or if the future is dropped.
    pub(super) async fn start(broker: Arc<dyn Broker>, settings: Settings) -> Result<Self, Error> {
        let closed = CancellationToken::new();
        let stop = closed.clone().drop_guard();
        let id = Uuid::new_v4();
        let inbox: Arc<str> = format!("zbus.inbox.{id}").into();
        let in_flight = InFlight::new(id);
        let clock = Clock::start(Arc::clone(&broker), closed.clone()).await?;
        let restarts = Restarts::watch(Arc::clone(&broker)).await;
        let withdrawals = Withdrawals::start(Arc::clone(&broker), Arc::clone(&restarts));
        // The writer ends by itself when the last clone of the client is gone.
        let (outbox, _) = Outbox::start(Arc::clone(&broker), Writes { in_flight: in_flight.clone() });
        let replies = Arc::new(Replies::new(in_flight.clone(), settings.generation, settings.max_message_size));
        let reader = Inbox {
            name: Arc::clone(&inbox),
            replies: Arc::clone(&replies),
            restarts: Arc::clone(&restarts),
            gatherer: outbox.gatherer(),
            stop: closed.clone(),
        };
        reader.start(&*broker).await?;
        let reply_lists = ReplyLists::new(Arc::clone(&broker), replies, closed.clone());
        if settings.options.replies() == ReplyMode::PerCall {
            reply_lists.start().await?;
        }
        sweeper::start(&in_flight.slots);
        Ok(Self {
            settings,
            broker,
            in_flight,
            outbox,
            inbox,
            reply_lists,
            clock,
            restarts,
            withdrawals,
            closed,
            _stop: stop,
        })
    }
}
