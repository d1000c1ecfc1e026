//! The serving side.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::protocol::{Error, Inputs, ObjectName, Output, Request, Response, decode, encode};

const PULL_TIMEOUT: f64 = 10.0;
const RESPONSE_TTL: i64 = 300;
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(2);

type Methods = HashMap<String, Handler>;
type Handler = Box<dyn Fn(Inputs) -> BoxFuture<'static, Result<Output, Error>> + Send + Sync>;

/// An object: its methods by their names on the wire, and its streams.
pub struct Object {
    name: ObjectName,
    methods: Methods,
    streams: Vec<(String, BoxStream<'static, Vec<u8>>)>,
}

impl Object {
    /// An object without methods.
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: ObjectName::new(name, version), methods: HashMap::new(), streams: Vec::new() }
    }

    /// Adds a method.
    #[must_use]
    pub fn method<F>(mut self, name: impl Into<String>, handler: impl Fn(Inputs) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Output, Error>> + Send + 'static,
    {
        self.methods.insert(name.into(), Box::new(move |inputs| handler(inputs).boxed()));
        self
    }

    /// Adds a stream, which is started with the server.
    #[must_use]
    pub fn stream<T: Serialize>(
        mut self,
        name: impl Into<String>,
        events: impl futures::Stream<Item = T> + Send + 'static,
    ) -> Self {
        let encoded =
            events.filter_map(|event| std::future::ready(encode(&event).ok().map(serde_bytes::ByteBuf::into_vec)));
        self.streams.push((name.into(), encoded.boxed()));
        self
    }
}

async fn dispatch(methods: &Methods, request: Request) -> Result<Output, Error> {
    match methods.get(&request.method) {
        Some(handler) => handler(request.inputs).await,
        None => Err(Error::UnknownMethod(request.method)),
    }
}

/// A server of a module.
pub struct Server {
    module: String,
    workers: usize,
    objects: HashMap<String, Methods>,
    /// Each with its channel.
    streams: Vec<(String, BoxStream<'static, Vec<u8>>)>,
}

/// A server that runs, until this is dropped.
#[derive(Debug)]
pub struct ServerTask {
    task: JoinHandle<()>,
}

impl ServerTask {
    /// Whether it still serves.
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Drop for ServerTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server without objects.
    pub fn new(module: &str, workers: usize) -> Self {
        Self { module: module.to_owned(), workers, objects: HashMap::new(), streams: Vec::new() }
    }

    /// Adds an object.
    #[must_use]
    pub fn register(mut self, object: Object) -> Self {
        let key = object.name.to_string();
        for (name, events) in object.streams {
            self.streams.push((format!("{}.{key}.{name}", self.module), events));
        }
        self.objects.insert(key, object.methods);
        self
    }

    /// Serves at a `redis://` address from now on.
    pub async fn start(self, address: &str) -> Result<ServerTask, Error> {
        let pops = super::connect(address).await?;
        let writes = super::connect(address).await?;
        Ok(ServerTask { task: tokio::spawn(self.run(pops, writes)) })
    }

    async fn run(self, mut pops: MultiplexedConnection, writes: MultiplexedConnection) {
        // Dropped with this future, and with it all that runs.
        let mut running = JoinSet::new();
        for (channel, mut events) in self.streams {
            let mut writes = writes.clone();
            running.spawn(async move {
                while let Some(event) = events.next().await {
                    let _: Result<i64, _> = writes.publish(&channel, event).await;
                }
            });
        }
        let queues: Vec<String> = self.objects.keys().map(|key| format!("{}.{key}", self.module)).collect();
        let objects = Arc::new(self.objects);
        // Each worker that is free has its place in the channel; one that has panicked has none ever after.
        let (free, mut free_workers) = mpsc::unbounded_channel();
        for _ in 0..self.workers {
            let _ = free.send(Place(free.clone()));
        }
        drop(free);
        // Without workers rbus ends here too: it panics.
        while let Some(Place(worker)) = free_workers.recv().await {
            let request = next(&mut pops, &queues).await;
            let (objects, mut writes) = (Arc::clone(&objects), writes.clone());
            running.spawn(async move {
                let id = request.id.clone();
                let object = request.object.to_string();
                let result = match objects.get(&object) {
                    Some(methods) => dispatch(methods, request).await,
                    None => Err(Error::UnknownObject(object)),
                };
                let (output, error) = match result {
                    Ok(output) => (output, None),
                    Err(error) => (Output::default(), Some(error.to_string())),
                };
                let response = Response { id: id.clone(), output, error };
                if let Ok(reply) = encode(&response) {
                    let _: Result<i64, _> = writes.rpush(&id, reply.into_vec()).await;
                    let _: Result<i64, _> = writes.expire(&id, RESPONSE_TTL).await;
                }
                let _ = worker.send(Place(worker.clone()));
            });
        }
    }
}

/// A free worker's way to be free again.
struct Place(mpsc::UnboundedSender<Place>);

/// The next request that can be read.
async fn next(pops: &mut MultiplexedConnection, queues: &[String]) -> Request {
    loop {
        let popped: Result<Option<(String, Vec<u8>)>, _> = pops.blpop(queues, PULL_TIMEOUT).await;
        match popped {
            Ok(Some((_, message))) => match decode(&message) {
                Ok(request) => return request,
                Err(_) => tokio::time::sleep(PAUSE_AFTER_ERROR).await,
            },
            Ok(None) => {}
            Err(_) => tokio::time::sleep(PAUSE_AFTER_ERROR).await,
        }
    }
}
