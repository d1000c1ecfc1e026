//! The envelope of a request, in both generations.

use std::collections::BTreeMap;

use bytes::Bytes;
use rmp::encode;
use serde::{Deserialize, Deserializer};

use super::elements::ElementsAt;
use super::msgpack::{DecodeError, EncodeError, Reader, decode};
use super::{Bins, Generation};
use crate::ObjectId;

/// A request to be written.
#[derive(Debug)]
pub(crate) struct OutgoingRequest<'a> {
    pub(crate) generation: Generation,
    pub(crate) id: &'a str,
    pub(crate) reply_to: &'a str,
    pub(crate) object: &'a ObjectId,
    pub(crate) method: &'a str,
    pub(crate) arguments: &'a Bins,
    /// Unix milliseconds in the broker's clock.
    pub(crate) deadline: Option<i64>,
    pub(crate) metadata: &'a BTreeMap<String, String>,
    pub(crate) one_way: bool,
}

impl OutgoingRequest<'_> {
    pub(crate) fn encode(&self) -> Result<Bytes, EncodeError> {
        let inputs = matches!(self.generation, Generation::One | Generation::Auto);
        let arguments = matches!(self.generation, Generation::Zero | Generation::Auto);
        let optional = [inputs, arguments, self.deadline.is_some(), !self.metadata.is_empty(), self.one_way];
        let keys = 4 + optional.into_iter().map(u32::from).sum::<u32>();
        let mut out = Vec::with_capacity(self.size());
        encode::write_map_len(&mut out, keys)?;
        text(&mut out, "ID", self.id)?;
        if inputs {
            self.arguments(&mut out, "Inputs")?;
        }
        if arguments {
            self.arguments(&mut out, "Arguments")?;
        }
        encode::write_str(&mut out, "Object")?;
        encode::write_map_len(&mut out, 2)?;
        text(&mut out, "Name", self.object.name())?;
        text(&mut out, "Version", self.object.version())?;
        text(&mut out, "ReplyTo", self.reply_to)?;
        text(&mut out, "Method", self.method)?;
        if let Some(deadline) = self.deadline {
            encode::write_str(&mut out, "Deadline")?;
            encode::write_i64(&mut out, deadline)?;
        }
        if !self.metadata.is_empty() {
            encode::write_str(&mut out, "Meta")?;
            let count = u32::try_from(self.metadata.len()).map_err(|_| EncodeError::new("too much metadata"))?;
            encode::write_map_len(&mut out, count)?;
            for (key, value) in self.metadata {
                text(&mut out, key, value)?;
            }
        }
        if self.one_way {
            encode::write_str(&mut out, "OneWay")?;
            encode::write_bool(&mut out, true)?;
        }
        Ok(out.into())
    }

    /// At least what the message takes in bytes, keys and headers among it, so that it is never moved while it grows.
    fn size(&self) -> usize {
        let names = [self.id, self.reply_to, self.object.name(), self.object.version(), self.method];
        let names: usize = names.iter().map(|name| name.len()).sum();
        let metadata: usize = self.metadata.iter().map(|(key, value)| key.len() + value.len() + 10).sum();
        let copies = if self.generation == Generation::Auto { 2 } else { 1 };
        128 + names + metadata + copies * self.arguments.bytes().len()
    }

    fn arguments(&self, out: &mut Vec<u8>, key: &str) -> Result<(), EncodeError> {
        encode::write_str(out, key)?;
        encode::write_array_len(out, self.arguments.count())?;
        out.extend_from_slice(self.arguments.bytes());
        Ok(())
    }
}

fn text(out: &mut Vec<u8>, key: &str, value: &str) -> Result<(), EncodeError> {
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
}

/// Of the names in a request, which are repeated in replies, in the status and in logs.
const LONGEST_NAME: usize = 1024;

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
        if [id, object, version, reply_to, method].iter().any(|name| name.len() > LONGEST_NAME) {
            return Err(RequestError::LongName);
        }
        Ok(request)
    }

    /// A request as peers write it: each key once, none that is unknown, and no nil.
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

    /// Whatever can be read as a request.
    pub(crate) fn any(message: &'a [u8]) -> Result<Self, RequestError> {
        let envelope: Envelope<'a> = decode(message)?;
        let ObjectName { name, version } = envelope.object;
        // Both keys are what a client of unknown servers sends: the newer one counts.
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

/// The generation is told by which key is there, so a nil counts as an empty list, not as a missing key.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<&'a serde_bytes::Bytes>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// What a nil in place of a `bin` is read as has no place in the message.
pub(super) fn slice(message: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { message.slice_ref(part) }
}

/// Where to answer a message that is not a whole request: its `ID` and `ReplyTo`.
pub(crate) fn reply_address(message: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Address {
        #[serde(rename = "ID")]
        id: String,
        reply_to: String,
    }
    let Address { id, reply_to } = decode(message).ok()?;
    (id.len() <= LONGEST_NAME).then_some((id, reply_to))
}
