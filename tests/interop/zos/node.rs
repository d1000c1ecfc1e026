//! The module of what a node measures of itself.

use futures::Stream;
use serde_json::{Value, json};
use zbus::types::{Duration, Timestamp, Value as Any};
use zbus::{Client, Failure, Server};

use crate::{Turns, first, message, repeat, returned, server_of, threw};
use zbus_tests::api::node::{
    DiskIoCountersStat, DisksIoCountersStat, HostMonitor, HostMonitorClient, HostMonitorServer, NicIoCounterStat,
    NicsIoCounterStat, PerformanceMonitor, PerformanceMonitorClient, PerformanceMonitorServer, SystemMonitor,
    SystemMonitorClient, SystemMonitorServer, TaskResult, TimesStat, VirtualMemoryStat,
};

fn measured() -> Timestamp {
    "2024-02-29T12:34:56.789Z".parse().unwrap()
}

fn memory() -> VirtualMemoryStat {
    VirtualMemoryStat {
        total: u64::MAX,
        available: 2,
        used: 3,
        used_percent: 12.5,
        free: 5,
        active: 6,
        inactive: 7,
        wired: 8,
        laundry: 9,
        buffers: 10,
        cached: 11,
        writeback: 12,
        dirty: 13,
        writeback_tmp: 14,
        shared: 15,
        slab: 16,
        s_reclaimable: 17,
        s_unreclaim: 18,
        page_tables: 19,
        swap_cached: 20,
        commit_limit: 21,
        committed_as: 22,
        high_total: 23,
        high_free: 24,
        low_total: 25,
        low_free: 26,
        swap_total: 27,
        swap_free: 28,
        mapped: 29,
        v_malloc_total: 30,
        v_malloc_used: 31,
        v_malloc_chunk: 32,
        huge_pages_total: 33,
        huge_pages_free: 34,
        huge_page_size: 35,
    }
}

fn times() -> TimesStat {
    TimesStat {
        cpu: "cpu-total".to_owned(),
        user: 1.5,
        system: 2.5,
        idle: 3.5,
        nice: 4.5,
        iowait: 5.5,
        irq: 6.5,
        softirq: 7.5,
        steal: 8.5,
        guest: 9.5,
        guest_nice: 10.5,
        percent: 99.5,
        time: measured(),
    }
}

fn disks() -> DisksIoCountersStat {
    let sda = DiskIoCountersStat {
        read_count: 1,
        merged_read_count: 2,
        write_count: 3,
        merged_write_count: 4,
        read_bytes: 5,
        write_bytes: 6,
        read_time: 7,
        write_time: 8,
        iops_in_progress: 9,
        io_time: 10,
        weighted_io: 11,
        name: "sda".to_owned(),
        serial_number: "S-1".to_owned(),
        label: "root".to_owned(),
        time: measured(),
    };
    [("sda".to_owned(), sda), ("sdb".to_owned(), DiskIoCountersStat::default())].into()
}

fn nics() -> NicsIoCounterStat {
    let eth0 = NicIoCounterStat {
        name: "eth0".to_owned(),
        bytes_sent: 1,
        bytes_recv: 2,
        packets_sent: 3,
        packets_recv: 4,
        errin: 5,
        errout: 6,
        dropin: 7,
        dropout: 8,
        fifoin: 9,
        fifoout: 10,
        rate_out: 11,
        rate_in: 12,
    };
    vec![eth0, NicIoCounterStat::default()]
}

fn uptime() -> Duration {
    Duration::new(49 * 3600, 1)
}

fn results() -> Vec<TaskResult> {
    // One key a map, since Go sends them in random order, and values of this type keep the order of the wire.
    let result = Any::Array(vec![
        Any::Map(vec![("upload".into(), 1.5.into())]),
        Any::Nil,
        true.into(),
        "10.0.0.1".into(),
        Any::from(-7),
        Any::from(u64::MAX),
        Any::Binary(vec![0, 255]),
    ]);
    vec![
        TaskResult { name: "iperf".to_owned(), description: "bandwidth".to_owned(), timestamp: 1_709_210_096, result },
        TaskResult { name: "health".to_owned(), result: Any::Map(Vec::new()), ..TaskResult::default() },
        TaskResult::default(),
    ]
}

