//! The thread that serves a blocking client's connections, and how others wait for it.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Error;

/// A runtime on a thread of its own, which ends when this is dropped.
pub(super) struct Driver {
    pub(super) runtime: Handle,
    _stop: DropGuard,
}

impl Driver {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        thread::Builder::new().name("zbus-blocking".to_owned()).spawn(move || {
            runtime.block_on(stopped.cancelled());
            // What it runs on the blocking pool, such as the look-up of a host, is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, _stop: stop.drop_guard() })
    }

    /// Runs a future on this thread, and what it starts on the other.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        let _context = self.runtime.enter();
        // A task's budget, where the thread runs one after all, would run out and never come back.
        let mut future = pin!(tokio::task::coop::unconstrained(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static ALLOWED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread may be held.
pub(super) fn may_block() -> Result<(), Error> {
    if ALLOWED.get() || Handle::try_current().is_err() { Ok(()) } else { Err(Error::InAsync) }
}

/// Runs a function that may make blocking calls, on a thread that knows of an async runtime but runs none of its tasks: one of
/// `tokio::task::spawn_blocking`. In a task it would hold up others: do not use it there.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zbus::blocking::{Client, allow_here};
///
/// let connecting = || Client::connect("memory://docs-allow");
/// let client = tokio::task::spawn_blocking(move || allow_here(connecting)).await??;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
pub fn allow_here<R>(run: impl FnOnce() -> R) -> R {
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            ALLOWED.set(self.0);
        }
    }
    // Also where the function panics.
    let _reset = Reset(ALLOWED.replace(true));
    run()
}
