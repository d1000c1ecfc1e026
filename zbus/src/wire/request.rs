//! The envelope of a request, in both generations.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use rmp::encode;
use serde::{Deserialize, Deserializer};

use super::block::in_block;
use super::elements::ElementsAt;
use super::msgpack::{DecodeError, EncodeError, Reader, decode};
use super::{Bins, Generation, LONGEST_NAME, MOST_METADATA};
use crate::ObjectId;

/// A request to be written.
#[derive(Debug)]
pub(crate) struct OutgoingRequest<'a> {
    pub(crate) generation: Generation,
    pub(crate) id: &'a str,
    pub(crate) destination: &'a Destination,
    pub(crate) method: &'a str,
    pub(crate) arguments: &'a Bins,
    /// Unix milliseconds in the broker's clock.
    pub(crate) deadline: Option<i64>,
    pub(crate) metadata: &'a BTreeMap<String, String>,
    pub(crate) one_way: bool,
}

/// The part that all requests to an object share: its name and version, and the list for replies.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    bytes: Arc<[u8]>,
    /// Whether a name in it is longer than servers read.
    is_long: bool,
}

impl Destination {
    pub(crate) fn new(object: &ObjectId, reply_to: &str) -> Self {
        let mut out = Vec::new();
        let write = |out: &mut Vec<u8>| -> Result<(), EncodeError> {
            encode::write_str(out, "Object")?;
            encode::write_map_len(out, 2)?;
            text(out, "Name", object.name())?;
            text(out, "Version", object.version())?;
            text(out, "ReplyTo", reply_to)
        };
        // Writing to memory cannot fail.
        let _ = write(&mut out);
        let is_long = [object.name(), object.version(), reply_to].into_iter().any(is_long);
        Self { bytes: out.into(), is_long }
    }
}

fn is_long(name: &str) -> bool {
    name.len() > LONGEST_NAME
}

/// The bytes of keys and values, together.
fn metadata_len(metadata: &BTreeMap<String, String>) -> usize {
    metadata.iter().map(|(key, value)| key.len() + value.len()).sum()
}

impl OutgoingRequest<'_> {
    /// The message. What a server would not read is an error.
    pub(crate) fn encode(&self) -> Result<Bytes, EncodeError> {
        if self.destination.is_long || is_long(self.method) || is_long(self.id) {
            return Err(EncodeError::new(format!(
                "the name of the method, or of the object or its version, is longer than {LONGEST_NAME} bytes"
            )));
        }
        if !self.metadata.is_empty() && metadata_len(self.metadata) > MOST_METADATA {
            return Err(EncodeError::new(format!("the metadata has more than {MOST_METADATA} bytes")));
        }
        in_block(self.size(), |out| self.write(out))
    }

    fn write(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
        let inputs = matches!(self.generation, Generation::One | Generation::Auto);
        let arguments = matches!(self.generation, Generation::Zero | Generation::Auto);
        let optional = [inputs, arguments, self.deadline.is_some(), !self.metadata.is_empty(), self.one_way];
        let keys = 4 + optional.into_iter().map(u8::from).sum::<u8>();
        // The lengths of few keys and short texts are part of their markers.
        out.put_u8(FEW_KEYS | keys);
        out.put_slice(b"\xa2ID");
        encode::write_str(&mut out.writer(), self.id)?;
        if inputs {
            self.arguments(out, b"\xa6Inputs")?;
        }
        if arguments {
            self.arguments(out, b"\xa9Arguments")?;
        }
        out.put_slice(&self.destination.bytes);
        out.put_slice(b"\xa6Method");
        encode::write_str(&mut out.writer(), self.method)?;
        if let Some(deadline) = self.deadline {
            out.put_slice(b"\xa8Deadline\xd3");
            out.put_i64(deadline);
        }
        if !self.metadata.is_empty() {
            out.put_slice(b"\xa4Meta");
            let count = u32::try_from(self.metadata.len()).map_err(|_| EncodeError::new("too much metadata"))?;
            encode::write_map_len(&mut out.writer(), count)?;
            for (key, value) in self.metadata {
                text(&mut out.writer(), key, value)?;
            }
        }
        if self.one_way {
            out.put_slice(b"\xa6OneWay\xc3");
        }
        Ok(())
    }

    /// An upper bound of the message's size in bytes, so that it is not moved while it is written.
    fn size(&self) -> usize {
        let metadata: usize = self.metadata.iter().map(|(key, value)| key.len() + value.len() + 10).sum();
        let copies = if self.generation == Generation::Auto { 2 } else { 1 };
        let names = self.id.len() + self.destination.bytes.len() + self.method.len();
        96 + names + metadata + copies * self.arguments.bytes().len()
    }

    fn arguments(&self, out: &mut BytesMut, key: &[u8]) -> Result<(), EncodeError> {
        out.put_slice(key);
        encode::write_array_len(&mut out.writer(), self.arguments.count())?;
        out.put_slice(self.arguments.bytes());
        Ok(())
    }
}

