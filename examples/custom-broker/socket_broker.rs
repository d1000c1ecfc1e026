//! A hub as a broker: what is needed for the bus to be carried by something of one's own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use zbus::broker::{
    BoxFuture, Broker, BrokerError, BrokerErrorKind, Deliveries, Delivery, DeliverySender, Popped, Popper, Write,
};
use zbus::types::Bytes;
use zbus::untyped::Wire;

use crate::frames::{self, Answer, Ask, Entry};

/// How long one pop waits in the hub, and so how long a stop may take.
const WAIT: Duration = Duration::from_millis(200);

/// Before a subscription that lost its connection tries again.
const RECONNECT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct SocketBroker {
    path: Arc<Path>,
    /// For everything but pops and subscriptions.
    connection: Mutex<Connection>,
}

impl SocketBroker {
    pub(crate) fn new(path: &Path) -> Self {
        let path: Arc<Path> = path.into();
        Self { connection: Mutex::new(Connection::new(&path)), path }
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, BrokerError> {
        self.connection.lock().await.ask(ask).await
    }
}

/// A connection that is made when it is needed, and again after it was lost.
#[derive(Debug)]
struct Connection {
    path: PathBuf,
    stream: Option<UnixStream>,
}

impl Connection {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), stream: None }
    }

    async fn ask(&mut self, ask: &Ask) -> Result<Answer, BrokerError> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => UnixStream::connect(&self.path)
                .await
                .map_err(|error| self.failed(BrokerErrorKind::Unreachable, error))?,
        };
        // The stream is kept only after an answer: where this is dropped before, an answer is under way on it.
        let answer = async {
            frames::write(&mut stream, ask).await?;
            frames::read(&mut stream).await
        };
        let answer = answer.await.map_err(|error| self.failed(BrokerErrorKind::Lost, error))?;
        self.stream = Some(stream);
        Ok(answer)
    }

    /// `Unreachable` says that nothing was written, `Lost` that it is open: callers rely on it.
    fn failed(&self, kind: BrokerErrorKind, error: io::Error) -> BrokerError {
        BrokerError::new(kind, format!("the hub at {}: {error}", self.path.display())).with_source(error)
    }
}

fn unexpected() -> BrokerError {
    BrokerError::new(BrokerErrorKind::Lost, "the hub answered something else than it was asked")
}

impl Broker for SocketBroker {
    fn write(&self, batch: Vec<Write>) -> BoxFuture<'_, Vec<Result<(), BrokerError>>> {
        Box::pin(async move {
            let entries: Vec<Result<Entry, BrokerError>> = batch.iter().map(Entry::new).collect();
            let mut results = Vec::with_capacity(entries.len());
            let mut known = Vec::with_capacity(entries.len());
            for entry in entries {
                results.push(entry.map(|entry| known.push(entry)));
            }
            if let Err(error) = self.ask(&Ask::Write(known)).await {
                let failed = || BrokerError::new(error.kind(), error.to_string());
                for result in results.iter_mut().filter(|result| result.is_ok()) {
                    *result = Err(failed());
                }
            }
            results
        })
    }

    fn popper(&self) -> BoxFuture<'_, Result<Box<dyn Popper>, BrokerError>> {
        let popper: Box<dyn Popper> = Box::new(SocketPopper { connection: Connection::new(&self.path) });
        Box::pin(async { Ok(popper) })
    }

    fn subscribe(&self, channel: &str) -> BoxFuture<'_, Result<Deliveries, BrokerError>> {
        let channel = channel.to_owned();
        Box::pin(async move {
            let mut connection = Connection::new(&self.path);
            connection.ask(&Ask::Subscribe { channel: channel.clone() }).await?;
            // The task ends with the deliveries: they hold the guard, which ends it when it is dropped.
            let ended = CancellationToken::new();
            let (sender, deliveries) = Deliveries::channel(ended.clone().drop_guard());
            tokio::spawn(async move { ended.run_until_cancelled(deliver(connection, channel, sender)).await });
            Ok(deliveries)
        })
    }

    fn withdraw(&self, list: &str, message: Bytes) -> BoxFuture<'_, Result<bool, BrokerError>> {
        let ask = Ask::Withdraw { list: list.to_owned(), message: Wire(message) };
        Box::pin(async move {
            match self.ask(&ask).await? {
                Answer::Withdrawn(withdrawn) => Ok(withdrawn),
                _ => Err(unexpected()),
            }
        })
    }

    fn now(&self) -> BoxFuture<'_, Result<i64, BrokerError>> {
        Box::pin(async {
            match self.ask(&Ask::Now).await? {
                Answer::Now(now) => Ok(now),
                _ => Err(unexpected()),
            }
        })
    }
}

/// Delivers what the hub sends; after a loss it subscribes again and tells of the gap.
async fn deliver(mut connection: Connection, channel: String, sender: DeliverySender) {
    let mut lost = Instant::now();
    while sender.is_open() {
        let delivery = if let Some(stream) = connection.stream.as_mut() {
            match frames::read(stream).await {
                Ok(Answer::Message(message)) => Delivery::Message(message.0),
                _ => {
                    connection.stream = None;
                    lost = Instant::now();
                    continue;
                }
            }
        } else if connection.ask(&Ask::Subscribe { channel: channel.clone() }).await.is_ok() {
            Delivery::Gap { lasted: lost.elapsed() }
        } else {
            tokio::time::sleep(RECONNECT).await;
            continue;
        };
        if !sender.send(delivery) {
            return;
        }
    }
}

struct SocketPopper {
    connection: Connection,
}

impl Popper for SocketPopper {
    fn pop<'a>(
        &'a mut self,
        lists: &'a [Arc<str>],
        max: usize,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Popped, BrokerError>> {
        Box::pin(async move {
            let wait = u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX);
            while !stop.is_cancelled() {
                let ask = Ask::Pop { lists: lists.iter().map(ToString::to_string).collect(), max, wait };
                match self.connection.ask(&ask).await? {
                    Answer::Popped { messages, .. } if messages.is_empty() => {}
                    Answer::Popped { list, messages } => {
                        return Ok(Popped::new(list, messages.into_iter().map(|message| message.0).collect()));
                    }
                    _ => return Err(unexpected()),
                }
            }
            Ok(Popped::default())
        })
    }
}
