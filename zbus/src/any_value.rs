//! Values of the type `any`, for people and for programs that look into them.

use std::borrow::Cow;
use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::types::{Timestamp, Value};
use crate::wire::adapter;
use crate::wire::{DecodeError, EncodeError, decode, decode_as, encode, encode_as};

/// What an `any` value is, beyond what [`Value`] itself tells.
///
/// ```
/// use zbus::types::{AnyValue, Timestamp, Value};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let started = Value::from_timestamp("2026-01-31T12:00:00Z".parse()?);
/// let event = Value::Map(vec![("host".into(), "node1".into()), ("started".into(), started)]);
/// assert_eq!(event.get("host").and_then(Value::as_str), Some("node1"));
/// assert_eq!(event.get("started").and_then(|started| started.to_timestamp()), Some("2026-01-31T12:00:00Z".parse()?));
/// assert_eq!(
///     serde_json::to_string(&event.plain())?,
///     r#"{"host":"node1","started":"2026-01-31T12:00:00Z"}"#,
/// );
/// # Ok(())
/// # }
/// ```
pub trait AnyValue: Sized + sealed::Sealed {
    /// The value of a key of a map. None if this is no map, or has no such key.
    fn get(&self, key: &str) -> Option<&Self>;

    /// The point in time, if this is one: `MessagePack`'s timestamp extension.
    fn to_timestamp(&self) -> Option<Timestamp>;

    /// A point in time.
    fn from_timestamp(time: Timestamp) -> Self;

    /// The value as a type of the program, read as a value of that type is.
    ///
    /// # Errors
    /// If the value is of another type.
    fn to<T: DeserializeOwned>(&self) -> Result<T, DecodeError>;

    /// A value of the program.
    ///
    /// # Errors
    /// If the value has no form on the wire.
    fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError>;

    /// The value in the form in which people read it, for JSON and similar formats: maps have text for keys, times are RFC 3339, bytes are
    /// hexadecimal digits, and other extensions are a map of their `type` and `bytes`.
    fn plain(&self) -> Plain<'_>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Value {}
}

impl AnyValue for Value {
    fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.iter().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    fn to_timestamp(&self) -> Option<Timestamp> {
        let Self::Ext(..) = self else { return None };
        let mut bytes = Vec::new();
        encode(self, &mut bytes).ok()?;
        decode_as::<adapter::Timestamp, Timestamp>(&bytes).ok()
    }

    fn from_timestamp(time: Timestamp) -> Self {
        let mut bytes = Vec::new();
        // Every point in time of this type has a form on the wire.
        let encoded = encode_as::<adapter::Timestamp, _>(&time, &mut bytes);
        encoded.ok().and_then(|()| decode(&bytes).ok()).unwrap_or(Self::Nil)
    }

    fn to<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        let mut bytes = Vec::new();
        encode(self, &mut bytes).map_err(|error| DecodeError::new(error.to_string()))?;
        decode(&bytes)
    }

    fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, EncodeError> {
        let mut bytes = Vec::new();
        encode(value, &mut bytes)?;
        decode(&bytes).map_err(|error| EncodeError::new(error.to_string()))
    }

    fn plain(&self) -> Plain<'_> {
        Plain(self)
    }
}

/// A value in the form in which people read it: see [`AnyValue::plain`].
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nil => serializer.serialize_unit(),
            Value::Boolean(value) => serializer.serialize_bool(*value),
            Value::Integer(number) => number.serialize_plain(serializer),
            Value::F32(value) => serializer.serialize_f32(*value),
            Value::F64(value) => serializer.serialize_f64(*value),
            Value::String(text) => serializer.serialize_str(&String::from_utf8_lossy(text.as_bytes())),
            Value::Binary(bytes) => serializer.serialize_str(&hexadecimal(bytes)),
            Value::Array(elements) => serializer.collect_seq(elements.iter().map(Plain)),
            Value::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (text_of(key), Plain(value))))
            }
            Value::Ext(kind, bytes) => match self.0.to_timestamp() {
                Some(time) => serializer.collect_str(&time),
                None => {
                    use serde::ser::SerializeMap;
                    let mut map = serializer.serialize_map(Some(2))?;
                    map.serialize_entry("type", kind)?;
                    map.serialize_entry("bytes", &hexadecimal(bytes))?;
                    map.end()
                }
            },
        }
    }
}

trait SerializePlain {
    fn serialize_plain<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl SerializePlain for rmpv::Integer {
    fn serialize_plain<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.as_i64(), self.as_u64()) {
            (Some(number), _) => serializer.serialize_i64(number),
            (None, number) => serializer.serialize_u64(number.unwrap_or_default()),
        }
    }
}

/// A key as text.
fn text_of(key: &Value) -> Cow<'_, str> {
    match key {
        Value::String(text) => String::from_utf8_lossy(text.as_bytes()),
        Value::Binary(bytes) => hexadecimal(bytes).into(),
        Value::Ext(..) => key.to_timestamp().map_or_else(|| key.to_string(), |time| time.to_string()).into(),
        key => key.to_string().into(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Text takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> String {
        serde_json::to_string(&value.plain()).unwrap()
    }

    #[test]
    fn any_value_is_plain_for_people() {
        let time: Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        let entries = vec![
            ("nothing".into(), Value::Nil),
            (1.into(), u64::MAX.into()),
            ((-1).into(), (-5).into()),
            (true.into(), 1.5.into()),
            (Value::Binary(vec![0, 255]), Value::Binary(vec![1])),
            (Value::from_timestamp(time), Value::from_timestamp(time)),
            ("extension".into(), Value::Ext(5, vec![171])),
            ("list".into(), Value::Array(vec![Value::Map(Vec::new())])),
        ];
        let expected = r#"{"nothing":null,"1":18446744073709551615,"-1":-5,"true":1.5,"00ff":"01","1969-12-31T23:59:59.25Z":"1969-12-31T23:59:59.25Z","extension":{"type":5,"bytes":"ab"},"list":[{}]}"#;
        assert_eq!(json(&Value::Map(entries)), expected);
        // An extension of that number that is no time.
        assert_eq!(json(&Value::Ext(-1, vec![1])), r#"{"type":-1,"bytes":"01"}"#);
    }

    #[test]
    fn values_convert_to_types_of_the_program_and_back() {
        #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
        struct Host {
            name: String,
            ports: Vec<u16>,
        }
        let host = Host { name: "node1".to_owned(), ports: vec![80, 443] };
        let value = Value::of(&host).unwrap();
        assert_eq!(value.get("name").and_then(Value::as_str), Some("node1"));
        assert_eq!(value.get("missing"), None);
        assert_eq!(value.to::<Host>().unwrap(), host);
        assert!(value.to::<u8>().is_err() && Value::Nil.to_timestamp().is_none());
        for time in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert_eq!(Value::from_timestamp(time).to_timestamp(), Some(time));
        }
    }
}
