//! The envelope of a response, in both generations.

use std::borrow::Cow;
use std::ops::Range;
use std::vec;

use bytes::Bytes;
use rmp::encode;
use serde::{Deserialize, Deserializer};
use serde_with::SerializeAs;

use super::block::{buffer, stored};
use super::msgpack::{self, DecodeError, EncodeError, Reader, decode};
use super::request::slice;
use super::text::{lossy, lossy_option, lossy_string};
use super::{Bins, Generation, foreign};
use crate::failure::Failure;
use crate::rejection_kind::RejectionKind;

/// The last element of a response of generation 0.
#[derive(Debug)]
pub(crate) enum Last {
    /// A returned value: the method does not throw.
    Value,
    /// The error that the method has thrown, or none if it has not.
    Thrown(Option<Failure>),
}

/// A response being written: the returned values in order, then what was thrown.
#[derive(Debug)]
pub(crate) enum OutgoingResponse {
    /// The message up to the values, which begin at `data`: nothing, one value, or an array of several.
    One { message: Vec<u8>, data: usize, count: u32, failure: Option<Failure> },
    /// An element each; one more, at the end, for a method that throws.
    Zero { id: String, values: Bins, last: Last },
}

/// The length of a rejection's message, in characters.
const LONGEST_REJECTION: usize = 4096;

/// Room in bytes for all of a response but its id and its values: keys and headers, and a small value.
const ROOM: usize = 120;

/// The bytes of a length of up to 4 GiB.
const LENGTH: usize = 4;

impl OutgoingResponse {
    /// The response to the request of this id.
    pub(crate) fn new(generation: Generation, id: &str) -> Self {
        match generation {
            Generation::Zero => Self::Zero { id: id.to_owned(), values: Bins::default(), last: Last::Value },
            Generation::One | Generation::Auto => {
                let mut message = buffer(ROOM + id.len());
                message.extend_from_slice(b"\x83\xa2ID");
                // Writing to memory cannot fail.
                let _ = encode::write_str(&mut message, id);
                message.extend_from_slice(b"\xa6Output\x82\xa4Data\xc6\0\0\0\0");
                Self::One { data: message.len(), message, count: 0, failure: None }
            }
        }
    }

    pub(crate) fn value<A, T>(&mut self, value: &T) -> Result<(), EncodeError>
    where
        A: SerializeAs<T> + ?Sized,
        T: ?Sized,
    {
        match self {
            Self::One { message, count, .. } => {
                *count += 1;
                msgpack::encode_as::<A, T>(value, message)
            }
            Self::Zero { values, .. } => values.push::<A, T>(value),
        }
    }

    /// A value that is encoded already: one document, no deeper than what is read.
    pub(crate) fn encoded(&mut self, document: &[u8]) -> Result<(), EncodeError> {
        msgpack::check_one_value(document).map_err(|error| EncodeError::new(error.to_string()))?;
        match self {
            Self::One { message, count, .. } => {
                *count += 1;
                message.extend_from_slice(document);
                Ok(())
            }
            Self::Zero { values, .. } => values.push_encoded(document),
        }
    }

    /// The error that a method that throws has thrown, or none if it has not.
    pub(crate) fn throws(&mut self, thrown: Option<Failure>) {
        match self {
            Self::One { failure, .. } => *failure = thrown,
            Self::Zero { last, .. } => *last = Last::Thrown(thrown),
        }
    }

    pub(crate) fn has_thrown(&self) -> bool {
        matches!(self, Self::One { failure: Some(_), .. } | Self::Zero { last: Last::Thrown(Some(_)), .. })
    }

    pub(crate) fn encode(self) -> Result<Bytes, EncodeError> {
        match self {
            Self::One { mut message, data, count, failure } => {
                match count {
                    0 => encode::write_nil(&mut message)?,
                    1 => {}
                    _ => {
                        let mut header = Vec::new();
                        encode::write_array_len(&mut header, count)?;
                        message.splice(data..data, header);
                    }
                }
                let length = u32::try_from(message.len() - data).map_err(|_| EncodeError::new("longer than 4 GiB"))?;
                if let Some(header) = message.get_mut(data - LENGTH..data) {
                    header.copy_from_slice(&length.to_be_bytes());
                }
                message.extend_from_slice(b"\xa5Error");
                thrown(&mut message, failure.as_ref())?;
                message.extend_from_slice(b"\xa5Error\xc0");
                Ok(stored(message))
            }
            Self::Zero { id, values, last } => {
                let mut out = Vec::with_capacity(64 + id.len() + values.bytes().len());
                encode::write_map_len(&mut out, 3)?;
                text(&mut out, "ID", &id)?;
                encode::write_str(&mut out, "Arguments")?;
                encode::write_array_len(&mut out, values.count() + u32::from(matches!(last, Last::Thrown(_))))?;
                out.extend_from_slice(values.bytes());
                if let Last::Thrown(failure) = last {
                    let mut element = Vec::new();
                    thrown(&mut element, failure.as_ref())?;
                    bin(&mut out, &element)?;
                }
                text(&mut out, "Error", "")?;
                Ok(stored(out))
            }
        }
    }

