//! Addresses of real servers: passwords, users, databases, sockets, TLS, and a cluster.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use zbus::broker::BrokerErrorKind;
use zbus::{Client, Error, Server, UntypedObject};
use zbus_tests::RedisServer;

/// A call and its answer, with server and client at that address.
async fn carries_a_call(address: &str) {
    let object = UntypedObject::new("echo").method("Echo", |text: String| async move { text });
    let server = Server::new("echoes").register(object).unwrap();
    let server = server.start(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let client = Client::connect(address).await.unwrap();
    let echo = client.request("echoes", "echo", "Echo", (address,)).await.unwrap();
    assert_eq!(echo.get::<String>().unwrap(), address);
    server.shutdown().await;
}

async fn refused(address: &str) -> (BrokerErrorKind, String) {
    match Client::connect(address).await {
        Err(Error::Broker(error)) => (error.kind(), error.to_string()),
        Err(error) => panic!("{address}: {error}"),
        Ok(_) => panic!("{address} lets us in"),
    }
}

#[tokio::test]
async fn a_password_is_given_as_gos_addresses_and_redis_addresses_give_it() {
    let redis = RedisServer::start_with(&["--requirepass", "s3cret/@:#"]);
    let (port, socket) = (redis.port(), redis.unix_address());
    let password = "s3cret%2F%40%3A%23";
    let path = socket.strip_prefix("unix://").unwrap();
    for address in [
        format!("tcp://{password}@127.0.0.1:{port}"),
        format!("redis://:{password}@127.0.0.1:{port}/1"),
        format!("unix://{password}@{path}"),
        format!("unix://{path}?db=1&password={password}"),
    ] {
        carries_a_call(&address).await;
    }
    for address in [redis.address(), format!("redis://:s3cret@127.0.0.1:{port}"), format!("unix://s3cret@{path}")] {
        let (kind, message) = refused(&address).await;
        assert_eq!(kind, BrokerErrorKind::Refused, "{address}: {message}");
        assert!(message.to_lowercase().contains("auth") || message.contains("WRONGPASS"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[tokio::test]
async fn an_acl_user_and_a_database_are_given_over_hosts_and_sockets() {
    let redis = RedisServer::start_with(&["--user", "anna", "on", ">s3cret", "~*", "&*", "+@all"]);
    let path = redis.unix_address();
    for address in [
        format!("redis://anna:s3cret@127.0.0.1:{}/3", redis.port()),
        format!("tcp://anna:s3cret@127.0.0.1:{}/3", redis.port()),
        format!("unix://anna:s3cret@{}?db=3", path.strip_prefix("unix://").unwrap()),
        format!("{path}?db=3&user=anna&password=s3cret"),
    ] {
        let client = Client::connect(&address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let asked = client.request("m", "o", "M", ()).send().await;
        asked.unwrap();
        assert!(!format!("{client:?}").contains("s3cret"));
    }
    // All four are in that database and nowhere else.
    let connection = redis::Client::open(redis.address()).unwrap();
    let mut connection = connection.get_multiplexed_async_connection().await.unwrap();
    let length = |database: u8| redis::pipe().cmd("SELECT").arg(database).ignore().cmd("LLEN").arg("m.o").clone();
    let (there,): (u64,) = length(3).query_async(&mut connection).await.unwrap();
    let (elsewhere,): (u64,) = length(0).query_async(&mut connection).await.unwrap();
    assert_eq!((there, elsewhere), (4, 0));
    let (kind, _) = refused(&format!("redis://anna:wrong@127.0.0.1:{}", redis.port())).await;
    assert_eq!(kind, BrokerErrorKind::Refused);
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

// One thread has the client and the server.
#[tokio::test]
async fn rows_of_calls_are_answered_with_busy_polling_and_without_and_nobody_looks_when_they_are_over() {
    let redis = RedisServer::start();
    for address in [redis.address(), redis.unix_address()] {
        for switch in ["on", "off"] {
            let address = format!("{address}?busy_poll={switch}");
            let double = UntypedObject::new("double").method("Double", |number: u32| async move { 2 * number });
            let server = Server::new("numbers").register(double).unwrap().start(&address).await.unwrap();
            let client = Client::connect(&address).await.unwrap();
            for number in 0..300 {
                let doubled = client.request("numbers", "double", "Double", (number,)).await.unwrap();
                assert_eq!(doubled.get::<u32>().unwrap(), 2 * number);
            }
            let before = processor_time();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let idle = processor_time().saturating_sub(before);
            assert!(idle < Duration::from_millis(50), "{address}: {idle:?} of a second without calls");
            server.shutdown().await;
        }
    }
}

#[tokio::test]
async fn a_cluster_is_refused_with_the_reason() {
    let redis = RedisServer::start_with(&["--cluster-enabled", "yes"]);
    let (kind, message) = refused(&redis.address()).await;
    assert_eq!(kind, BrokerErrorKind::Refused);
    assert!(message.contains("is a Redis Cluster, which is not supported"), "{message}");
}

/// An authority, and certificates that it signed for the server at 127.0.0.1 and for a client.
struct Certificates(TempDir);

impl Certificates {
    fn make() -> Self {
        let made = Self(TempDir::new().unwrap());
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
        made.openssl(
            &[&["req", "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"], &key[..]].concat(),
        );
        for (name, extension) in [("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")]
        {
            let (subject, key_file, signed) = (format!("/CN={name}"), format!("{name}.key"), format!("{name}.pem"));
            let of_authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
            let own = ["req", "-x509", "-subj", &subject, "-keyout", &key_file, "-out", &signed, "-addext", extension];
            made.openssl(&[&own[..], &key, &of_authority].concat());
        }
        made
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output();
        let output =
            output.unwrap_or_else(|error| panic!("openssl: {error}; install it with `apt-get install openssl`"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_carries_calls_and_checks_who_is_there() {
    let made = Certificates::make();
    let file = |name: &str| made.path(name);
    let options = |port: &str, clients: &str| {
        let names = ["server.pem", "server.key", "ca.pem"].map(file);
        let [certificate, key, authority] = &names;
        RedisServer::start_with(&[
            "--tls-port",
            port,
            "--tls-cert-file",
            certificate,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            authority,
            "--tls-auth-clients",
            clients,
            "--requirepass",
            "s3cret",
        ])
    };
    let port = zbus_tests::redis::free_port();
    let _redis = options(&port.to_string(), "no");
    let authority = file("ca.pem");
    let place = format!("127.0.0.1:{port}");
    carries_a_call(&format!("rediss://:s3cret@{place}?ca={authority}")).await;
    carries_a_call(&format!("valkeys://:s3cret@{place}/2?ca={authority}")).await;

    // The system does not know this authority, and the certificate is not for this name.
    let (_, message) = refused(&format!("rediss://:s3cret@{place}")).await;
    assert!(message.contains("certificate"), "{message}");
    let (_, message) = refused(&format!("rediss://:s3cret@localhost:{port}?ca={authority}")).await;
    assert!(message.contains("certificate"), "{message}");
    let (kind, message) = refused(&format!("rediss://{place}?ca={}", file("none.pem"))).await;
    assert_eq!(kind, BrokerErrorKind::Address);
    assert!(message.contains("cannot read") && message.contains("none.pem"), "{message}");
    let (kind, message) = refused(&format!("rediss://{place}?cert={authority}")).await;
    assert_eq!(kind, BrokerErrorKind::Address, "{message}");

    // One that asks for a client's certificate.
    let strict_port = zbus_tests::redis::free_port();
    let _strict = options(&strict_port.to_string(), "yes");
    let place = format!("127.0.0.1:{strict_port}");
    let own = format!("cert={}&key={}", file("client.pem"), file("client.key"));
    carries_a_call(&format!("rediss://:s3cret@{place}?ca={authority}&{own}")).await;
    refused(&format!("rediss://:s3cret@{place}?ca={authority}")).await;
}
