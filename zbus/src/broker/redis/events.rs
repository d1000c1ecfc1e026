//! How large an event may be: Redis cuts a subscriber off whose output buffer grows beyond a limit, and with it all of its subscriptions.

use redis::RedisResult;

use crate::broker::{BrokerError, BrokerErrorKind, Write};

/// What Redis' output buffer may take for a subscriber, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventLimit(usize);

/// What an event takes in the buffer besides its channel and its message, and a bit more.
const FRAME: usize = 128;

impl EventLimit {
    /// The setting: for each class of clients its name, its hard limit, and a softer one with its seconds.
    pub(super) const SETTING: &str = "client-output-buffer-limit";

    /// Redis' own setting, unless it is changed.
    const DEFAULT: Self = Self(32 << 20);

    /// As `CONFIG GET` answers; the default if it was not asked or does not say.
    pub(super) fn from_setting(setting: Option<RedisResult<Vec<String>>>) -> Self {
        let Some(Ok(setting)) = setting else { return Self::DEFAULT };
        let mut words = setting.get(1).map(String::as_str).unwrap_or_default().split_whitespace();
        match words.by_ref().find(|word| *word == "pubsub").and_then(|_| words.next()?.parse().ok()) {
            Some(0) => Self(usize::MAX),
            Some(limit) => Self(limit),
            None => Self::DEFAULT,
        }
    }

    pub(super) fn refuses(self, write: &Write) -> bool {
        let Write::Publish { channel, message } = write else { return false };
        allocated(FRAME + channel.len() + message.len()) >= self.0
    }

    /// An error for an event that no subscriber would get.
    pub(super) fn check(self, write: &Write) -> Result<(), BrokerError> {
        if !self.refuses(write) {
            return Ok(());
        }
        let message = format!(
            "an event of {} bytes is too large for the broker, which cuts a subscriber off whose output buffer reaches {} bytes: \
             publish less at once, or raise `{} pubsub` of Redis and connect again",
            write.message().len(),
            self.0,
            Self::SETTING
        );
        Err(BrokerError::new(BrokerErrorKind::Refused, message))
    }
}

/// How much memory Redis counts for a piece of its buffer: its allocator has four sizes between a power of two and the next.
fn allocated(size: usize) -> usize {
    let step = (size.max(64).next_power_of_two() / 8).max(1);
    size.div_ceil(step).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(size: usize) -> Write {
        Write::Publish { channel: "c".into(), message: vec![0; size].into() }
    }

    fn setting(value: &str) -> Vec<String> {
        vec![EventLimit::SETTING.to_owned(), value.to_owned()]
    }

    #[test]
    fn the_limit_is_that_of_subscribers() {
        let known = "normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 8388608 60";
        assert_eq!(EventLimit::from_setting(Some(Ok(setting(known)))), EventLimit(1 << 20));
        assert_eq!(EventLimit::from_setting(Some(Ok(setting("normal 0 0 0 pubsub 0 0 0")))), EventLimit(usize::MAX));
        for unknown in [setting(""), setting("pubsub"), setting("pubsub x 0 0"), Vec::new()] {
            assert_eq!(EventLimit::from_setting(Some(Ok(unknown))), EventLimit::DEFAULT);
        }
        assert_eq!(EventLimit::from_setting(None), EventLimit::DEFAULT);
    }

    #[test]
    fn an_event_is_refused_if_redis_would_count_as_much_as_the_limit_for_it() {
        let limit = EventLimit(1 << 20);
        assert!(limit.check(&event(895 << 10)).is_ok());
        let error = limit.check(&event(897 << 10)).unwrap_err();
        assert_eq!(error.kind(), BrokerErrorKind::Refused);
        assert!(error.to_string().contains("918528 bytes") && error.to_string().contains("1048576"), "{error}");
        let request = Write::Push { list: "l".into(), message: vec![0; 2 << 20].into(), expire: None };
        assert!(limit.check(&request).is_ok());
    }

    #[test]
    fn sizes_are_rounded_up_as_by_the_allocator() {
        let megabyte = 1 << 20;
        for (size, expected) in
            [(28 * megabyte, 28), (28 * megabyte + 1, 32), (32 * megabyte, 32), (32 * megabyte + 1, 40), (megabyte, 1)]
        {
            assert_eq!(allocated(size), expected * megabyte, "{size}");
        }
    }
}