    /// A response that says why the method was not run or its values cannot be written. A long message is shortened: it may quote
    /// anything, and it must not be what keeps the response from being written.
    pub(crate) fn rejection(
        generation: Generation,
        id: &str,
        kind: &RejectionKind,
        message: &str,
    ) -> Result<Bytes, EncodeError> {
        let mut out = Vec::new();
        encode::write_map_len(&mut out, 4)?;
        text(&mut out, "ID", id)?;
        if generation == Generation::Zero {
            encode::write_str(&mut out, "Arguments")?;
            encode::write_array_len(&mut out, 0)?;
        } else {
            // rbus cannot read a reply whose `Data` is nil.
            out.extend_from_slice(b"\xa6Output\x82\xa4Data\xc4\x01\xc0\xa5Error\xc0");
        }
        text(&mut out, "Error", &msgpack::shortened(message.to_owned(), LONGEST_REJECTION))?;
        text(&mut out, "Kind", kind.as_str())?;
        Ok(out.into())
    }
}

fn bin(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
    let len = u32::try_from(bytes.len()).map_err(|_| EncodeError::new("longer than 4 GiB"))?;
    encode::write_bin_len(out, len)?;
    out.extend_from_slice(bytes);
    Ok(())
}

fn thrown(out: &mut Vec<u8>, failure: Option<&Failure>) -> Result<(), EncodeError> {
    let Some(failure) = failure else {
        encode::write_nil(out)?;
        return Ok(());
    };
    let keys = 1 + u32::from(failure.code.is_some()) + u32::from(failure.data.is_some());
    encode::write_map_len(out, keys)?;
    text(out, "Message", &failure.message)?;
    if let Some(code) = &failure.code {
        text(out, "Code", code)?;
    }
    if let Some(data) = &failure.data {
        encode::write_str(out, "Data")?;
        bin(out, data)?;
    }
    Ok(())
}

fn text(out: &mut Vec<u8>, key: &str, value: &str) -> Result<(), EncodeError> {
    encode::write_str(out, key)?;
    encode::write_str(out, value)?;
    Ok(())
}

/// A response that was read. Its parts share the memory of the message. Rare parts are boxed, since responses are moved a few times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) body: Body,
    /// Why the server did not run the method, if it did not.
    pub(crate) rejection: Option<Box<(RejectionKind, String)>>,
}

/// The generation of a response, and its content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// `Output`. No `data` if it is nil or missing.
    One { data: Option<Bytes>, thrown: Option<Box<Thrown>> },
    /// `Arguments`.
    Zero { elements: Vec<Bytes> },
}

/// An error that a method has thrown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thrown {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) data: Option<Bytes>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Envelope<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    #[serde(borrow)]
    output: Output<'a>,
    #[serde(borrow, deserialize_with = "present")]
    arguments: Option<Vec<&'a serde_bytes::Bytes>>,
    #[serde(borrow, deserialize_with = "lossy")]
    error: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "lossy")]
    kind: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Output<'a> {
    #[serde(borrow)]
    data: Option<&'a serde_bytes::Bytes>,
    #[serde(borrow)]
    error: Option<ThrownEnvelope<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ThrownEnvelope<'a> {
    #[serde(deserialize_with = "lossy_string")]
    message: String,
    #[serde(deserialize_with = "lossy_option")]
    code: Option<String>,
    #[serde(borrow)]
    data: Option<&'a serde_bytes::Bytes>,
}

impl ThrownEnvelope<'_> {
    pub(super) fn share(self, message: &Bytes) -> Thrown {
        Thrown { message: self.message, code: self.code, data: self.data.map(|data| slice(message, data)) }
    }
}

/// The key that is present decides the generation, so a nil counts as an empty list and not as a missing key.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<&'a serde_bytes::Bytes>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// The `ID` of a message that is not a complete response.
pub(crate) fn response_id(message: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Id {
        #[serde(rename = "ID")]
        id: String,
    }
    decode::<Id>(message).ok().map(|found| found.id)
}

impl Response {
    /// A rejection in place of a response that was not read.
    pub(crate) fn rejected(generation: Generation, kind: RejectionKind, message: String) -> Self {
        let body = match generation {
            Generation::Zero => Body::Zero { elements: Vec::new() },
            Generation::One | Generation::Auto => Body::One { data: None, thrown: None },
        };
        Self { body, rejection: Some(Box::new((kind, message))) }
    }

