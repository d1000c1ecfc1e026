//! A broker that says what a test wants it to say, for what no real one says.

use std::time::Duration;

use bytes::BytesMut;
use redis::IntoConnectionInfo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::endpoint::Endpoint;
use super::resp::{Decoder, Reply};

/// A test that waits in vain fails.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) struct Scripted(TcpListener);

impl Scripted {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        let address = format!("redis://{}", self.0.local_addr().unwrap());
        Endpoint {
            info: address.into_connection_info().unwrap(),
            busy_poll: true,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The next connection, without its greeting.
    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, received: BytesMut::new(), decoder: Decoder::default() }
    }

    /// The next connection, whose greeting is answered.
    pub(crate) async fn greeted(&self) -> Peer {
        let mut peer = self.accept().await;
        for _ in 0..2 {
            assert_eq!(peer.command().await[..2], ["CLIENT", "SETINFO"]);
            peer.say("+OK\r\n").await;
        }
        peer
    }

    /// The next connection, which is asked what server it leads to.
    pub(crate) async fn identified(&self) -> Peer {
        let mut peer = self.greeted().await;
        peer.answer("INFO", "$15\r\nrun_id:scripted\r\n").await;
        peer
    }

    /// The first connection of a broker, which finds out what it talks to.
    pub(crate) async fn broker(&self) -> Peer {
        let mut peer = self.identified().await;
        peer.answer("PING", "+PONG\r\n").await;
        peer.answer("INFO", "$0\r\n\r\n").await;
        peer.answer("CONFIG", "-ERR unknown command\r\n").await;
        peer
    }

    /// A popper's connection, on which pops cannot be ended.
    pub(crate) async fn popper(&self) -> Peer {
        let mut peer = self.identified().await;
        peer.answer("CLIENT", "-ERR unknown command\r\n").await;
        peer
    }
}

/// The broker's end of a connection.
pub(crate) struct Peer {
    stream: TcpStream,
    received: BytesMut,
    decoder: Decoder,
}

impl Peer {
    /// Waits until something comes.
    pub(crate) async fn started(&mut self) {
        self.stream.read_buf(&mut self.received).await.unwrap();
    }

    /// The next command's words.
    pub(crate) async fn command(&mut self) -> Vec<String> {
        self.next().await.expect("the connection should be open")
    }

    /// The next command; none if the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<Vec<String>> {
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
    pub(crate) async fn answer(&mut self, command: &str, what: &str) {
        assert_eq!(self.command().await[0], command);
        self.say(what).await;
    }

    pub(crate) async fn say(&mut self, what: &str) {
        self.stream.write_all(what.as_bytes()).await.unwrap();
    }

    /// A byte at a time, each on its own way.
    pub(crate) async fn say_slowly(&mut self, what: &str) {
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
