//! Text, which may be a string or bytes, and not UTF-8.

use std::fmt;

use serde::de::{Error, Visitor};

use crate::wire::text::replaced;

/// Wraps the visitor of a text.
pub(super) struct Text<V>(pub(super) V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Text<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.0.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.0.visit_borrowed_str(text)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        self.0.visit_string(text)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<V::Value, E> {
        match replaced(bytes) {
            Some(text) => self.0.visit_string(text),
            None => self.0.visit_bytes(bytes),
        }
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<V::Value, E> {
        match replaced(bytes) {
            Some(text) => self.0.visit_string(text),
            None => self.0.visit_borrowed_bytes(bytes),
        }
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<V::Value, E> {
        match replaced(&bytes) {
            Some(text) => self.0.visit_string(text),
            None => self.0.visit_byte_buf(bytes),
        }
    }
}
