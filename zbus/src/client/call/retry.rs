//! Which calls are tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::broker::BrokerErrorKind;
use crate::client::in_flight::{Answer, Answered};
use crate::error::RejectionKind;

const SHORTEST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// After what a call is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retried {
    /// Running the method twice is as good as once.
    pub(super) idempotent: bool,
    /// The call waits for a broker that is away.
    pub(super) waits: bool,
}

/// The tries of one call.
#[derive(Debug)]
pub(super) struct Retries {
    retried: Retried,
    delays: Option<ExponentialBackoff>,
}

impl Retries {
    pub(super) fn new(retried: Retried) -> Self {
        Self { retried, delays: None }
    }

    /// How long to wait before the next try; none where this is what came of the call.
    pub(super) fn delay(&mut self, answer: &Answer) -> Option<Duration> {
        if !self.retried.after(answer) {
            return None;
        }
        let delays = self.delays.get_or_insert_with(|| {
            ExponentialBuilder::new()
                .with_min_delay(SHORTEST_DELAY)
                .with_max_delay(LONGEST_DELAY)
                .with_jitter()
                .without_max_times()
                .build()
        });
        Some(delays.next().unwrap_or(LONGEST_DELAY))
    }
}

impl Retried {
    /// Whether there is another try after this.
    pub(super) fn after(self, answer: &Answer) -> bool {
        match answer {
            Err(error) => match error.kind() {
                // Nothing was written.
                BrokerErrorKind::Unreachable | BrokerErrorKind::Unready => self.waits,
                BrokerErrorKind::Lost | BrokerErrorKind::Full => self.idempotent,
                BrokerErrorKind::Refused | BrokerErrorKind::Address | BrokerErrorKind::Restarted => false,
            },
            Ok(Answered::Reply(response)) => {
                // A refusal for lack of room is an answer: who has not asked for tries is told at once.
                let passes = |kind: &RejectionKind| matches!(kind, RejectionKind::Stopping | RejectionKind::Overloaded);
                self.idempotent && response.rejection.as_deref().is_some_and(|(kind, _)| passes(kind))
            }
            Ok(Answered::Written) => false,
        }
    }
}

/// Whether the method may have run before this came of it.
pub(super) fn may_have_run(answer: &Answer) -> bool {
    match answer {
        Err(error) => error.kind() == BrokerErrorKind::Lost,
        Ok(Answered::Reply(response)) => response.rejection.as_deref().is_none_or(|(kind, _)| kind.may_have_run()),
        Ok(Answered::Written) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::BrokerError;
    use crate::wire::{Body, Response};

    fn lost(kind: BrokerErrorKind) -> Answer {
        Err(BrokerError::new(kind, "gone"))
    }

    fn rejected(kind: RejectionKind) -> Answered {
        let body = Body::One { data: None, thrown: None };
        Answered::Reply(Response { body, rejection: Some(Box::new((kind, String::new()))) })
    }

    #[test]
    fn a_call_is_tried_again_where_it_was_not_written_and_an_idempotent_one_where_it_may_help() {
        let (mut once, mut idempotent) = (
            Retries::new(Retried { idempotent: false, waits: true }),
            Retries::new(Retried { idempotent: true, waits: true }),
        );
        let (no, only_idempotent, yes) = ((false, false), (false, true), (true, true));
        for (answer, expected) in [
            (lost(BrokerErrorKind::Unreachable), yes),
            (lost(BrokerErrorKind::Unready), yes),
            (lost(BrokerErrorKind::Lost), only_idempotent),
            (lost(BrokerErrorKind::Full), only_idempotent),
            (lost(BrokerErrorKind::Refused), no),
            (Ok(rejected(RejectionKind::Stopping)), only_idempotent),
            (Ok(rejected(RejectionKind::Overloaded)), only_idempotent),
            (Ok(rejected(RejectionKind::Panicked)), no),
            (Ok(rejected(RejectionKind::Expired)), no),
            (Ok(rejected(RejectionKind::BadArguments)), no),
            (Ok(rejected(RejectionKind::UnknownObject)), no),
        ] {
            assert_eq!((once.delay(&answer).is_some(), idempotent.delay(&answer).is_some()), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_call_that_is_to_fail_fast_does_not_wait_for_the_broker() {
        for kind in [BrokerErrorKind::Unreachable, BrokerErrorKind::Unready] {
            for idempotent in [false, true] {
                assert!(Retries::new(Retried { idempotent, waits: false }).delay(&lost(kind)).is_none());
            }
        }
    }

    #[test]
    fn the_delays_grow_to_their_bound_and_are_jittered() {
        let delays = |()| {
            let mut retries = Retries::new(Retried { idempotent: true, waits: true });
            (0..12).map(|_| retries.delay(&lost(BrokerErrorKind::Lost)).unwrap()).collect::<Vec<_>>()
        };
        let (one, other) = (delays(()), delays(()));
        assert_ne!(one, other);
        assert!(one.iter().all(|delay| (SHORTEST_DELAY..=2 * LONGEST_DELAY).contains(delay)), "{one:?}");
        assert!(one.last() >= Some(&LONGEST_DELAY));
    }
}
