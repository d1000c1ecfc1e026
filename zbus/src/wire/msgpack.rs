//! Single values as `MessagePack`. Integers and floats are written at their declared width. Any width is read, and nil for any value.

mod de;
mod reader;
mod ser;

use std::io::Cursor;
use std::ops::Range;

use rmp_serde::decode::ReadReader;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_with::{DeserializeAs, SerializeAs};

pub(crate) use self::reader::Reader;

/// The maximum nesting depth of lists, maps and extensions in a value. A deeper value is an error when it is written and when it is read. At
/// this depth reading takes up to 800 KiB of stack in a build without optimizations. tokio's threads have 2 MiB.
pub const MAX_DEPTH: usize = 128;

/// A newtype struct of this name holds a value that is encoded already, and is written as it is.
pub(super) const DOCUMENT: &str = "$zbus::wire::Document";

/// Whether an encoded value has no more levels than this.
pub(super) fn nests_within(levels: usize, value: &[u8]) -> bool {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(value);
    deserializer.set_max_depth(levels + 1);
    // Decoding finds all other errors.
    !matches!(IgnoredAny::deserialize(&mut deserializer), Err(rmp_serde::decode::Error::DepthLimitExceeded))
}

/// An error of a value that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EncodeError {
    message: String,
}

impl EncodeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: shortened(message.into(), LONGEST_MESSAGE) }
    }
}

/// An error of bytes that are not a value of the expected type.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    message: String,
}

impl DecodeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: shortened(message.into(), LONGEST_MESSAGE) }
    }
}

/// The length of an error's message in characters. It may quote a value of any length, and it is logged and travels back.
const LONGEST_MESSAGE: usize = 300;

/// The text, cut to so many characters.
pub(crate) fn shortened(mut text: String, characters: usize) -> String {
    if text.len() > characters
        && let Some((end, _)) = text.char_indices().nth(characters)
    {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Appends a value to `out`.
///
/// # Errors
/// If the value has no form on the wire, such as an integer of 128 bits or a duration of more than 292 years, or if it nests deeper than
/// [`MAX_DEPTH`]. Then `out` holds a part of it.
pub fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    value.serialize(&mut ser::Serializer::new(out))
}

/// [`encode`] through an adapter.
///
/// # Errors
/// Those of [`encode`].
pub fn encode_as<A, T>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError>
where
    A: SerializeAs<T> + ?Sized,
    T: ?Sized,
{
    A::serialize_as(value, &mut ser::Serializer::new(out))
}

/// Reads the value at the start of `bytes`. Bytes after it are ignored, as in Go.
///
/// # Errors
/// If the bytes end early, are of another type, or nest deeper than [`MAX_DEPTH`].
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError> {
    read(bytes, |deserializer| T::deserialize(deserializer))
}

/// [`decode`] through an adapter.
///
/// # Errors
/// Those of [`decode`].
pub fn decode_as<'de, A, T>(bytes: &'de [u8]) -> Result<T, DecodeError>
where
    A: DeserializeAs<'de, T>,
{
    read(bytes, |deserializer| A::deserialize_as(deserializer))
}

type SliceDeserializer<'a, 'de> =
    de::NilTolerant<&'a mut rmp_serde::Deserializer<rmp_serde::decode::ReadRefReader<'de, [u8]>>>;

fn read<'de, T>(
    bytes: &'de [u8],
    value: impl FnOnce(SliceDeserializer<'_, 'de>) -> Result<T, rmp_serde::decode::Error>,
) -> Result<T, DecodeError> {
    let mut inner = rmp_serde::Deserializer::from_read_ref(bytes);
    // The library counts from one.
    inner.set_max_depth(MAX_DEPTH + 1);
    value(de::NilTolerant::new(&mut inner)).map_err(|error| match error {
        rmp_serde::decode::Error::TypeMismatch(marker) => {
            DecodeError::new(format!("{} where another type was expected", kind(marker)))
        }
        error => DecodeError::new(error.to_string()),
    })
}

/// The kind of a value that starts with this marker.
fn kind(marker: rmp::Marker) -> &'static str {
    use rmp::Marker;

    match marker {
        Marker::Null => "nil",
        Marker::True | Marker::False => "a boolean",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a string",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "bytes",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "an array",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::F32 | Marker::F64 => "a float",
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::U64
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64 => "an integer",
        _ => "an extension",
    }
}

/// The place of each element in an array's bytes. Nil is an empty array.
pub(crate) fn elements(array: &[u8]) -> Result<Vec<Range<usize>>, DecodeError> {
    let mut cursor = Cursor::new(array);
    if array.first() == Some(&rmp::Marker::Null.to_u8()) {
        return Ok(Vec::new());
    }
    let count = rmp::decode::read_array_len(&mut cursor).map_err(|error| DecodeError::new(error.to_string()))?;
    let mut deserializer = rmp_serde::Deserializer::new(cursor);
    deserializer.set_max_depth(MAX_DEPTH + 1);
    let mut elements = Vec::new();
    for _ in 0..count {
        let start = position(&deserializer);
        IgnoredAny::deserialize(&mut deserializer).map_err(|error| DecodeError::new(error.to_string()))?;
        elements.push(start..position(&deserializer));
    }
    Ok(elements)
}

/// Refuses bytes that are not one value, from the first to the last.
pub(crate) fn check_one_value(document: &[u8]) -> Result<(), DecodeError> {
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(document));
    deserializer.set_max_depth(MAX_DEPTH + 1);
    IgnoredAny::deserialize(&mut deserializer).map_err(|error| DecodeError::new(error.to_string()))?;
    match document.len() - position(&deserializer) {
        0 => Ok(()),
        more => Err(DecodeError::new(format!("{more} bytes follow the value"))),
    }
}

fn position(deserializer: &rmp_serde::Deserializer<ReadReader<Cursor<&[u8]>>>) -> usize {
    // The position is that of a slice in memory.
    usize::try_from(deserializer.get_ref().position()).unwrap_or(usize::MAX)
}
