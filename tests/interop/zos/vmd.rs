//! The module of virtual machines.

use serde_json::{Value, json};
use zbus::{Client, Failure, Server};

use crate::{Turns, expect, message, returned, server_of, threw};
use zbus_tests::api::vmd::{
    Boot, MachineInfo, MachineMetric, MachineMetrics, NetMetric, Route, SharedDir, Stream, Vm, VmDisk, VmIface, VmInfo,
    VmModule, VmModuleClient, VmModuleServer, VmNetworkInfo,
};

/// A value in every field; the second interface and the second route are zero.
fn full_vm() -> Vm {
    Vm {
        name: "vm1".to_owned(),
        cpu: 255,
        memory: 1 << 40,
        network: VmNetworkInfo {
            ifaces: vec![
                VmIface {
                    tap: "t-vm1".to_owned(),
                    mac: "02:00:00:00:00:01".to_owned(),
                    ips: vec!["10.0.0.2/24".parse().unwrap(), "2001:db8::2/64".parse().unwrap()],
                    routes: vec![
                        Route { net: Some("0.0.0.0/0".parse().unwrap()), gateway: Some("10.0.0.1".parse().unwrap()) },
                        Route::default(),
                        Route {
                            net: Some("2001:db8:1::/48".parse().unwrap()),
                            gateway: Some("fe80::1".parse().unwrap()),
                        },
                    ],
                    ip4_default_gateway: Some("10.0.0.1".parse().unwrap()),
                    ip6_default_gateway: Some("fe80::1".parse().unwrap()),
                    public_ipv4: true,
                    public_ipv6: true,
                    net_id: "net1".to_owned(),
                },
                VmIface::default(),
            ],
            nameservers: vec!["1.1.1.1".parse().unwrap(), "2606:4700:4700::1111".parse().unwrap()],
        },
        kernel_image: "/boot/vmlinuz".to_owned(),
        initrd_image: "/boot/initrd".to_owned(),
        kernel_args: [("console".to_owned(), "ttyS0".to_owned()), ("quiet".to_owned(), String::new())].into(),
        entrypoint: "/sbin/init".to_owned(),
        disks: vec![
            VmDisk { path: "/dev/vda".to_owned(), target: "/".to_owned() },
            VmDisk { path: "/dev/vdb".to_owned(), target: "/däta".to_owned() },
        ],
        shared: vec![SharedDir { id: "s1".to_owned(), path: "/srv".to_owned(), target: "/mnt".to_owned() }],
        boot: Boot { r#type: 1, path: "/dev/vda".to_owned() },
        environment: [("HOME".to_owned(), "/root".to_owned()), ("LANG".to_owned(), "C.UTF-8".to_owned())].into(),
        no_keep_alive: true,
        hostname: "vm1.local".to_owned(),
        devices: vec!["0000:01:00.0".to_owned()],
    }
}

fn zero_vm() -> Vm {
    Vm { name: "zero".to_owned(), ..Vm::default() }
}

fn full_info() -> VmInfo {
    VmInfo { ht_enabled: true, memory: i64::MIN, cpu: i64::MAX }
}

fn full_stream() -> Stream {
    Stream { id: "s1".to_owned(), namespace: "ns".to_owned(), output: "redis://127.0.0.1/log".to_owned() }
}

fn full_metrics() -> MachineMetrics {
    let metric = MachineMetric {
        private: NetMetric { net_rx_packets: 1, net_rx_bytes: 2, net_tx_packets: 3, net_tx_bytes: 4 },
        public: NetMetric { net_rx_packets: 5, net_rx_bytes: 6, net_tx_packets: 7, net_tx_bytes: u64::MAX },
    };
    [("vm1".to_owned(), metric), ("vm2".to_owned(), MachineMetric::default())].into()
}

fn known(name: &str) -> Result<(), Failure> {
    if name == "vm1" { Ok(()) } else { Err(Failure::new(format!("no vm {name:?}"))) }
}

#[derive(Debug, Default)]
struct Manager {
    turns: Turns,
}

impl VmModule for Manager {
    async fn run(&self, vm: Vm) -> Result<MachineInfo, Failure> {
        match &*vm.name {
            "vm1" => {
                expect(&vm, &full_vm())?;
                Ok(MachineInfo { console_url: "10.0.0.2:20001".to_owned() })
            }
            "zero" => expect(&vm, &zero_vm()).map(|()| MachineInfo::default()),
            name => Err(Failure::new(format!("vm {name:?} cannot run"))),
        }
    }

    async fn inspect(&self, name: String) -> Result<VmInfo, Failure> {
        if name == "zero" {
            return Ok(VmInfo::default());
        }
        known(&name).map(|()| full_info())
    }

    async fn delete(&self, name: String) -> Result<(), Failure> {
        known(&name)
    }

    async fn exists(&self, name: String) -> bool {
        name == "vm1"
    }

    async fn logs(&self, name: String) -> Result<String, Failure> {
        known(&name).map(|()| "last line".to_owned())
    }

    async fn logs_full(&self, name: String) -> Result<String, Failure> {
        known(&name).map(|()| "first line\nlast line".to_owned())
    }

    async fn list(&self) -> Result<Vec<String>, Failure> {
        match self.turns.take("List") {
            1 => Ok(vec!["vm1".to_owned(), "vm2".to_owned()]),
            2 => Ok(Vec::new()),
            _ => Err(Failure::new("list is lost")),
        }
    }

    async fn metrics(&self) -> Result<MachineMetrics, Failure> {
        match self.turns.take("Metrics") {
            1 => Ok(full_metrics()),
            2 => Ok(MachineMetrics::new()),
            _ => Err(Failure::new("metrics are lost")),
        }
    }

    async fn lock(&self, name: String, lock: bool) -> Result<(), Failure> {
        if lock { known(&name) } else { Err(Failure::new("unlocked")) }
    }

    async fn stream_create(&self, name: String, stream: Stream) -> Result<(), Failure> {
        expect(&stream, &full_stream())?;
        known(&name)
    }

    async fn stream_delete(&self, id: String) -> Result<(), Failure> {
        if id == "s1" { Ok(()) } else { Err(Failure::new(format!("no stream {id:?}"))) }
    }
}

pub(crate) fn server() -> Server {
    server_of("vmd").register(VmModuleServer::new(Manager::default())).unwrap()
}

/// Calls every method of the Go server.
pub(crate) async fn call(client: &Client) {
    let vms = VmModuleClient::new(client.clone());
    assert_eq!(vms.run(&full_vm()).await.unwrap(), MachineInfo { console_url: "10.0.0.2:20001".to_owned() });
    assert_eq!(vms.run(&zero_vm()).await.unwrap(), MachineInfo::default());
    let broken = Vm { name: "broken".to_owned(), ..full_vm() };
    assert_eq!(message(vms.run(&broken).await), r#"vm "broken" cannot run"#);

    assert_eq!(vms.inspect("vm1").await.unwrap(), full_info());
    assert_eq!(vms.inspect("zero").await.unwrap(), VmInfo::default());
    assert_eq!(message(vms.inspect("none").await), r#"no vm "none""#);

    vms.delete("vm1").await.unwrap();
    assert_eq!(message(vms.delete("none").await), r#"no vm "none""#);
    assert!(vms.exists("vm1").await.unwrap());
    assert!(!vms.exists("none").await.unwrap());
    assert_eq!(vms.logs("vm1").await.unwrap(), "last line");
    assert_eq!(message(vms.logs("none").await), r#"no vm "none""#);
    assert_eq!(vms.logs_full("vm1").await.unwrap(), "first line\nlast line");
    assert_eq!(message(vms.logs_full("none").await), r#"no vm "none""#);

    // The second answer is a nil slice, and a nil map.
    assert_eq!(vms.list().await.unwrap(), ["vm1", "vm2"]);
    assert_eq!(vms.list().await.unwrap(), [""; 0]);
    assert_eq!(message(vms.list().await), "list is lost");
    assert_eq!(vms.metrics().await.unwrap(), full_metrics());
    assert_eq!(vms.metrics().await.unwrap(), MachineMetrics::new());
    assert_eq!(message(vms.metrics().await), "metrics are lost");

    vms.lock("vm1", true).await.unwrap();
    assert_eq!(message(vms.lock("vm1", false).await), "unlocked");
    vms.stream_create("vm1", &full_stream()).await.unwrap();
    assert_eq!(message(vms.stream_create("none", &full_stream()).await), r#"no vm "none""#);
    vms.stream_delete("s1").await.unwrap();
    assert_eq!(message(vms.stream_delete("none").await), r#"no stream "none""#);
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let zero_metric = json!({"NetRxPackets": "0", "NetRxBytes": "0", "NetTxPackets": "0", "NetTxBytes": "0"});
    let metrics = json!({
        "vm1": {
            "Private": {"NetRxPackets": "1", "NetRxBytes": "2", "NetTxPackets": "3", "NetTxBytes": "4"},
            "Public": {"NetRxPackets": "5", "NetRxBytes": "6", "NetTxPackets": "7", "NetTxBytes": "18446744073709551615"},
        },
        "vm2": {"Private": zero_metric, "Public": zero_metric},
    });
    let info = |ht: bool, memory: &str, cpu: &str| json!({"HtEnabled": ht, "Memory": memory, "CPU": cpu});
    let none = r#"no vm "none""#;
    vec![
        returned("vmd.manager.Run", [json!({"ConsoleURL": "10.0.0.2:20001"})]),
        returned("vmd.manager.Run", [json!({"ConsoleURL": ""})]),
        threw("vmd.manager.Run", [json!({"ConsoleURL": ""})], r#"vm "broken" cannot run"#),
        returned("vmd.manager.Inspect", [info(true, "-9223372036854775808", "9223372036854775807")]),
        returned("vmd.manager.Inspect", [info(false, "0", "0")]),
        threw("vmd.manager.Inspect", [info(false, "0", "0")], none),
        returned("vmd.manager.Delete", []),
        returned("vmd.manager.Exists", [json!(true)]),
        returned("vmd.manager.Logs", [json!("last line")]),
        returned("vmd.manager.LogsFull", [json!("first line\nlast line")]),
        threw("vmd.manager.Delete", [], none),
        returned("vmd.manager.Exists", [json!(false)]),
        threw("vmd.manager.Logs", [json!("")], none),
        threw("vmd.manager.LogsFull", [json!("")], none),
        returned("vmd.manager.List", [json!(["vm1", "vm2"])]),
        returned("vmd.manager.Metrics", [metrics]),
        returned("vmd.manager.List", [json!([])]),
        returned("vmd.manager.Metrics", [json!({})]),
        threw("vmd.manager.List", [json!([])], "list is lost"),
        threw("vmd.manager.Metrics", [json!({})], "metrics are lost"),
        returned("vmd.manager.Lock", []),
        threw("vmd.manager.Lock", [], "unlocked"),
        returned("vmd.manager.StreamCreate", []),
        threw("vmd.manager.StreamCreate", [], none),
        returned("vmd.manager.StreamDelete", []),
        threw("vmd.manager.StreamDelete", [], r#"no stream "none""#),
    ]
}
