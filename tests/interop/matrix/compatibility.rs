//! The Go library's own compatibility suite, against its own server and against ours.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use zbus_tests::compatibility::{ExampleServer, Verdict, run_suite};
use zbus_tests::{RedisServer, start_server_with_interval};

use crate::page;

/// The test that wants five events of five seconds, one a second. At its end Go's client draws lots, with each event anew, whether to end
/// or to deliver: five are half of the outcomes, six a quarter, and so on.
const COUNTS: &str = "TestTickTock";

/// How many events it counted: 5 where it passed.
fn events(verdict: &Verdict) -> Option<u32> {
    if verdict.passed {
        return Some(5);
    }
    let (_, rest) = verdict.log.split_once("should have 5 item(s), but has ")?;
    rest.lines().next()?.trim().parse().ok()
}

fn told(name: &str, verdict: &Verdict) -> String {
    if name == COUNTS {
        let events = events(verdict);
        assert!(events.is_some_and(|events| events >= 4), "{verdict:?}");
        return "5 events, or more".to_owned();
    }
    if verdict.passed { "passes".to_owned() } else { "**fails**".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gos_own_compatibility_suite_passes_as_it_does_against_gos_own_server() {
    let redis = [RedisServer::start(), RedisServer::start()];
    let _theirs = ExampleServer::start(&redis[0].go_address());
    let ours = start_server_with_interval(&redis[1].address(), 1, Duration::from_secs(1)).await;
    let runs = redis.each_ref().map(|redis| {
        let address = redis.go_address();
        tokio::task::spawn_blocking(move || run_suite(&address))
    });
    let [theirs, our] = runs;
    let (theirs, our): (BTreeMap<_, _>, BTreeMap<_, _>) = (theirs.await.unwrap(), our.await.unwrap());
    ours.shutdown().await;

    assert!(theirs.len() >= 6 && theirs.keys().eq(our.keys()), "{theirs:?}\n{our:?}");
    let mut table = String::from("| test | Go's own server | this library |\n|---|---|---|\n");
    for ((name, go), ours) in theirs.iter().zip(our.values()) {
        if name == COUNTS {
            println!("{name}: {:?} events from Go's own, {:?} from ours", events(go), events(ours));
        }
        assert!(name == COUNTS || go.passed == ours.passed, "{name}: {go:?} against Go's own, {ours:?} against ours");
        writeln!(table, "| `{name}` | {} | {} |", told(name, go), told(name, ours)).unwrap();
    }
    page::compare("compatibility", &table);
}
