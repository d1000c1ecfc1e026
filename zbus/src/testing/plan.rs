//! What is to go wrong, and when.

use std::collections::BTreeMap;
use std::time::Duration;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is gone, and whoever wrote it believes that it was written: as where the broker, or the server that has taken it, crashes.
    Drop,
    /// It is written this much later, and so is what is written after it.
    Delay(Duration),
    /// It comes twice. No broker of this library does that to a request; a reply may be repeated, and a Go server's is.
    Duplicate,
    /// The connection is lost, as are all others to the broker, and nobody can connect for a while. Whoever wrote cannot tell what was
    /// done ([`Lost`](crate::broker::BrokerErrorKind::Lost)); those who listen get a gap.
    Disconnect {
        /// Whether the message has reached the broker.
        written: bool,
        /// How long the broker is out of reach.
        lasting: Duration,
    },
}

/// What a message is, to a [`FaultPlan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Traffic {
    /// A call, a one-way call or a status request, on its way to a server; also each further try of an idempotent one.
    Request,
    /// A server's answer.
    Reply,
    /// What is published: an event of a stream, or that a call was given up.
    Event,
}

/// Which messages meet which [`Fault`]: named one by one, or drawn from a seed. The n-th message of its kind always meets the same.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FaultPlan {
    named: BTreeMap<(Traffic, u64), Fault>,
    seed: Option<u64>,
    one_in: u64,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// About one in 20 messages meets a fault, which follows from the seed: of those that a real broker is capable of, so no request comes
    /// twice and no event vanishes without a gap. Delays and disconnections are below 20 ms.
    pub fn random(seed: u64) -> Self {
        Self { seed: Some(seed), one_in: 20, ..Self::default() }
    }

    /// For a random plan: about one in this many messages meets a fault, 20 unless set; 1 is every one.
    pub fn one_in(self, messages: u64) -> Self {
        Self { one_in: messages.max(1), ..self }
    }

    /// The request of this index meets a fault; 0 is the first. Indexes count each kind of traffic apart.
    pub fn request(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Request, index, fault)
    }

    /// The like for a reply.
    pub fn reply(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Reply, index, fault)
    }

    /// The like for an event.
    pub fn event(self, index: u64, fault: Fault) -> Self {
        self.with(Traffic::Event, index, fault)
    }

    fn with(mut self, traffic: Traffic, index: u64, fault: Fault) -> Self {
        self.named.insert((traffic, index), fault);
        self
    }

    /// What the message of this index meets: what was named for it, or else what the seed says.
    pub fn fault(&self, traffic: Traffic, index: u64) -> Option<Fault> {
        self.named.get(&(traffic, index)).copied().or_else(|| self.drawn(self.seed?, traffic, index))
    }

    fn drawn(&self, seed: u64, traffic: Traffic, index: u64) -> Option<Fault> {
        let mut draw = Draw(mixed(seed) ^ mixed(index.wrapping_mul(4).wrapping_add(traffic as u64)));
        if !draw.below(self.one_in).eq(&0) {
            return None;
        }
        let time = Duration::from_micros(draw.below(20_000));
        Some(match (draw.below(5), traffic) {
            (0, Traffic::Request | Traffic::Reply) => Fault::Drop,
            (1, Traffic::Reply) => Fault::Duplicate,
            (2, _) => Fault::Disconnect { written: false, lasting: time },
            (3, _) => Fault::Disconnect { written: true, lasting: time },
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
        ] {
            assert!(count(Traffic::Reply, kind) > 50);
        }
        assert_eq!((count(Traffic::Request, doubled), count(Traffic::Event, dropped)), (0, 0));
    }

    #[test]
    fn what_is_named_goes_before_what_is_drawn() {
        let plan = FaultPlan::random(1).one_in(1).request(3, Fault::Duplicate);
        assert_eq!(plan.fault(Traffic::Request, 3), Some(Fault::Duplicate));
        assert_ne!(plan.fault(Traffic::Reply, 3), None);
    }
}
