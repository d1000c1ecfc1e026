//! Many calls that end together without an answer: what that costs the broker, and how soon their callers know.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;
use zbus::broker::{self, BoxFuture, Broker, BrokerError, Deliveries, Popper, Write};
use zbus::types::Bytes;
use zbus::{Client, Error, Fate, Server, UntypedObject};

/// Counts the round trips of what is given up, each of which takes a millisecond; from then on that it freezes, none ends.
#[derive(Debug)]
struct Counted {
    broker: Arc<dyn Broker>,
    withdrawals: AtomicUsize,
    questions: AtomicUsize,
    is_frozen: bool,
}

impl Counted {
    async fn open(name: &str, is_frozen: bool) -> Arc<Self> {
        let broker = broker::connect(&format!("memory://{name}")).await.unwrap();
        Arc::new(Self { broker, withdrawals: AtomicUsize::new(0), questions: AtomicUsize::new(0), is_frozen })
    }

    async fn round_trip(&self, counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
        if self.is_frozen {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::Relaxed)
    }
}

impl Broker for Counted {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        self.broker.write(batch)
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        self.broker.popper()
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        self.broker.subscribe(channel)
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        let list = list.to_owned();
        Box::pin(async move {
            self.round_trip(&self.withdrawals).await;
            self.broker.withdraw(&list, message).await
        })
    }

    fn withdraw_each<'a>(
        &'a self,
        list: &'a str,
        messages: Vec<Bytes>,
    ) -> BoxFuture<'a, Result<Vec<bool>, BrokerError>> {
        Box::pin(async move {
            self.round_trip(&self.withdrawals).await;
            self.broker.withdraw_each(list, messages).await
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        self.broker.now()
    }

    fn run_id(&self) -> BoxFuture<'_, Result<Option<String>, BrokerError>> {
        Box::pin(async move {
            // Asked when a client connects, too.
            if self.withdrawals.load(Ordering::Relaxed) > 0 {
                self.round_trip(&self.questions).await;
            }
            self.broker.run_id().await
        })
    }

    fn announce(&self, set: &str, member: &str, lasting: Duration) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.broker.announce(set, member, lasting)
    }

    fn retract(&self, set: &str, member: &str) -> BoxFuture<'_, Result<(), BrokerError>> {
        self.broker.retract(set, member)
    }

    fn announced(&self, set: &str) -> BoxFuture<'_, Result<Vec<String>, BrokerError>> {
        let set = set.to_owned();
        Box::pin(async move {
            self.round_trip(&self.questions).await;
            self.broker.announced(&set).await
        })
    }
}

const CALLS: usize = 10_000;

/// The calls of a slow machine expire over a second or two, and each round trip takes a millisecond.
const MOST_BATCHES: usize = CALLS / 8;

/// How many requests may stay in their queue, to be dropped by the server that takes them.
const MOST_LEFT: u32 = 1000;

/// Calls that nobody answers.
fn calls(client: &Client, limit: Duration) -> impl Future<Output = Vec<Result<(), Error>>> + use<> {
    join_all((0..CALLS).map(|_| {
        let call = client.request("nobody", "o", "Quick", ()).timeout(limit);
        async move { call.await.map(drop) }
    }))
}

#[tokio::test]
async fn calls_that_expire_together_are_withdrawn_in_batches_and_hold_up_no_new_one() {
    let broker = Counted::open("expire-together", false).await;
    let object = UntypedObject::new("o").method("Quick", || async {});
    let server = Server::new("live").register(object).unwrap().start_with(broker.broker.clone()).await.unwrap();
    let client = Client::builder().connect_with(broker.clone()).await.unwrap();
    let expiring = tokio::spawn(calls(&client, Duration::from_secs(2)));
    // New calls are answered all the while.
    while !expiring.is_finished() {
        client.request("live", "o", "Quick", ()).timeout(Duration::from_secs(30)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for ended in expiring.await.unwrap() {
        let error = ended.unwrap_err();
        // On a slow machine some are not written by then, and for some the broker's answer comes too late.
        assert!(matches!(error, Error::NoServer { .. } | Error::Timeout { .. }), "{error}");
    }
    let (withdrawals, questions) = (Counted::count(&broker.withdrawals), Counted::count(&broker.questions));
    assert!((1..=MOST_BATCHES).contains(&withdrawals) && questions <= MOST_BATCHES, "{withdrawals} and {questions}");
    // Some may have expired before those that wait before them.
    wait_until_fewer(&broker, MOST_LEFT).await;
    server.shutdown().await;
}

#[tokio::test]
async fn calls_that_are_dropped_together_are_withdrawn_in_batches() {
    let broker = Counted::open("drop-together", false).await;
    let client = Client::builder().connect_with(broker.clone()).await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_secs(2), calls(&client, Duration::from_secs(60))).await;
    assert!(dropped.is_err());
    wait_until_fewer(&broker, 1).await;
    let withdrawals = Counted::count(&broker.withdrawals);
    assert!((1..=MOST_BATCHES).contains(&withdrawals), "{withdrawals}");
    // A client that is gone leaves nothing behind either.
    drop(tokio::time::timeout(Duration::from_secs(2), calls(&client, Duration::from_secs(60))).await);
    drop(client);
    wait_until_fewer(&broker, 1).await;
}

/// Until fewer requests wait than that.
async fn wait_until_fewer(broker: &Counted, limit: u32) {
    let one = || Write::PushBelow { list: "nobody.o".into(), message: Bytes::from_static(b"one"), limit };
    while broker.broker.write(vec![one()]).await.iter().any(Result::is_err) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(broker.broker.withdraw("nobody.o", Bytes::from_static(b"one")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn calls_that_expire_together_end_together_whatever_the_broker_does() {
    let broker = Counted::open("frozen-together", true).await;
    let client = Client::builder().connect_with(broker).await.unwrap();
    let began = Instant::now();
    for ended in calls(&client, Duration::from_secs(2)).await {
        assert!(matches!(ended.unwrap_err(), Error::Timeout { fate: Fate::Unknown, .. }));
    }
    let late = began.elapsed().saturating_sub(Duration::from_secs(2));
    assert!(late <= Duration::from_millis(500), "{late:?}");
}

/// Every future of a client can run on any thread, as bindings and `tokio::spawn` need it.
#[test]
fn the_futures_of_a_client_are_send() {
    fn is_send<T: Send>(_: &T) {}
    #[expect(dead_code, reason = "what counts is that it compiles")]
    fn check(client: &Client, object: &zbus::client::RemoteObject) {
        is_send(&Client::connect(""));
        is_send(&Client::builder().connect(""));
        is_send(&client.status(""));
        is_send(&client.instances(""));
        is_send(&client.subscribe::<u8>("", "", ""));
        is_send(&client.publish("", "", "", &1_u8));
        is_send(&client.request("", "", "", (1, "")));
        is_send(&client.request("", "", "", ()).into_future());
        is_send(&client.request("", "", "", ()).send());
        is_send(&object.request("").call(0));
        is_send(&object.request("").call_throwing(0));
        is_send(&object.request("").send());
        is_send(&object.publish::<zbus::codegen::Same, u8>("", &1));
        is_send(&object.subscribe::<zbus::codegen::Same, u8>(""));
    }
}
