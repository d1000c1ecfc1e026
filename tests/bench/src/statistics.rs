//! The rounds of each case, as medians with their range.

use std::collections::BTreeMap;

use crate::figures::{Case, Figures, Sample};

/// A median over rounds, with the lowest and the highest: how noisy the run was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lowest of a round.
    pub low: f64,
    /// Half of the rounds are above.
    pub median: f64,
    /// The highest of a round.
    pub high: f64,
}

impl Spread {
    /// None of no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => (values.get(middle.checked_sub(1)?)? + values[middle]) / 2.0,
        };
        Some(Self { low: *values.first()?, median, high: *values.last()? })
    }
}

/// The rounds of each case.
#[derive(Debug)]
pub struct Results {
    rounds: BTreeMap<Case, BTreeMap<usize, Figures>>,
}

impl Results {
    /// Those of a run.
    pub fn of(figures: &[Figures]) -> Self {
        let mut rounds: BTreeMap<Case, BTreeMap<usize, Figures>> = BTreeMap::new();
        for figures in figures {
            rounds.entry(figures.case).or_default().insert(figures.round, *figures);
        }
        Self { rounds }
    }

    /// The cases that were measured.
    pub fn cases(&self) -> impl Iterator<Item = Case> {
        self.rounds.keys().copied()
    }

    /// A figure of a case.
    pub fn spread(&self, case: Case, figure: fn(&Figures) -> f64) -> Option<Spread> {
        Spread::of(self.rounds.get(&case)?.values().map(figure))
    }

    /// A figure of a case to a figure of another, round by round.
    pub fn ratio(&self, one: (Case, fn(&Figures) -> f64), other: (Case, fn(&Figures) -> f64)) -> Option<Spread> {
        let others = self.rounds.get(&other.0)?;
        let rounds = self.rounds.get(&one.0)?;
        Spread::of(rounds.iter().filter_map(|(round, figures)| Some(one.1(figures) / other.1(others.get(round)?))))
    }
}

/// How the memory of all processes has grown in the second half of a long run, as a ratio: 1 is not at all. The first half fills
/// what is filled once.
pub fn growth(samples: &[Sample]) -> Option<f64> {
    let half = samples.len() / 2;
    let of = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| sample.memory.sum()));
    let (third, last) = samples[half..].split_at((samples.len() - half) / 2);
    Some(of(last)?.median / of(third)?.median)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_median_and_range() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { low: 1.0, median: 2.0, high: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0]), Some(Spread { low: 1.0, median: 2.5, high: 4.0 }));
    }
}
