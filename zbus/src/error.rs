//! What a caller can get instead of a value.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::broker::{BrokerError, BrokerErrorKind};
use crate::causes;
pub use crate::rejection_kind::RejectionKind;
use crate::wire::{DecodeError, EncodeError, Generation, Thrown};

/// Why a call, a subscription or a connection failed.
///
/// The message holds the causes, too. `Debug` is the same text, so that a `main` that returns the error prints it.
#[non_exhaustive]
pub enum Error {
    /// No reply came before the deadline.
    Timeout {
        /// What was called: `module.object@version.Method`.
        target: String,
        /// The time limit of the call.
        after: Duration,
        /// What became of the request.
        fate: Fate,
    },

    /// No server of the module has announced itself, and none will run the call: it was not written, or it was withdrawn. Servers on the
    /// Go library and on rbus never announce themselves: they may run all the same.
    NoServer {
        /// What was called: `module.object@version.Method`.
        target: String,
        /// The bus name of the module.
        module: String,
        /// The time limit of the call; none if it was to [fail fast](crate::CallOptions::fail_fast).
        after: Option<Duration>,
    },

    /// The method itself failed, in a way that its `throws` allows.
    Remote {
        /// The method's own words.
        message: String,
        /// The declared variant's name, from peers that know codes.
        code: Option<String>,
        /// That variant's fields as a `MessagePack` map.
        data: Option<Bytes>,
    },

    /// The server did not run the method, or could not answer.
    Rejected {
        /// What was called: `module.object@version.Method`.
        target: String,
        /// What was wrong.
        kind: RejectionKind,
        /// The server's words.
        message: String,
    },

    /// An argument or event cannot travel. Nothing was written.
    Encode {
        /// The name of the argument or event.
        what: String,
        /// What is wrong with it.
        source: EncodeError,
    },

    /// A message is larger than the client sends. Nothing was written.
    TooLarge {
        /// The method or event.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// How large it may be.
        limit: usize,
    },

    /// The reply is not what the schema says.
    Decode {
        /// What was called: `module.object@version`, and the method if the reply as a whole cannot be read.
        target: String,
        /// What is wrong with the reply.
        source: DecodeError,
    },

    /// A server of another generation of the wire took the request, and so has seen none of its arguments.
    Generation {
        /// What was called: `module.object@version.Method`.
        target: String,
        /// What the client speaks.
        sent: Generation,
        /// What the server speaks.
        answered: Generation,
    },

    /// A blocking call inside an async runtime, whose tasks it would hold up. Nothing was sent.
    InAsync,

    /// The system gives no thread for blocking calls.
    Thread(std::io::Error),

    /// The broker failed.
    Broker(BrokerError),
}

impl Error {
    /// False if the method has surely not run, and will not: the request was never written, was refused, or was withdrawn before a server
    /// took it. A caller may then try again without running the method twice.
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

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { target, after, fate } => write!(formatter, "no reply from {target} within {after:?}; {fate}"),
            Self::NoServer { target, module, after } => {
                match after {
                    Some(after) => write!(formatter, "no reply from {target} within {after:?}")?,
                    None => write!(formatter, "{target} was not called")?,
                }
                write!(formatter, "; no server of module `{module}` has announced itself (servers on Go and rbus never do)")
            }
            Self::Remote { message, .. } => formatter.write_str(message),
            Self::Rejected { target, kind, message } if kind.may_have_run() => {
                write!(formatter, "the call of {target} failed: {message}")
            }
            Self::Rejected { target, message, .. } => write!(formatter, "{target} refused the call: {message}"),
            Self::Encode { what, source } => write!(formatter, "`{what}` cannot be encoded: {source}"),
            Self::TooLarge { what, size, limit } => write!(
                formatter,
                "`{what}` is {size} bytes, more than the {limit} that this client sends: see `ClientBuilder::max_message_size`"
            ),
            Self::Decode { target, source } => write!(formatter, "the reply from {target} cannot be decoded: {source}"),
            Self::Generation { target, sent, answered } => write!(
                formatter,
                "{target} answered in generation {answered} of the wire to a request of generation {sent}, and has read none of its \
                 arguments: set the client's generation to that of the server, or to `Auto` if servers of both share the module"
            ),
            Self::InAsync => formatter.write_str(
                "a blocking call inside an async runtime would hold up its tasks: use `zbus::Client` there, or, on a thread that may \
                 block such as one of `tokio::task::spawn_blocking`, call within `zbus::blocking::allow_here`",
            ),
            Self::Thread(error) => {
                write!(formatter, "a blocking client cannot start the thread and the runtime that it needs: {error}")
            }
            Self::Broker(error) => error.fmt(formatter),
        }
    }
}

