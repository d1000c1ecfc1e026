//! The tables of a run, in Markdown: for the terminal and for the documentation alike.

use std::collections::BTreeSet;

use comfy_table::{CellAlignment, Table, presets};

use crate::contenders::{Contender, Library, Transport};
use crate::figures::{CROWD, Case, MULTITUDE, Processes, Run, SMALL, Sample, Workload};
use crate::goals::{Goal, Limit, goals, ways};
use crate::statistics::{Results, Spread, growth};

/// A part of the report.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// What the table says and how, in Markdown.
    pub text: String,
    /// A table in Markdown.
    pub table: Table,
}

/// What a run says, the goals first. Parts that were not measured are not there.
pub fn sections(run: &Run) -> Vec<Section> {
    let results = Results::of(&run.figures);
    let all = [
        goal_section(&goals(run, &results)),
        calls(&results),
        payloads(&results),
        servers(&results),
        events(&results),
        memory(&results),
        long_run(&run.long_run),
    ];
    all.into_iter().filter(|section| section.table.row_count() > 0).collect()
}

/// The first `names` columns are to the left, figures to the right.
pub fn table(names: usize, header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header(header.iter().copied());
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `12,345`.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To about three digits.
pub fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => whole(value),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn range(spread: Spread) -> String {
    format!("{}–{}", whole(spread.low), whole(spread.high))
}

fn or_none(value: Option<Spread>, write: impl Fn(f64) -> String) -> String {
    value.map(|spread| write(spread.median)).unwrap_or_default()
}

fn mebibytes(bytes: f64) -> String {
    format!("{:.1}", bytes / f64::from(1 << 20))
}

fn goal_section(goals: &[Goal]) -> Section {
    let mut header = vec!["goal".to_owned(), "limit".to_owned()];
    header.extend(ways().map(|way| way.to_string()));
    let mut table = table(2, &header.iter().map(String::as_str).collect::<Vec<_>>());
    for goal in goals {
        if goal.measured.iter().all(Option::is_none) {
            continue;
        }
        let mut row = vec![
            goal.text.to_owned(),
            match goal.limit {
                Limit::Least(limit) => format!("≥ {}", short(limit)),
                Limit::Most(limit) => format!("≤ {}", short(limit)),
            },
        ];
        row.extend(goal.measured.iter().map(|measured| match measured {
            Some((ratio, met)) => {
                let verdict = if *met { "met" } else { "not met" };
                format!("{} ({}–{}) {verdict}", short(ratio.median), short(ratio.low), short(ratio.high))
            }
            None => String::new(),
        }));
        table.add_row(row);
    }
    let text = "Each column is a way of running zbus, and is held against its like: the floor on the same transport; Go zbus on the \
                same transport; NATS, which has TCP alone, and tonic and tarpc, on as many threads. Ratios are taken round by \
                round; the median counts, and the range shows how noisy the run was.";
    Section { title: "Goals", text: text.to_owned(), table }
}

/// The parameter of the cases of one table, or none where a case belongs to another.
type Parameter = fn(Workload) -> Option<usize>;

/// Rates and latencies, by a parameter and then by contender.
fn by_parameter(results: &Results, name: &str, parameter: Parameter) -> Table {
    let mut table = table(
        0,
        &[
            name,
            "contender",
            "calls/s",
            "min–max",
            "p50 µs",
            "p99 µs",
            "of the floor",
            "zbus TCP is ×",
            "zbus unix is ×",
            "CPU µs",
            "client + server + broker",
        ],
    );
    for column in [1, 10] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
    let mut cases: Vec<(usize, Case)> =
        results.cases().filter_map(|case| Some((parameter(case.workload)?, case))).collect();
    cases.sort_unstable();
    // Of those that have one value alone there is nothing to see.
    let alone = |contender: Contender| cases.iter().filter(|(_, case)| case.contender == contender).count() < 2;
    let varied = cases.iter().any(|&(value, _)| value != cases[0].0);
    for &(value, case) in cases.iter().filter(|(_, case)| !varied || !alone(case.contender)) {
        let Some(rate) = results.spread(case, |figures| figures.load.rate) else { continue };
        let to = |of: Case, to: Case| results.ratio((of, |of| of.load.rate), (to, |to| to.load.rate));
        let floor = case.contender.peer(Library::Floor).map(|contender| Case { contender, ..case });
        let ours = |transport| {
            let ours = case.contender.zbus(transport).filter(|contender| *contender != case.contender);
            or_none(ours.and_then(|contender| to(Case { contender, ..case }, case)), short)
        };
        let cpu = [
            results.spread(case, |figures| figures.cpu.client),
            results.spread(case, |figures| figures.cpu.servers),
            results.spread(case, |figures| figures.cpu.broker),
        ];
        table.add_row([
            whole(value as f64),
            case.contender.to_string(),
            whole(rate.median),
            range(rate),
            or_none(results.spread(case, |figures| figures.load.p50), whole),
            or_none(results.spread(case, |figures| figures.load.p99), whole),
            or_none(floor.and_then(|floor| to(case, floor)), |ratio| format!("{ratio:.2}")),
            ours(Transport::Tcp),
            ours(Transport::Unix),
            or_none(results.spread(case, |figures| figures.cpu.sum()), short),
            cpu.map(|spread| or_none(spread, short)).join(" + "),
        ]);
    }
    table
}

fn calls(results: &Results) -> Section {
    let table = by_parameter(results, "in flight", |workload| match workload {
        Workload::Calls { payload: SMALL, servers: 1, in_flight } if in_flight < MULTITUDE => Some(in_flight),
        _ => None,
    });
    let text = format!(
        "An echo of {SMALL} B. Processor time is user and system of all processes, for one call. “Of the floor” is the rate \
         to that of the floor on the same transport, “zbus … is ×” how many times its rate zbus has on as many threads (on one, \
         where a contender has no such choice)."
    );
    Section { title: "Calls in flight", text, table }
}

fn payloads(results: &Results) -> Section {
    let parameter: Parameter = |workload| match workload {
        Workload::Calls { payload, servers: 1, in_flight: CROWD } => Some(payload),
        _ => None,
    };
    let text = format!("An echo of that many bytes, {CROWD} calls in flight.");
    Section { title: "Payloads", text, table: if_varied(results, "bytes", parameter) }
}

/// A table, unless there is only one value of its parameter.
fn if_varied(results: &Results, name: &str, parameter: Parameter) -> Table {
    let values: BTreeSet<usize> = results.cases().filter_map(|case| parameter(case.workload)).collect();
    if values.len() > 1 { by_parameter(results, name, parameter) } else { Table::new() }
}

fn servers(results: &Results) -> Section {
    let parameter: Parameter = |workload| match workload {
        Workload::Calls { payload: SMALL, servers, in_flight: CROWD } => Some(servers),
        _ => None,
    };
    let text = format!(
        "Calls of {SMALL} B to so many server processes, {CROWD} in flight. tonic, tarpc and memory:// have no broker that \
         would spread the calls."
    );
    Section { title: "Server processes", text, table: if_varied(results, "servers", parameter) }
}

fn events(results: &Results) -> Section {
    let mut table = table(
        0,
        &["subscribers", "contender", "events/s", "min–max", "deliveries/s", "of the floor", "CPU µs an event"],
    );
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    let cases: BTreeSet<(usize, Case)> = results
        .cases()
        .filter_map(|case| match case.workload {
            Workload::Events { subscribers } => Some((subscribers, case)),
            Workload::Calls { .. } => None,
        })
        .collect();
    for (subscribers, case) in cases {
        let Some(rate) = results.spread(case, |figures| figures.load.rate) else { continue };
        let floor = case.contender.peer(Library::Floor).map(|contender| Case { contender, ..case });
        let ratio = floor.and_then(|floor| results.ratio((case, |of| of.load.rate), (floor, |of| of.load.rate)));
        table.add_row([
            whole(subscribers as f64),
            case.contender.to_string(),
            whole(rate.median),
            range(rate),
            whole(rate.median * subscribers as f64),
            or_none(ratio, |ratio| format!("{ratio:.2}")),
            or_none(results.spread(case, |figures| figures.cpu.sum()), short),
        ]);
    }
    let text = format!(
        "Events of {SMALL} B that one process publishes, each to all subscribers, which have a connection each and share a \
         process. The publisher is at most two batches of 256 ahead of the slowest subscriber. The floor is raw Redis."
    );
    Section { title: "Events", text, table }
}

fn memory(results: &Results) -> Section {
    let mut table = table(1, &["contender", "client MiB", "server MiB", "broker MiB", "calls/s"]);
    for case in results.cases().filter(|case| case.workload == Workload::calls(MULTITUDE)) {
        table.add_row([
            case.contender.to_string(),
            or_none(results.spread(case, |figures| figures.memory.client), mebibytes),
            or_none(results.spread(case, |figures| figures.memory.servers), mebibytes),
            or_none(results.spread(case, |figures| figures.memory.broker), mebibytes),
            or_none(results.spread(case, |figures| figures.load.rate), whole),
        ]);
    }
    let text = format!(
        "The most resident memory of each process with {} calls of {SMALL} B in flight.",
        whole(MULTITUDE as f64)
    );
    Section { title: "Memory", text, table }
}

fn long_run(samples: &[Sample]) -> Section {
    let mut table = table(0, &["second", "client MiB", "server MiB", "broker MiB"]);
    // Ten moments are enough to see whether it grows.
    for index in (0..10).map(|step| step * samples.len().saturating_sub(1) / 9) {
        let Some(Sample { at, memory: Processes { client, servers, broker } }) = samples.get(index) else { break };
        table.add_row([format!("{at:.1}"), mebibytes(*client), mebibytes(*servers), mebibytes(*broker)]);
    }
    let text = format!(
        "Resident memory of {} with {CROWD} calls in flight: in its last quarter {:.3} times that of its third.",
        Contender::ZBUS_UNIX,
        growth(samples).unwrap_or(f64::NAN),
    );
    Section { title: "A long run", text, table }
}
