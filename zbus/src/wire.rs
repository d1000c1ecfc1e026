//! The wire: `MessagePack`, the envelopes of both generations, and the encoding of single values.
//!
//! This module turns messages into bytes and back. It knows nothing of brokers, tasks or time. The project's `docs/wire.md` describes the
//! format.
//!
//! # For bindings
//! A binding for another language, or a gateway, has a codec of its own. It passes [`Document`]s, encoded values that are sent as they are,
//! and never decodes them in Rust:
//!
//! | to | use |
//! |---|---|
//! | call a method | [`Client::request`](crate::Client::request) with a `Document` for each argument, and [`Returned::document`](crate::untyped::Returned::document) |
//! | publish an event | [`Client::publish`](crate::Client::publish) of a `Document` |
//! | serve methods | an [`Object`](crate::server::Object): [`Arguments::next_document`](crate::server::Arguments::next_document) for each argument, and [`Returns::value`](crate::server::Returns::value) with a `Document` |
//! | throw a declared error | [`Failure::with_code`](crate::Failure::with_code) with the fields as encoded bytes |
//!
//! [`encode`] and [`decode`] convert single values. A document is checked once, when it is made: it is one whole value, within [`MAX_DEPTH`].

pub(crate) mod adapter;
mod bins;
mod block;
mod depth;
mod document;
mod elements;
mod foreign;
mod msgpack;
mod request;
mod response;
mod text;
mod untyped;

#[cfg(test)]
mod vectors;
#[cfg(test)]
pub(crate) use vectors::vector_bytes;

pub(crate) use bins::Bins;
pub(crate) use depth::Depth;
pub use document::Document;
#[cfg(test)]
pub(crate) use elements::ElementsAt;
pub(crate) use elements::{Elements, ElementsIter};
pub use msgpack::{DecodeError, EncodeError, MAX_DEPTH, decode, decode_as, encode, encode_as};
pub(crate) use request::{Destination, OutgoingRequest, Request, reply_address};
pub(crate) use response::{Body, OutgoingResponse, Response, Thrown, Values, response_id};
pub use text::InvalidText;
pub(crate) use untyped::decode_document;

/// The size of the largest message in bytes, unless the program sets another.
pub(crate) const DEFAULT_MAX_MESSAGE_SIZE: usize = 64 << 20;

/// The size of the largest message that Redis takes (`proto-max-bulk-len`), in bytes.
pub(crate) const MOST_MESSAGE_SIZE: usize = 512 << 20;

/// The length of the longest name in a request, in bytes. Names are repeated in replies, in the status and in logs. Checked before a
/// request is written and when it is read.
pub(crate) const LONGEST_NAME: usize = 1024;

/// How many bytes the keys and values of a request's metadata have at most, together. Checked on both sides, too.
pub(crate) const MOST_METADATA: usize = 8 << 10;

/// A generation of the wire.
///
/// A client chooses one. A server answers each request in the generation of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Go's `zbus` 0.1: arguments and returns under `Arguments`, a trailing element for a method's error.
    Zero,
    /// Go's `zbus` 1 and rbus: `Inputs`, and `Output` with the error beside the data.
    #[default]
    One,
    /// Both, for a client that does not know its servers: every request has both keys, so the arguments travel twice.
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
