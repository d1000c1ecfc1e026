//! Runs the bus for minutes at 80 % of what it is capable of, with a fault every three seconds, and fails where a call is not accounted
//! for, or where memory, file descriptors or connections grow.
//!
//! `cargo run -p zbus-tests --bin soak -- --minutes 10`

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use zbus::Client;
use zbus_tests::RedisServer;
use zbus_tests::ledger::{Journal, LIMIT, Ledger, Numbered, drive, make, object};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// How many calls find out what the bus is capable of.
const PROBE_CALLS: u64 = 10_000;

const PROBE_CALLERS: usize = 64;

/// How many calls wait at most; more are held back while a fault lasts.
const MOST_WAITING: usize = 1024;

const TICK: Duration = Duration::from_millis(5);
const BETWEEN_FAULTS: Duration = Duration::from_secs(3);
const BETWEEN_SAMPLES: Duration = Duration::from_secs(1);

/// What the allocator and the ebb and flow of calls that wait come to.
const MOST_GROWTH_KIB: u64 = 8 << 10;

/// A connection may be on its way to be replaced.
const MOST_MORE_DESCRIPTORS: u64 = 3;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => soak(10.0).await,
        ["--minutes", minutes] => soak(minutes.parse()?).await,
        // What this program starts, and kills.
        ["serve", address, journal] => {
            let journal = Arc::new(Journal::open(Path::new(journal))?);
            Ok(Numbered::server(journal, 8).wait_for_broker(LIMIT).serve(address).await?)
        }
        _ => Err("soak [--minutes NUMBER]".into()),
    }
}

async fn soak(minutes: f64) -> Outcome<()> {
    let mut redis = RedisServer::start_with(&["--enable-debug-command", "yes"]);
    let address = redis.address();
    let client = Client::connect(&address).await?;
    let object = object(client);

    let probe = Arc::new(Ledger::new(PROBE_CALLS));
    let server = Numbered::server(Arc::clone(&probe), 16).start(&address).await?;
    let started = Instant::now();
    drive(&probe, &object, PROBE_CALLERS, LIMIT).await;
    let capacity = per_second(PROBE_CALLS, started.elapsed());
    server.shutdown().await;
    let rate = capacity * 0.8;
    println!("{capacity:.0} calls a second; {rate:.0} a second for {minutes} minutes");

    let seconds = minutes * 60.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of calls")]
    let ledger = Arc::new(Ledger::new((rate * seconds) as u64 + 1));
    let server = Numbered::server(Arc::clone(&ledger), 16).start(&address).await?;
    let mut other = Other::new(&address)?;
    let steady = Other::new(&address)?;
    let calling = tokio::spawn(call(Arc::clone(&ledger), object, rate, Duration::from_secs_f64(seconds)));
    let (mut samples, mut steady_samples) = (Vec::new(), Vec::new());
    let (started, mut faults) = (Instant::now(), 0);
    let mut next_fault = started + BETWEEN_FAULTS;
    while !calling.is_finished() {
        if Instant::now() >= next_fault {
            fault(faults, &mut redis, &mut other).await?;
            faults += 1;
            next_fault = Instant::now() + BETWEEN_FAULTS;
        }
        samples.push(Sample::take("self")?);
        steady_samples.push(Sample::take(&steady.child.id().to_string())?);
        tokio::time::sleep(BETWEEN_SAMPLES).await;
    }
    let held_back = calling.await?;
    let elapsed = started.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.shutdown().await;
    other.end(&ledger);
    steady.end(&ledger);

    let account = ledger.account();
    let calls = per_second(account.calls, elapsed);
    println!(
        "{faults} faults in {elapsed:.0?}; {calls:.0} calls a second; {held_back} held back while too many waited"
    );
    account.check("soak");
    let waiting = redis.ask("LLEN ledger.numbered@1.0").await?;
    println!("left in the queue: {waiting:?}");
    flat("client and server in one process", &samples)?;
    flat("a server in a process of its own", &steady_samples)
}

#[expect(clippy::cast_precision_loss, reason = "a figure to be printed")]
fn per_second(calls: u64, elapsed: Duration) -> f64 {
    calls as f64 / elapsed.as_secs_f64()
}

