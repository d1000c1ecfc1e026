//! More than there is room or time for: slow subscribers, full queues, busy objects, methods that block, panic and overrun.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns};
use zbus::{CallOptions, Client, Error, Lag, ObjectId, RejectionKind, Server, StreamError};
use zbus_tests::RedisServer;

const NEWS: ObjectId = ObjectId::from_static("news", "1.0");

/// An object with nothing to say.
struct News;

impl Object for News {
    fn id(&self) -> ObjectId {
        NEWS
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        Ok(call.returns())
    }
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(String) -> F) {
    test(format!("memory://{name}")).await;
    test(RedisServer::start().address()).await;
}

async fn client(address: &str) -> Client {
    Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_loses_the_oldest_and_is_told_how_many_and_the_others_lose_nothing() {
    over_both("drop-oldest", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let mut slow = news.subscribe::<Same, u64>("Count").await.unwrap().with_lag(Lag::drop_oldest(10));
        let mut quick = news.subscribe::<Same, u64>("Count").await.unwrap();
        for count in 0..100_u64 {
            news.publish::<Same, u64>("Count", &count).await.unwrap();
        }
        for count in 0..100 {
            assert_eq!(quick.next().await.unwrap().unwrap(), count);
        }
        assert!(matches!(slow.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 90 }));
        for count in 90..100 {
            assert_eq!(slow.next().await.unwrap().unwrap(), count);
        }
        // It goes on.
        news.publish::<Same, u64>("Count", &100).await.unwrap();
        assert_eq!(slow.next().await.unwrap().unwrap(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_must_miss_nothing_ends_with_an_error_where_it_does() {
    over_both("lag-error", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let mut strict = news.subscribe::<Same, u64>("Count").await.unwrap().with_lag(Lag::error(10));
        let mut quick = news.subscribe::<Same, u64>("Count").await.unwrap();
        for count in 0..100_u64 {
            news.publish::<Same, u64>("Count", &count).await.unwrap();
        }
        for count in 0..100 {
            assert_eq!(quick.next().await.unwrap().unwrap(), count);
        }
        for count in 0..10 {
            assert_eq!(strict.next().await.unwrap().unwrap(), count);
        }
        assert!(matches!(strict.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 90 }));
        assert!(strict.next().await.is_none());
        // The connection goes on for the others.
        news.publish::<Same, u64>("Count", &100).await.unwrap();
        assert_eq!(quick.next().await.unwrap().unwrap(), 100);
        assert!(strict.next().await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_are_bounded_by_their_bytes() {
    over_both("lag-bytes", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let lag = Lag::drop_oldest(1000).bytes(3 << 20);
        let mut slow = news.subscribe::<serde_with::Bytes, Vec<u8>>("Page").await.unwrap().with_lag(lag);
        let mut quick = news.subscribe::<serde_with::Bytes, Vec<u8>>("Page").await.unwrap();
        for number in 0..8 {
            news.publish::<serde_with::Bytes, Vec<u8>>("Page", &vec![number; 1 << 20]).await.unwrap();
        }
        for number in 0..8 {
            assert_eq!(quick.next().await.unwrap().unwrap()[0], number);
        }
        // An event is a little longer than its content.
        assert!(matches!(slow.next().await.unwrap().unwrap_err(), StreamError::Lagged { missed: 6 }));
        for number in 6..8 {
            assert_eq!(slow.next().await.unwrap().unwrap()[0], number);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_a_call_at_once() {
    over_both("full", |address| async move {
        let news = RemoteObject::new(client(&address).await, "news", NEWS);
        let limited = news.clone().with_options(CallOptions::new().queue_limit(8));
        // No server: what is called waits.
        let call = |object: &RemoteObject| {
            let object = object.clone();
            tokio::spawn(async move { object.request("Read").call(0).await.map(drop) })
        };
        let waiting: Vec<_> = (0..20).map(|_| call(&limited)).collect();
        let mut refused = futures::stream::iter(waiting).buffer_unordered(20);
        for _ in 0..12 {
            let error = refused.next().await.unwrap().unwrap().unwrap_err();
            assert!(matches!(error, Error::Rejected { kind: RejectionKind::Overloaded, .. }), "{error}");
            assert!(!error.may_have_run());
        }
        let error = limited.request("Read").send().await.unwrap_err();
        let told = "news.news@1.0 refused the call: 8 requests wait in `news.news@1.0`, which is the limit that was set: try again later";
        assert_eq!(error.to_string(), told);
        // Who sets no limit is not held to it.
        news.request("Read").send().await.unwrap();

        let server = Server::new("news").register(News).unwrap().start(&address).await.unwrap();
        for _ in 0..8 {
            refused.next().await.unwrap().unwrap().unwrap();
        }
        limited.request("Read").call(0).await.unwrap();
        server.shutdown().await;
    })
    .await;
}
