//! The module of a node's keys and of its version.

use futures::Stream;
use serde_json::{Value, json};
use zbus::{Client, Failure, Server};

use crate::{Turns, expect, first, message, repeat, returned, server_of, threw};
use zbus_tests::api::identityd::{
    IdentityManager, IdentityManagerClient, IdentityManagerServer, PreRelease, Version, VersionMonitor,
    VersionMonitorClient, VersionMonitorServer,
};

const MESSAGE: [u8; 4] = [0, 1, 254, 255];
const PUBLIC_KEY: &[u8] = b"public";
const RESULT: [u8; 3] = [200, 0, 201];

fn version() -> Version {
    Version {
        major: 3,
        minor: 12,
        patch: u64::MAX,
        pre: vec![
            PreRelease { version_str: "rc".to_owned(), ..PreRelease::default() },
            PreRelease { version_num: 2, is_num: true, ..PreRelease::default() },
        ],
        build: vec!["abc".to_owned(), "1".to_owned()],
    }
}

/// The result for the message, nothing for none, and an error for any other.
fn answer(got: &[u8]) -> Result<Vec<u8>, Failure> {
    if got.is_empty() {
        return Ok(Vec::new());
    }
    if got == MESSAGE { Ok(RESULT.to_vec()) } else { Err(Failure::new("another message")) }
}

fn answer_to(got: &[u8], key: &[u8]) -> Result<Vec<u8>, Failure> {
    if key.is_empty() {
        return Err(Failure::new("no key"));
    }
    expect(&key, &PUBLIC_KEY)?;
    answer(got)
}

#[derive(Debug, Default)]
struct Manager {
    turns: Turns,
}

impl Manager {
    fn first(&self, method: &'static str) -> Result<(), Failure> {
        if self.turns.take(method) == 1 { Ok(()) } else { Err(Failure::new(format!("no more {method}"))) }
    }
}

impl IdentityManager for Manager {
    async fn store_kind(&self) -> String {
        if self.first("StoreKind").is_ok() { "tpm".to_owned() } else { String::new() }
    }

    async fn node_id(&self) -> String {
        "5Gn".to_owned()
    }

    async fn address(&self) -> Result<String, Failure> {
        self.first("Address").map(|()| "5GrwvaEF".to_owned())
    }

    async fn farm_id(&self) -> Result<u32, Failure> {
        self.first("FarmID").map(|()| u32::MAX)
    }

    async fn farm(&self) -> Result<String, Failure> {
        self.first("Farm").map(|()| "Freefarm".to_owned())
    }

    async fn farm_secret(&self) -> Result<String, Failure> {
        self.first("FarmSecret").map(|()| "sécret".to_owned())
    }

    async fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
        answer(&message)
    }

    async fn verify(&self, message: Vec<u8>, sig: Vec<u8>) -> Result<(), Failure> {
        answer_to(&message, &sig).map(drop)
    }

    async fn encrypt(&self, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
        answer(&message)
    }

    async fn decrypt(&self, message: Vec<u8>) -> Result<Vec<u8>, Failure> {
        answer(&message)
    }

    async fn encrypt_ecdh(&self, msg: Vec<u8>, public_key: Vec<u8>) -> Result<Vec<u8>, Failure> {
        answer_to(&msg, &public_key)
    }

    async fn decrypt_ecdh(&self, msg: Vec<u8>, public_key: Vec<u8>) -> Result<Vec<u8>, Failure> {
        answer_to(&msg, &public_key)
    }

    async fn private_key(&self) -> Vec<u8> {
        if self.first("PrivateKey").is_ok() { RESULT.to_vec() } else { Vec::new() }
    }
}

#[derive(Debug, Default)]
struct Monitor {
    turns: Turns,
}

impl VersionMonitor for Monitor {
    async fn get_version(&self) -> Version {
        if self.turns.take("GetVersion") == 1 { version() } else { Version::default() }
    }

    fn version(&self) -> impl Stream<Item = Version> + Send {
        repeat(version())
    }
}

pub(crate) fn server() -> Server {
    server_of("identityd")
        .register(IdentityManagerServer::new(Manager::default()))
        .and_then(|server| server.register(VersionMonitorServer::new(Monitor::default())))
        .unwrap()
}

