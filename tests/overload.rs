//! More than there is room or time for: slow subscribers, full queues, busy objects, methods that block, panic and overrun.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::{Client, Lag, ObjectId, StreamError};
use zbus_tests::RedisServer;

const NEWS: ObjectId = ObjectId::from_static("news", "1.0");

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
