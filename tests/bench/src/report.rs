//! Medians over the rounds, and the table of them.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets};

use crate::contenders::Contender;
use crate::figures::Figures;

/// The figures of all rounds of one case: the medians, and the range of the rate.
#[derive(Clone, Copy, Debug)]
pub struct Median {
    /// Calls a second: lowest, median, highest.
    pub rate: [f64; 3],
    /// Microseconds.
    pub p50: f64,
    /// Microseconds.
    pub p99: f64,
}

/// By calls in flight, then by contender.
pub type Medians = BTreeMap<(usize, Contender), Median>;

pub fn medians(figures: &[Figures]) -> Medians {
    let mut rounds: BTreeMap<(usize, Contender), Vec<Figures>> = BTreeMap::new();
    for figures in figures {
        rounds.entry((figures.case.in_flight, figures.case.contender)).or_default().push(*figures);
    }
    rounds
        .into_iter()
        .map(|(case, rounds)| {
            let sorted = |of: fn(&Figures) -> f64| {
                let mut values: Vec<f64> = rounds.iter().map(of).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            let (rates, p50, p99) = (sorted(|one| one.rate), sorted(|one| one.p50), sorted(|one| one.p99));
            let middle = rounds.len() / 2;
            let rate = [rates[0], rates[middle], rates[rates.len() - 1]];
            (case, Median { rate, p50: p50[middle], p99: p99[middle] })
        })
        .collect()
}

/// One row a case, with its rate as a ratio to the floor on the same transport.
pub fn table(medians: &Medians) -> String {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_header([
        "in flight",
        "contender",
        "calls/s",
        "min–max",
        "p50 µs",
        "p99 µs",
        "of the floor",
    ]);
    for column in [0, 2, 3, 4, 5, 6] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (&(in_flight, contender), median) in medians {
        let floor = match contender {
            Contender::FloorTcp | Contender::ZbusTcp | Contender::GoZbus | Contender::Nats => Contender::FloorTcp,
            _ => Contender::FloorUnix,
        };
        let share = medians
            .get(&(in_flight, floor))
            .map(|floor| format!("{:.2}", median.rate[1] / floor.rate[1]))
            .unwrap_or_default();
        table.add_row([
            in_flight.to_string(),
            contender.to_string(),
            format!("{:.0}", median.rate[1]),
            format!("{:.0}–{:.0}", median.rate[0], median.rate[2]),
            format!("{:.0}", median.p50),
            format!("{:.0}", median.p99),
            share,
        ]);
    }
    table.to_string()
}
