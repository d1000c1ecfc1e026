//! What a caller can get instead of a value.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::broker::{BrokerError, BrokerErrorKind};
use crate::wire::{DecodeError, EncodeError, Generation, Thrown};

/// Why a call, a subscription or a connection failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No reply came before the deadline.
    #[error("no reply in {after:?} from {target}{fate}")]
    Timeout {
        /// Who was asked: `module.object@version`.
        target: String,
        /// The time limit of the call.
        after: Duration,
        /// What became of the request.
        fate: Fate,
    },

    /// No server of the module has shown itself, and none will run the call: it was not written, or withdrawn. Servers of the Go library
    /// and on rbus never show themselves: where it is they that serve the module, they may be there all the same.
    #[error(
        "{}; no server of module `{module}` has shown itself (servers of Go and rbus never do)",
        unanswered(target, *after)
    )]
    NoServer {
        /// Who was asked: `module.object@version`.
        target: String,
        /// The bus name of the module.
        module: String,
        /// The time limit of the call; none for one that was to [fail fast](crate::CallOptions::fail_fast).
        after: Option<Duration>,
    },

    /// The method failed by its own will: what its `throws` says.
    #[error("{message}")]
    Remote {
        /// What the method says.
        message: String,
        /// The declared variant's name, from peers that know codes.
        code: Option<String>,
        /// That variant's fields as a `MessagePack` map.
        data: Option<Bytes>,
    },

    /// The server could not or would not run the method.
    #[error("{target} refused the call: {message}")]
    Rejected {
        /// Who was asked: `module.object@version`.
        target: String,
        /// What was wrong.
        kind: RejectionKind,
        /// The server's words.
        message: String,
    },

    /// An argument or event cannot travel.
    #[error("`{what}` cannot be encoded: {source}")]
    Encode {
        /// The name of the argument or event.
        what: String,
        /// What is wrong with it.
        source: EncodeError,
    },

    /// A message is larger than the client sends: it was not written.
    #[error(
        "`{what}` is {size} bytes, more than the {limit} that this client sends: see `ClientBuilder::max_message_size`"
    )]
    TooLarge {
        /// The method or event.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// How large it may be.
        limit: usize,
    },

    /// The reply is not what the schema says.
    #[error("the reply from {target} cannot be decoded: {source}")]
    Decode {
        /// Who was asked: `module.object@version`.
        target: String,
        /// What is wrong with it.
        source: DecodeError,
    },

    /// A server of another generation of the wire took the request, and so has seen none of its arguments.
    #[error(
        "{target} answered in generation {answered} of the wire to a request of generation {sent}, of which it has read no arguments: \
         set the client's generation to that of the server, or to `Auto` where servers of both share the module"
    )]
    Generation {
        /// Who was asked: `module.object@version`.
        target: String,
        /// What the client speaks.
        sent: Generation,
        /// What the server speaks.
        answered: Generation,
    },

    /// A blocking call inside an async runtime, whose tasks it would hold up. Nothing was sent.
    #[error(
        "a blocking call inside an async runtime would hold it up: use `zbus::Client` there, or on a thread that may block, such as \
         `tokio::task::spawn_blocking` has, say so with `zbus::blocking::allow_here`"
    )]
    InAsync,

    /// The system gives no thread for blocking calls.
    #[error("a blocking client needs a thread and a runtime of its own, which cannot be started: {0}")]
    Thread(#[source] std::io::Error),

    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl Error {
    /// False where the method has surely not run: the request was never written, was refused, or was withdrawn before a server took
    /// it. A caller may then try again without running it twice.
    pub fn may_have_run(&self) -> bool {
        match self {
            Self::Timeout { fate, .. } => matches!(fate, Fate::Unknown | Fate::Unseen),
            Self::Encode { .. } | Self::TooLarge { .. } | Self::NoServer { .. } | Self::InAsync | Self::Thread(_) => {
                false
            }
            Self::Rejected { kind, .. } => kind.may_have_run(),
            Self::Broker(error) => matches!(error.kind(), BrokerErrorKind::Lost | BrokerErrorKind::Restarted),
            Self::Remote { .. } | Self::Decode { .. } | Self::Generation { .. } => true,
        }
    }
}

fn unanswered(target: &str, after: Option<Duration>) -> String {
    match after {
        Some(after) => format!("no reply in {after:?} from {target}"),
        None => format!("{target} was not called"),
    }
}

/// What became of a request that was not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It never left this process, and never will.
    NeverWritten,
    /// It was taken back from its queue: no server has taken it, and none will.
    Withdrawn,
    /// A server may have taken it: it runs, or is done, or what took it is gone. Or it could not be found in a long queue, and expires
    /// there; or the broker did not say.
    Unknown,
    /// The like where no server of the module has shown itself: one of the Go library or on rbus may have taken it. Those on rbus
    /// answer no call that waits in the client's inbox: they need [`ReplyMode::PerCall`](crate::ReplyMode::PerCall).
    Unseen,
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NeverWritten => ": the request was not written",
            Self::Withdrawn => ": no server took the request, and it was withdrawn",
            Self::Unknown => "",
            Self::Unseen => {
                ": a server that does not show itself may have taken the request, as those of Go and rbus do not; one on rbus answers \
                 with `ReplyMode::PerCall` alone"
            }
        })
    }
}

/// What an error of a method with declared errors is.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// One of the errors that the method declares.
    #[error("{0}")]
    Declared(E),
    /// Anything else.
    #[error(transparent)]
    Bus(#[from] Error),
}

/// Why a server did not run a method, or could not answer. Go's servers and rbus give no kind: theirs is `Other("")`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The module does not serve the object.
    UnknownObject,
    /// The object has no such method.
    UnknownMethod,
    /// Too few or too many arguments, or one of another type.
    BadArguments,
    /// The deadline passed before or while the method ran.
    Expired,
    /// The server has no room.
    Overloaded,
    /// The method panicked.
    Panicked,
    /// The server stopped before the method ended.
    Stopping,
    /// The reply is larger than the server sends.
    ReplyTooLarge,
    /// A returned value has no form on the wire.
    BadReply,
    /// A kind that this version does not know; empty where the peer gave none.
    Other(String),
}

impl RejectionKind {
    /// The kind on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnknownObject => "unknown_object",
            Self::UnknownMethod => "unknown_method",
            Self::BadArguments => "bad_arguments",
            Self::Expired => "expired",
            Self::Overloaded => "overloaded",
            Self::Panicked => "panicked",
            Self::Stopping => "stopping",
            Self::ReplyTooLarge => "reply_too_large",
            Self::BadReply => "bad_reply",
            Self::Other(kind) => kind,
        }
    }

    pub(crate) fn may_have_run(&self) -> bool {
        !matches!(self, Self::UnknownObject | Self::UnknownMethod | Self::BadArguments | Self::Overloaded)
    }
}

impl From<&str> for RejectionKind {
    fn from(kind: &str) -> Self {
        [
            Self::UnknownObject,
            Self::UnknownMethod,
            Self::BadArguments,
            Self::Expired,
            Self::Overloaded,
            Self::Panicked,
            Self::Stopping,
            Self::ReplyTooLarge,
            Self::BadReply,
        ]
        .into_iter()
        .find(|known| known.as_str() == kind)
        .unwrap_or_else(|| Self::Other(kind.to_owned()))
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<Thrown> for Error {
    fn from(thrown: Thrown) -> Self {
        Self::Remote { message: thrown.message, code: thrown.code, data: thrown.data }
    }
}