/// The marker of a map of up to 15 keys.
const FEW_KEYS: u8 = 0x80;

fn text<W: std::io::Write>(out: &mut W, key: &str, value: &str) -> Result<(), EncodeError> {
    encode::write_str(out, key)?;
    encode::write_str(out, value)?;
    Ok(())
}

/// A request that was read. Its parts share the memory of the message.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    /// Never [`Generation::Auto`].
    pub(crate) generation: Generation,
    pub(crate) id: &'a str,
    pub(crate) reply_to: &'a str,
    pub(crate) object: &'a str,
    /// Of the object.
    pub(crate) version: &'a str,
    pub(crate) method: &'a str,
    pub(crate) arguments: ElementsAt,
    pub(crate) deadline: Option<i64>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) one_way: bool,
}

/// Why a message is not a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the message is not a request: {0}")]
    Malformed(#[from] DecodeError),
    #[error("the message has neither `Inputs` nor `Arguments`")]
    NoArguments,
    #[error("the message's `ID`, `Object`, `Method` or `ReplyTo` is longer than {LONGEST_NAME} bytes")]
    LongName,
    #[error("the message's `Meta` has more than {MOST_METADATA} bytes")]
    LongMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Envelope<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(borrow, deserialize_with = "present")]
    inputs: Option<Vec<&'a serde_bytes::Bytes>>,
    #[serde(borrow, deserialize_with = "present")]
    arguments: Option<Vec<&'a serde_bytes::Bytes>>,
    #[serde(borrow)]
    object: ObjectName<'a>,
    reply_to: &'a str,
    method: &'a str,
    deadline: Option<i64>,
    meta: BTreeMap<String, String>,
    one_way: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ObjectName<'a> {
    name: &'a str,
    version: &'a str,
}

impl<'a> Request<'a> {
    pub(crate) fn decode(message: &'a [u8]) -> Result<Self, RequestError> {
        let request = match Self::usual(message) {
            Some(request) => request,
            None => Self::any(message)?,
        };
        let Self { id, reply_to, object, version, method, .. } = request;
        if [id, object, version, reply_to, method].into_iter().any(is_long) {
            return Err(RequestError::LongName);
        }
        if !request.metadata.is_empty() && metadata_len(&request.metadata) > MOST_METADATA {
            return Err(RequestError::LongMetadata);
        }
        Ok(request)
    }

    /// Reads a request as peers usually write it: each key once, no unknown one, and no nil.
    pub(crate) fn usual(message: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        let (mut id, mut object, mut reply_to, mut method) = (None, None, None, None);
        let (mut inputs, mut arguments, mut deadline, mut metadata, mut one_way) = (None, None, None, None, None);
        for _ in 0..reader.map()? {
            let again = match reader.key()? {
                b"ID" => id.replace(reader.text()?).is_some(),
                b"Inputs" => inputs.replace(ElementsAt::read(&mut reader, message)?).is_some(),
                b"Arguments" => arguments.replace(ElementsAt::read(&mut reader, message)?).is_some(),
                b"Object" => object.replace(object_name(&mut reader)?).is_some(),
                b"ReplyTo" => reply_to.replace(reader.text()?).is_some(),
                b"Method" => method.replace(reader.text()?).is_some(),
                b"Deadline" => deadline.replace(reader.i64()?).is_some(),
                b"Meta" => metadata.replace(texts(&mut reader)?).is_some(),
                b"OneWay" => one_way.replace(reader.bool()?).is_some(),
                _ => return None,
            };
            if again {
                return None;
            }
        }
        let generation = if inputs.is_some() { Generation::One } else { Generation::Zero };
        let ObjectName { name, version } = object?;
        Some(Self {
            generation,
            id: id?,
            reply_to: reply_to?,
            object: name,
            version,
            method: method?,
            arguments: inputs.or(arguments)?,
            deadline,
            metadata: metadata.unwrap_or_default(),
            one_way: one_way.unwrap_or_default(),
        })
    }

