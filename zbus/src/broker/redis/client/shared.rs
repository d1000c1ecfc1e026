//! A link that many tasks share. Exchanges go out one behind the other without waiting for each other's replies, and a caller that gives
//! up disturbs none of the others.
//!
//! One task owns the link: it reads the replies, watches the time, and opens a new link when one is lost. What a caller brings is written
//! at once, by the caller itself, if the socket has room for it; so a busy thread that has yet to run the owner delays nobody.

mod queue;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::BytesMut;
use parking_lot::Mutex;
use redis::{RedisError, RedisResult};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep};

use self::queue::{Ended, Exchange, Queue};
pub(crate) use self::queue::{Exchanged, Failed, Priority};
use super::STALLED;
use super::endpoint::Endpoint;
use super::error::{closed, no_answer};
use super::link::{Link, read};
use super::resp::{Reply, command, word};
use super::stall::{LAST_LOOK, Stall};
use crate::backoff::{LONGEST_DELAY, reconnect_backoff};

/// A link that was idle for this long is asked whether it still works.
const PROBE_INTERVAL: Duration = STALLED;

/// If Redis is out of reach the link is tried once more, this much later, before a caller gets an error.
const SECOND_TRY: Duration = Duration::from_millis(50);

/// Is told of what happens to a link.
pub(crate) trait Observer: Send + Sync + 'static {
    /// It is lost, or another try to get one has failed.
    fn lost(&self, error: &RedisError);

    /// It is back.
    fn connected(&self);
}

/// The way to a link. With it ends the task that owns the link.
pub(crate) struct SharedLink {
    shared: Arc<Shared>,
    server: watch::Receiver<Arc<str>>,
    owner: AbortHandle,
}

impl Drop for SharedLink {
    fn drop(&mut self) {
        self.owner.abort();
    }
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    /// None while there is no connection.
    link: Option<Link>,
    /// Counts the links.
    number: u64,
    /// Nothing more begins on this link, which ends with its last reply.
    leaving: bool,
    /// An error that came up while a caller wrote.
    failed: Option<RedisError>,
    queue: Queue,
    /// When something moved last, or began.
    active: Instant,
    owner: Waker,
    /// The owner has ended, and nothing gets an answer any more.
    ended: bool,
}

impl SharedLink {
    /// Opens the link. Which server it leads to is known from then on.
    pub(crate) async fn open(endpoint: Arc<Endpoint>, observer: impl Observer) -> RedisResult<Self> {
        let mut link = Link::open(&endpoint).await?;
        let server = identify(&mut link).await?;
        let state = State {
            link: Some(link),
            number: 0,
            leaving: false,
            failed: None,
            queue: Queue::default(),
            active: Instant::now(),
            owner: Waker::noop().clone(),
            ended: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let (moves, server) = watch::channel(server.unwrap_or_default());
        let owner = Owner {
            shared: Arc::clone(&shared),
            endpoint,
            observer,
            moves,
            sleep: Box::pin(tokio::time::sleep(PROBE_INTERVAL)),
            last_look: false,
            probe: None,
        };
        Ok(Self { shared, server, owner: tokio::spawn(owner.run()).abort_handle() })
    }

    /// The server that the link leads to, and a way to learn when it leads to another. An empty name is an unknown one.
    pub(crate) fn server(&self) -> watch::Receiver<Arc<str>> {
        self.server.clone()
    }

    /// Sends commands, and waits for so many replies.
    pub(crate) async fn exchange(
        &self,
        commands: BytesMut,
        replies: usize,
        priority: Priority,
    ) -> Result<Exchanged, Failed> {
        let (done, outcome) = oneshot::channel();
        self.shared.submit(Exchange { commands, replies, priority, done: Some(done) });
        outcome.await.unwrap_or(Err(Failed::Ended))
    }

    /// Sends commands some time, on this link or on the next, and minds no reply.
    pub(crate) fn send(&self, commands: BytesMut, replies: usize) {
        self.shared.submit(Exchange { commands, replies, priority: Priority::Background, done: None });
    }

    /// Leaves the link of this number, or whichever it is, for a new one: the address may lead to another server by now. What is under
    /// way on it is answered first.
    pub(crate) fn leave(&self, number: Option<u64>) {
        let mut state = self.shared.state.lock();
        if number.is_some_and(|number| number != state.number) || state.leaving || state.link.is_none() {
            return;
        }
        state.leaving = true;
        let owner = state.owner.clone();
        drop(state);
        owner.wake();
    }
}

/// The run of the server that a link leads to: another text each time that a server starts. None if it does not say.
pub(crate) async fn identify(link: &mut Link) -> RedisResult<Option<Arc<str>>> {
    command(link.commands(), 2);
    word(link.commands(), b"INFO");
    word(link.commands(), b"server");
    let reply = link.reply_within(&mut Stall::new(), STALLED).await?;
    let Ok(info) = read::<String>(reply) else { return Ok(None) };
    Ok(info.lines().find_map(|line| line.strip_prefix("run_id:")).map(Into::into))
}

impl Shared {
    fn submit(&self, exchange: Exchange) {
        let mut state = self.state.lock();
        state.queue.push(exchange);
        if state.ended {
            let ended = state.queue.refuse(&Failed::Ended);
            drop(state);
            ended.into_iter().for_each(Ended::tell);
            return;
        }
        let owner = state.owner.clone();
        if state.is_dead(&mut Context::from_waker(&owner)) || !state.write(&mut Context::from_waker(&owner)) {
            drop(state);
            owner.wake();
        }
    }
}

impl State {
    /// Whether an idle link is found dead before anything is written. `context` is the owner's.
    fn is_dead(&mut self, context: &mut Context<'_>) -> bool {
        self.link.as_mut().is_some_and(|link| self.queue.is_idle() && link.poll_lost(context).is_ready())
    }

