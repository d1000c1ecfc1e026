//! How far a subscriber may fall behind, and what happens then.

/// How many events wait for a subscriber that is slower than they come, and what becomes of those that do not fit. Bounded by their
/// number and by their bytes, whichever is reached first. The subscriber learns how many are lost in either case, by
/// [`StreamError::Lagged`](crate::StreamError::Lagged).
///
/// Unless a schema's `@lag` or [`Subscription::with_lag`](crate::Subscription::with_lag) says otherwise, it is
/// `Lag::drop_oldest(1024)`.
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
    /// A subscription that is more than this many events behind ends: it gives the events that fit, in order and without a gap, then
    /// [`StreamError::Lagged`](crate::StreamError::Lagged), then nothing more. 0 is taken as 1.
    pub const fn error(events: u32) -> Self {
        Self::new(Policy::Error, events)
    }

    /// A subscription that is more than this many events behind loses the oldest of them: it gives
    /// [`StreamError::Lagged`](crate::StreamError::Lagged) in their place, and goes on. 0 is taken as 1.
    pub const fn drop_oldest(events: u32) -> Self {
        Self::new(Policy::DropOldest, events)
    }

    /// Sets the bound for the bytes of the events that wait: 16 MiB unless set. A single event that is larger waits
    /// alone.
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

    /// Whether so much may wait.
    pub(crate) fn allows(&self, events: usize, bytes: usize) -> bool {
        events <= 1 || (events <= self.events && bytes <= self.bytes)
    }
}

impl Default for Lag {
    fn default() -> Self {
        Self::drop_oldest(1024)
    }
}
