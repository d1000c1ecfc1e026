//! Replies to callers without a schema. They know neither how many values a method returns nor whether it throws.

use bytes::Bytes;
use rmp::encode;
use serde::de::{Error as _, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_with::Same;

use super::msgpack::{DecodeError, decode};
use super::response::{Body, Thrown, ThrownEnvelope};
use crate::types::Value;

impl Body {
    /// All returned values as one document, or the error that was thrown. Several values are an array, as in generation 1. No value is no
    /// document, or nil.
    ///
    /// In generation 0 a method that throws has one more element for its error. `throws` says whether it does, if that is known. Otherwise a
    /// last element is taken for that if it looks like an error, or if it is nil and there are others.
    pub(crate) fn document(self, throws: Option<bool>) -> Result<Result<Option<Bytes>, Thrown>, DecodeError> {
        let mut elements = match self {
            Self::One { thrown: Some(thrown), .. } => return Ok(Err(*thrown)),
            Self::One { data, thrown: None } => return Ok(Ok(data.filter(|data| !data.is_empty()))),
            Self::Zero { elements } => elements,
        };
        let has_place = match (throws, elements.last()) {
            (Some(throws), _) => throws,
            (None, None) => false,
            (None, Some(last)) => is_error(last) || elements.len() > 1 && is_nil(last),
        };
        if has_place {
            let last = elements.pop().ok_or_else(|| {
                DecodeError::new("the reply has no place for an error: the method does not throw, or the call failed")
            })?;
            let thrown: Option<ThrownEnvelope<'_>> = decode(&last)?;
            if let Some(thrown) = thrown {
                return Ok(Err(thrown.share(&last)));
            }
        }
        Ok(Ok(match elements.len() {
            0 | 1 => elements.pop(),
            _ => Some(array(&elements)?),
        }))
    }
}

fn array(elements: &[Bytes]) -> Result<Bytes, DecodeError> {
    let mut out = Vec::with_capacity(5 + elements.iter().map(Bytes::len).sum::<usize>());
    let too_many = |_| DecodeError::new("more values than an array holds");
    let count = u32::try_from(elements.len()).map_err(too_many)?;
    encode::write_array_len(&mut out, count).map_err(|error| DecodeError::new(error.to_string()))?;
    for element in elements {
        // An incomplete value would be read together with the next one.
        decode::<IgnoredAny>(element)?;
        out.extend_from_slice(element);
    }
    Ok(out.into())
}

fn is_nil(element: &[u8]) -> bool {
    element == [rmp::Marker::Null.to_u8()]
}

/// `{Message}`, with or without the keys that this library adds.
fn is_error(element: &[u8]) -> bool {
    let Ok(Value::Map(entries)) = decode::<Value>(element) else { return false };
    let key = |name: &str| entries.iter().find(|(key, _)| key.as_str() == Some(name));
    // Text that is not UTF-8 is read as bytes here.
    key("Message").is_some_and(|(_, message)| message.is_str() || message.is_bin())
        && entries.iter().all(|(key, _)| matches!(key.as_str(), Some("Message" | "Code" | "Data")))
}

/// Reads the value of a reply. A reply without a value can only be read as a unit: Go also sends such a reply if it could not encode the
/// result.
pub(crate) fn decode_document<T: for<'de> Deserialize<'de>>(document: Option<&[u8]>) -> Result<T, DecodeError> {
    match document {
        Some(document) => super::decode_as::<Same, T>(document),
        None => T::deserialize(Nothing).map_err(|error| DecodeError::new(error.to_string())),
    }
}

struct Nothing;

type NothingError = serde::de::value::Error;

impl<'de> Deserializer<'de> for Nothing {
    type Error = NothingError;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, NothingError> {
        Err(NothingError::custom("the reply holds no value"))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NothingError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::msgpack::elements;

    fn zero(elements: &[&'static [u8]]) -> Body {
        Body::Zero { elements: elements.iter().map(|element| Bytes::from_static(element)).collect() }
    }

    fn values(body: Body, throws: Option<bool>) -> Option<Vec<u8>> {
        body.document(throws).unwrap().expect("it throws").map(Vec::from)
    }

    const NIL: &[u8] = &[0xc0];
    /// `{"Message": "no"}`.
    const ERROR: &[u8] = b"\x81\xa7Message\xa2no";

    #[test]
    fn the_place_of_an_error_is_found_in_generation_0_or_told() {
        assert_eq!(values(zero(&[]), None), None);
        assert_eq!(values(zero(&[&[7]]), None), Some(vec![7]));
        assert_eq!(values(zero(&[&[7], NIL]), None), Some(vec![7]));
        assert_eq!(values(zero(&[&[7], NIL]), Some(false)), Some(vec![0x92, 7, 0xc0]));
        assert_eq!(values(zero(&[&[7], &[8], NIL]), None), Some(vec![0x92, 7, 8]));
        assert_eq!(values(zero(&[NIL]), None), Some(vec![0xc0]));
        assert_eq!(values(zero(&[NIL]), Some(true)), None);

        for body in [zero(&[ERROR]), zero(&[&[0], ERROR])] {
            assert_eq!(body.document(None).unwrap().unwrap_err().message, "no");
        }
        assert_eq!(values(zero(&[ERROR]), Some(false)), Some(ERROR.to_vec()));
        // A value with one more key is not an error.
        let value = b"\x82\xa7Message\xa2no\xa1X\x01";
        assert_eq!(values(zero(&[value]), None), Some(value.to_vec()));
        assert!(zero(&[]).document(Some(true)).is_err());
    }

    #[test]
    fn a_reply_without_a_value_is_a_unit_and_nothing_else() {
        decode_document::<()>(None).unwrap();
        decode_document::<()>(Some(NIL)).unwrap();
        assert!(decode_document::<Option<u8>>(None).is_err());
        assert!(decode_document::<Value>(None).is_err());
        assert_eq!(decode_document::<Option<u8>>(Some(NIL)).unwrap(), None);
        assert_eq!(decode_document::<(u8, u8)>(Some(&[0x92, 7, 8])).unwrap(), (7, 8));
    }

    #[test]
    fn an_element_that_is_no_whole_value_is_an_error() {
        assert!(zero(&[&[0x92, 1], &[2]]).document(None).is_err());
        assert!(elements(&array(&[Bytes::from_static(&[1]), Bytes::from_static(&[2])]).unwrap()).unwrap().len() == 2);
    }
}