#[derive(Debug, Default)]
struct System {
    turns: Turns,
}

impl SystemMonitor for System {
    async fn node_id(&self) -> u32 {
        if self.turns.take("NodeID") == 1 { u32::MAX } else { 0 }
    }

    async fn get_node_features(&self) -> Vec<String> {
        if self.turns.take("GetNodeFeatures") == 1 { vec!["zmount".to_owned(), "zdb".to_owned()] } else { Vec::new() }
    }

    fn memory(&self) -> impl Stream<Item = VirtualMemoryStat> + Send {
        repeat(memory())
    }

    fn cpu(&self) -> impl Stream<Item = TimesStat> + Send {
        repeat(times())
    }

    fn disks(&self) -> impl Stream<Item = DisksIoCountersStat> + Send {
        repeat(disks())
    }

    fn nics(&self) -> impl Stream<Item = NicsIoCounterStat> + Send {
        repeat(nics())
    }
}

#[derive(Debug)]
struct Host;

impl HostMonitor for Host {
    fn uptime(&self) -> impl Stream<Item = Duration> + Send {
        repeat(uptime())
    }
}

#[derive(Debug, Default)]
struct Performance {
    turns: Turns,
}

impl PerformanceMonitor for Performance {
    async fn get(&self, task_name: String) -> Result<TaskResult, Failure> {
        let found = results().into_iter().find(|result| result.name == task_name);
        found.ok_or_else(|| Failure::new(format!("no task {task_name:?}")))
    }

    async fn get_all(&self) -> Result<Vec<TaskResult>, Failure> {
        match self.turns.take("GetAll") {
            1 => Ok(results()),
            2 => Ok(Vec::new()),
            _ => Err(Failure::new("results are lost")),
        }
    }
}

pub(crate) fn server() -> Server {
    server_of("node")
        .register(SystemMonitorServer::new(System::default()))
        .and_then(|server| server.register(HostMonitorServer::new(Host)))
        .and_then(|server| server.register(PerformanceMonitorServer::new(Performance::default())))
        .unwrap()
}

