//! The module of containers.

use serde_json::{Value, json};
use zbus::types::{Duration, zero};
use zbus::{Client, Failure, Server};

use crate::{Turns, expect, message, returned, server_of, threw};
use zbus_tests::api::container::{
    Container, ContainerModule, ContainerModuleClient, ContainerModuleServer, Logs, LogsRedis, MountInfo, NetworkInfo,
    Stats,
};

/// A value in every field.
fn full_container() -> Container {
    Container {
        name: "c1".to_owned(),
        root_fs: "/mnt/c1".to_owned(),
        env: vec!["A=1".to_owned(), "B=".to_owned()],
        working_dir: "/work".to_owned(),
        network: NetworkInfo { namespace: "ns-c1".to_owned() },
        mounts: vec![MountInfo { source: "/srv".to_owned(), target: "/data".to_owned() }],
        entrypoint: "/bin/sh -c 'true'".to_owned(),
        interactive: true,
        cpu: u64::MAX,
        memory: 512 << 20,
        logs: vec![
            Logs {
                r#type: "redis".to_owned(),
                data: LogsRedis { stdout: "redis://out".to_owned(), stderr: "redis://err".to_owned() },
            },
            Logs::default(),
        ],
        stats: vec![Stats { r#type: "redis".to_owned(), endpoint: "redis://stats".to_owned() }],
        elevated: true,
        created_at: "2024-02-29T12:34:56.789012345Z".parse().unwrap(),
        root_fs_propagation: "shared".to_owned(),
        shutdown_timeout: Duration::from_millis(-1500),
    }
}

fn known(ns: &str, id: &str) -> Result<(), Failure> {
    match (ns, id) {
        ("ns", "c1") => Ok(()),
        ("ns", id) => Err(Failure::new(format!("no container {id:?}"))),
        (ns, _) => Err(Failure::new(format!("no namespace {ns:?}"))),
    }
}

#[derive(Debug, Default)]
struct Containers {
    turns: Turns,
}

impl ContainerModule for Containers {
    async fn run(&self, ns: String, data: Container) -> Result<String, Failure> {
        match &*ns {
            "ns" => expect(&data, &full_container()).map(|()| "c1".to_owned()),
            "zero" => expect(&data, &Container::default()).map(|()| String::new()),
            ns => known(ns, "c1").map(|()| String::new()),
        }
    }

    async fn exec(
        &self,
        ns: String,
        container_id: String,
        timeout: Duration,
        args: Vec<String>,
    ) -> Result<(), Failure> {
        let due = match &*container_id {
            "c1" => ("ns", Duration::from_secs(90), vec!["ls", "-l", ""]),
            "none" => ("ns", Duration::from_nanos(-1), vec![]),
            id => return known(&ns, id),
        };
        expect(&(&*ns, timeout, args.iter().map(String::as_str).collect()), &due)
    }

    async fn list_ns(&self) -> Result<Vec<String>, Failure> {
        match self.turns.take("ListNS") {
            1 => Ok(vec!["ns".to_owned(), "other".to_owned()]),
            2 => Ok(Vec::new()),
            _ => Err(Failure::new("namespaces are lost")),
        }
    }

    async fn list(&self, ns: String) -> Result<Vec<String>, Failure> {
        if ns == "zero" {
            return Ok(Vec::new());
        }
        known(&ns, "c1").map(|()| vec!["c1".to_owned(), "c2".to_owned()])
    }

    async fn inspect(&self, ns: String, id: String) -> Result<Container, Failure> {
        if id == "zero" {
            return Ok(Container::default());
        }
        known(&ns, &id).map(|()| full_container())
    }

    async fn signal_delete(&self, ns: String, id: String) -> Result<(), Failure> {
        known(&ns, &id)
    }

    async fn delete(&self, ns: String, id: String) -> Result<(), Failure> {
        known(&ns, &id)
    }

    async fn logs(&self, ns: String, container_id: String) -> Result<String, Failure> {
        known(&ns, &container_id).map(|()| "out\nerr".to_owned())
    }
}

pub(crate) fn server() -> Server {
    server_of("container").register(ContainerModuleServer::new(Containers::default())).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let containers = ContainerModuleClient::new(client.clone());
    let bad_ns = r#"no namespace "bad""#;
    let bad_id = r#"no container "bad""#;
    assert_eq!(containers.run("ns", &full_container()).await.unwrap(), "c1");
    assert_eq!(containers.run("zero", &Container::default()).await.unwrap(), "");
    assert_eq!(message(containers.run("bad", &full_container()).await), bad_ns);

    let args = ["ls", "-l", ""].map(str::to_owned);
    containers.exec("ns", "c1", Duration::from_secs(90), &args).await.unwrap();
    containers.exec("ns", "none", Duration::from_nanos(-1), &[]).await.unwrap();
    assert_eq!(message(containers.exec("bad", "bad", Duration::ZERO, &args).await), bad_ns);

    // The second answer is a nil slice.
    assert_eq!(containers.list_ns().await.unwrap(), ["ns", "other"]);
    assert_eq!(containers.list_ns().await.unwrap(), [""; 0]);
    assert_eq!(message(containers.list_ns().await), "namespaces are lost");
    assert_eq!(containers.list("ns").await.unwrap(), ["c1", "c2"]);
    assert_eq!(containers.list("zero").await.unwrap(), [""; 0]);
    assert_eq!(message(containers.list("bad").await), bad_ns);

    assert_eq!(containers.inspect("ns", "c1").await.unwrap(), full_container());
    let zero = containers.inspect("ns", "zero").await.unwrap();
    assert_eq!(zero, Container::default());
    assert_eq!(zero.created_at, zero::timestamp());
    assert_eq!(message(containers.inspect("ns", "bad").await), bad_id);

    containers.signal_delete("ns", "c1").await.unwrap();
    assert_eq!(message(containers.signal_delete("ns", "bad").await), bad_id);
    containers.delete("ns", "c1").await.unwrap();
    assert_eq!(message(containers.delete("ns", "bad").await), bad_id);
    assert_eq!(containers.logs("ns", "c1").await.unwrap(), "out\nerr");
    assert_eq!(message(containers.logs("ns", "bad").await), bad_id);
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let full = json!({
        "Name": "c1",
        "RootFS": "/mnt/c1",
        "Env": ["A=1", "B="],
        "WorkingDir": "/work",
        "Network": {"Namespace": "ns-c1"},
        "Mounts": [{"Source": "/srv", "Target": "/data"}],
        "Entrypoint": "/bin/sh -c 'true'",
        "Interactive": true,
        "CPU": "18446744073709551615",
        "Memory": "536870912",
        "Logs": [
            {"Type": "redis", "Data": {"Stdout": "redis://out", "Stderr": "redis://err"}},
            {"Type": "", "Data": {"Stdout": "", "Stderr": ""}},
        ],
        "Stats": [{"Type": "redis", "Endpoint": "redis://stats"}],
        "Elevated": true,
        "CreatedAt": "2024-02-29T12:34:56.789012345Z",
        "RootFsPropagation": "shared",
        "ShutdownTimeout": "-1500000000",
    });
    let zero = json!({
        "Name": "",
        "RootFS": "",
        "Env": [],
        "WorkingDir": "",
        "Network": {"Namespace": ""},
        "Mounts": [],
        "Entrypoint": "",
        "Interactive": false,
        "CPU": "0",
        "Memory": "0",
        "Logs": [],
        "Stats": [],
        "Elevated": false,
        "CreatedAt": "0001-01-01T00:00:00Z",
        "RootFsPropagation": "",
        "ShutdownTimeout": "0",
    });
    let bad_ns = r#"no namespace "bad""#;
    let bad_id = r#"no container "bad""#;
    vec![
        returned("container.container.Run", [json!("c1")]),
        returned("container.container.Run", [json!("")]),
        threw("container.container.Run", [json!("")], bad_ns),
        returned("container.container.Exec", []),
        returned("container.container.Exec", []),
        threw("container.container.Exec", [], bad_ns),
        returned("container.container.ListNS", [json!(["ns", "other"])]),
        returned("container.container.ListNS", [json!([])]),
        threw("container.container.ListNS", [json!([])], "namespaces are lost"),
        returned("container.container.List", [json!(["c1", "c2"])]),
        returned("container.container.List", [json!([])]),
        threw("container.container.List", [json!([])], bad_ns),
        returned("container.container.Inspect", [full]),
        returned("container.container.Inspect", [zero.clone()]),
        threw("container.container.Inspect", [zero], bad_id),
        returned("container.container.SignalDelete", []),
        returned("container.container.Delete", []),
        returned("container.container.Logs", [json!("out\nerr")]),
        threw("container.container.SignalDelete", [], bad_id),
        threw("container.container.Delete", [], bad_id),
        threw("container.container.Logs", [json!("")], bad_id),
    ]
}
