//! Text that need not be UTF-8. Go writes any bytes as a string.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// What happens to text in a value that is not UTF-8, as Go and C programs may write it: in an argument, a returned value or an event.
///
/// The words of errors are always read, with replacement characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidText {
    /// The value is refused: the call or event is an error that says so. This is the default, as replaced characters cannot be told from
    /// real ones afterwards: two file names may become one. If the bytes matter, declare the field or argument as `bytes`, which reads
    /// strings, too.
    #[default]
    Refuse,
    /// The replacement character `U+FFFD` takes the place of what is not UTF-8. For servers whose callers must not be refused, and for text
    /// that people read, such as logs.
    Replace,
}

thread_local! {
    /// Whether what is being read on this thread has its text replaced.
    static REPLACES: Cell<bool> = const { Cell::new(false) };
}

impl InvalidText {
    /// Reads something with this choice.
    pub(crate) fn scope<R>(self, read: impl FnOnce() -> R) -> R {
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                REPLACES.set(false);
            }
        }
        match self {
            Self::Refuse => read(),
            Self::Replace => {
                REPLACES.set(true);
                let _reset = Reset;
                read()
            }
        }
    }
}

/// The text that these bytes are read as if they are not UTF-8. None if they are, and if they are to be refused.
pub(super) fn replaced(bytes: &[u8]) -> Option<String> {
    (REPLACES.get() && std::str::from_utf8(bytes).is_err()).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Reads text with the replacement character in place of what is not UTF-8. For the words of errors: they are there for people, and a call
/// whose error cannot be read would tell them less.
pub(super) fn lossy<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, str>, D::Error> {
    struct Lossy;
    impl<'de> Visitor<'de> for Lossy {
        type Value = Cow<'de, str>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string")
        }
        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
        fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
            Ok(String::from_utf8_lossy(bytes))
        }
        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(Cow::Owned(String::from_utf8_lossy(bytes).into_owned()))
        }
    }
    deserializer.deserialize_str(Lossy)
}

/// [`lossy`] into text of its own.
pub(super) fn lossy_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    lossy(deserializer).map(Cow::into_owned)
}

/// [`lossy_string`] of text that may be missing.
pub(super) fn lossy_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Optional;
    impl<'de> Visitor<'de> for Optional {
        type Value = Option<String>;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string or nil")
        }
        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            lossy_string(deserializer).map(Some)
        }
    }
    deserializer.deserialize_option(Optional)
}
