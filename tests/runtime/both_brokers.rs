//! The runtime's promises, over the broker inside the process and over a real Redis.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer, Streams};
use zbus::{Client, Error, Failure, Generation, ObjectId, RejectionKind, Server, StreamError};
use zbus_tests::RedisServer;

const PROBE: ObjectId = ObjectId::from_static("probe", "1.0");

/// An object with a method for everything that can happen to a call.
#[derive(Default)]
struct Probe {
    running: AtomicU64,
    most: AtomicU64,
    doubled: AtomicU64,
}

impl Object for Probe {
    fn id(&self) -> ObjectId {
        PROBE
    }

    fn module(&self) -> Option<&str> {
        Some("probes")
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut returns = call.returns();
        match call.method() {
            "Double" => {
                let number = call.arguments(1)?.next::<Same, u64>("number")?;
                self.doubled.fetch_add(1, Ordering::SeqCst);
                returns.value::<Same, u64>(&(number * 2))?;
            }
            "Fail" => {
                returns.value::<Same, u64>(&0)?;
                returns.throws(Some(Failure::new("as asked").with_code("Asked", None)));
            }
            "Panic" => panic!("as asked"),
            "Sleep" => {
                let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(running, Ordering::SeqCst);
                let milliseconds = call.arguments(1)?.next::<Same, u64>("milliseconds")?;
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                self.running.fetch_sub(1, Ordering::SeqCst);
            }
            _ => return Err(call.unknown_method()),
        }
        Ok(returns)
    }

    fn streams(&self, streams: &mut Streams) {
        streams.add("Count", |publisher| async move {
            let ticks = tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(Duration::from_millis(5)));
            publisher.forward::<Same, u64, _>(ticks.enumerate().map(|(count, _)| count as u64)).await;
        });
        streams.add("Broken", |_| async { panic!("as asked") });
    }
}

/// A server of the probe, and the way to it.
struct Bus {
    address: String,
    probe: Arc<Probe>,
    server: RunningServer,
    client: Client,
    object: RemoteObject,
}

impl Bus {
    async fn start(address: &str, workers: u32) -> Self {
        let probe = Arc::new(Probe::default());
        let server = Server::new("probes").workers(workers).register(Arc::clone(&probe)).unwrap();
        let server = server.start(address).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(5)).connect(address).await.unwrap();
        let object = RemoteObject::new(client.clone(), "probes", PROBE);
        Self { address: address.to_owned(), probe, server, client, object }
    }

    async fn double(&self, number: u64) -> Result<u64, Error> {
        double(&self.object, number).await
    }
}

async fn double(object: &RemoteObject, number: u64) -> Result<u64, Error> {
    let mut request = object.request("Double");
    request.argument::<Same, u64>("number", &number)?;
    request.call(1).await?.value::<Same, u64>()
}

