//! A child process whose output is read line by line while it runs, and which does not outlive its owner.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Arc<Mutex<String>>,
    stderr_reader: Option<JoinHandle<()>>,
}

/// What a child left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a command with all its streams piped.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (lines, stdout) = mpsc::channel();
        let output = child.stdout.take().expect("piped");
        // Both streams are read to their end even when nobody asks, or a full pipe would stop the child.
        thread::spawn(move || {
            for_each_line(output, |line| {
                let _ = lines.send(line);
            });
        });
        let stderr = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().expect("piped");
        let log = Arc::clone(&stderr);
        let stderr_reader = thread::spawn(move || {
            for_each_line(errors, |line| {
                let mut log = log.lock().expect("no reader panics");
                log.push_str(&line);
                log.push('\n');
            });
        });
        Ok(Self {
            name: command.get_program().display().to_string(),
            stdin: child.stdin.take(),
            child,
            stdout,
            stderr,
            stderr_reader: Some(stderr_reader),
        })
    }

    /// What the child has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().expect("no reader panics").clone()
    }

    /// The child's input, until [`close_stdin`](Self::close_stdin).
    pub(crate) fn stdin(&mut self) -> &mut ChildStdin {
        self.stdin.as_mut().expect("input was closed")
    }

    /// Tells the child that no more input comes.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of standard output, or why there is none.
    pub(crate) fn line(&mut self, bound: Duration) -> Result<String, String> {
        self.stdout.recv_timeout(bound).map_err(|reason| match reason {
            RecvTimeoutError::Timeout => format!("{} printed nothing for {bound:?}\n{}", self.name, self.stderr()),
            RecvTimeoutError::Disconnected => {
                self.join_stderr();
                format!("{} ended its output\n{}", self.name, self.stderr())
            }
        })
    }

    /// Whether the child still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by its name, as `kill` has it.
    pub(crate) fn signal(&mut self, name: &str) {
        // A child that was waited for may have lent its id to another process.
        if self.is_running() {
            let id = self.child.id().to_string();
            let args: [&OsStr; 3] = ["-s".as_ref(), name.as_ref(), id.as_ref()];
            let status = Command::new("kill").args(args).status();
            assert!(status.is_ok_and(|status| status.success()), "cannot send {name} to {}", self.name);
        }
    }

    /// Waits until the child has closed its output and exited; kills it when that takes longer than `bound`.
    pub(crate) fn finish(mut self, bound: Duration) -> Result<Finished, String> {
        self.close_stdin();
        let deadline = Instant::now() + bound;
        let mut lines = Vec::new();
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    let lines = lines.join("\n");
                    return Err(format!("{} did not end in {bound:?}\n{lines}\n{}", self.name, self.stderr()));
                }
            }
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        self.join_stderr();
        Ok(Finished { status, stdout: lines, stderr: self.stderr() })
    }

    /// Kills the child and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills the child and returns all that it wrote to standard error.
    pub(crate) fn kill_for_stderr(mut self) -> String {
        self.kill();
        self.join_stderr();
        self.stderr()
    }

    fn join_stderr(&mut self) {
        if let Some(reader) = self.stderr_reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lines need not be UTF-8: a test that prints bytes should still be read to its end.
fn for_each_line(stream: impl Read, mut take: impl FnMut(String)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line), Ok(1..)) {
        take(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
        line.clear();
    }
}
