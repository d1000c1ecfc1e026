//! What a client is set to before it connects.

use std::sync::Arc;
use std::time::Duration;

use super::options::TimeLimit;
use super::shared::{Settings, Shared};
use super::{CallOptions, Client, ReplyMode};
use crate::broker::{self, Broker};
use crate::error::Error;
use crate::wire::{DEFAULT_MAX_MESSAGE_SIZE, Depth, Generation, InvalidText, MOST_MESSAGE_SIZE};

/// The time limit of a call unless something else is set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Settings of a [`Client`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    wait: Duration,
    settings: Settings,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        let settings = Settings {
            limit: TimeLimit::After(DEFAULT_TIMEOUT),
            options: CallOptions::new(),
            generation: Generation::One,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            max_depth: Depth::default(),
            invalid_text: InvalidText::default(),
        };
        Self { wait: Duration::ZERO, settings }
    }
}

impl ClientBuilder {
    /// The time limit of each call, from the call to its answer; 30 s unless set. A stub may have one of its own.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.limit = TimeLimit::After(timeout);
        self
    }

    /// Lets calls wait for ever where their stubs do not say otherwise.
    pub fn without_timeout(mut self) -> Self {
        self.settings.limit = TimeLimit::Never;
        self
    }

    /// How many requests may wait for an object's servers: see [`CallOptions::queue_limit`].
    pub fn queue_limit(mut self, requests: u32) -> Self {
        self.settings.options = self.settings.options.queue_limit(requests);
        self
    }

    /// Something that every method called may know, under a name: see [`CallOptions::metadata`].
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.options = self.settings.options.metadata(key, value);
        self
    }

    /// The generation of the wire that the called servers speak; [`Generation::One`] unless set.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.settings.generation = generation;
        self
    }

    /// How large a message may be, in bytes: 64 MiB unless set, and at most 512 MiB, which is what Redis takes. A larger request or
    /// event is an [`Error::TooLarge`] and is not written; a larger reply is not read, and its call is
    /// [`ReplyTooLarge`](crate::RejectionKind::ReplyTooLarge).
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.settings.max_message_size = bytes.min(MOST_MESSAGE_SIZE);
        self
    }

    /// How many lists and maps a value in a reply or an event may have within one another: 1 to 128, which is also what is read unless this is set; what is
    /// outside is taken as the nearest. More would not be safe for the stack of every thread. A reply with a deeper one is an [`Error::Decode`],
    /// an event a [`StreamError::Decode`](crate::StreamError::Decode).
    /// With a lower limit each value is looked through once more.
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.settings.max_depth = Depth::new(levels);
        self
    }

    /// What happens to a text in a reply or an event that is not UTF-8: it is an [`Error::Decode`] or a
    /// [`StreamError::Decode`](crate::StreamError::Decode), unless set otherwise.
    pub fn invalid_text(mut self, choice: InvalidText) -> Self {
        self.settings.invalid_text = choice;
        self
    }

    /// How long a broker that is out of reach, or not ready yet, is waited for: not at all unless set, `Duration::MAX` for ever. A broker
    /// that is lost later is waited for in any case.
    pub fn wait_for_broker(self, limit: Duration) -> Self {
        Self { wait: limit, ..self }
    }

    /// Where calls wait for their replies; [`ReplyMode::Inbox`] unless set. Servers on rbus need [`ReplyMode::PerCall`].
    pub fn reply_mode(mut self, reply_mode: ReplyMode) -> Self {
        self.settings.options = self.settings.options.reply_mode(reply_mode);
        self
    }

    /// Connects as [`Client::connect`] does.
    ///
    /// # Errors
    /// Those of [`Client::connect`].
    pub async fn connect(self, address: &str) -> Result<Client, Error> {
        let broker = broker::connect_within(address, self.wait).await?;
        self.connect_with(broker).await
    }

    /// Connects over a broker of one's own, or one that is shared.
    ///
    /// # Errors
    /// [`Error::Broker`] where the broker is out of reach.
    pub async fn connect_with(self, broker: Arc<dyn Broker>) -> Result<Client, Error> {
        Ok(Client { shared: Arc::new(Shared::start(broker, self.settings).await?) })
    }
}
