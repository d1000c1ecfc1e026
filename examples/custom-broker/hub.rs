//! The process in the middle. Its lists and channels are those of `memory://`: any broker could be behind it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use zbus::broker::{self, Broker, Delivery};
use zbus::untyped::Wire;

use crate::frames::{self, Answer, Ask, Entry};

pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    // Left by a hub that did not end well.
    let _ = std::fs::remove_file(path);
    UnixListener::bind(path)
}

pub(crate) async fn serve(listener: UnixListener) -> io::Result<()> {
    let store = broker::connect("memory://hub").await.map_err(io::Error::other)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let store = Arc::clone(&store);
        // It ends when the other side goes away, which is no error.
        tokio::spawn(async move { answer_all(stream, &*store).await });
    }
}

async fn answer_all(mut stream: UnixStream, store: &dyn Broker) -> io::Result<()> {
    let mut popper = store.popper().await.map_err(io::Error::other)?;
    loop {
        let answer = match frames::read(&mut stream).await? {
            Ask::Write(entries) => {
                // This store takes everything.
                store.write(entries.into_iter().map(Entry::into_write).collect()).await;
                Answer::Done
            }
            Ask::Pop { lists, max, wait } => {
                let lists: Vec<Arc<str>> = lists.into_iter().map(Arc::from).collect();
                let stop = CancellationToken::new();
                let waited = async {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                    stop.cancel();
                    std::future::pending::<()>().await;
                };
                // The pop is driven to its end: what it has taken is not lost.
                let popped = tokio::select! {
                    popped = popper.pop(&lists, max, &stop) => popped.map_err(io::Error::other)?,
                    () = waited => continue,
                };
                Answer::Popped { list: popped.list, messages: popped.messages.into_iter().map(Wire).collect() }
            }
            Ask::Subscribe { channel } => {
                let mut deliveries = store.subscribe(&channel).await.map_err(io::Error::other)?;
                frames::write(&mut stream, &Answer::Done).await?;
                while let Some(delivery) = deliveries.next().await {
                    if let Delivery::Message(message) = delivery {
                        frames::write(&mut stream, &Answer::Message(Wire(message))).await?;
                    }
                }
                return Ok(());
            }
            Ask::Withdraw { list, message } => {
                Answer::Withdrawn(store.withdraw(&list, message.0).await.map_err(io::Error::other)?)
            }
            Ask::Now => Answer::Now(store.now().await.map_err(io::Error::other)?),
        };
        frames::write(&mut stream, &answer).await?;
    }
}
