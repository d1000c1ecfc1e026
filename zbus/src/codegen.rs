//! Items for generated code, in addition to the rest of this crate's public items. They are not meant for handwritten code.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

pub use futures::Stream;
pub use serde::{self, Deserialize, Serialize};
pub use serde_with::{As, Same};

/// Ends a method that has no body of its own: the call that runs is rejected as one of an unknown method.
///
/// # Panics
/// Outside of a call, as in a unit test of a service: there is nobody to tell.
pub fn not_implemented() {
    assert!(crate::Context::current().reject_as_not_implemented(), "this method is not implemented");
}

/// The stream of an object that does not implement it: no event ever.
pub fn no_events<T: Send>() -> impl Stream<Item = T> + Send {
    futures::stream::pending()
}

/// Reads an enum from a string. A known variant is made without a copy of the text.
///
/// # Errors
/// If there is no text, or if it is not UTF-8.
pub fn open_enum<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: for<'a> From<&'a str> + From<String>,
    D: serde::Deserializer<'de>,
{
    struct Read<T>(PhantomData<T>);
    impl<T: for<'a> From<&'a str> + From<String>> serde::de::Visitor<'_> for Read<T> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string")
        }
        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<T, E> {
            Ok(value.into())
        }
        fn visit_string<E: serde::de::Error>(self, value: String) -> Result<T, E> {
            Ok(value.into())
        }
        fn visit_bytes<E: serde::de::Error>(self, value: &[u8]) -> Result<T, E> {
            let invalid = |_| E::invalid_value(serde::de::Unexpected::Bytes(value), &self);
            std::str::from_utf8(value).map(T::from).map_err(invalid)
        }
    }
    deserializer.deserialize_str(Read(PhantomData))
}

/// The name of a union's arm, borrowed from the message if possible.
#[derive(Debug)]
pub struct ArmName<'de>(Cow<'de, str>);

impl ArmName<'_> {
    /// The name, borrowed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, owned.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl<'de> Deserialize<'de> for ArmName<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> serde::de::Visitor<'de> for Name {
            type Value = ArmName<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of an arm")
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
                Ok(ArmName(Cow::Owned(value.to_owned())))
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(ArmName(Cow::Borrowed(value)))
            }
            fn visit_bytes<E: serde::de::Error>(self, value: &[u8]) -> Result<Self::Value, E> {
                match std::str::from_utf8(value) {
                    Ok(value) => self.visit_str(value),
                    Err(_) => Err(E::invalid_value(serde::de::Unexpected::Bytes(value), &self)),
                }
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// Adapters, as those of `serde_with`, for types that have another form on the wire than in serde.
pub mod wire {
    pub use crate::wire::adapter::{Any, Bytes, Cidr, Duration, Ip, OptionalCidr, SharedBytes, SortedMap, Timestamp};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    enum Read {
        Borrowed(String),
        Owned(String),
    }

    impl From<&str> for Read {
        fn from(value: &str) -> Self {
            Self::Borrowed(value.to_owned())
        }
    }

    impl From<String> for Read {
        fn from(value: String) -> Self {
            Self::Owned(value)
        }
    }

    impl<'de> Deserialize<'de> for Read {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            open_enum(deserializer)
        }
    }

    #[test]
    fn name_of_an_arm_is_read_where_it_lies() {
        for (bytes, read) in [(&b"\xa2Ok"[..], "Ok"), (b"\xa0", ""), (b"\xc0", "")] {
            let name: ArmName<'_> = crate::wire::decode(bytes).unwrap();
            assert!(matches!(name.0, Cow::Borrowed(name) if name == read), "{name:?}");
        }
        assert_eq!(crate::wire::decode::<ArmName<'_>>(b"\xc4\x02Ok").unwrap().into_string(), "Ok");
        for bytes in [&b"\x01"[..], b"\xc4\x01\xff", b"\x80"] {
            assert!(crate::wire::decode::<ArmName<'_>>(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn text_of_an_enum_is_read_where_it_lies() {
        let borrowed = |text: &str| Read::Borrowed(text.to_owned());
        for (bytes, read) in [(&b"\xa2Ok"[..], "Ok"), (b"\xc4\x02Ok", "Ok"), (b"\xc0", ""), (b"\xa0", "")] {
            assert_eq!(crate::wire::decode::<Read>(bytes).unwrap(), borrowed(read), "{bytes:x?}");
        }
        assert_eq!(crate::wire::decode::<Vec<Read>>(b"\x92\xa1A\xc0").unwrap(), [borrowed("A"), borrowed("")]);
        for bytes in [&b"\x01"[..], b"\xc4\x01\xff", b"\x80"] {
            assert!(crate::wire::decode::<Read>(bytes).is_err(), "{bytes:x?}");
        }
    }
}
