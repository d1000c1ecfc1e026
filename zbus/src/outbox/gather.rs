//! On multi-threaded runtimes the writer is held back briefly so that several tasks' messages form one batch. Otherwise it would begin
//! with what the first of them sends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::Queue;
use crate::scheduling::Scheduling;

/// What was sent at the beginning would wait as long where the tasks keep all threads: where gathering took longer, nothing is gathered
/// the next [`PAUSE`] times.
const LONG: Duration = Duration::from_millis(1);
const PAUSE: u32 = 100;

/// For a task that lets several others go on at once, which then send.
#[derive(Debug)]
pub(crate) struct Gatherer<T> {
    queue: Arc<Queue<T>>,
    /// How often nothing is gathered.
    pause: u32,
}

impl<T> Gatherer<T> {
    pub(super) fn new(queue: Arc<Queue<T>>) -> Self {
        Self { queue, pause: 0 }
    }

    /// Keeps the writer back until this is dropped, or until enough waits. None where that would be in vain, or might take long.
    pub(crate) fn gather(&mut self, tasks: usize) -> Option<Gathering<'_, T>> {
        // On one thread the tasks run before the writer anyway.
        if self.queue.scheduling == Scheduling::CurrentThread || tasks < 2 {
            return None;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        self.queue.hold();
        Some(Gathering { gatherer: self, since: Instant::now() })
    }
}

#[derive(Debug)]
pub(crate) struct Gathering<'a, T> {
    gatherer: &'a mut Gatherer<T>,
    since: Instant,
}

impl<T> Drop for Gathering<'_, T> {
    fn drop(&mut self) {
        if self.since.elapsed() > LONG {
            self.gatherer.pause = PAUSE;
        }
        self.gatherer.queue.release();
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::super::queue;
    use super::*;
    use crate::broker::{BoxFuture, Broker, BrokerError, Deliveries, Popper, Write, memory};
    use crate::client::RemoteObject;
    use crate::{Client, ObjectId, Server, UntypedObject};

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn nothing_is_gathered_for_a_while_where_that_took_long() {
        let (sender, _receiver) = queue::new::<()>(Scheduling::MultiThreaded);
        let mut gatherer = Gatherer::new(sender.queue());
        let gathering = gatherer.gather(2);
        std::thread::sleep(2 * LONG);
        drop(gathering);
        for _ in 0..PAUSE {
            assert!(gatherer.gather(2).is_none());
        }
        assert!(gatherer.gather(2).is_some());
    }

    #[tokio::test]
    async fn nothing_is_gathered_on_one_thread() {
        assert!(Gatherer::new(queue::new::<()>(Scheduling::CurrentThread).0.queue()).gather(2).is_none());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn one_task_sends_at_once() {
        assert!(Gatherer::new(queue::new::<()>(Scheduling::MultiThreaded).0.queue()).gather(1).is_none());
    }

    /// Tells of each write how many messages it has.
    #[derive(Debug)]
    struct Counted {
        broker: Arc<dyn Broker>,
        sizes: Arc<Mutex<Vec<usize>>>,
    }

    impl Counted {
        fn new(broker: &Arc<dyn Broker>) -> (Arc<Self>, Arc<Mutex<Vec<usize>>>) {
            let sizes = Arc::default();
            (Arc::new(Self { broker: Arc::clone(broker), sizes: Arc::clone(&sizes) }), sizes)
        }
    }

    impl Broker for Counted {
        fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
            self.sizes.lock().push(batch.len());
            self.broker.write(batch)
        }

        fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
            self.broker.popper()
        }

        fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
            self.broker.subscribe(channel)
        }

        fn withdraw(&self, list: &str, message: bytes::Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
            self.broker.withdraw(list, message)
        }

        fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
            self.broker.now()
        }
    }

    /// What a server takes at first.
    const CALLS: usize = 8;

    // One thread of the several: what runs first is not chance.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_batch_is_answered_in_one_and_those_who_get_the_answers_call_again_in_one() {
        let broker = memory::open("gather");
        let (clients, requests) = Counted::new(&broker);
        let (servers, replies) = Counted::new(&broker);
        let client = Client::builder().connect_with(clients).await.unwrap();
        let object = RemoteObject::new(client, "echoes", ObjectId::new("echo", ""));
        let calls = (0..CALLS).map(|_| {
            let object = object.clone();
            tokio::spawn(async move {
                for _ in 0..2 {
                    object.request("Echo").call(0).await.unwrap();
                }
            })
        });
        let calls: Vec<_> = calls.collect();
        while requests.lock().iter().sum::<usize>() < CALLS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let first = requests.lock().len();
        let echo = UntypedObject::new("echo").method("Echo", || async {});
        let server = Server::new("echoes").workers(64).register(echo).unwrap().start_with(servers).await.unwrap();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(replies.lock().first(), Some(&CALLS));
        assert_eq!(requests.lock().get(first), Some(&CALLS));
        server.shutdown().await;
    }
}