    /// Writes what may be written; false if the owner has to look. `context` is the owner's.
    fn write(&mut self, context: &mut Context<'_>) -> bool {
        let Some(link) = &mut self.link else { return false };
        if self.leaving {
            return !self.queue.is_idle();
        }
        if self.failed.is_some() {
            return false;
        }
        if self.queue.begin(link) {
            self.active = Instant::now();
        }
        if let Poll::Ready(Err(error)) = link.poll_send(context) {
            self.failed = Some(error);
            return false;
        }
        true
    }

    /// Takes the replies that have come.
    fn read(&mut self, context: &mut Context<'_>, ended: &mut Vec<Ended>) -> RedisResult<()> {
        let Some(link) = &mut self.link else { return Ok(()) };
        while let Poll::Ready(reply) = link.poll_receive(context) {
            ended.extend(self.queue.take(reply?, self.number)?);
        }
        Ok(())
    }
}

/// The task that owns the link.
struct Owner<O: Observer> {
    shared: Arc<Shared>,
    endpoint: Arc<Endpoint>,
    observer: O,
    moves: watch::Sender<Arc<str>>,
    sleep: Pin<Box<Sleep>>,
    last_look: bool,
    /// The answer to the last question whether the link works.
    probe: Option<oneshot::Receiver<Result<Exchanged, Failed>>>,
}

/// Why a link is no longer used.
enum Over {
    Lost(RedisError),
    Left,
}

impl<O: Observer> Owner<O> {
    async fn run(mut self) {
        loop {
            let mut ended = Vec::new();
            let over = poll_fn(|context| {
                let over = self.drive(context, &mut ended);
                ended.drain(..).for_each(Ended::tell);
                over
            })
            .await;
            let lost = self.close(&over);
            lost.into_iter().for_each(Ended::tell);
            if let Over::Lost(error) = &over {
                self.observer.lost(error);
            }
            self.reopen().await;
        }
    }

