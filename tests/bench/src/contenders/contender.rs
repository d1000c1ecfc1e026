//! The contenders by name: a library, over a transport, on so many threads.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::figures::{CROWD, MULTITUDE, SMALL, Workload};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Library {
    /// Two blocking programs that issue the Redis commands of zbus with canned payloads.
    Floor,
    /// This library.
    Zbus,
    /// The Go library, generation 1.
    GoZbus,
    /// NATS request and reply; it knows no unix sockets.
    Nats,
    /// gRPC: no broker.
    Tonic,
    /// tarpc: no broker.
    Tarpc,
}

/// What the processes of a contender talk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// 127.0.0.1.
    Tcp,
    /// A unix socket.
    Unix,
    /// The memory of one process.
    Memory,
}

/// What stands between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broker {
    /// Redis.
    Redis,
    /// nats-server.
    Nats,
    /// Nothing.
    None,
}

/// A library, over one transport, on one kind of runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Contender {
    /// Whose calls and events they are.
    pub library: Library,
    /// What its processes talk over.
    pub transport: Transport,
    /// Threads of the runtime of each of its processes; 0 where there is no such choice.
    pub threads: usize,
}

impl Contender {
    /// All, in the order of the tables.
    pub const ALL: [Self; 19] = [
        Self::FLOOR_TCP,
        Self::of(Library::Floor, Transport::Unix, 0),
        Self::of(Library::Zbus, Transport::Tcp, 1),
        Self::of(Library::Zbus, Transport::Tcp, 2),
        Self::ZBUS_UNIX,
        Self::of(Library::Zbus, Transport::Unix, 2),
        Self::of(Library::Zbus, Transport::Memory, 1),
        Self::of(Library::GoZbus, Transport::Tcp, 0),
        Self::of(Library::GoZbus, Transport::Unix, 0),
        Self::of(Library::Nats, Transport::Tcp, 1),
        Self::of(Library::Nats, Transport::Tcp, 2),
        Self::of(Library::Tonic, Transport::Tcp, 1),
        Self::of(Library::Tonic, Transport::Tcp, 2),
        Self::of(Library::Tonic, Transport::Unix, 1),
        Self::of(Library::Tonic, Transport::Unix, 2),
        Self::of(Library::Tarpc, Transport::Tcp, 1),
        Self::of(Library::Tarpc, Transport::Tcp, 2),
        Self::of(Library::Tarpc, Transport::Unix, 1),
        Self::of(Library::Tarpc, Transport::Unix, 2),
    ];

    /// The floor over TCP.
    pub const FLOOR_TCP: Self = Self::of(Library::Floor, Transport::Tcp, 0);

    /// zbus as it is fastest: the one of the long run.
    pub const ZBUS_UNIX: Self = Self::of(Library::Zbus, Transport::Unix, 1);

    const fn of(library: Library, transport: Transport, threads: usize) -> Self {
        Self { library, transport, threads }
    }

    /// That of a library which is most like this one: on its transport and on as many threads, as far as the library has the choice.
    pub fn peer(self, library: Library) -> Option<Self> {
        let transport = if library == Library::Nats { Transport::Tcp } else { self.transport };
        let threads = match library {
            Library::Floor | Library::GoZbus => 0,
            _ => self.threads.max(1),
        };
        let peer = Self { library, transport, threads };
        Self::ALL.contains(&peer).then_some(peer)
    }

    /// The like of zbus over another transport.
    pub fn zbus(self, transport: Transport) -> Option<Self> {
        Self { transport, ..self }.peer(Library::Zbus)
    }

    /// What stands between its client and its server.
    pub fn broker(self) -> Broker {
        match (self.library, self.transport) {
            (_, Transport::Memory) | (Library::Tonic | Library::Tarpc, _) => Broker::None,
            (Library::Nats, _) => Broker::Nats,
            (Library::Floor | Library::Zbus | Library::GoZbus, _) => Broker::Redis,
        }
    }

    /// Whether it can do that at all, and is asked to.
    pub fn takes(self, workload: Workload) -> bool {
        let is_basic =
            matches!(workload, Workload::Calls { payload: SMALL, servers: 1, in_flight } if in_flight < MULTITUDE);
        match workload {
            // On more threads the peers, and zbus over TCP, have the plainest calls alone: the rest shows nothing else.
            _ if self.threads > 1 && self.zbus(Transport::Unix) != Some(self) => is_basic,
            // The Go library holds at most 100 connections, and each call under way needs one.
            Workload::Calls { in_flight, .. } if self.is_go() => in_flight <= CROWD,
            // Without a broker nobody spreads the calls.
            Workload::Calls { servers, .. } if servers > 1 => self.broker() != Broker::None,
            Workload::Calls { .. } => true,
            Workload::Events { .. } => {
                self.threads < 2
                    && self.transport != Transport::Memory
                    && matches!(self.library, Library::Floor | Library::Zbus | Library::Nats)
            }
        }
    }

    /// Whether its programs are Go's.
    pub fn is_go(self) -> bool {
        self.library == Library::GoZbus
    }

    /// Its name on the command line.
    pub fn name(self) -> String {
        let library = match self.library {
            Library::Floor => "floor",
            Library::Zbus => "zbus",
            Library::GoZbus => "go-zbus",
            Library::Nats => "nats",
            Library::Tonic => "tonic",
            Library::Tarpc => "tarpc",
        };
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Unix => "unix",
            Transport::Memory => "memory",
        };
        let threads = if self.threads > 1 { "-threads" } else { "" };
        format!("{library}-{transport}{threads}")
    }
}

impl From<Contender> for String {
    fn from(contender: Contender) -> Self {
        contender.name()
    }
}

impl FromStr for Contender {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|contender| contender.name() == name);
        named.ok_or_else(|| format!("no contender is called `{name}`"))
    }
}

impl TryFrom<String> for Contender {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl fmt::Display for Library {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Floor => "floor",
            Self::Zbus => "zbus",
            Self::GoZbus => "Go zbus",
            Self::Nats => "NATS",
            Self::Tonic => "tonic",
            Self::Tarpc => "tarpc",
        })
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Tcp => "TCP",
            Self::Unix => "unix",
            Self::Memory => "memory://",
        })
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.library, self.transport)?;
        match self.threads {
            0 => Ok(()),
            1 => formatter.write_str(", 1 thread"),
            threads => write!(formatter, ", {threads} threads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contender_is_found_by_its_name() {
        for contender in Contender::ALL {
            assert_eq!(contender.name().parse(), Ok(contender));
        }
        assert!("zbus".parse::<Contender>().is_err());
    }

    #[test]
    fn peers_are_like_each_other() {
        let named = |name: &str| name.parse::<Contender>().unwrap();
        let peer = |name: &str, library| named(name).peer(library).map(Contender::name);
        assert_eq!(peer("zbus-unix-threads", Library::Tonic).as_deref(), Some("tonic-unix-threads"));
        assert_eq!(peer("zbus-unix-threads", Library::Nats).as_deref(), Some("nats-tcp-threads"));
        assert_eq!(peer("zbus-unix-threads", Library::Floor).as_deref(), Some("floor-unix"));
        assert_eq!(peer("go-zbus-tcp", Library::Zbus).as_deref(), Some("zbus-tcp"));
        assert_eq!(peer("zbus-memory", Library::Floor), None);
        assert_eq!(named("tarpc-tcp-threads").zbus(Transport::Unix), Some(named("zbus-unix-threads")));
    }
}
