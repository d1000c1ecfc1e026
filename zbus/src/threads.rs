//! Runtimes of several threads.

use std::future::poll_fn;
use std::task::Poll;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether the runtime that this runs on has several.
pub(crate) fn has_threads() -> bool {
    Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread
}

/// Lets what was woken or begun so far run before this task, and another thread go on with this task where this one is kept.
///
/// A task that this one has begun, or woken, is the next that this thread runs: one that blocks would keep this thread, and where no
/// other was woken nobody would look for input meanwhile. A task that is woken while it runs is offered to the others, unlike one that
/// it begins, and unlike one that yields.
pub(crate) async fn offer_to_other_threads() {
    let mut offered = false;
    poll_fn(|context| {
        if std::mem::replace(&mut offered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