    /// The response, and the id of its request.
    pub(crate) fn decode(message: &Bytes) -> Result<(&str, Self), DecodeError> {
        match Self::usual(message) {
            Some(usual) => Ok(usual),
            None => Self::any(message),
        }
    }

    /// Reads a response of generation 1 as peers usually write it, without an error: each key once, and no unknown one.
    pub(crate) fn usual(message: &Bytes) -> Option<(&str, Self)> {
        let mut reader = Reader::new(message);
        let (mut id, mut output, mut error, mut kind) = (None, None, None, None);
        for _ in 0..reader.map()? {
            let again = match reader.key()? {
                b"ID" => id.replace(reader.text()?).is_some(),
                b"Output" => output.replace(unthrown(&mut reader)?).is_some(),
                b"Error" if reader.is_nil() => error.replace("").is_some(),
                b"Error" => error.replace(reader.text()?).is_some(),
                b"Kind" => kind.replace(reader.text()?).is_some(),
                _ => return None,
            };
            if again {
                return None;
            }
        }
        let body = Body::One { data: output?.data.map(|data| slice(message, data)), thrown: None };
        Some((id?, Self { body, rejection: rejection(error?, kind.unwrap_or_default()) }))
    }

    /// Reads a response in any form.
    pub(crate) fn any(message: &Bytes) -> Result<(&str, Self), DecodeError> {
        let envelope: Envelope<'_> = decode(message)?;
        let body = match envelope.arguments {
            Some(elements) => {
                Body::Zero { elements: elements.into_iter().map(|element| slice(message, element)).collect() }
            }
            None => Body::One {
                data: envelope.output.data.map(|data| slice(message, data)),
                thrown: envelope.output.error.map(|error| Box::new(error.share(message))),
            },
        };
        Ok((envelope.id, Self { body, rejection: rejection(&envelope.error, &envelope.kind) }))
    }
}

/// Reads an `Output` without an error.
fn unthrown<'a>(reader: &mut Reader<'a>) -> Option<Output<'a>> {
    let (mut data, mut error) = (None, None);
    for _ in 0..reader.map()? {
        let again = match reader.key()? {
            b"Data" if reader.is_nil() => data.replace(None).is_some(),
            b"Data" => data.replace(Some(serde_bytes::Bytes::new(reader.bin()?))).is_some(),
            b"Error" if reader.is_nil() => error.replace(()).is_some(),
            _ => return None,
        };
        if again {
            return None;
        }
    }
    Some(Output { data: data?, error: None })
}

fn rejection(error: &str, kind: &str) -> Option<Box<(RejectionKind, String)>> {
    if error.is_empty() {
        return None;
    }
    let kind = if kind.is_empty() { foreign::kind(error) } else { RejectionKind::from(kind) };
    Some(Box::new((kind, error.to_owned())))
}

impl Body {
    /// Each of `count` declared returns, or what was thrown instead.
    pub(crate) fn returns(self, count: usize, throws: bool) -> Result<Result<Values, Thrown>, DecodeError> {
        match self {
            Self::One { thrown: Some(thrown), .. } => Ok(Err(*thrown)),
            Self::One { data, thrown: None } => data_returns(data, count).map(Ok),
            Self::Zero { elements } => element_returns(elements, count, throws),
        }
    }
}

/// Returned values, in order.
#[derive(Debug)]
pub(crate) enum Values {
    /// One value or none, as most methods return.
    One(Option<Bytes>),
    Several(vec::IntoIter<Bytes>),
}

impl Iterator for Values {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::One(value) => value.take(),
            Self::Several(values) => values.next(),
        }
    }
}

fn data_returns(data: Option<Bytes>, count: usize) -> Result<Values, DecodeError> {
    if count == 0 {
        return Ok(Values::One(None));
    }
    // Go sends no data if it could not encode the result.
    let data = data.filter(|data| !data.is_empty()).ok_or_else(|| DecodeError::new("the reply holds no value"))?;
    if count == 1 {
        return Ok(Values::One(Some(data)));
    }
    let elements = msgpack::elements(&data)?;
    if elements.is_empty() && data.first() == Some(&rmp::Marker::Null.to_u8()) {
        return Ok(Values::Several(vec![data; count].into_iter()));
    }
    if elements.len() < count {
        return Err(DecodeError::new(format!("{} values where {count} were expected", elements.len())));
    }
    let values: Vec<_> = elements.into_iter().take(count).map(|Range { start, end }| data.slice(start..end)).collect();
    Ok(Values::Several(values.into_iter()))
}

fn element_returns(
    mut elements: Vec<Bytes>,
    count: usize,
    throws: bool,
) -> Result<Result<Values, Thrown>, DecodeError> {
    let expected = count + usize::from(throws);
    if elements.len() != expected {
        return Err(DecodeError::new(format!("{} values where {expected} were expected", elements.len())));
    }
    if throws && let Some(last) = elements.pop() {
        let error: Option<ThrownEnvelope<'_>> = decode(&last)?;
        if let Some(error) = error {
            return Ok(Err(error.share(&last)));
        }
    }
    Ok(Ok(Values::Several(elements.into_iter())))
}

