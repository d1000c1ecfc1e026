//! How far a subscriber may fall behind, and what happens then.

/// How many events wait for a slow subscriber, and what happens to events that do not fit. The number of events and their bytes are
/// both bounded; the bound that is reached first applies. If events are lost, the subscriber gets an error with their number:
/// [`StreamError::Lagged`](crate::StreamError::Lagged).
///
/// The default is `Lag::drop_oldest(1024)`. A schema's `@lag` or [`Subscription::with_lag`](crate::Subscription::with_lag) changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    policy: Policy,
    events: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Error,
    DropOldest,
}

/// How many bytes of events wait by default.
const DEFAULT_BYTES: usize = 16 << 20;

impl Lag {
    /// Ends a subscription that is more than this many events behind. It gives the events that fit, in order and without a gap, then
    /// [`StreamError::Lagged`](crate::StreamError::Lagged), then nothing more. 0 is taken as 1.
    pub const fn error(events: u32) -> Self {
        Self::new(Policy::Error, events)
    }

    /// Drops the oldest events of a subscription that is more than this many events behind. It gives
    /// [`StreamError::Lagged`](crate::StreamError::Lagged) in their place, and goes on. 0 is taken as 1.
    pub const fn drop_oldest(events: u32) -> Self {
        Self::new(Policy::DropOldest, events)
    }

    /// Sets the bound for the bytes of the events that wait. The default is 16 MiB. A single event that is larger waits alone.
    #[must_use]
    pub const fn bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    const fn new(policy: Policy, events: u32) -> Self {
        let events = if events == 0 { 1 } else { events as usize };
        Self { policy, events, bytes: DEFAULT_BYTES }
    }

    pub(crate) fn ends(&self) -> bool {
        self.policy == Policy::Error
    }

    /// Whether this many events, with this many bytes, may wait.
    pub(crate) fn allows(&self, events: usize, bytes: usize) -> bool {
        events <= 1 || (events <= self.events && bytes <= self.bytes)
    }
}

impl Default for Lag {
    fn default() -> Self {
        Self::drop_oldest(1024)
    }
}
