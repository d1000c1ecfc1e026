//! What a call can say and how it ends, over the broker inside the process and over a real Redis.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_with::Same;
use zbus::client::RemoteObject;
use zbus::server::{Call, Object, Rejection, Returns, RunningServer};
use zbus::{CallOptions, Client, Error, ObjectId, Server};
use zbus_tests::RedisServer;

const PROBE: ObjectId = ObjectId::from_static("probe", "1.0");

/// An object whose methods say what they know of their call.
#[derive(Default)]
struct Probe;

impl Object for Probe {
    fn id(&self) -> ObjectId {
        PROBE
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let mut returns = call.returns();
        match call.method() {
            "Metadata" => returns.value::<Same, BTreeMap<String, String>>(call.metadata())?,
            "Wait" => std::future::pending().await,
            _ => return Err(call.unknown_method()),
        }
        Ok(returns)
    }
}

/// A server of the probe.
struct Bus {
    server: RunningServer,
    address: String,
}

impl Bus {
    async fn start(address: &str) -> Self {
        let server = Server::new("probes").workers(4).drain(Duration::from_millis(100));
        let server = server.register(Arc::new(Probe)).unwrap().start(address).await.unwrap();
        Self { server, address: address.to_owned() }
    }

    async fn object(&self) -> RemoteObject {
        let client =
            Client::builder().timeout(Duration::from_secs(10)).metadata("host", "a").metadata("user", "nobody");
        RemoteObject::new(client.connect(&self.address).await.unwrap(), "probes", PROBE)
    }
}

/// Runs a test over both brokers.
async fn over_both<F: Future<Output = ()>>(name: &str, test: impl Fn(Bus) -> F) {
    test(Bus::start(&format!("memory://calls-{name}")).await).await;
    let redis = RedisServer::start();
    test(Bus::start(&redis.address()).await).await;
}

async fn metadata(object: &RemoteObject, options: CallOptions) -> Result<Vec<(String, String)>, Error> {
    let mut reply = object.request("Metadata").options(options).call(1).await?;
    Ok(reply.value::<Same, BTreeMap<String, String>>()?.into_iter().collect())
}

#[tokio::test]
async fn a_method_sees_the_metadata_of_client_object_and_call_the_nearest_first() {
    over_both("metadata", |bus| async move {
        let object = bus.object().await.with_options(CallOptions::new().metadata("user", "anna").metadata("x", "1"));
        let seen = metadata(&object, CallOptions::new().metadata("x", "2")).await.unwrap();
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(seen, [entry("host", "a"), entry("user", "anna"), entry("x", "2")]);
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn metadata_beyond_its_limit_is_refused_before_anything_is_sent() {
    over_both("much-metadata", |bus| async move {
        let object = bus.object().await;
        let room = CallOptions::MAX_METADATA_BYTES - "hosta".len() - "usernobody".len() - "x".len();
        let of = |bytes: usize| CallOptions::new().metadata("x", "y".repeat(bytes));
        assert_eq!(metadata(&object, of(room)).await.unwrap().len(), 3);
        let error = metadata(&object, of(room + 1)).await.unwrap_err();
        assert_eq!(error.to_string(), "`metadata` cannot be encoded: 8193 bytes, of at most 8192");
        assert!(!error.may_have_run());
        bus.server.shutdown().await;
    })
    .await;
}

#[tokio::test]
async fn the_time_limit_of_the_call_counts_then_the_objects_then_the_methods_then_the_clients() {
    let bus = Bus::start("memory://calls-limits").await;
    let object = bus.object().await;
    let milliseconds = Duration::from_millis;
    let limited = object.clone().with_timeout(milliseconds(30));
    let cases = [
        (object.request("Wait").method_timeout(milliseconds(20)), 20),
        (limited.request("Wait").method_timeout(milliseconds(20)), 30),
        (limited.request("Wait").method_timeout(milliseconds(20)).timeout(milliseconds(40)), 40),
        (limited.request("Wait").options(CallOptions::new().metadata("x", "y")), 30),
    ];
    for (request, limit) in cases {
        let error = request.call(0).await.unwrap_err();
        assert!(
            matches!(error, Error::Timeout { after, .. } if after == milliseconds(limit)),
            "{error}, not {limit} ms"
        );
    }
    bus.server.shutdown().await;
}
