//! That blocking calls end, and where they are refused.

use std::time::{Duration, Instant};

use super::{Client, allow_here};
use crate::client::RemoteObject;
use crate::{Error, ObjectId, StreamError};

/// How long what has to end may take on a busy machine.
const SOON: Duration = Duration::from_secs(10);

fn object(client: &Client) -> RemoteObject {
    RemoteObject::new(client.asynchronous().clone(), "blocking", ObjectId::from_static("events", "1.0"))
}

#[test]
fn call_that_nobody_answers_ends_at_its_deadline() {
    let builder = crate::Client::builder().timeout(Duration::from_millis(20));
    let client = builder.connect_blocking("memory://blocking-deadline").unwrap();
    let error = client.status("nobody").unwrap_err();
    assert!(matches!(error, Error::NoServer { .. }), "{error}");
}

#[test]
fn events_reach_the_thread_that_waits_for_them() {
    let client = Client::connect("memory://blocking-events").unwrap();
    let object = object(&client);
    let mut events = client.events(client.wait(object.subscribe::<serde_with::Same, u8>("Count")).unwrap());
    assert!(matches!(events.next_timeout(Duration::from_millis(1)), Some(Err(StreamError::Elapsed(_)))));
    let publishing = client.clone();
    let publisher = std::thread::spawn(move || {
        for number in 0..3_u8 {
            publishing.wait(object.publish::<serde_with::Same, u8>("Count", &number)).unwrap();
        }
    });
    assert_eq!(events.next().unwrap().unwrap(), 0);
    assert_eq!(events.next_timeout(SOON).unwrap().unwrap(), 1);
    // The clients are gone before the subscription, which keeps what it needs.
    publisher.join().unwrap();
    drop(client);
    assert_eq!(events.by_ref().map(Result::unwrap).next(), Some(2));
}

#[tokio::test]
async fn blocking_call_inside_a_runtime_is_an_error_and_not_a_deadlock() {
    let refused = Client::connect("memory://blocking-refused").unwrap_err();
    assert!(matches!(refused, Error::InAsync), "{refused}");
    assert!(!refused.may_have_run());
    let made = std::thread::spawn(|| {
        let client = Client::connect("memory://blocking-refused").unwrap();
        let events = client.wait(object(&client).subscribe::<serde_with::Same, u8>("Count")).unwrap();
        let events = client.events(events);
        (client, events)
    });
    let (client, events) = tokio::task::spawn_blocking(|| made.join().unwrap()).await.unwrap();
    let refused = client.status("nobody").unwrap_err();
    assert!(refused.to_string().contains("`zbus::blocking::allow_here`"), "{refused}");
    // A loop over the events is told so, and ends.
    let seen: Vec<_> = events.collect();
    assert!(matches!(seen.as_slice(), [Err(StreamError::InAsync)]), "{seen:?}");
    // To drop them here is no mistake.
    drop(client);
}

#[tokio::test]
async fn thread_that_may_block_says_so() {
    let connect = || Client::connect("memory://blocking-allowed");
    let refused = tokio::task::spawn_blocking(connect).await.unwrap().unwrap_err();
    assert!(matches!(refused, Error::InAsync), "{refused}");
    tokio::task::spawn_blocking(move || allow_here(connect)).await.unwrap().unwrap();
    // Beyond the function it is as before, after a panic too.
    let panicking = tokio::task::spawn_blocking(move || {
        std::panic::catch_unwind(|| allow_here(|| panic!("on purpose"))).unwrap_err();
        connect()
    });
    assert!(matches!(panicking.await.unwrap().unwrap_err(), Error::InAsync));
}

#[test]
fn thread_of_a_client_ends_with_it() {
    let client = Client::connect("memory://blocking-end").unwrap();
    let runtime = client.driver.runtime.clone();
    let (sender, dropped) = std::sync::mpsc::channel::<()>();
    runtime.spawn(async move {
        let _sender = sender;
        std::future::pending::<()>().await;
    });
    let started = Instant::now();
    drop(client);
    // The task is dropped with its runtime.
    assert!(dropped.recv_timeout(SOON).is_err() && started.elapsed() < SOON);
}