async fn sleep(object: &RemoteObject, milliseconds: u64) -> Result<(), Error> {
    let mut request = object.request("Sleep");
    request.argument::<Same, u64>("milliseconds", &milliseconds)?;
    request.call(0).await.map(drop)
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    test(format!("memory://{name}")).await;
    let redis = RedisServer::start();
    test(redis.address()).await;
    test(redis.unix_address()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outcome_of_a_call_is_told_apart_and_the_server_lives_on() {
    over_both("outcomes", |address| async move {
        let bus = Bus::start(&address, 4).await;
        assert_eq!(bus.double(21).await.unwrap(), 42);

        let error = bus.object.request("Fail").call_throwing(1).await.unwrap_err();
        assert!(matches!(&error, Error::Remote { message, code: Some(code), .. } if message == "as asked" && code == "Asked"));

        let rejection = |error: Error| match error {
            Error::Rejected { kind, message, .. } => (kind, message),
            other => panic!("{other}"),
        };
        let (kind, message) = rejection(bus.object.request("Panic").call(0).await.unwrap_err());
        assert_eq!((kind, &*message), (RejectionKind::Panicked, "probe@1.0.Panic panicked: as asked"));
        let (kind, message) = rejection(bus.object.request("Double").call(1).await.unwrap_err());
        assert_eq!((kind, &*message), (RejectionKind::BadArguments, "`Double` takes 1 argument, 0 were given"));
        let mut text = bus.object.request("Double");
        text.argument::<Same, str>("number", "twenty-one").unwrap();
        let (kind, message) = rejection(text.call(1).await.unwrap_err());
        assert_eq!(kind, RejectionKind::BadArguments);
        assert!(message.starts_with("the argument `number` is not what it should be"), "{message}");
        let (kind, _) = rejection(bus.object.request("Missing").call(0).await.unwrap_err());
        assert_eq!(kind, RejectionKind::UnknownMethod);

        // More returns than the server gives.
        let mut more = bus.object.request("Double");
        more.argument::<Same, u64>("number", &1).unwrap();
        assert!(matches!(more.call(2).await.unwrap_err(), Error::Decode { .. }));

        assert_eq!(bus.double(4).await.unwrap(), 8);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_server_ends_at_its_deadline_and_is_not_run_later() {
    over_both("deadline", |address| async move {
        let client = Client::builder().timeout(Duration::from_millis(200)).connect(&address).await.unwrap();
        let object = RemoteObject::new(client, "probes", PROBE);
        let asked = Instant::now();
        let error = double(&object, 1).await.unwrap_err();
        assert!(matches!(error, Error::NoServer { .. }), "{error}");
        let expected = "no reply from probes.probe@1.0.Double within 200ms; no server of module `probes` has announced itself \
                        (servers on Go and rbus never do)";
        assert_eq!(error.to_string(), expected);
        assert!(!error.may_have_run());
        assert!(asked.elapsed() < Duration::from_secs(2));

        // The server that comes later runs nothing but what is asked of it.
        let bus = Bus::start(&address, 1).await;
        assert_eq!(bus.double(2).await.unwrap(), 4);
        assert_eq!(bus.probe.doubled.load(Ordering::SeqCst), 1);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_time_limit_is_answered_however_long_it_takes() {
    let bus = Bus::start("memory://long", 1).await;
    let patient = bus.object.clone().without_timeout();
    let minute = sleep(&patient, 60_000);
    tokio::time::timeout(Duration::from_secs(120), minute).await.expect("no answer").unwrap();
    bus.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_made_before_its_server_waits_for_it() {
    over_both("early", |address| async move {
        let client = Client::connect(&address).await.unwrap();
        let object = RemoteObject::new(client, "probes", PROBE);
        let early = tokio::spawn(async move { double(&object, 5).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        let bus = Bus::start(&address, 1).await;
        assert_eq!(early.await.unwrap().unwrap(), 10);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_calls_run_at_once_than_there_are_workers() {
    over_both("workers", |address| async move {
        let bus = Bus::start(&address, 3).await;
        let calls = (0..12).map(|_| sleep(&bus.object, 20));
        for outcome in futures::future::join_all(calls).await {
            outcome.unwrap();
        }
        assert_eq!(bus.probe.most.load(Ordering::SeqCst), 3);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_is_answered_while_all_workers_are_busy() {
    over_both("status", |address| async move {
        let bus = Bus::start(&address, 2).await;
        let (first, second) = (bus.object.clone(), bus.object.clone());
        let calls = [
            tokio::spawn(async move { sleep(&first, 400).await }),
            tokio::spawn(async move { sleep(&second, 400).await }),
        ];
        while bus.probe.running.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let status = bus.client.status("probes").await.unwrap();
        assert_eq!(status.objects.len(), 1);
        assert_eq!((&*status.objects[0].name, &*status.objects[0].version), ("probe", "1.0"));
        let busy: Vec<_> = status.workers.iter().map(|worker| (&*worker.state, &*worker.action)).collect();
        assert_eq!(busy, [("busy", "[probe@1.0].Sleep()"); 2]);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_answers_what_runs_and_takes_no_more() {
    over_both("shutdown", |address| async move {
        let bus = Bus::start(&address, 1).await;
        let object = bus.object.clone();
        let running = tokio::spawn(async move { sleep(&object, 300).await });
        while bus.probe.running.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let stopped = Instant::now();
        bus.server.shutdown().await;
        assert!(stopped.elapsed() < Duration::from_secs(3), "{:?}", stopped.elapsed());
        running.await.unwrap().unwrap();

        // What is asked later waits for the next server.
        let object = bus.object.clone();
        let later = tokio::spawn(async move { double(&object, 3).await });
        let next = Bus::start(&bus.address, 1).await;
        assert_eq!(later.await.unwrap().unwrap(), 6);
        next.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_outlives_the_drain_is_answered_as_cut_off() {
    over_both("cut-off", |address| async move {
        let probe = Arc::new(Probe::default());
        let server = Server::new("probes").drain(Duration::from_millis(100)).register(Arc::clone(&probe)).unwrap();
        let server = server.start(&address).await.unwrap();
        let object = RemoteObject::new(Client::connect(&address).await.unwrap(), "probes", PROBE);
        let running = tokio::spawn(async move { sleep(&object, 20_000).await });
        while probe.running.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.shutdown().await;
        let error = running.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Rejected { kind: RejectionKind::Stopping, .. }), "{error}");
        assert!(error.may_have_run());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_reach_all_who_listen_and_a_panicking_stream_ends_alone() {
    over_both("events", |address| async move {
        let bus = Bus::start(&address, 1).await;
        let mut first = bus.object.subscribe::<Same, u64>("Count").await.unwrap();
        let mut second = bus.object.subscribe::<Same, u64>("Count").await.unwrap();
        let mut wrong = bus.object.subscribe::<Same, String>("Count").await.unwrap();
        let from = first.next().await.unwrap().unwrap();
        for expected in from + 1..from + 4 {
            assert_eq!(first.next().await.unwrap().unwrap(), expected);
        }
        assert!(second.next().await.unwrap().unwrap() <= from + 4);
        assert!(matches!(wrong.next().await.unwrap().unwrap_err(), StreamError::Decode(_)));
        assert!(wrong.next().await.is_some());

        // From anywhere, in the object's name.
        let mut broken = bus.object.subscribe::<Same, String>("Broken").await.unwrap();
        bus.object.publish::<Same, str>("Broken", "mended").await.unwrap();
        assert_eq!(broken.next().await.unwrap().unwrap(), "mended");
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_generations_share_a_server_and_the_wrong_one_is_named() {
    over_both("generations", |address| async move {
        let bus = Bus::start(&address, 2).await;
        for generation in [Generation::Zero, Generation::One, Generation::Auto] {
            let client = Client::builder().generation(generation).connect(&address).await.unwrap();
            let object = RemoteObject::new(client.clone(), "probes", PROBE);
            assert_eq!(double(&object, 8).await.unwrap(), 16);
            let error = object.request("Fail").call_throwing(1).await.unwrap_err();
            assert!(matches!(&error, Error::Remote { message, .. } if message == "as asked"), "{error}");
            assert_eq!(client.status("probes").await.unwrap().workers.len(), 2);
        }
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_with_64_in_flight_get_each_its_own_answer() {
    over_both("many", |address| async move {
        let bus = Bus::start(&address, 64).await;
        let answers: HashSet<u64> = futures::stream::iter(0..10_000)
            .map(|number| {
                let bus = &bus;
                async move {
                    let answer = bus.double(number).await.unwrap();
                    assert_eq!(answer, number * 2);
                    answer
                }
            })
            .buffer_unordered(64)
            .collect()
            .await;
        assert_eq!(answers.len(), 10_000);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_stopped_in_the_middle_leaves_no_call_hanging() {
    over_both("stopped", |address| async move {
        let bus = Bus::start(&address, 64).await;
        let client = Client::builder().timeout(Duration::from_secs(2)).connect(&address).await.unwrap();
        let object = RemoteObject::new(client, "probes", PROBE);
        let answered = Arc::new(AtomicU64::new(0));
        let calls = tokio::spawn({
            let answered = Arc::clone(&answered);
            async move {
                futures::stream::iter(0..10_000_u64)
                    .map(|number| {
                        let (object, answered) = (object.clone(), Arc::clone(&answered));
                        async move {
                            let asked = Instant::now();
                            let outcome = double(&object, number).await;
                            answered.fetch_add(1, Ordering::SeqCst);
                            assert!(asked.elapsed() < Duration::from_secs(4), "a call hung {:?}", asked.elapsed());
                            match outcome {
                                Ok(answer) => assert_eq!(answer, number * 2),
                                Err(error) => {
                                    assert!(matches!(error, Error::Timeout { .. } | Error::NoServer { .. }), "{error}");
                                }
                            }
                        }
                    })
                    .buffer_unordered(64)
                    .take(3_000)
                    .collect::<Vec<()>>()
                    .await
                    .len()
            }
        });
        while answered.load(Ordering::SeqCst) < 2_900 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        bus.server.shutdown().await;
        assert_eq!(calls.await.unwrap(), 3_000);
    })
    .await;
}
