//! Objects whose methods block their thread: each call runs on one of the runtime's threads for such work.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Call, Object, Returns, Streams};
use crate::ObjectId;
use crate::context::Context;
use crate::error::RejectionKind;
use crate::server::rejection::Rejection;

/// An object whose methods run on the blocking pool.
pub(crate) struct Blocking<O>(pub(crate) Arc<O>);

impl<O: Object> Object for Blocking<O> {
    fn id(&self) -> ObjectId {
        self.0.id()
    }

    fn module(&self) -> Option<&str> {
        self.0.module()
    }

    fn contract(&self) -> Option<&str> {
        self.0.contract()
    }

    async fn call(&self, call: Call) -> Result<Returns, Rejection> {
        let object = Arc::clone(&self.0);
        // A thread cannot be stopped: its worker is busy for as long as it runs, even if its caller has given it up.
        let worker = call.worker();
        let dropped = CancellationToken::new();
        let drops = dropped.clone().drop_guard();
        let (runtime, context, span) = (Handle::current(), Context::current(), tracing::Span::current());
        let thread = tokio::task::spawn_blocking(move || {
            let method = context.scope(async { object.call(call).await }).instrument(span);
            let outcome = runtime.block_on(dropped.run_until_cancelled(method));
            drop(worker);
            outcome
        });
        let outcome = thread.await;
        drop(drops.disarm());
        match outcome {
            Ok(Some(outcome)) => outcome,
            // The runtime is going down.
            Ok(None) => Err(Rejection::new(RejectionKind::Stopping, "the server stopped")),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Rejection::new(RejectionKind::Stopping, "the server stopped")),
            },
        }
    }

    fn streams(&self, streams: &mut Streams) {
        self.0.streams(streams);
    }
}
