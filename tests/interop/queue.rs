//! Servers of two generations take turns at one queue.

use std::time::Duration;

use futures::future::join_all;
use zbus::{Client, Error, Generation as Ours, ReplyMode};
use zbus_tests::api::extras::ExtrasClient;
use zbus_tests::api::server::CalculatorClient;
use zbus_tests::{Generation, GoServer, RedisServer, start_server};

/// Of each kind.
const CALLS: u32 = 100;

/// How the calls of a kind ended.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    other_generation: usize,
}

fn tally(outcomes: Vec<Result<f64, Error>>, expected: f64) -> Tally {
    let mut tally = Tally::default();
    for outcome in outcomes {
        match outcome {
            Ok(value) => {
                assert_eq!(
                    value.to_bits(),
                    expected.to_bits(),
                    "a call ran with arguments missing and passed for a success"
                );
                tally.answered += 1;
            }
            Err(error @ Error::Generation { .. }) => {
                assert!(error.to_string().contains("set the client's generation"), "{error}");
                tally.other_generation += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    tally
}

/// Calls with a fixed number of arguments, with any number of them, and without one.
async fn calls(redis: &RedisServer, generation: Ours, replies: ReplyMode) -> [Tally; 3] {
    let client = Client::builder().generation(generation).reply_mode(replies).timeout(Duration::from_secs(20));
    let client = client.connect(&redis.address()).await.unwrap();
    let (calculator, extras) = (CalculatorClient::new(client.clone()), ExtrasClient::new(client));
    let fixed = join_all((0..CALLS).map(|_| calculator.add(1.0, 2.0)));
    let variadic = join_all((0..CALLS).map(|_| extras.sum(&[1.0, 2.0, 4.0])));
    let none = join_all((0..CALLS).map(|_| async { extras.sum(&[]).await.map(f64::abs) }));
    let (fixed, variadic, none) = futures::join!(fixed, variadic, none);
    [tally(fixed, 3.0), tally(variadic, 7.0), tally(none, 0.0)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_runs_with_arguments_missing_and_passes_for_a_success() {
    let redis = RedisServer::start();
    let _servers = Generation::ALL.map(|generation| GoServer::start(generation, &redis.go_address(), 2));
    for generation in [Ours::One, Ours::Zero] {
        for tally in calls(&redis, generation, ReplyMode::Inbox).await {
            assert_eq!(tally.answered + tally.other_generation, CALLS as usize);
            // Both have had their turn.
            assert!(tally.answered > 0 && tally.other_generation > 0, "{generation:?} {tally:?}");
        }
    }
    for replies in [ReplyMode::Inbox, ReplyMode::PerCall] {
        for tally in calls(&redis, Ours::Auto, replies).await {
            assert_eq!(tally.answered, CALLS as usize, "{replies:?} {tally:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_go_servers_of_both_generations_ours_answers_every_client() {
    let redis = RedisServer::start();
    let ours = start_server(&redis.address(), 2).await;
    let _servers = Generation::ALL.map(|generation| GoServer::start(generation, &redis.go_address(), 2));
    for tally in calls(&redis, Ours::Auto, ReplyMode::Inbox).await {
        assert_eq!(tally.answered, CALLS as usize);
    }
    for generation in [Ours::One, Ours::Zero] {
        for tally in calls(&redis, generation, ReplyMode::Inbox).await {
            assert!(tally.answered > 0, "{generation:?} {tally:?}");
        }
    }
    ours.shutdown().await;
}