/// Makes calls at a rate, whether or not earlier ones have ended; gives how many were held back.
async fn call(ledger: Arc<Ledger>, object: zbus::client::RemoteObject, rate: f64, lasting: Duration) -> u64 {
    let room = Arc::new(Semaphore::new(MOST_WAITING));
    let started = Instant::now();
    let (mut made, mut held_back) = (0.0, 0);
    let mut ticks = tokio::time::interval(TICK);
    while started.elapsed() < lasting {
        ticks.tick().await;
        let due = rate * started.elapsed().as_secs_f64();
        while made < due {
            made += 1.0;
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                held_back += 1;
                continue;
            };
            let Some(number) = ledger.next() else { break };
            let (ledger, object) = (Arc::clone(&ledger), object.clone());
            tokio::spawn(async move {
                make(&*ledger, &object, number, LIMIT).await;
                drop(permit);
            });
        }
    }
    // All that wait have ended then.
    let all = u32::try_from(MOST_WAITING).unwrap_or(u32::MAX);
    let _ = room.acquire_many(all).await;
    held_back
}

/// One fault after the other.
async fn fault(number: usize, redis: &mut RedisServer, other: &mut Other) -> Outcome<()> {
    // An administrator who kills its own connection gets no answer.
    match number % 7 {
        0 => _ = redis.ask("CLIENT KILL TYPE normal").await,
        1 => other.replace()?,
        2 => _ = redis.ask("CLIENT PAUSE 200 ALL").await,
        3 => {
            redis.kill();
            tokio::task::block_in_place(|| redis.restart());
        }
        4 => _ = redis.ask("CLIENT KILL TYPE pubsub").await,
        5 => _ = redis.ask("DEBUG SLEEP 0.2").await,
        _ => {
            redis.freeze();
            tokio::time::sleep(Duration::from_millis(200)).await;
            redis.thaw();
        }
    }
    Ok(())
}

/// A server in another process, which may be killed and replaced.
struct Other {
    address: String,
    folder: tempfile::TempDir,
    started: usize,
    child: Child,
}

impl Other {
    fn new(address: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let child = Self::start(address, &folder.path().join("0"))?;
        Ok(Self { address: address.to_owned(), folder, started: 1, child })
    }

    fn start(address: &str, journal: &Path) -> std::io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", address]).arg(journal).stdin(Stdio::null()).spawn()
    }

    fn replace(&mut self) -> Outcome<()> {
        self.kill();
        self.child = Self::start(&self.address, &self.folder.path().join(self.started.to_string()))?;
        self.started += 1;
        Ok(())
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn end(mut self, ledger: &Ledger) {
        self.kill();
        for number in 0..self.started {
            let journal = self.folder.path().join(number.to_string());
            if journal.exists() {
                ledger.enter(&journal, false);
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a process has.
#[derive(Clone, Copy, Debug)]
struct Sample {
    resident_kib: u64,
    descriptors: u64,
}

impl Sample {
    /// From `/proc`, which Linux alone has.
    fn take(process: &str) -> Outcome<Self> {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let resident_kib = resident.trim().trim_end_matches(" kB").parse()?;
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64;
        Ok(Self { resident_kib, descriptors })
    }
}

/// Compares the last fifth with the second: the first is for caches and the allocator to fill.
fn flat(process: &str, samples: &[Sample]) -> Outcome<()> {
    let fifth = samples.len() / 5;
    let median = |part: usize, of: fn(&Sample) -> u64| {
        let mut figures: Vec<u64> = samples.iter().skip(part * fifth).take(fifth.max(1)).map(of).collect();
        figures.sort_unstable();
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let resident = [1, 4].map(|part| median(part, |sample| sample.resident_kib));
    let descriptors = [1, 4].map(|part| median(part, |sample| sample.descriptors));
    println!(
        "{process}: memory: {} KiB, then {} KiB; file descriptors: {}, then {}",
        resident[0], resident[1], descriptors[0], descriptors[1]
    );
    if resident[1] > resident[0] + MOST_GROWTH_KIB {
        return Err(format!("{process}: memory grows").into());
    }
    if descriptors[1] > descriptors[0] + MOST_MORE_DESCRIPTORS {
        return Err(format!("{process}: file descriptors are left open").into());
    }
    Ok(())
}
