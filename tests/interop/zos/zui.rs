//! The module of a node's console.

use serde_json::Value;
use zbus::{Client, Failure, Server};

use crate::{expect, message, returned, server_of, threw};
use zbus_tests::api::zui::{Zui, ZuiClient, ZuiServer};

fn pushed() -> Vec<String> {
    vec!["disk is full".to_owned(), String::new()]
}

#[derive(Debug)]
struct Console;

impl Zui for Console {
    async fn push_errors(&self, label: String, errors: Vec<String>) -> Result<(), Failure> {
        match &*label {
            "full" => expect(&errors, &pushed()),
            "zero" => expect(&errors, &Vec::new()),
            _ => Err(Failure::new("no label")),
        }
    }
}

pub(crate) fn server() -> Server {
    server_of("zui").register(ZuiServer::new(Console)).unwrap()
}

/// Calls the method of the Go server.
pub(crate) async fn call(client: &Client) {
    let console = ZuiClient::new(client.clone());
    console.push_errors("full", &pushed()).await.unwrap();
    console.push_errors("zero", &[]).await.unwrap();
    assert_eq!(message(console.push_errors("", &pushed()).await), "no label");
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let name = "zui.zui.PushErrors";
    vec![returned(name, []), returned(name, []), threw(name, [], "no label")]
}
