//! How often a call asks for memory, as the allocator counts it: the same on every machine. Here and not among the workspace's tests,
//! as those have the feature `metrics`, whose labels take memory whether somebody records them or not.

use allocation_counter::measure;
use tokio::runtime::{self, Runtime};
use zbus::server::RunningServer;
use zbus::{Client, Server};

zbus::include_schema!("echo");
use echo::{Echo, EchoClient, EchoServer};

struct Same;

impl Echo for Same {
    async fn echo(&self, payload: Vec<u8>) -> Vec<u8> {
        payload
    }
}

/// That many callers, each with a call under way.
const CALLERS: u16 = 64;

/// How often each of them calls.
const CALLS: u16 = 100;

async fn start() -> (EchoClient, RunningServer) {
    let server = Server::new("bench").workers(CALLERS.into()).register(EchoServer::new(Same)).unwrap();
    let server = server.start("memory://allocations").await.unwrap();
    (EchoClient::new(Client::connect("memory://allocations").await.unwrap()), server)
}

fn calls(runtime: &Runtime, echo: &EchoClient, payload: &'static [u8]) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let echo = echo.clone();
            runtime.spawn(async move {
                for _ in 0..CALLS {
                    assert_eq!(echo.echo(payload).await.unwrap(), payload);
                }
            })
        })
        .collect();
    runtime.block_on(futures::future::try_join_all(callers)).unwrap();
}

#[test]
fn a_call_takes_memory_for_what_it_hands_over_alone() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (echo, server) = runtime.block_on(start());
    // What both ends decode into memory of its own: nothing, and a list of bytes each.
    for (payload, decoded) in [(&b""[..], 0.0), (b"bytes", 2.0)] {
        // The first calls need more: what is used again has to be there.
        calls(&runtime, &echo, payload);
        let counted = measure(|| calls(&runtime, &echo, payload));
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let each = counted.count_total as f64 / (f64::from(CALLERS) * f64::from(CALLS));
        println!("{} bytes: {each:.2} allocations a call", payload.len());
        // Beside them there is what the calls of a batch share: about one for each, and never two.
        assert!(
            (decoded..decoded + 2.0).contains(&each),
            "{each:.2} allocations a call, of which {decoded} are its values"
        );
    }
    runtime.block_on(server.shutdown());
}
