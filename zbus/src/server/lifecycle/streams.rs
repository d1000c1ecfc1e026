//! The streams of served objects: each runs once a server, in a task of its own.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;
use tokio::sync::oneshot;

use crate::ObjectId;
use crate::server::object::panic_text;
use crate::server::state::State;
use crate::server::{Publisher, Streams};

/// Runs the streams of an object until the server stops. The end or the panic of one is logged, and ends that one alone.
///
/// When this returns, each was polled once: a stream that listens to something inside the service does so before the first call.
pub(super) async fn start(streams: Streams, object: &ObjectId, state: &State) {
    for (name, run) in streams.into_each() {
        let channel: Arc<str> = object.channel(&state.module, &name).into();
        let publisher = Publisher::new(Arc::clone(&channel), state.outbox.clone(), state.limits.message_size);
        let stop = state.stop.clone();
        let (begun, started) = oneshot::channel();
        state.tasks.spawn(async move {
            // The stream is made in here too, since making it may panic.
            let mut run = pin!(AssertUnwindSafe(async move { run(publisher).await }).catch_unwind());
            let first = futures::poll!(&mut run);
            // The server's start may have been given up.
            let _ = begun.send(());
            let outcome = match first {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending => stop.run_until_cancelled(run).await,
            };
            match outcome {
                Some(Err(panic)) => {
                    tracing::error!(stream = %channel, panic = panic_text(&*panic), "a stream panicked, and has ended");
                }
                Some(Ok(())) => tracing::info!(stream = %channel, "a stream has ended"),
                None => {}
            }
        });
        // An error says that the runtime is shutting down.
        let _ = started.await;
    }
}