/// Calls every method of the Go server and hears the stream.
pub(crate) async fn call(client: &Client) {
    let keys = IdentityManagerClient::new(client.clone());
    assert_eq!(keys.store_kind().await.unwrap(), "tpm");
    assert_eq!(keys.store_kind().await.unwrap(), "");
    assert_eq!(keys.node_id().await.unwrap(), "5Gn");
    assert_eq!(keys.address().await.unwrap(), "5GrwvaEF");
    assert_eq!(message(keys.address().await), "no more Address");
    assert_eq!(keys.farm_id().await.unwrap(), u32::MAX);
    assert_eq!(message(keys.farm_id().await), "no more FarmID");
    assert_eq!(keys.farm().await.unwrap(), "Freefarm");
    assert_eq!(message(keys.farm().await), "no more Farm");
    assert_eq!(keys.farm_secret().await.unwrap(), "sécret");
    assert_eq!(message(keys.farm_secret().await), "no more FarmSecret");
    // No bytes are a nil slice.
    assert_eq!(keys.private_key().await.unwrap(), RESULT);
    assert_eq!(keys.private_key().await.unwrap(), b"");
    assert_eq!(keys.sign(&MESSAGE).await.unwrap(), RESULT);
    assert_eq!(keys.sign(&[]).await.unwrap(), b"");
    assert_eq!(message(keys.sign(PUBLIC_KEY).await), "another message");
    assert_eq!(keys.encrypt(&MESSAGE).await.unwrap(), RESULT);
    assert_eq!(keys.encrypt(&[]).await.unwrap(), b"");
    assert_eq!(message(keys.encrypt(PUBLIC_KEY).await), "another message");
    assert_eq!(keys.decrypt(&MESSAGE).await.unwrap(), RESULT);
    assert_eq!(keys.decrypt(&[]).await.unwrap(), b"");
    assert_eq!(message(keys.decrypt(PUBLIC_KEY).await), "another message");
    assert_eq!(keys.encrypt_ecdh(&MESSAGE, PUBLIC_KEY).await.unwrap(), RESULT);
    assert_eq!(message(keys.encrypt_ecdh(&MESSAGE, &[]).await), "no key");
    assert_eq!(keys.decrypt_ecdh(&MESSAGE, PUBLIC_KEY).await.unwrap(), RESULT);
    assert_eq!(message(keys.decrypt_ecdh(&MESSAGE, &[]).await), "no key");
    keys.verify(&MESSAGE, PUBLIC_KEY).await.unwrap();
    assert_eq!(message(keys.verify(&MESSAGE, &[]).await), "no key");

    let versions = VersionMonitorClient::new(client.clone());
    assert_eq!(versions.get_version().await.unwrap(), version());
    assert_eq!(versions.get_version().await.unwrap(), Version::default());
    assert_eq!(first(versions.version().await.unwrap()).await, version());
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let name = |method: &str| format!("identityd.manager.{method}");
    let value = |method: &str, value: Value| returned(&name(method), [value]);
    let error = |method: &str, value: Value| threw(&name(method), [value], &format!("no more {method}"));
    let result = json!("hex:c800c9");
    let nothing = json!("hex:");
    let version = json!({
        "Major": "3",
        "Minor": "12",
        "Patch": "18446744073709551615",
        "Pre": [
            {"VersionStr": "rc", "VersionNum": "0", "IsNum": false},
            {"VersionStr": "", "VersionNum": "2", "IsNum": true},
        ],
        "Build": ["abc", "1"],
    });
    vec![
        value("StoreKind", json!("tpm")),
        value("NodeID", json!("5Gn")),
        value("Address", json!("5GrwvaEF")),
        value("FarmID", json!(4_294_967_295_u32)),
        value("Farm", json!("Freefarm")),
        value("FarmSecret", json!("sécret")),
        value("PrivateKey", result.clone()),
        value("StoreKind", json!("")),
        value("NodeID", json!("5Gn")),
        error("Address", json!("")),
        error("FarmID", json!(0)),
        error("Farm", json!("")),
        error("FarmSecret", json!("")),
        value("PrivateKey", nothing.clone()),
        value("Sign", result.clone()),
        value("Sign", nothing.clone()),
        threw(&name("Sign"), [nothing.clone()], "another message"),
        value("Encrypt", result.clone()),
        value("Encrypt", nothing.clone()),
        threw(&name("Encrypt"), [nothing.clone()], "another message"),
        value("Decrypt", result.clone()),
        value("Decrypt", nothing.clone()),
        threw(&name("Decrypt"), [nothing.clone()], "another message"),
        value("EncryptECDH", result.clone()),
        threw(&name("EncryptECDH"), [nothing.clone()], "no key"),
        value("DecryptECDH", result),
        threw(&name("DecryptECDH"), [nothing], "no key"),
        returned(&name("Verify"), []),
        threw(&name("Verify"), [], "no key"),
        returned("identityd.monitor.GetVersion", [version.clone()]),
        returned(
            "identityd.monitor.GetVersion",
            [json!({"Major": "0", "Minor": "0", "Patch": "0", "Pre": [], "Build": []})],
        ),
        returned("identityd.monitor.Version", [version]),
    ]
}
