//! The module of mounts.

use serde_json::{Value, json};
use zbus::{Client, Failure, Server};

use crate::{expect, message, returned, server_of, threw};
use zbus_tests::api::flist::{Flister, FlisterClient, FlisterServer, MountOptions};

const URL: &str = "https://hub/f1.flist";

fn full_options() -> MountOptions {
    MountOptions {
        read_only: true,
        limit: u64::MAX,
        storage: "zdb://hub".to_owned(),
        persisted_volume: "/mnt/v".to_owned(),
    }
}

fn known(name: &str) -> Result<(), Failure> {
    if name == "f1" { Ok(()) } else { Err(Failure::new(format!("no mount {name:?}"))) }
}

#[derive(Debug)]
struct Mounts;

impl Flister for Mounts {
    async fn mount(&self, name: String, url: String, opt: MountOptions) -> Result<String, Failure> {
        match &*name {
            "f1" => expect(&(&*url, opt), &(URL, full_options())).map(|()| "/mnt/f1".to_owned()),
            "zero" => expect(&(&*url, opt), &("", MountOptions::default())).map(|()| String::new()),
            name => known(name).map(|()| String::new()),
        }
    }

    async fn update_mount_size(&self, name: String, limit: u64) -> Result<String, Failure> {
        if limit != 1 << 63 {
            return Err(Failure::new("bad limit"));
        }
        known(&name).map(|()| "/mnt/f1".to_owned())
    }

    async fn unmount(&self, name: String) -> Result<(), Failure> {
        known(&name)
    }

    async fn hash_from_root_path(&self, name: String) -> Result<String, Failure> {
        known(&name).map(|()| "h1".to_owned())
    }

    async fn flist_hash(&self, url: String) -> Result<String, Failure> {
        known(&url).map(|()| "h2".to_owned())
    }

    async fn exists(&self, name: String) -> Result<bool, Failure> {
        known(&name).map(|()| true)
    }
}

pub(crate) fn server() -> Server {
    server_of("flist").register(FlisterServer::new(Mounts)).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let mounts = FlisterClient::new(client.clone());
    let none = r#"no mount "none""#;
    assert_eq!(mounts.mount("f1", URL, &full_options()).await.unwrap(), "/mnt/f1");
    assert_eq!(mounts.mount("zero", "", &MountOptions::default()).await.unwrap(), "");
    assert_eq!(message(mounts.mount("none", URL, &full_options()).await), none);
    assert_eq!(mounts.update_mount_size("f1", 1 << 63).await.unwrap(), "/mnt/f1");
    assert_eq!(message(mounts.update_mount_size("f1", 0).await), "bad limit");
    mounts.unmount("f1").await.unwrap();
    assert_eq!(message(mounts.unmount("none").await), none);
    assert_eq!(mounts.hash_from_root_path("f1").await.unwrap(), "h1");
    assert_eq!(message(mounts.hash_from_root_path("none").await), none);
    assert_eq!(mounts.flist_hash("f1").await.unwrap(), "h2");
    assert_eq!(message(mounts.flist_hash("none").await), none);
    assert!(mounts.exists("f1").await.unwrap());
    assert_eq!(message(mounts.exists("none").await), none);
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let none = r#"no mount "none""#;
    vec![
        returned("flist.flist.Mount", [json!("/mnt/f1")]),
        returned("flist.flist.Mount", [json!("")]),
        threw("flist.flist.Mount", [json!("")], none),
        returned("flist.flist.UpdateMountSize", [json!("/mnt/f1")]),
        threw("flist.flist.UpdateMountSize", [json!("")], "bad limit"),
        returned("flist.flist.Unmount", []),
        returned("flist.flist.HashFromRootPath", [json!("h1")]),
        returned("flist.flist.FlistHash", [json!("h2")]),
        returned("flist.flist.Exists", [json!(true)]),
        threw("flist.flist.Unmount", [], none),
        threw("flist.flist.HashFromRootPath", [json!("")], none),
        threw("flist.flist.FlistHash", [json!("")], none),
        threw("flist.flist.Exists", [json!(false)], none),
    ]
}
