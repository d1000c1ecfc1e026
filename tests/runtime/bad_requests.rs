//! What a hostile or mistaken peer pushes into a server's queue: an error reply where one is possible, a drop where not, and the
//! server goes on.

use redis::aio::MultiplexedConnection;
use rmpv::Value;
use zbus::Client;
use zbus_tests::api::server::CalculatorClient;
use zbus_tests::{RedisServer, start_server};

const QUEUE: &str = "server.calculator@1.0";

fn map(entries: &[(&str, Value)]) -> Value {
    Value::Map(entries.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).unwrap();
    bytes
}

/// A request with these parts in place of right ones.
fn request(reply_to: &str, changed: &[(&str, Value)]) -> Vec<u8> {
    let argument = Value::Binary(bytes(&1.5.into()));
    let mut entries = vec![
        ("ID", "id".into()),
        ("Inputs", Value::Array(vec![argument.clone(), argument])),
        ("Object", map(&[("Name", "calculator".into()), ("Version", "1.0".into())])),
        ("ReplyTo", reply_to.into()),
        ("Method", "Add".into()),
    ];
    for (key, value) in changed {
        entries.retain(|(name, _)| name != key);
        entries.push((key, value.clone()));
    }
    bytes(&map(&entries))
}

struct Queue {
    connection: MultiplexedConnection,
}

impl Queue {
    async fn push(&mut self, message: &[u8]) {
        let _: i64 = redis::cmd("RPUSH").arg(QUEUE).arg(message).query_async(&mut self.connection).await.unwrap();
    }

    /// The `Error` and `Kind` of the reply in a list.
    async fn rejection(&mut self, list: &str) -> (String, String) {
        let (_, reply): (String, Vec<u8>) =
            redis::cmd("BLPOP").arg(list).arg(10).query_async(&mut self.connection).await.unwrap();
        let reply = rmpv::decode::read_value(&mut &reply[..]).unwrap();
        let text = |key: &str| reply[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("ID"), "id");
        (text("Error"), text("Kind"))
    }
}

/// A name such as Go gives its reply lists.
fn reply_list(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_request_gets_its_error_or_is_dropped_and_the_server_goes_on() {
    let redis = RedisServer::start();
    let server = start_server(&redis.address(), 2).await;
    let connection = redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut queue = Queue { connection };

    let text = Value::Binary(bytes(&"one".into()));
    let one = Value::Binary(bytes(&1.0.into()));
    let unknown = map(&[("Name", "calculator".into()), ("Version", "9.9".into())]);
    let rejected = [
        (vec![("Method", "Missing".into())], "unknown_method", "`calculator@1.0` has no method `Missing`"),
        (vec![("Object", unknown)], "unknown_object", "the module does not serve `calculator@9.9`"),
        (vec![("Inputs", Value::Array(vec![one.clone()]))], "bad_arguments", "`Add` takes 2 arguments, 1 was given"),
        (
            vec![("Inputs", Value::Array(vec![one.clone(), text]))],
            "bad_arguments",
            "the argument `b` is not what it should be",
        ),
        (vec![("Inputs", Value::Array(vec![one, Value::Binary(vec![])]))], "bad_arguments", "the argument `b`"),
        (vec![("Inputs", "a text".into())], "bad_arguments", "the message is not a request"),
        (vec![("Method", Value::Array(vec![]))], "bad_arguments", "the message is not a request"),
    ];
    for (number, (changed, kind, message)) in rejected.iter().enumerate() {
        let list = reply_list(number);
        queue.push(&request(&list, changed)).await;
        let (error, given) = queue.rejection(&list).await;
        assert_eq!(given, *kind, "{error}");
        assert!(error.starts_with(message), "{error}");
        let expires: i64 = redis::cmd("TTL").arg(&list).query_async(&mut queue.connection).await.unwrap();
        assert_eq!(expires, -2, "an empty list is gone");
    }

    // No reply is possible: no MessagePack, cut short, too deep, a length of 4 GiB, no address, no arguments in either generation.
    let good = request(&reply_list(99), &[]);
    let dropped: Vec<Vec<u8>> = vec![
        b"not MessagePack".to_vec(),
        vec![],
        good[..good.len() / 2].to_vec(),
        vec![0x91; 10_000],
        vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        bytes(&Value::Nil),
        request("", &[]),
    ];
    for message in &dropped {
        queue.push(message).await;
    }

    // Nobody may have another key written to.
    let foreign = ["session:42", "server.utils@1.0", "zbus.inbox.x"];
    for key in foreign {
        queue.push(&request(key, &[])).await;
    }
    let calculator = CalculatorClient::new(Client::connect(&redis.address()).await.unwrap());
    for number in 0..10 {
        let number = f64::from(number);
        assert_eq!(calculator.add(number, 1.0).await.unwrap().to_bits(), (number + 1.0).to_bits());
    }
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut queue.connection).await.unwrap();
    assert_eq!(keys, ["zbus.instances.server"], "the server shows itself, and nothing else is written");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_in_a_clients_inbox_is_dropped_and_the_client_goes_on() {
    let redis = RedisServer::start();
    let mut connection =
        redis::Client::open(redis.address()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let calculator = CalculatorClient::new(Client::connect(&redis.address()).await.unwrap());

    // The request tells where the client reads its replies, and under which id.
    let call = tokio::spawn({
        let calculator = calculator.clone();
        async move { calculator.add(1.0, 2.0).await }
    });
    let (_, asked): (String, Vec<u8>) =
        redis::cmd("BLPOP").arg(QUEUE).arg(10).query_async(&mut connection).await.unwrap();
    let asked = rmpv::decode::read_value(&mut &asked[..]).unwrap();
    let (inbox, id) = (asked["ReplyTo"].as_str().unwrap().to_owned(), asked["ID"].clone());
    let junk: [Vec<u8>; 4] = [
        b"junk".to_vec(),
        vec![0x91; 10_000],
        bytes(&map(&[("ID", "somebody else's".into())])),
        bytes(&map(&[("ID", 7.into())])),
    ];
    for message in &junk {
        let _: i64 = redis::cmd("RPUSH").arg(&inbox).arg(message).query_async(&mut connection).await.unwrap();
    }
    // An answer without a value is an error of this one call.
    let empty =
        map(&[("ID", id), ("Output", map(&[("Data", Value::Nil), ("Error", Value::Nil)])), ("Error", Value::Nil)]);
    let _: i64 = redis::cmd("RPUSH").arg(&inbox).arg(bytes(&empty)).query_async(&mut connection).await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, zbus::Error::Decode { .. }), "{error}");

    let server = start_server(&redis.address(), 2).await;
    assert_eq!(calculator.add(2.0, 3.0).await.unwrap().to_bits(), 5_f64.to_bits());
    server.shutdown().await;
}
