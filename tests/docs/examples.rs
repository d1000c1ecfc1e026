//! The examples, run as a newcomer runs them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use zbus_tests::RedisServer;

fn example(name: &str, arguments: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["run", "--quiet", "--example", name, "--"])
        .args(arguments);
    command
}

fn text(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn shows_a_whole_session(printed: &str) {
    for line in [
        "1 + 2 = 3",
        "1 + 2 + 3 + 4 = 10",
        "17 / 5 = 3, remainder 2",
        "17 / 0 fails: division by zero",
        "event: Add of [1.0, 2.0] gave Some(3.0)",
        "event: Sum of [1.0, 2.0, 3.0, 4.0] gave Some(10.0)",
        "event: Divide of [17.0, 5.0] gave Some(3.0)",
        "event: Divide of [17.0, 0.0] gave None",
        "done",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "no line `{line}` in:\n{printed}");
    }
}

#[test]
fn the_quickstart_shows_a_whole_session_without_a_broker_and_with_one() {
    shows_a_whole_session(&text(&example("quickstart", &[]).output().unwrap()));
    let redis = RedisServer::start();
    shows_a_whole_session(&text(&example("quickstart", &[&redis.address()]).output().unwrap()));
    shows_a_whole_session(&text(&example("quickstart", &[&redis.unix_address()]).output().unwrap()));
}

#[test]
fn the_quickstart_says_what_is_wrong_with_an_address() {
    let output = example("quickstart", &["redis://127.0.0.1:1"]).output().unwrap();
    assert!(!output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("no broker at 127.0.0.1:1"), "{stderr}");
}

#[test]
fn the_custom_broker_carries_calls_errors_events_and_the_status() {
    let printed = text(&example("custom-broker", &[]).output().unwrap());
    for line in [
        "1 + 2 = 3",
        "17 / 0 fails: division by zero",
        "event: Add",
        "event: Divide",
        "the server has 16 workers",
        "done",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "no line `{line}` in:\n{printed}");
    }
}

/// Killed when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_calculator_serves_another_process_until_it_is_told_to_stop() {
    let redis = RedisServer::start();
    let address = redis.address();
    // Built before, so that the process started is the server itself and not cargo.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--example", "calculator-server", "--message-format", "json"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    let program = String::from_utf8(built.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .expect("cargo names the program");
    let mut server = Running(Command::new(program).arg(&address).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("serving calc.calculator@1.0"));

    let printed = text(&example("calculator-client", &[&address]).output().unwrap());
    for line in ["2 + 2 = 4", "1 / 0 fails: division by zero"] {
        assert!(printed.lines().any(|printed| printed == line), "no line `{line}` in:\n{printed}");
    }
    assert!(printed.matches("event: ").count() >= 3, "{printed}");
    assert!(printed.contains(" has 8 workers"), "{printed}");

    let printed = text(&example("blocking-client", &[&address]).output().unwrap());
    for line in
        ["2 + 3 = 5", "1 / 0 fails: division by zero", "event: Add of [2.0, 3.0]", "event: Divide of [1.0, 0.0]"]
    {
        assert!(printed.lines().any(|printed| printed == line), "no line `{line}` in:\n{printed}");
    }

    let stopped = Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(lines.next().unwrap().unwrap(), "stopped: every call that was taken is answered");
    assert!(server.0.wait().unwrap().success());
}
