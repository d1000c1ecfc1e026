//! Servers and clients that are killed, and servers that are stopped for a while, in the middle of their work.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use zbus::Client;
use zbus_tests::RedisServer;
use zbus_tests::ledger::{LIMIT, Ledger, drive, object};

use super::{bus, calls, settle};

/// The program `numbered`, killed when dropped.
struct Numbered(Child);

impl Numbered {
    /// Returns when it has started.
    fn start(role: &str, address: &str, journal: &Path, more: &[String]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_numbered"));
        command.args([role, address]).arg(journal).args(more).stdout(Stdio::piped());
        let mut process = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "starts\n");
        process
    }
}

impl Numbered {
    /// Sends a signal by its name, as `kill` has it.
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.0.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot send {name}");
    }
}

impl Drop for Numbered {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_killed_in_the_middle_of_work() {
    let redis = RedisServer::start();
    let (address, folder) = (redis.address(), tempfile::tempdir().unwrap());
    let ledger = Arc::new(Ledger::new(calls(30_000)));
    let driving = tokio::spawn({
        let (ledger, object) = (Arc::clone(&ledger), object(Client::connect(&address).await.unwrap()));
        async move { drive(&ledger, &object, 64, Duration::from_millis(500)).await }
    });
    let mut journals = Vec::new();
    let mut serving = Vec::new();
    let mut start = || {
        journals.push(folder.path().join(journals.len().to_string()));
        Numbered::start("serve", &address, journals.last().unwrap(), &[])
    };
    while !driving.is_finished() {
        // Calls wait in vain, at first too; then the older of two goes, and then all that there are.
        tokio::time::sleep(Duration::from_millis(700)).await;
        serving.push(tokio::task::block_in_place(&mut start));
        for kept in [1, 0] {
            serving.push(tokio::task::block_in_place(&mut start));
            tokio::time::sleep(Duration::from_millis(300)).await;
            serving.drain(..serving.len() - kept);
        }
    }
    driving.await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(serving);
    for journal in &journals {
        ledger.enter(journal, false);
    }
    let account = ledger.account();
    account.check(&format!("kill -9 of {} servers", journals.len()));
    assert!(account.never_run > 0, "{account}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_killed_while_they_wait() {
    let redis = RedisServer::start();
    let (address, folder) = (redis.address(), tempfile::tempdir().unwrap());
    let clients = 4;
    let each = calls(2_000);
    // The last of them lives, and is answered for all that the others have left.
    let ledger = Arc::new(Ledger::new((clients + 1) * each));
    let (servers, object) = bus(&address, &ledger).await;
    for number in 0..clients {
        let (journal, first) = (folder.path().join(number.to_string()), ledger.reserve(each).unwrap());
        let numbers = [first, each].map(|number| number.to_string());
        let client = tokio::task::block_in_place(|| Numbered::start("call", &address, &journal, &numbers));
        // Two notes a call.
        let notes = (1 + number) * each / 4;
        while std::fs::metadata(&journal).unwrap().len() < 9 * notes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(client);
        ledger.enter(&journal, true);
        // What it has not begun is nobody's.
        ledger.leave_out(first..first + each);
    }
    drive(&ledger, &object, 64, LIMIT).await;
    settle(servers).await;
    ledger.account().check(&format!("kill -9 of {clients} clients"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_stand_still_in_the_middle_of_work() {
    let redis = RedisServer::start();
    let (address, folder) = (redis.address(), tempfile::tempdir().unwrap());
    let ledger = Arc::new(Ledger::new(calls(20_000)));
    let journals = [0, 1].map(|number| folder.path().join(number.to_string()));
    let servers: Vec<_> = journals.iter().map(|journal| Numbered::start("serve", &address, journal, &[])).collect();
    let driving = tokio::spawn({
        let (ledger, object) = (Arc::clone(&ledger), object(Client::connect(&address).await.unwrap()));
        async move { drive(&ledger, &object, 64, Duration::from_millis(500)).await }
    });
    // For less than the calls' time limit, and for longer.
    for (server, time) in servers.iter().cycle().zip([200, 800].into_iter().cycle()) {
        if driving.is_finished() {
            break;
        }
        server.signal("STOP");
        tokio::time::sleep(Duration::from_millis(time)).await;
        server.signal("CONT");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    driving.await.unwrap();
    // What is still on its way runs or expires.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(servers);
    for journal in &journals {
        ledger.enter(journal, false);
    }
    ledger.account().check("SIGSTOP of two servers in turn");
}