    /// Reads a request in any form.
    pub(crate) fn any(message: &'a [u8]) -> Result<Self, RequestError> {
        let envelope: Envelope<'a> = decode(message)?;
        let ObjectName { name, version } = envelope.object;
        // A client that does not know its servers sends both keys. The newer one counts.
        let (generation, arguments) = match (envelope.inputs, envelope.arguments) {
            (Some(inputs), _) => (Generation::One, inputs),
            (None, Some(arguments)) => (Generation::Zero, arguments),
            (None, None) => return Err(RequestError::NoArguments),
        };
        let arguments = arguments.into_iter().map(|argument| &**argument).collect::<Vec<_>>();
        Ok(Self {
            generation,
            id: envelope.id,
            reply_to: envelope.reply_to,
            object: name,
            version,
            method: envelope.method,
            arguments: ElementsAt::of(&arguments).ok_or_else(|| DecodeError::new("an argument longer than 4 GiB"))?,
            deadline: envelope.deadline,
            metadata: envelope.meta,
            one_way: envelope.one_way,
        })
    }
}

fn object_name<'a>(reader: &mut Reader<'a>) -> Option<ObjectName<'a>> {
    let (mut name, mut version) = (None, None);
    for _ in 0..reader.map()? {
        let again = match reader.key()? {
            b"Name" => name.replace(reader.text()?).is_some(),
            b"Version" => version.replace(reader.text()?).is_some(),
            _ => return None,
        };
        if again {
            return None;
        }
    }
    Some(ObjectName { name: name?, version: version? })
}

fn texts(reader: &mut Reader<'_>) -> Option<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    for _ in 0..reader.map()? {
        let key = reader.text()?.to_owned();
        texts.insert(key, reader.text()?.to_owned());
    }
    Some(texts)
}

/// The key that is present decides the generation, so a nil counts as an empty list and not as a missing key.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<&'a serde_bytes::Bytes>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// A nil in place of a `bin` is read as an empty slice that is not part of the message.
pub(super) fn slice(message: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { message.slice_ref(part) }
}

/// The `ID` and `ReplyTo` of a message that is not a complete request, to answer it.
pub(crate) fn reply_address(message: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Address {
        #[serde(rename = "ID")]
        id: String,
        reply_to: String,
    }
    let Address { id, reply_to } = decode(message).ok()?;
    (!is_long(&id)).then_some((id, reply_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named {
        id: String,
        object: String,
        version: String,
        method: String,
        metadata: BTreeMap<String, String>,
    }

    impl Named {
        fn usual() -> Self {
            let [id, object, version, method] = ["id", "calculator", "1.0", "Add"].map(str::to_owned);
            Self { id, object, version, method, metadata: BTreeMap::new() }
        }

        /// The message as a careless peer would write it.
        fn careless(&self) -> Bytes {
            let destination = Destination { is_long: false, ..self.destination() };
            let write = |request: &OutgoingRequest<'_>, out: &mut BytesMut| {
                request.write(out)?;
                Ok(())
            };
            self.outgoing(&destination, &Bins::default(), write).unwrap()
        }

        fn destination(&self) -> Destination {
            Destination::new(&ObjectId::new(self.object.clone(), self.version.clone()), "inbox")
        }

        fn outgoing(
            &self,
            destination: &Destination,
            arguments: &Bins,
            write: impl FnOnce(&OutgoingRequest<'_>, &mut BytesMut) -> Result<(), EncodeError>,
        ) -> Result<Bytes, EncodeError> {
            let mut out = BytesMut::new();
            let request = OutgoingRequest {
                generation: Generation::One,
                id: &self.id,
                destination,
                method: &self.method,
                arguments,
                deadline: None,
                metadata: &self.metadata,
                one_way: false,
            };
            write(&request, &mut out).map(|()| out.freeze())
        }

        fn is_written(&self) -> bool {
            self.outgoing(&self.destination(), &Bins::default(), |request, _| request.encode().map(drop)).is_ok()
        }
    }

    #[test]
    fn names_and_metadata_have_one_limit_for_who_writes_and_who_reads() {
        let fields: [fn(&mut Named) -> &mut String; 4] =
            [|named| &mut named.id, |named| &mut named.object, |named| &mut named.version, |named| &mut named.method];
        for field in fields {
            for (len, fits) in [(LONGEST_NAME, true), (LONGEST_NAME + 1, false), (1 << 20, false)] {
                let mut named = Named::usual();
                *field(&mut named) = "n".repeat(len);
                assert_eq!(named.is_written(), fits, "{len}");
                assert_eq!(Request::decode(&named.careless()).is_ok(), fits, "{len}");
            }
        }
        for (len, fits) in [(MOST_METADATA - 3, true), (MOST_METADATA - 2, false)] {
            let mut named = Named::usual();
            named.metadata.insert("key".to_owned(), "v".repeat(len));
            assert_eq!(named.is_written(), fits, "{len}");
            let message = named.careless();
            assert_eq!(Request::decode(&message).is_ok(), fits, "{len}");
            assert_eq!(reply_address(&message), Some(("id".to_owned(), "inbox".to_owned())));
        }
    }
}
