//! What zbus wants to reach, and what the run says of it.

use crate::contenders::{Broker, Contender, Library, Transport};
use crate::figures::{CROWD, Case, Figures, Run, Workload};
use crate::statistics::{Results, Spread, growth};

/// A limit to a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At least this.
    Least(f64),
    /// At most this.
    Most(f64),
}

impl Limit {
    fn met(self, ratio: f64) -> bool {
        match self {
            Self::Least(limit) => ratio >= limit,
            Self::Most(limit) => ratio <= limit,
        }
    }
}

/// A goal, and how each way of running zbus stands to it.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What is compared.
    pub text: &'static str,
    /// What the ratio should be.
    pub limit: Limit,
    /// The ratio and whether it meets the limit, for each of the [`ways`]; none where it was not measured.
    pub measured: Vec<Option<(Spread, bool)>>,
}

/// The ways of running zbus over a broker.
pub fn ways() -> impl Iterator<Item = Contender> {
    let of_a_broker = |way: &Contender| way.library == Library::Zbus && way.broker() == Broker::Redis;
    Contender::ALL.into_iter().filter(of_a_broker)
}

/// Memory may wander by this much and is still called flat.
const FLAT: f64 = 1.05;

fn rate(figures: &Figures) -> f64 {
    figures.load.rate
}

fn p50(figures: &Figures) -> f64 {
    figures.load.p50
}

fn p99(figures: &Figures) -> f64 {
    figures.load.p99
}

/// All goals.
pub fn goals(run: &Run, results: &Results) -> Vec<Goal> {
    type Figure = fn(&Figures) -> f64;
    let calls = |contender, in_flight| Case { contender, workload: Workload::calls(in_flight) };
    let of_each = |limit: Limit, ratio: &dyn Fn(Contender) -> Option<Spread>| {
        ways().map(|way| ratio(way).map(|ratio| (ratio, limit.met(ratio.median)))).collect()
    };
    // Each way to the peer on its transport, where that has the choice, and on as many threads.
    let to_peer = |text, limit, in_flight, figure: Figure, library| {
        let ratio = |way: Contender| {
            let peer = way.peer(library)?;
            results.ratio((calls(way, in_flight), figure), (calls(peer, in_flight), figure))
        };
        Goal { text, limit, measured: of_each(limit, &ratio) }
    };
    let to_itself = |text, limit, one: (usize, Figure), other: (usize, Figure)| {
        let ratio = |way| results.ratio((calls(way, one.0), one.1), (calls(way, other.0), other.1));
        Goal { text, limit, measured: of_each(limit, &ratio) }
    };
    let growth = growth(&run.long_run).map(|growth| Spread { low: growth, median: growth, high: growth });
    let (floor, go, nats) = (Library::Floor, Library::GoZbus, Library::Nats);
    let (tonic, tarpc) = (Library::Tonic, Library::Tarpc);
    let ratio_to_tcp = |way: Contender| {
        let peer = Contender { transport: Transport::Tcp, ..way }.peer(tonic)?;
        results.ratio((calls(way, 1), p50), (calls(peer, 1), p50))
    };
    let to_tcp = Goal {
        text: "1 in flight: p50 to tonic over TCP",
        limit: Limit::Most(1.0),
        measured: of_each(Limit::Most(1.0), &ratio_to_tcp),
    };
    vec![
        to_peer("64 in flight: calls/s to the floor", Limit::Least(1.0 / 3.0), CROWD, rate, floor),
        to_peer("256 in flight: calls/s to the floor", Limit::Least(0.4), 256, rate, floor),
        to_peer("64 in flight: calls/s to Go zbus", Limit::Least(35.0), CROWD, rate, go),
        to_peer("64 in flight: calls/s to NATS (TCP)", Limit::Least(1.5), CROWD, rate, nats),
        to_peer("64 in flight: calls/s to tarpc, no broker", Limit::Least(1.0), CROWD, rate, tarpc),
        to_peer("1 in flight: p50 to the floor", Limit::Most(1.5), 1, p50, floor),
        to_peer("1 in flight: p50 to NATS (TCP)", Limit::Most(1.0), 1, p50, nats),
        to_peer("1 in flight: p50 to tonic", Limit::Most(1.0), 1, p50, tonic),
        to_tcp,
        to_itself("64 in flight: p99 to p50", Limit::Most(3.0), (CROWD, p99), (CROWD, p50)),
        to_itself("calls/s with 1,024 in flight to 64", Limit::Least(1.0), (1024, rate), (CROWD, rate)),
        Goal {
            text: "64 in flight: memory after a long run to its middle",
            limit: Limit::Most(FLAT),
            measured: of_each(Limit::Most(FLAT), &|way| growth.filter(|_| way == Contender::ZBUS_UNIX)),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::figures::{Load, Processes};

    #[test]
    fn goal_compares_round_by_round() {
        let figures = |contender, round, rate| Figures {
            case: Case { contender, workload: Workload::calls(CROWD) },
            round,
            load: Load { rate, p50: 10.0, p99: 20.0, operations: 1, cpu: 0.0 },
            cpu: Processes::default(),
            memory: Processes::default(),
        };
        let ours_of = Contender::FLOOR_TCP.peer(Library::Zbus).unwrap();
        let rounds = [(100.0, 300.0), (10.0, 20.0), (1.0, 10.0)];
        let figures = rounds
            .iter()
            .enumerate()
            .flat_map(|(round, &(ours, floor))| {
                [figures(ours_of, round, ours), figures(Contender::FLOOR_TCP, round, floor)]
            })
            .collect();
        let environment = Environment { date: String::new(), machine: String::new(), load: 0.0, versions: Vec::new() };
        let run = Run { environment, seconds: 1.0, figures, long_run: Vec::new() };
        let goals = goals(&run, &Results::of(&run.figures));
        let spread = Spread { low: 0.1, median: 1.0 / 3.0, high: 0.5 };
        assert_eq!(goals[0].measured, [Some((spread, true)), None, None, None]);
        assert_eq!(goals[9].measured[0].map(|(ratio, met)| (ratio.median, met)), Some((2.0, true)));
    }
}