/// Calls every method of the Go server and hears every stream.
pub(crate) async fn call(client: &Client) {
    let system = SystemMonitorClient::new(client.clone());
    assert_eq!(system.node_id().await.unwrap(), u32::MAX);
    assert_eq!(system.node_id().await.unwrap(), 0);
    // The second answer is a nil slice.
    assert_eq!(system.get_node_features().await.unwrap(), ["zmount", "zdb"]);
    assert_eq!(system.get_node_features().await.unwrap(), [""; 0]);
    assert_eq!(first(system.memory().await.unwrap()).await, memory());
    assert_eq!(first(system.cpu().await.unwrap()).await, times());
    assert_eq!(first(system.disks().await.unwrap()).await, disks());
    assert_eq!(first(system.nics().await.unwrap()).await, nics());

    let host = HostMonitorClient::new(client.clone());
    assert_eq!(first(host.uptime().await.unwrap()).await, uptime());

    let performance = PerformanceMonitorClient::new(client.clone());
    for result in results() {
        assert_eq!(performance.get(&result.name).await.unwrap(), result);
    }
    assert_eq!(message(performance.get("none").await), r#"no task "none""#);
    assert_eq!(performance.get_all().await.unwrap(), results());
    assert_eq!(performance.get_all().await.unwrap(), []);
    assert_eq!(message(performance.get_all().await), "results are lost");
}

/// What the Go client prints of our server.
pub(crate) fn printed() -> Vec<Value> {
    let memory = json!({
        "Total": "18446744073709551615", "Available": "2", "Used": "3", "UsedPercent": 12.5, "Free": "5", "Active": "6",
        "Inactive": "7", "Wired": "8", "Laundry": "9", "Buffers": "10", "Cached": "11", "Writeback": "12",
        "Dirty": "13", "WritebackTmp": "14", "Shared": "15", "Slab": "16", "SReclaimable": "17", "SUnreclaim": "18",
        "PageTables": "19", "SwapCached": "20", "CommitLimit": "21", "CommittedAS": "22", "HighTotal": "23",
        "HighFree": "24", "LowTotal": "25", "LowFree": "26", "SwapTotal": "27", "SwapFree": "28", "Mapped": "29",
        "VMallocTotal": "30", "VMallocUsed": "31", "VMallocChunk": "32", "HugePagesTotal": "33", "HugePagesFree": "34",
        "HugePageSize": "35",
    });
    let times = json!({
        "CPU": "cpu-total", "User": 1.5, "System": 2.5, "Idle": 3.5, "Nice": 4.5, "Iowait": 5.5, "Irq": 6.5,
        "Softirq": 7.5, "Steal": 8.5, "Guest": 9.5, "GuestNice": 10.5, "Percent": 99.5,
        "Time": "2024-02-29T12:34:56.789Z",
    });
    let disks = json!({
        "sda": {
            "ReadCount": "1", "MergedReadCount": "2", "WriteCount": "3", "MergedWriteCount": "4", "ReadBytes": "5",
            "WriteBytes": "6", "ReadTime": "7", "WriteTime": "8", "IopsInProgress": "9", "IoTime": "10",
            "WeightedIO": "11", "Name": "sda", "SerialNumber": "S-1", "Label": "root",
            "Time": "2024-02-29T12:34:56.789Z",
        },
        "sdb": {
            "ReadCount": "0", "MergedReadCount": "0", "WriteCount": "0", "MergedWriteCount": "0", "ReadBytes": "0",
            "WriteBytes": "0", "ReadTime": "0", "WriteTime": "0", "IopsInProgress": "0", "IoTime": "0",
            "WeightedIO": "0", "Name": "", "SerialNumber": "", "Label": "", "Time": "0001-01-01T00:00:00Z",
        },
    });
    let nics = json!([
        {
            "Name": "eth0", "BytesSent": "1", "BytesRecv": "2", "PacketsSent": "3", "PacketsRecv": "4", "Errin": "5",
            "Errout": "6", "Dropin": "7", "Dropout": "8", "Fifoin": "9", "Fifoout": "10", "RateOut": "11",
            "RateIn": "12",
        },
        {
            "Name": "", "BytesSent": "0", "BytesRecv": "0", "PacketsSent": "0", "PacketsRecv": "0", "Errin": "0",
            "Errout": "0", "Dropin": "0", "Dropout": "0", "Fifoin": "0", "Fifoout": "0", "RateOut": "0", "RateIn": "0",
        },
    ]);
    let iperf = json!({
        "Name": "iperf",
        "Description": "bandwidth",
        "Timestamp": "1709210096",
        "Result": [{"upload": 1.5}, null, true, "10.0.0.1", "-7", "18446744073709551615", "hex:00ff"],
    });
    let health = json!({"Name": "health", "Description": "", "Timestamp": "0", "Result": {}});
    let zero = json!({"Name": "", "Description": "", "Timestamp": "0", "Result": null});
    vec![
        returned("node.system.NodeID", [json!(4_294_967_295_u32)]),
        returned("node.system.GetNodeFeatures", [json!(["zmount", "zdb"])]),
        returned("node.system.NodeID", [json!(0)]),
        returned("node.system.GetNodeFeatures", [json!([])]),
        returned("node.system.Memory", [memory]),
        returned("node.system.CPU", [times]),
        returned("node.system.Disks", [disks]),
        returned("node.system.Nics", [nics]),
        returned("node.host.Uptime", [json!("176400000000001")]),
        returned("node.performance-monitor.Get", [iperf.clone()]),
        returned("node.performance-monitor.Get", [health.clone()]),
        returned("node.performance-monitor.Get", [zero.clone()]),
        threw("node.performance-monitor.Get", [zero.clone()], r#"no task "none""#),
        returned("node.performance-monitor.GetAll", [json!([iperf, health, zero])]),
        returned("node.performance-monitor.GetAll", [json!([])]),
        threw("node.performance-monitor.GetAll", [json!([])], "results are lost"),
    ]
}
