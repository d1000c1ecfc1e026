//! The module of the web gateway.

use serde_json::{Value, json};
use zbus::{Client, Failure, Server};

use crate::{Turns, expect, message, returned, server_of, threw};
use zbus_tests::api::gateway::{
    Gateway, GatewayClient, GatewayFqdnProxy, GatewayMetrics, GatewayNameProxy, GatewayServer,
};

fn full_name() -> GatewayNameProxy {
    GatewayNameProxy {
        tls_passthrough: true,
        backends: vec!["http://10.0.0.2:80".to_owned(), String::new()],
        network: Some("net1".to_owned()),
        name: "example".to_owned(),
    }
}

/// An empty text behind the pointer is not nil.
fn full_fqdn() -> GatewayFqdnProxy {
    GatewayFqdnProxy {
        tls_passthrough: true,
        backends: vec!["http://[fe80::1]:80".to_owned()],
        network: Some(String::new()),
        fqdn: "www.example.org".to_owned(),
    }
}

fn full_metrics() -> GatewayMetrics {
    GatewayMetrics {
        request: [("a".to_owned(), 0.5), ("b".to_owned(), -1e300)].into(),
        response: [(String::new(), 0.0)].into(),
    }
}

fn unknown(wl_id: &str) -> Failure {
    Failure::new(format!("no workload {wl_id:?}"))
}

#[derive(Debug, Default)]
struct Manager {
    turns: Turns,
}

impl Gateway for Manager {
    async fn set_named_proxy(&self, wl_id: String, config: GatewayNameProxy) -> Result<String, Failure> {
        match &*wl_id {
            "full" => expect(&config, &full_name()).map(|()| "example.gent01".to_owned()),
            "zero" => expect(&config, &GatewayNameProxy::default()).map(|()| String::new()),
            wl_id => Err(unknown(wl_id)),
        }
    }

    async fn set_fqdn_proxy(&self, wl_id: String, config: GatewayFqdnProxy) -> Result<(), Failure> {
        match &*wl_id {
            "full" => expect(&config, &full_fqdn()),
            "zero" => expect(&config, &GatewayFqdnProxy::default()),
            wl_id => Err(unknown(wl_id)),
        }
    }

    async fn delete_named_proxy(&self, wl_id: String) -> Result<(), Failure> {
        if wl_id == "full" { Ok(()) } else { Err(unknown(&wl_id)) }
    }

    async fn metrics(&self) -> Result<GatewayMetrics, Failure> {
        match self.turns.take("Metrics") {
            1 => Ok(full_metrics()),
            2 => Ok(GatewayMetrics::default()),
            _ => Err(Failure::new("metrics are lost")),
        }
    }
}

pub(crate) fn server() -> Server {
    server_of("gateway").register(GatewayServer::new(Manager::default())).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let proxies = GatewayClient::new(client.clone());
    let none = r#"no workload "none""#;
    assert_eq!(proxies.set_named_proxy("full", &full_name()).await.unwrap(), "example.gent01");
    assert_eq!(proxies.set_named_proxy("zero", &GatewayNameProxy::default()).await.unwrap(), "");
    assert_eq!(message(proxies.set_named_proxy("none", &full_name()).await), none);
    proxies.set_fqdn_proxy("full", &full_fqdn()).await.unwrap();
    proxies.set_fqdn_proxy("zero", &GatewayFqdnProxy::default()).await.unwrap();
    assert_eq!(message(proxies.set_fqdn_proxy("none", &full_fqdn()).await), none);
    proxies.delete_named_proxy("full").await.unwrap();
    assert_eq!(message(proxies.delete_named_proxy("none").await), none);
    // The maps of the second answer are nil.
    assert_eq!(proxies.metrics().await.unwrap(), full_metrics());
    assert_eq!(proxies.metrics().await.unwrap(), GatewayMetrics::default());
    assert_eq!(message(proxies.metrics().await), "metrics are lost");
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let none = r#"no workload "none""#;
    let zero = json!({"Request": {}, "Response": {}});
    vec![
        returned("gateway.manager.SetNamedProxy", [json!("example.gent01")]),
        returned("gateway.manager.SetNamedProxy", [json!("")]),
        threw("gateway.manager.SetNamedProxy", [json!("")], none),
        returned("gateway.manager.SetFQDNProxy", []),
        returned("gateway.manager.SetFQDNProxy", []),
        threw("gateway.manager.SetFQDNProxy", [], none),
        returned("gateway.manager.DeleteNamedProxy", []),
        threw("gateway.manager.DeleteNamedProxy", [], none),
        returned("gateway.manager.Metrics", [json!({"Request": {"a": 0.5, "b": -1e300}, "Response": {"": 0}})]),
        returned("gateway.manager.Metrics", [zero.clone()]),
        threw("gateway.manager.Metrics", [zero], "metrics are lost"),
    ]
}