#[cfg(test)]
mod tests {
    use serde_with::Same;

    use super::*;

    fn round_trip(response: OutgoingResponse) -> Response {
        Response::decode(&response.encode().unwrap()).unwrap().1
    }

    #[test]
    fn both_generations_carry_values_and_what_was_thrown() {
        for generation in [Generation::Zero, Generation::One] {
            for thrown in [None, Some(Failure::new("no").with_code("Never", Some(vec![0x80])))] {
                let mut response = OutgoingResponse::new(generation, "id");
                response.value::<Same, i64>(&7).unwrap();
                response.value::<Same, str>("x").unwrap();
                response.throws(thrown.clone());
                let returns = round_trip(response).body.returns(2, true).unwrap();
                match thrown {
                    None => {
                        let values: Vec<_> = returns.unwrap().collect();
                        assert_eq!(decode::<i64>(&values[0]).unwrap(), 7);
                        assert_eq!(decode::<String>(&values[1]).unwrap(), "x");
                    }
                    Some(failure) => {
                        let error = returns.unwrap_err();
                        assert_eq!(
                            (error.message, error.code, error.data.map(Vec::from)),
                            (failure.message, failure.code, failure.data)
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_rejection_keeps_its_kind() {
        for generation in [Generation::Zero, Generation::One] {
            let bytes =
                OutgoingResponse::rejection(generation, "id", &RejectionKind::BadArguments, "two, not one").unwrap();
            let (id, response) = Response::decode(&bytes).unwrap();
            assert_eq!(id, "id");
            assert_eq!(response.rejection, Some(Box::new((RejectionKind::BadArguments, "two, not one".to_owned()))));
        }
    }

    #[test]
    fn a_declared_value_that_is_missing_is_an_error_and_nil_is_zero() {
        let missing = Body::One { data: None, thrown: None };
        assert!(missing.clone().returns(1, false).is_err());
        assert!(missing.returns(0, false).unwrap().unwrap().next().is_none());
        let empty = Body::One { data: Some(Bytes::new()), thrown: None };
        assert!(empty.returns(1, false).is_err());
        let nil = Body::One { data: Some(Bytes::from_static(&[0xc0])), thrown: None };
        let values = nil.returns(3, false).unwrap().unwrap();
        assert_eq!(values.map(|value| decode::<u8>(&value).unwrap()).collect::<Vec<_>>(), [0, 0, 0]);
    }

    /// A response of either generation as Go writes it, with these texts as they are.
    fn response(generation: Generation, message: &[u8], error: &[u8]) -> Bytes {
        let string = |text: &[u8]| [&[0xa0 | u8::try_from(text.len()).unwrap()], text].concat();
        let thrown = match message {
            b"" => vec![0xc0],
            message => [&b"\x81\xa7Message"[..], &string(message)].concat(),
        };
        let output = match generation {
            Generation::Zero => {
                let bin = [&[0xc4, u8::try_from(thrown.len()).unwrap()], &thrown[..]].concat();
                [&b"\xa9Arguments\x91"[..], &bin].concat()
            }
            _ => [&b"\xa6Output\x82\xa4Data\xc4\x01\xc0\xa5Error"[..], &thrown].concat(),
        };
        [&b"\x83\xa2ID\xa2id"[..], &output, b"\xa5Error", &string(error)].concat().into()
    }

    #[test]
    fn words_of_errors_are_read_whatever_bytes_they_are() {
        for generation in [Generation::Zero, Generation::One] {
            let thrown = response(generation, b"disk \xff\xfe full", b"");
            let (_, read) = Response::decode(&thrown).unwrap();
            let returns = read.body.clone().returns(0, true).unwrap();
            assert_eq!(returns.unwrap_err().message, "disk \u{fffd}\u{fffd} full");
            let untyped = read.body.document(None).unwrap();
            assert_eq!(untyped.unwrap_err().message, "disk \u{fffd}\u{fffd} full");

            let refused = response(generation, b"", b"not \xff possible");
            let (kind, message) = *Response::decode(&refused).unwrap().1.rejection.unwrap();
            assert_eq!((kind, &*message), (RejectionKind::Other(String::new()), "not \u{fffd} possible"));
        }
    }

    #[test]
    fn a_refusal_in_many_words_is_shortened() {
        let bytes = OutgoingResponse::rejection(Generation::One, "id", &RejectionKind::Panicked, &"é".repeat(1 << 20));
        let (_, response) = Response::decode(&bytes.unwrap()).unwrap();
        assert_eq!(response.rejection.unwrap().1.chars().count(), LONGEST_REJECTION + 1);
    }
}
