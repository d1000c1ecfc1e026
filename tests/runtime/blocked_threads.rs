//! Methods that block a thread of a multi-threaded runtime after they have had something sent: nobody else waits for them.

use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use zbus::server::RunningServer;
use zbus::untyped::Event;
use zbus::{Client, Server, UntypedObject};
use zbus_tests::RedisServer;

/// A thread that is blocked until the other end is dropped.
type Blocked = Arc<Mutex<Option<mpsc::Receiver<()>>>>;

fn block(blocked: &Blocked) {
    let blocked = blocked.lock().unwrap().take();
    if let Some(blocked) = blocked {
        let _ = blocked.recv();
    }
}

/// A server whose methods `Publish` and `CallAnother` do so and then block their thread.
async fn start(address: &str, blocked: &Blocked, nested: Client) -> RunningServer {
    let event = Event::new();
    let (published, publish) = (event.clone(), Arc::clone(blocked));
    let (nested_call, call) = (nested.clone(), Arc::clone(blocked));
    let object = UntypedObject::new("worker")
        .event("Event", &event)
        .method("Quick", || async {})
        .method("Publish", move || {
            let (event, blocked) = (published.clone(), Arc::clone(&publish));
            async move {
                event.publish(&1_u64).await;
                block(&blocked);
            }
        })
        .method("CallAnother", move || {
            let (client, blocked) = (nested_call.clone(), Arc::clone(&call));
            async move {
                // The call is begun, and not waited for. Over the memory broker another thread may have answered it by then.
                let mut call = Box::pin(async move { client.request("workers", "worker", "Quick", ()).await });
                let begun = futures::poll!(&mut call);
                block(&blocked);
                match begun {
                    Poll::Ready(answered) => answered.unwrap(),
                    Poll::Pending => call.await.unwrap(),
                };
            }
        });
    Server::new("workers").workers(16).register(object).unwrap().start(address).await.unwrap()
}

/// While the method blocks its thread, others are answered, and so is the status.
async fn holds_up_nobody(address: &str, method: &'static str) {
    let client = Client::connect(address).await.unwrap();
    let blocked = Blocked::default();
    // On which thread the method runs, and what else is there, is chance.
    let server = start(address, &blocked, client.clone()).await;
    for _ in 0..20 {
        let (open, gate) = mpsc::channel();
        *blocked.lock().unwrap() = Some(gate);
        let caller = client.clone();
        let blocking = tokio::spawn(async move {
            caller.request("workers", "worker", method, ()).timeout(Duration::from_secs(20)).await.map(drop)
        });
        while blocked.lock().unwrap().is_some() {
            assert!(!blocking.is_finished(), "the call ended before its method ran: {:?}", blocking.await);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let limit = Duration::from_secs(20);
        let quick = (0..10).map(|_| async { client.request("workers", "worker", "Quick", ()).timeout(limit).await });
        for answered in futures::future::join_all(quick).await {
            answered.expect("it waits for the one that blocks its thread");
        }
        client.status("workers").await.unwrap();
        drop(open);
        blocking.await.unwrap().unwrap();
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_method_that_publishes_and_then_blocks_its_thread_holds_up_no_reply() {
    let redis = RedisServer::start();
    holds_up_nobody(&redis.address(), "Publish").await;
    holds_up_nobody("memory://publishes-and-blocks", "Publish").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_method_that_calls_another_and_then_blocks_its_thread_holds_up_no_call_of_its_client() {
    let redis = RedisServer::start();
    holds_up_nobody(&redis.address(), "CallAnother").await;
    holds_up_nobody("memory://calls-and-blocks", "CallAnother").await;
}
