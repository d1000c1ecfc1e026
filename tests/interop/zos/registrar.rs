//! The module of a node's registration.

use serde_json::{Value, json};
use zbus::{Client, Failure, Server};

use crate::{Turns, message, returned, server_of, threw};
use zbus_tests::api::registrar::{Registrar, RegistrarClient, RegistrarServer};

#[derive(Debug, Default)]
struct Registration {
    turns: Turns,
}

impl Registrar for Registration {
    async fn node_id(&self) -> Result<u32, Failure> {
        if self.turns.take("NodeID") == 1 { Ok(7) } else { Err(Failure::new("not registered")) }
    }

    async fn twin_id(&self) -> Result<u32, Failure> {
        if self.turns.take("TwinID") == 1 { Ok(9) } else { Err(Failure::new("not registered")) }
    }
}

pub(crate) fn server() -> Server {
    server_of("registrar").register(RegistrarServer::new(Registration::default())).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let registrar = RegistrarClient::new(client.clone());
    assert_eq!(registrar.node_id().await.unwrap(), 7);
    assert_eq!(message(registrar.node_id().await), "not registered");
    assert_eq!(registrar.twin_id().await.unwrap(), 9);
    assert_eq!(message(registrar.twin_id().await), "not registered");
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    vec![
        returned("registrar.registrar.NodeID", [json!(7)]),
        returned("registrar.registrar.TwinID", [json!(9)]),
        threw("registrar.registrar.NodeID", [json!(0)], "not registered"),
        threw("registrar.registrar.TwinID", [json!(0)], "not registered"),
    ]
}
