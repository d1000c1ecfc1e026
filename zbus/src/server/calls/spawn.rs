//! The tasks in which the calls of an object run.
//!
//! On a current-thread runtime a call begins in the task that took its request: most methods are ready at once, and so need no task of
//! their own. A method that is not ready at once becomes a task then. On a multi-threaded runtime each call is a task from the start: a
//! method that blocks or computes for long keeps its thread, and must not hold up the calls that came with it. Tokio runs newly woken
//! tasks next on the same thread, so a blocking call would also delay what the calls before it have woken: no task there runs several
//! calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::execution::Execution;
use crate::scheduling::Scheduling;
use crate::server::{Call, Object};

/// An object of whatever type. The type is forgotten where a call becomes a future, so that this costs no allocation of its own.
pub(crate) trait AnyObject: Send + Sync {
    /// For one task that takes requests.
    fn spawner(self: Arc<Self>, scheduling: Scheduling) -> Box<dyn Spawner>;
}

/// Begins the calls of an object.
pub(crate) trait Spawner: Send {
    fn spawn(&mut self, call: Call, execution: Execution);
}

impl<O: Object> AnyObject for O {
    fn spawner(self: Arc<Self>, scheduling: Scheduling) -> Box<dyn Spawner> {
        let make = move |call, execution: Execution| {
            let object = Arc::clone(&self);
            async move {
                // The future is made in there too, since making it may panic.
                let method = execution.guarded(async move { object.call(call).await });
                // It may be large, and is moved no more: each layer over it that takes it by value would have room for it twice.
                execution.finish(pin!(Some(method))).await;
            }
        };
        match scheduling {
            Scheduling::CurrentThread => Box::new(InPlace { make, place: Box::pin(None) }),
            Scheduling::MultiThreaded => Box::new(Task { make }),
        }
    }
}

/// Each call is a task.
struct Task<M> {
    make: M,
}

impl<M, F> Spawner for Task<M>
where
    M: Fn(Call, Execution) -> F + Send,
    F: Future<Output = ()> + Send + 'static,
{
    fn spawn(&mut self, call: Call, execution: Execution) {
        tokio::spawn((self.make)(call, execution));
    }
}

/// A call that is not ready at once is a task.
struct InPlace<M, F> {
    make: M,
    /// Of the call that begins. One that becomes a task takes it along, as a future is not moved once it has begun.
    place: Pin<Box<Option<F>>>,
}

impl<M, F> Spawner for InPlace<M, F>
where
    M: Fn(Call, Execution) -> F + Send,
    F: Future<Output = ()> + Send + 'static,
{
    fn spawn(&mut self, call: Call, execution: Execution) {
        self.place.set(Some((self.make)(call, execution)));
        // A task is polled when it begins: nothing that happens before that is missed without a waker.
        let mut nobody = Context::from_waker(Waker::noop());
        // Method and answer are guarded already. What panics when it is dropped ends its own call, as a task would.
        match catch_unwind(AssertUnwindSafe(|| poll(self.place.as_mut(), &mut nobody))) {
            Ok(Poll::Pending) => {
                let mut begun = std::mem::replace(&mut self.place, Box::pin(None));
                tokio::spawn(std::future::poll_fn(move |context| poll(begun.as_mut(), context)));
            }
            Ok(Poll::Ready(())) | Err(_) => {
                let _ = catch_unwind(AssertUnwindSafe(|| self.place.set(None)));
            }
        }
    }
}

fn poll<F: Future<Output = ()>>(place: Pin<&mut Option<F>>, context: &mut Context<'_>) -> Poll<()> {
    place.as_pin_mut().map_or(Poll::Ready(()), |call| call.poll(context))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_with::Same;

    use crate::client::RemoteObject;
    use crate::error::{Error, RejectionKind};
    use crate::server::{Call, Object, Rejection, Returns};
    use crate::{Client, ObjectId, Server};

    /// Says in which task it has begun, and in which it has ended.
    struct Tasks;

    impl Object for Tasks {
        fn id(&self) -> ObjectId {
            ObjectId::from_static("tasks", "1.0")
        }

        async fn call(&self, call: Call) -> Result<Returns, Rejection> {
            let task = || tokio::task::id().to_string();
            let begun = task();
            match call.method() {
                "AtOnce" => {}
                "Later" => tokio::task::yield_now().await,
                // More than a task may do before others have their turn.
                "Busy" => {
                    for _ in 0..1000 {
                        tokio::task::coop::consume_budget().await;
                    }
                }
                "Panics" => panic!("as asked"),
                "PanicsLater" => {
                    tokio::task::yield_now().await;
                    panic!("as asked");
                }
                _ => return Err(call.unknown_method()),
            }
            let mut returns = call.returns();
            returns.value::<Same, String>(&begun)?;
            returns.value::<Same, String>(&task())?;
            Ok(returns)
        }
    }

    /// The tasks of so many calls at once.
    async fn tasks(object: &RemoteObject, method: &str, count: usize) -> Vec<(String, String)> {
        let calls = (0..count).map(|_| object.request(method).call(2));
        let replies = futures::future::try_join_all(calls).await.unwrap();
        let values = replies
            .into_iter()
            .map(|mut reply| (reply.value::<Same, String>().unwrap(), reply.value::<Same, String>().unwrap()));
        values.collect()
    }

    /// More than run in one turn.
    const CALLS: usize = 200;

    async fn check(name: &str, in_place: bool) {
        let server = Server::new("tasks").workers(256).register(Tasks).unwrap();
        let address = format!("memory://runner-{name}");
        let server = server.start(&address).await.unwrap();
        let object = RemoteObject::new(Client::connect(&address).await.unwrap(), "tasks", Tasks.id());

        let at_once = tasks(&object, "AtOnce", CALLS).await;
        assert!(at_once.iter().all(|(begun, ended)| begun == ended));
        let different: HashSet<_> = at_once.iter().map(|(begun, _)| begun).collect();
        assert_eq!(different.len(), if in_place { 1 } else { CALLS });
        for method in ["Later", "Busy"] {
            let later = tasks(&object, method, CALLS).await;
            let different: HashSet<_> = later.iter().map(|(_, ended)| ended).collect();
            assert_eq!(different.len(), CALLS, "{method}");
            assert!(later.iter().all(|(begun, ended)| in_place != (begun == ended)), "{method}");
        }
        for method in ["Panics", "PanicsLater"] {
            let calls = (0..CALLS).map(|_| object.request(method).call(0));
            for outcome in futures::future::join_all(calls).await {
                let error = outcome.unwrap_err();
                assert!(matches!(error, Error::Rejected { kind: RejectionKind::Panicked, .. }), "{error}");
            }
        }
        assert_eq!(tasks(&object, "AtOnce", CALLS).await.len(), CALLS);
        server.shutdown().await;
    }

    #[tokio::test]
    async fn on_one_thread_a_call_is_a_task_only_if_it_is_not_ready_at_once() {
        check("one", true).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_several_threads_each_call_is_a_task() {
        check("several", false).await;
    }
}
