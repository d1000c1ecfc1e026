//! Values that are encoded already, for programs that have a codec of their own.

use std::io::Cursor;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

use super::msgpack::{DOCUMENT, DecodeError, EncodeError, MAX_DEPTH, decode, encode};

/// One encoded value: a `MessagePack` document that is whole, and no deeper than [`MAX_DEPTH`].
///
/// A document travels as it is, without being decoded. It takes the place of a value wherever one is written: as an argument, a returned
/// value, an event, or a part of one. This is for language bindings and gateways, which have a codec of their own.
///
/// ```
/// use zbus::wire::Document;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let object = zbus::UntypedObject::new("calculator@1.0").method("Add", |a: i64, b: i64| async move { a + b });
/// # let server = zbus::Server::new("calc").register(object)?.start("memory://document-docs").await?;
/// # let client = zbus::Client::connect("memory://document-docs").await?;
/// let two = Document::new(vec![0x02])?;
/// let three = Document::encode(&3_i64)?;
/// let sum: i64 = client.request("calc", "calculator@1.0", "Add", (two, three)).await?.get()?;
/// assert_eq!(sum, 5);
/// # server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    bytes: Bytes,
}

impl Document {
    /// Takes bytes that are one value, without copying them.
    ///
    /// # Errors
    /// If the bytes are not one whole value, if there are more bytes after it, or if it nests deeper than [`MAX_DEPTH`].
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(&bytes[..]));
        deserializer.set_max_depth(MAX_DEPTH + 1);
        IgnoredAny::deserialize(&mut deserializer).map_err(|error| DecodeError::new(error.to_string()))?;
        let end = deserializer.get_ref().position();
        if usize::try_from(end) != Ok(bytes.len()) {
            return Err(DecodeError::new(format!("{} bytes, of which {end} are a value", bytes.len())));
        }
        Ok(Self { bytes })
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// Those of [`encode`].
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        let mut bytes = Vec::new();
        encode(value, &mut bytes)?;
        Ok(Self { bytes: bytes.into() })
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// Those of [`decode`].
    pub fn decode<'de, T: Deserialize<'de>>(&'de self) -> Result<T, DecodeError> {
        decode(&self.bytes)
    }

    /// The encoded value.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encoded value, which shares the memory of the message that it came in.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

/// Nil.
impl Default for Document {
    fn default() -> Self {
        Self { bytes: Bytes::from_static(&[0xc0]) }
    }
}

/// As it is on this wire. In another format it is the bytes.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(DOCUMENT, serde_bytes::Bytes::new(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Value;

    #[test]
    fn a_document_is_one_whole_value_and_nothing_else() {
        for bytes in [&b"\x07"[..], b"\xc0", b"\x92\x01\xa1x", b"\xa1\xff", b"\xd6\xff\0\0\0\0"] {
            assert_eq!(Document::new(bytes).unwrap().as_bytes(), bytes);
        }
        let deep = [vec![0x91; MAX_DEPTH], vec![0xc0]].concat();
        for bytes in
            [&b""[..], b"\x92\x01", b"\x01\x02", b"\xc1", b"\xdb\xff\xff\xff\xff", &[&[0x91], &deep[..]].concat()]
        {
            assert!(Document::new(bytes.to_vec()).is_err(), "{bytes:x?}");
        }
        Document::new(deep).unwrap();
        assert!(Document::default().decode::<Option<u8>>().unwrap().is_none());
    }

    #[test]
    fn a_document_is_written_as_it_is_whatever_its_length_and_wherever_it_is() {
        for len in [1, 300, 70_000] {
            let text = "x".repeat(len);
            let document = Document::encode(&text).unwrap();
            let mut out = vec![7];
            encode(&(1_u8, &document, Some(&document)), &mut out).unwrap();
            let mut expected = vec![7];
            encode(&(1_u8, &text, &text), &mut expected).unwrap();
            assert_eq!(out, expected);
        }
        // What it holds counts where it is.
        let nested = |levels: usize| Document::new([vec![0x91; levels], vec![0xc0]].concat()).unwrap();
        let mut out = Vec::new();
        encode(&[nested(MAX_DEPTH - 1)], &mut out).unwrap();
        crate::wire::decode::<Value>(&out).unwrap();
        assert!(encode(&[nested(MAX_DEPTH)], &mut Vec::new()).is_err());
    }
}
