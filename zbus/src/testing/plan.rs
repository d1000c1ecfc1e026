//! What goes wrong, and when.

use std::collections::BTreeMap;
use std::time::Duration;

/// What happens to a message, or to the broker from that message on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The message is lost, but its writer gets no error: as when the broker crashes, or the server that has taken the message.
    Drop,
    /// The message is written this much later, and with it what its writer writes after it.
    Delay(Duration),
    /// The message arrives twice. No broker of this library does that to a request. A reply may be repeated, and a Go server's is.
    Duplicate,
    /// All connections to the broker are lost, and nobody can connect for a while. The writer cannot tell whether the message was written
    /// ([`Lost`](crate::broker::BrokerErrorKind::Lost)). Subscribers get a gap.
    Disconnect {
        /// Whether the message has reached the broker.
        written: bool,
        /// How long the broker is out of reach.
        lasting: Duration,
    },
    /// The broker stands still for this long, as a stopped process does: writes, pops and everything else hang. Afterwards they go on, this
    /// message among them, and nothing is lost. See [`FaultyBroker::stall`](super::FaultyBroker::stall).
    Stall(Duration),
    /// The broker has no memory for this long: it refuses pushes, this message among them, while pops and events work. See
    /// [`FaultyBroker::fill`](super::FaultyBroker::fill).
    Full(Duration),
    /// The broker is a replica for this long: it refuses pushes, this message among them, and pops, while events work. See
    /// [`FaultyBroker::demote`](super::FaultyBroker::demote).
    ReadOnly(Duration),
}

/// The kinds of messages that a [`FaultPlan`] tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Traffic {
    /// A call, a one-way call or a status request. Each retry of an idempotent call is one more.
    Request,
    /// The answer of a server.
    Reply,
    /// A message that is published: an event of a stream, or the cancellation of a call.
    Event,
}

/// Which messages meet which [`Fault`]: named one by one, or drawn from a seed. The n-th message of a kind always meets the same fault.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FaultPlan {
    named: BTreeMap<(Traffic, u64), Fault>,
    seed: Option<u64>,
    one_in: u64,
    rate: Option<u64>,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// About one in 20 messages meets a fault that follows from the seed. The faults are those that a real broker can have, so no request
    /// arrives twice and no event is lost without a gap. None lasts longer than 20 ms.
    pub fn random(seed: u64) -> Self {
        Self { seed: Some(seed), one_in: 20, ..Self::default() }
    }

    /// Transfers are slow: each connection carries this many bytes a second, in each direction. A message arrives once all of it is
    /// through, and what comes after it on the same connection waits. 0 is taken as 1.
    pub fn bytes_per_second(self, rate: u64) -> Self {
        Self { rate: Some(rate.max(1)), ..self }
    }

    /// How long so many bytes take.
    pub(super) fn transfer(&self, bytes: usize) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let nanoseconds = (bytes as u128).saturating_mul(1_000_000_000) / u128::from(rate);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// For a random plan: about one in this many messages meets a fault, 20 unless set. 1 is every message.
    pub fn one_in(self, messages: u64) -> Self {
        Self { one_in: messages.max(1), ..self }
    }

    /// The request of this index meets a fault. 0 is the first. Each kind of traffic is counted by itself.
    pub fn request(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Request, index, fault)
    }

    /// The reply of this index meets a fault.
    pub fn reply(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Reply, index, fault)
    }

    /// The event of this index meets a fault.
    pub fn event(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Event, index, fault)
    }

    fn with(mut self, traffic: Traffic, index: u64, fault: Fault) -> Self {
        self.named.insert((traffic, index), fault);
        self
    }

    /// The fault of the message of this index: the one that was named for it, or else the one that follows from the seed.
    pub fn fault(&self, traffic: Traffic, index: u64) -> Option<Fault> {
        self.named.get(&(traffic, index)).copied().or_else(|| self.drawn(self.seed?, traffic, index))
    }

    fn drawn(&self, seed: u64, traffic: Traffic, index: u64) -> Option<Fault> {
        let mut draw = Draw(mixed(seed) ^ mixed(index.wrapping_mul(4).wrapping_add(traffic as u64)));
        if !draw.below(self.one_in).eq(&0) {
            return None;
        }
        let time = Duration::from_micros(draw.below(20_000));
        Some(match (draw.below(8), traffic) {
            (0, Traffic::Request | Traffic::Reply) => Fault::Drop,
            (1, Traffic::Reply) => Fault::Duplicate,
            (2, _) => Fault::Disconnect { written: false, lasting: time },
            (3, _) => Fault::Disconnect { written: true, lasting: time },
            (4, _) => Fault::Stall(time),
            (5, _) => Fault::Full(time),
            (6, _) => Fault::ReadOnly(time),
            _ => Fault::Delay(time),
        })
    }
}

/// The generator `SplitMix64`, of Steele, Lea and Flood (2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0) % bound.max(1)
    }
}

fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(plan: &FaultPlan, traffic: Traffic) -> Vec<Option<Fault>> {
        (0..10_000).map(|index| plan.fault(traffic, index)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_faults_each_time_and_another_seed_others() {
        for traffic in [Traffic::Request, Traffic::Reply, Traffic::Event] {
            let first = drawn(&FaultPlan::random(7), traffic);
            assert_eq!(first, drawn(&FaultPlan::random(7), traffic));
            assert_ne!(first, drawn(&FaultPlan::random(8), traffic));
            let faults = first.iter().flatten().count();
            assert!((400..600).contains(&faults), "{faults}");
        }
        assert!(drawn(&FaultPlan::random(7).one_in(1), Traffic::Reply).iter().all(Option::is_some));
        assert!(drawn(&FaultPlan::new(), Traffic::Reply).iter().all(Option::is_none));
    }

    #[test]
    fn a_random_plan_has_every_fault_but_those_that_no_broker_is_capable_of() {
        let count = |traffic, kind: fn(&Fault) -> bool| {
            drawn(&FaultPlan::random(1), traffic).iter().flatten().filter(|fault| kind(fault)).count()
        };
        let dropped: fn(&Fault) -> bool = |fault| *fault == Fault::Drop;
        let doubled: fn(&Fault) -> bool = |fault| *fault == Fault::Duplicate;
        for kind in [
            dropped,
            doubled,
            |fault| matches!(fault, Fault::Delay(_)),
            |fault| matches!(fault, Fault::Disconnect { written: true, .. }),
            |fault| matches!(fault, Fault::Stall(_)),
            |fault| matches!(fault, Fault::Full(_)),
            |fault| matches!(fault, Fault::ReadOnly(_)),
        ] {
            assert!(count(Traffic::Reply, kind) > 30);
        }
        assert_eq!((count(Traffic::Request, doubled), count(Traffic::Event, dropped)), (0, 0));
    }

    #[test]
    fn transfers_take_the_time_of_their_bytes() {
        let plan = FaultPlan::new().bytes_per_second(1000);
        assert_eq!((plan.transfer(0), plan.transfer(500)), (Duration::ZERO, Duration::from_millis(500)));
        assert_eq!(FaultPlan::new().transfer(usize::MAX), Duration::ZERO);
        assert!(FaultPlan::new().bytes_per_second(0).transfer(usize::MAX) > Duration::from_secs(1));
    }

    #[test]
    fn what_is_named_goes_before_what_is_drawn() {
        let plan = FaultPlan::random(1).one_in(1).request(3, Fault::Duplicate);
        assert_eq!(plan.fault(Traffic::Request, 3), Some(Fault::Duplicate));
        assert_ne!(plan.fault(Traffic::Reply, 3), None);
    }
}
