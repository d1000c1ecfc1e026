//! Servers of two generations take turns at one queue.

use std::time::{Duration, Instant};

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
        // Until both servers have had their turn at each kind of call, which on a busy machine may take more than one round.
        let asked = Instant::now();
        let mut turns = [(false, false); 3];
        while turns != [(true, true); 3] {
            assert!(asked.elapsed() < Duration::from_secs(30), "{generation:?}: one server takes all: {turns:?}");
            for (turn, tally) in turns.iter_mut().zip(calls(&redis, generation, ReplyMode::Inbox).await) {
                assert_eq!(tally.answered + tally.other_generation, CALLS as usize);
                turn.0 |= tally.answered > 0;
                turn.1 |= tally.other_generation > 0;
            }
        }
    }
    for replies in [ReplyMode::Inbox, ReplyMode::PerCall] {
        for tally in calls(&redis, Ours::Auto, replies).await {
            assert_eq!(tally.answered, CALLS as usize, "{replies:?} {tally:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_go_server_of_either_generation_ours_answers_the_same_clients() {
    for (go, generation) in [(Generation::Zero, Ours::Zero), (Generation::One, Ours::One)] {
        let redis = RedisServer::start();
        let ours = start_server(&redis.address(), 2).await;
        let _theirs = GoServer::start(go, &redis.go_address(), 2);
        for generation in [generation, Ours::Auto] {
            for tally in calls(&redis, generation, ReplyMode::Inbox).await {
                assert_eq!(tally.answered, CALLS as usize, "{go:?} {generation:?} {tally:?}");
            }
        }
        ours.shutdown().await;
    }
}