/// The message, as `main` prints the error that it returns.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Each level of the chain has words of its own: a cause that the message holds already is passed over.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause = match self {
            Self::Encode { source, .. } => source.source(),
            Self::Decode { source, .. } => source.source(),
            Self::Thread(error) => error.source(),
            Self::Broker(error) => error.source(),
            _ => None,
        };
        causes::unsaid(&self.to_string(), cause)
    }
}

impl From<BrokerError> for Error {
    fn from(error: BrokerError) -> Self {
        Self::Broker(error)
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
    /// A server may have taken it: the method runs, or has ended, or the server is gone. Or the request was not found in a long queue,
    /// and expires there; or the broker did not answer.
    Unknown,
    /// The same, and no server of the module has announced itself: one on the Go library or on rbus may have taken it. Those on rbus
    /// do not answer calls that wait in the client's inbox: they need [`ReplyMode::PerCall`](crate::ReplyMode::PerCall).
    Unseen,
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NeverWritten => "the request was not written",
            Self::Withdrawn => "no server took the request, and it was withdrawn",
            Self::Unknown => "a server may have taken the request",
            Self::Unseen => {
                "a server that does not announce itself may have taken the request, as those on Go and rbus do not (one on rbus answers \
                 only with `ReplyMode::PerCall`)"
            }
        })
    }
}

/// Why a call of a method with declared errors failed.
#[derive(thiserror::Error)]
pub enum CallError<E> {
    /// One of the errors that the method declares.
    #[error("{0}")]
    Declared(E),
    /// Anything else.
    #[error(transparent)]
    Bus(#[from] Error),
}

/// That of the error inside.
impl<E: fmt::Debug> fmt::Debug for CallError<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared(error) => error.fmt(formatter),
            Self::Bus(error) => error.fmt(formatter),
        }
    }
}

impl From<Thrown> for Error {
    fn from(thrown: Thrown) -> Self {
        Self::Remote { message: thrown.message, code: thrown.code, data: thrown.data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(error: &(dyn StdError + 'static)) -> Vec<String> {
        let mut texts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        texts
    }

    #[test]
    fn every_level_of_an_error_chain_has_words_of_its_own() {
        let refused = || std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let message = format!("no broker at here: {}", refused());
        let error = BrokerError::new(BrokerErrorKind::Unreachable, &*message).with_source(refused());
        assert_eq!(chain(&Error::from(error)), [&*message]);
        let error = BrokerError::new(BrokerErrorKind::Unreachable, "no broker at here").with_source(refused());
        let error = Error::from(error);
        assert_eq!(chain(&error), ["no broker at here".to_owned(), refused().to_string()]);
        assert_eq!(format!("{error:?}"), format!("no broker at here: {}", refused()));
        let source = EncodeError::new("too long");
        assert_eq!(chain(&Error::Encode { what: "name".to_owned(), source }), ["`name` cannot be encoded: too long"]);
        assert_eq!(chain(&Error::Thread(refused())).len(), 1);
    }

    #[test]
    fn an_error_that_main_returns_reads_as_its_message() {
        let error = |fate| Error::Timeout {
            target: "storaged.volumes@1.0.Scrub".to_owned(),
            after: Duration::from_secs(2),
            fate,
        };
        let text = "no reply from storaged.volumes@1.0.Scrub within 2s; a server may have taken the request";
        assert_eq!(
            (error(Fate::Unknown).to_string(), format!("{:?}", error(Fate::Unknown))),
            (text.to_owned(), text.to_owned())
        );
        assert_eq!(format!("{:?}", CallError::<u8>::Bus(error(Fate::Unknown))), text);
    }

    #[test]
    fn a_call_is_said_to_be_refused_only_if_the_method_has_not_run() {
        for kind in [
            "unknown_object",
            "unknown_method",
            "bad_arguments",
            "expired",
            "overloaded",
            "panicked",
            "stopping",
            "any",
        ] {
            let kind = RejectionKind::from(kind);
            let error = Error::Rejected { target: "a.b".to_owned(), kind, message: "why".to_owned() };
            assert_eq!(error.to_string().contains("refused"), !error.may_have_run(), "{error}");
        }
    }
}
