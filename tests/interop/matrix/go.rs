//! The Go library's client at work.

use std::time::Duration;

use serde::Deserialize;
use zbus_tests::{Generation, go_probe};

use crate::feature::{Feature, Observed, Outcome};

/// Tries every feature at once.
pub(crate) async fn probe(generation: Generation, address: String, patience: Duration) -> Observed {
    #[derive(Deserialize)]
    struct Line {
        feature: Feature,
        outcome: Outcome,
    }

    let lines = tokio::task::spawn_blocking(move || go_probe(generation, &address, patience)).await.unwrap();
    let mut observed: Observed = lines
        .into_iter()
        .map(|line| serde_json::from_value::<Line>(line).unwrap())
        .map(|line| (line.feature, line.outcome))
        .collect();
    observed.sort_by_key(|(feature, _)| *feature);
    observed
}