    /// Moves what can be moved.
    fn drive(&mut self, context: &mut Context<'_>, ended: &mut Vec<Ended>) -> Poll<Over> {
        let mut state = self.shared.state.lock();
        state.owner.clone_from(context.waker());
        let moved = state.link.as_ref().map(Link::moved);
        if let Err(error) = state.read(context, ended) {
            return Poll::Ready(Over::Lost(error));
        }
        state.write(context);
        if let Some(error) = state.failed.take() {
            return Poll::Ready(Over::Lost(error));
        }
        if state.leaving && state.queue.is_idle() {
            return Poll::Ready(Over::Left);
        }
        if state.link.as_ref().map(Link::moved) != moved {
            state.active = Instant::now();
            self.last_look = false;
        }
        loop {
            ready!(self.sleep.as_mut().poll(context));
            let now = Instant::now();
            let due = state.active + if state.queue.is_idle() { PROBE_INTERVAL } else { STALLED };
            if now < due {
                self.sleep.as_mut().reset(due);
            } else if state.queue.is_idle() {
                state.active = now;
                if self.probe.as_mut().is_none_or(|probe| probe.try_recv().is_ok_and(|answer| !is_refused(&answer))) {
                    let (probe, answer) = probe();
                    self.probe = Some(answer);
                    state.queue.push(probe);
                    state.write(context);
                }
            } else if self.last_look {
                return Poll::Ready(Over::Lost(no_answer()));
            } else {
                self.last_look = true;
                self.sleep.as_mut().reset(now + LAST_LOOK);
            }
        }
    }

    /// Closes the link; what was under way on it has ended.
    fn close(&mut self, over: &Over) -> Vec<Ended> {
        let mut state = self.shared.state.lock();
        self.probe = None;
        state.leaving = false;
        let written = state.link.take().map_or(0, |link| link.written());
        match over {
            Over::Lost(error) => state.queue.lose(written, error),
            Over::Left => Vec::new(),
        }
    }

    /// Opens another link. Callers wait for one try, and get its error.
    async fn reopen(&mut self) {
        let mut delays = backon::BackoffBuilder::build(reconnect_backoff());
        loop {
            match self.opened().await {
                Ok((link, server)) => {
                    {
                        let mut state = self.shared.state.lock();
                        state.link = Some(link);
                        state.number += 1;
                        state.active = Instant::now();
                    }
                    self.last_look = false;
                    self.sleep.as_mut().reset(Instant::now() + PROBE_INTERVAL);
                    if let Some(server) = server {
                        self.moves.send_if_modified(|known| {
                            let moved = *known != server;
                            *known = server;
                            moved
                        });
                    }
                    self.observer.connected();
                    return;
                }
                Err(error) => {
                    let ended = self.shared.state.lock().queue.refuse(&Failed::Unreachable(error.clone()));
                    ended.into_iter().for_each(Ended::tell);
                    self.observer.lost(&error);
                }
            }
            let pause = tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY));
            tokio::select! {
                () = pause => {}
                () = self.called() => {}
            }
        }
    }

    async fn opened(&self) -> RedisResult<(Link, Option<Arc<str>>)> {
        let link = match Link::open(&self.endpoint).await {
            Err(error) if error.is_io_error() => {
                tokio::time::sleep(SECOND_TRY).await;
                Link::open(&self.endpoint).await
            }
            outcome => outcome,
        };
        let mut link = link?;
        let server = identify(&mut link).await?;
        Ok((link, server))
    }

    /// Waits until a caller waits.
    async fn called(&self) {
        poll_fn(|context| {
            let mut state = self.shared.state.lock();
            if state.queue.is_called() {
                return Poll::Ready(());
            }
            state.owner.clone_from(context.waker());
            Poll::Pending
        })
        .await;
    }
}

/// Callers that wait get an error: the task is gone, with its runtime.
impl<O: Observer> Drop for Owner<O> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.ended = true;
        let written = state.link.take().map_or(0, |link| link.written());
        let mut ended = state.queue.lose(written, &closed());
        ended.extend(state.queue.refuse(&Failed::Ended));
        drop(state);
        ended.into_iter().for_each(Ended::tell);
    }
}

/// Asks whether the link works.
fn probe() -> (Exchange, oneshot::Receiver<Result<Exchanged, Failed>>) {
    let mut commands = BytesMut::new();
    command(&mut commands, 1);
    word(&mut commands, b"PING");
    let (done, answer) = oneshot::channel();
    (Exchange { commands, replies: 1, priority: Priority::Normal, done: Some(done) }, answer)
}

/// Whether this user may not ask, of which Redis would log each try. The link works all the same.
fn is_refused(answer: &Result<Exchanged, Failed>) -> bool {
    answer.as_ref().is_ok_and(|answer| matches!(answer.replies[..], [Reply::Error(_)]))
}

#[cfg(test)]
mod tests;
