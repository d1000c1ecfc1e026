//! The wire: `MessagePack`, the envelopes of both generations, and how single values travel.
//!
//! Bytes in, messages out and back; nothing in here knows of brokers, tasks or time.

pub(crate) mod adapter;
mod bins;
mod block;
mod depth;
mod elements;
mod msgpack;
mod request;
mod response;
mod untyped;

#[cfg(test)]
mod vectors;
#[cfg(test)]
pub(crate) use vectors::vector_bytes;

pub(crate) use bins::Bins;
pub(crate) use depth::Depth;
#[cfg(test)]
pub(crate) use elements::ElementsAt;
pub(crate) use elements::{Elements, ElementsIter};
pub use msgpack::{DecodeError, EncodeError, MAX_DEPTH, decode, decode_as, encode, encode_as};
pub(crate) use request::{Destination, OutgoingRequest, Request, reply_address};
pub(crate) use response::{Body, OutgoingResponse, Response, Thrown, Values, response_id};
pub(crate) use untyped::decode_document;

/// How large a message is at most where nobody says otherwise, in bytes.
pub(crate) const DEFAULT_MAX_MESSAGE_SIZE: usize = 64 << 20;

/// The like that Redis takes (`proto-max-bulk-len`).
pub(crate) const MOST_MESSAGE_SIZE: usize = 512 << 20;

/// A generation of the wire.
///
/// A server answers each request in the generation that it came in; only a client chooses one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Go's `zbus` 0.1: arguments and returns under `Arguments`, a trailing element for a method's error.
    Zero,
    /// Go's `zbus` 1 and rbus: `Inputs`, and `Output` with the error beside the data.
    #[default]
    One,
    /// For a client that does not know its servers: both keys in every request, so the arguments travel twice.
    Auto,
}

impl std::fmt::Display for Generation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Zero => "0",
            Self::One => "1",
            Self::Auto => "0 and 1",
        })
    }
}
