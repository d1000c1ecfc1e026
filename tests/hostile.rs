//! Peers that mean no good, and those that are broken: what they send is counted, logged now and then, and hurts nobody.

use std::time::Duration;

use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns};
use zbus::{Client, Error, ObjectId, Server};
use zbus_tests::RedisServer;

/// An object that doubles numbers.
struct Doubler(ObjectId);

impl Object for Doubler {
    fn id(&self) -> ObjectId {
        self.0.clone()
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut returns = call.returns();
        let number = call.arguments(1)?.next::<Same, u64>("number")?;
        returns.value::<Same, u64>(&(number * 2))?;
        Ok(returns)
    }
}

async fn double(object: &RemoteObject, number: u64) -> Result<u64, Error> {
    let mut request = object.request("Double");
    request.argument::<Same, u64>("number", &number)?;
    request.call(1).await?.value::<Same, u64>()
}

/// The test's own way to Redis.
async fn admin(redis: &RedisServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn client(address: &str) -> Client {
    Client::builder().timeout(Duration::from_secs(10)).connect(address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_no_list_keeps_back_none_of_the_other_queues() {
    let redis = RedisServer::start();
    let mut connection = admin(&redis).await;
    let ids = ["a", "b", "c"].map(|name| ObjectId::new(name, "1.0"));
    let mut server = Server::new("doublers");
    for id in &ids {
        server = server.register(Doubler(id.clone())).unwrap();
    }
    let server = server.start(&redis.address()).await.unwrap();
    let client = client(&redis.address()).await;
    let [a, b, c] = ids.map(|id| RemoteObject::new(client.clone(), "doublers", id));
    // While the server waits at it, and while it looks again.
    let _: () = redis::cmd("SET").arg("doublers.b@1.0").arg("text").query_async(&mut connection).await.unwrap();
    let asked = std::time::Instant::now();
    while asked.elapsed() < Duration::from_secs(3) {
        for object in [&a, &c] {
            let answer = tokio::time::timeout(Duration::from_secs(1), double(object, 21)).await;
            assert_eq!(answer.expect("kept back").unwrap(), 42);
        }
        assert!(matches!(double(&b, 21).await.unwrap_err(), Error::Broker(_)));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _: () = redis::cmd("DEL").arg("doublers.b@1.0").query_async(&mut connection).await.unwrap();
    assert_eq!(double(&b, 21).await.unwrap(), 42);
    server.shutdown().await;
}
