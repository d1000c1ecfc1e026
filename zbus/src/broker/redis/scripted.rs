//! A broker that says what a test tells it to, for what no real one says.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::address::{Place, place};
use super::resp::{Decoder, Reply};

/// A test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Scripted(TcpListener);

impl Scripted {
    pub(super) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(super) fn place(&self) -> Place {
        place("redis", &self.0.local_addr().unwrap().to_string()).unwrap()
    }

    /// The next connection, without its greeting.
    pub(super) async fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, received: BytesMut::new(), decoder: Decoder::default() }
    }

    /// The next connection, whose greeting is answered.
    pub(super) async fn greeted(&self) -> Peer {
        let mut peer = self.accept().await;
        for _ in 0..2 {
            assert_eq!(peer.command().await[..2], ["CLIENT", "SETINFO"]);
            peer.say("+OK\r\n").await;
        }
        peer
    }

    /// The first connection of a broker, which finds out what it talks to.
    pub(super) async fn broker(&self) -> Peer {
        let mut peer = self.greeted().await;
        peer.answer("PING", "+PONG\r\n").await;
        peer.answer("INFO", "$0\r\n\r\n").await;
        peer
    }

    /// A popper's connection, on which pops cannot be ended.
    pub(super) async fn popper(&self) -> Peer {
        let mut peer = self.greeted().await;
        peer.answer("CLIENT", "-ERR unknown command\r\n").await;
        peer
    }
}

/// The broker's end of a connection.
pub(super) struct Peer {
    stream: TcpStream,
    received: BytesMut,
    decoder: Decoder,
}

impl Peer {
    /// The next command's words.
    pub(super) async fn command(&mut self) -> Vec<String> {
        self.next().await.expect("the connection should be open")
    }

    /// The like; none where the connection is closed.
    pub(super) async fn next(&mut self) -> Option<Vec<String>> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("a command or the end should come")
    }

    async fn read(&mut self) -> Option<Vec<String>> {
        loop {
            match self.decoder.decode(&mut self.received).unwrap() {
                Some(Reply::List(words)) => return Some(words.into_iter().map(text).collect()),
                Some(other) => panic!("{other:?} is no command"),
                None if matches!(self.stream.read_buf(&mut self.received).await, Ok(0) | Err(_)) => return None,
                None => {}
            }
        }
    }

    /// Expects a command, and answers it.
    pub(super) async fn answer(&mut self, command: &str, what: &str) {
        assert_eq!(self.command().await[0], command);
        self.say(what).await;
    }

    pub(super) async fn say(&mut self, what: &str) {
        self.stream.write_all(what.as_bytes()).await.unwrap();
    }

    /// A byte at a time, each on its own way.
    pub(super) async fn say_slowly(&mut self, what: &str) {
        for byte in what.as_bytes() {
            self.stream.write_u8(*byte).await.unwrap();
            tokio::task::yield_now().await;
        }
    }
}

fn text(word: Reply) -> String {
    let Reply::Text(word) = word else { panic!("{word:?} is no word") };
    String::from_utf8(word.into()).unwrap()
}
