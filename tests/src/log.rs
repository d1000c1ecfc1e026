//! What is logged on the thread of a test: all of it, where the test's runtime has that one thread.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing_subscriber::fmt::format::FmtSpan;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what is logged from now on, and each span when it ends.
pub fn listen() {
    static LISTENING: Once = Once::new();
    // For all threads: whether a span or event is wanted is remembered for the process.
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_span_events(FmtSpan::CLOSE);
        subscriber.with_writer(|| ThreadLog).init();
    });
}

/// The lines of this thread that hold this text.
pub fn lines(text: &str) -> Vec<String> {
    let log = LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned());
    log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

struct ThreadLog;

impl io::Write for ThreadLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
