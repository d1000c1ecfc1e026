//! A serializer that writes integers and floats at the width of their type, as Go does: a peer that reads them into an untyped value
//! gets the same type. `rmp-serde` always writes the shortest form.
//!
//! It refuses values that nest deeper than [`MAX_DEPTH`], which no peer would read. That also bounds the stack that writing takes.

use std::io;

use rmp::encode::{self, ValueWriteError};
use serde::Serialize;
use serde::ser::{self, Error as _};

use super::{DOCUMENT, EncodeError, MAX_DEPTH, nests_within};

pub(crate) struct Serializer<'a> {
    out: &'a mut Vec<u8>,
    /// How many levels of lists and maps may still be opened.
    levels: usize,
}

impl<'a> Serializer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, levels: MAX_DEPTH }
    }

    /// Opens a list or map.
    fn enter(&mut self) -> Result<(), EncodeError> {
        self.levels = self.levels.checked_sub(1).ok_or_else(too_deep)?;
        Ok(())
    }

    /// Writes a value that is encoded already, and that gives its bytes.
    fn document<T: Serialize + ?Sized>(&mut self, bytes: &T) -> Result<(), EncodeError> {
        let start = self.out.len();
        bytes.serialize(&mut *self)?;
        // Without the header that makes them a `bin`.
        let header = match self.out.get(start).copied().map(rmp::Marker::from_u8) {
            Some(rmp::Marker::Bin8) => 2,
            Some(rmp::Marker::Bin16) => 3,
            _ => 5,
        };
        self.out.drain(start..start + header);
        if self.levels < MAX_DEPTH {
            let document = self.out.get(start..).unwrap_or_default();
            if !nests_within(self.levels, document) {
                return Err(too_deep());
            }
        }
        Ok(())
    }

    /// Opens the map around a variant's value: its one key is the variant's name.
    fn variant(&mut self, name: &str) -> Result<(), EncodeError> {
        self.enter()?;
        encode::write_map_len(self.out, 1)?;
        self.str(name)
    }

    fn str(&mut self, text: &str) -> Result<(), EncodeError> {
        length(text.len())?;
        Ok(encode::write_str(self.out, text)?)
    }
}

impl From<ValueWriteError> for EncodeError {
    fn from(error: ValueWriteError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<io::Error> for EncodeError {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl ser::Error for EncodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

#[cold]
fn too_deep() -> EncodeError {
    EncodeError::new(format!("it nests deeper than {MAX_DEPTH} levels, which no peer reads"))
}

fn length(len: usize) -> Result<u32, EncodeError> {
    u32::try_from(len).map_err(|_| EncodeError::custom("longer than 4 GiB"))
}

impl<'a, 'b> ser::Serializer for &'b mut Serializer<'a> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'a, 'b>;
    type SerializeTuple = Compound<'a, 'b>;
    type SerializeTupleStruct = Compound<'a, 'b>;
    type SerializeTupleVariant = Compound<'a, 'b>;
    type SerializeMap = Compound<'a, 'b>;
    type SerializeStruct = Compound<'a, 'b>;
    type SerializeStructVariant = Compound<'a, 'b>;

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        Ok(encode::write_bool(self.out, value)?)
    }

    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        Ok(encode::write_i8(self.out, value)?)
    }

    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        Ok(encode::write_i16(self.out, value)?)
    }

    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        Ok(encode::write_i32(self.out, value)?)
    }

    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        Ok(encode::write_i64(self.out, value)?)
    }

    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        Ok(encode::write_u8(self.out, value)?)
    }

    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        Ok(encode::write_u16(self.out, value)?)
    }

    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        Ok(encode::write_u32(self.out, value)?)
    }

    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        Ok(encode::write_u64(self.out, value)?)
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        Ok(encode::write_f32(self.out, value)?)
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        Ok(encode::write_f64(self.out, value)?)
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        self.str(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        length(value.len())?;
        Ok(encode::write_bin(self.out, value)?)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        Ok(encode::write_nil(self.out)?)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), EncodeError> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), EncodeError> {
        self.str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), EncodeError> {
        if name == rmp_serde::MSGPACK_EXT_STRUCT_NAME {
            // Readers count an extension as a level, too.
            self.enter()?;
            // The pair of an extension's type and bytes has one width only, so the library writes it.
            let written = Extension(value).serialize(&mut rmp_serde::Serializer::new(&mut *self.out));
            self.levels += 1;
            return written.map_err(EncodeError::custom);
        }
        if name == DOCUMENT {
            return self.document(value);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.variant(variant)?;
        value.serialize(&mut *self)?;
        self.levels += 1;
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, EncodeError> {
        Compound::begin(self, Kind::Array, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, EncodeError> {
        Compound::begin(self, Kind::Array, Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<Compound<'a, 'b>, EncodeError> {
        Compound::begin(self, Kind::Array, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, 'b>, EncodeError> {
        self.variant(variant)?;
        Ok(Compound::begin(self, Kind::Array, Some(len))?.inside_variant())
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'a, 'b>, EncodeError> {
        Compound::begin(self, Kind::Map, len)
    }

    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<Compound<'a, 'b>, EncodeError> {
        Compound::begin(self, Kind::Map, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a, 'b>, EncodeError> {
        self.variant(variant)?;
        Ok(Compound::begin(self, Kind::Map, Some(len))?.inside_variant())
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What `rmp-serde` knows as an extension.
struct Extension<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Extension<'_, T> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, self.0)
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
}

/// A list or map that is being written. One of unknown length gets a header of four bytes, which is filled in at the end.
pub(crate) struct Compound<'a, 'b> {
    serializer: &'b mut Serializer<'a>,
    open: Option<usize>,
    count: u32,
    /// How many levels its end closes.
    levels: usize,
}

impl<'a, 'b> Compound<'a, 'b> {
    fn begin(serializer: &'b mut Serializer<'a>, kind: Kind, len: Option<usize>) -> Result<Self, EncodeError> {
        serializer.enter()?;
        let mut open = None;
        match (kind, len) {
            (Kind::Array, Some(len)) => _ = encode::write_array_len(serializer.out, length(len)?)?,
            (Kind::Map, Some(len)) => _ = encode::write_map_len(serializer.out, length(len)?)?,
            (kind, None) => {
                let marker = match kind {
                    Kind::Array => rmp::Marker::Array32,
                    Kind::Map => rmp::Marker::Map32,
                };
                serializer.out.push(marker.to_u8());
                open = Some(serializer.out.len());
                serializer.out.extend_from_slice(&[0; 4]);
            }
        }
        Ok(Self { serializer, open, count: 0, levels: 1 })
    }

    /// Its end closes the map around it, too.
    fn inside_variant(self) -> Self {
        Self { levels: 2, ..self }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count = self.count.checked_add(1).ok_or_else(|| EncodeError::custom("too many elements"))?;
        value.serialize(&mut *self.serializer)
    }

    fn finish(self) {
        self.serializer.levels += self.levels;
        if let Some(start) = self.open
            && let Some(header) = self.serializer.out.get_mut(start..start + 4)
        {
            header.copy_from_slice(&self.count.to_be_bytes());
        }
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident;)*) => {
        $(
            impl ser::$trait for Compound<'_, '_> {
                type Ok = ();
                type Error = EncodeError;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
                    self.element(value)
                }

                fn end(self) -> Result<(), EncodeError> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! fields {
    ($($trait:ident;)*) => {
        $(
            impl ser::$trait for Compound<'_, '_> {
                type Ok = ();
                type Error = EncodeError;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    key: &'static str,
                    value: &T,
                ) -> Result<(), EncodeError> {
                    self.serializer.str(key)?;
                    self.element(value)
                }

                fn end(self) -> Result<(), EncodeError> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        key.serialize(&mut *self.serializer)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use crate::wire::encode;

    fn hex<T: Serialize>(value: T) -> String {
        let mut out = Vec::new();
        encode(&value, &mut out).unwrap();
        hex::encode(out)
    }

    #[test]
    fn numbers_keep_the_width_of_their_type() {
        assert_eq!(hex(1_i64), "d30000000000000001");
        assert_eq!(hex(-5_i8), "d0fb");
        assert_eq!(hex(80_u16), "cd0050");
        assert_eq!(hex(7_u32), "ce00000007");
        assert_eq!(hex(1.5_f32), "ca3fc00000");
    }

    #[test]
    fn containers_of_unknown_length_are_counted_at_the_end() {
        #[derive(Serialize)]
        struct Flat {
            #[serde(flatten)]
            rest: BTreeMap<String, bool>,
        }
        let rest = BTreeMap::from([("a".to_owned(), true)]);
        assert_eq!(hex(Flat { rest }), "df00000001a161c3");
    }

    #[test]
    fn structs_are_maps_in_the_order_of_their_fields() {
        #[derive(Serialize)]
        struct Point {
            y: Option<bool>,
            x: &'static str,
        }
        assert_eq!(hex(Point { y: None, x: "é" }), "82a179c0a178a2c3a9");
    }

    #[derive(Clone, Debug, PartialEq, Serialize, serde::Deserialize)]
    enum Nested {
        End,
        Map { inner: Box<Nested> },
        List(Vec<Nested>),
        Pair(Box<Nested>, bool),
    }

    #[test]
    fn values_are_written_exactly_as_deep_as_they_are_read() {
        use crate::types::Value;
        use crate::wire::{MAX_DEPTH, decode};

        let list = |levels| (1..levels).fold(Value::Array(Vec::new()), |inner, _| Value::Array(vec![inner]));
        let map = |levels| (1..levels).fold(Value::Map(Vec::new()), |inner, _| Value::Map(vec![("a".into(), inner)]));
        let time = |levels| (1..levels).fold(Value::Ext(-1, vec![0; 4]), |inner, _| Value::Array(vec![inner]));
        for nested in [list, map, time] {
            let mut out = Vec::new();
            encode(&nested(MAX_DEPTH), &mut out).unwrap();
            assert_eq!(decode::<Value>(&out).unwrap(), nested(MAX_DEPTH));
            // Each list gives its level back: many beside one another are fine.
            encode(&vec![nested(MAX_DEPTH - 1); 3], &mut out).unwrap();
            for levels in [MAX_DEPTH + 1, 5_000] {
                let error = encode(&nested(levels), &mut out).unwrap_err();
                assert!(error.to_string().contains("deeper than 128 levels"), "{error}");
            }
        }
    }

    #[test]
    fn each_kind_of_variant_counts_its_map_and_gives_its_levels_back() {
        use crate::wire::{MAX_DEPTH, decode};

        let wraps: [fn(Nested) -> Nested; 3] = [
            |inner| Nested::Map { inner: Box::new(inner) },
            |inner| Nested::List(vec![inner.clone(), inner]),
            |inner| Nested::Pair(Box::new(inner), true),
        ];
        for wrap in wraps {
            // A list within a variant is two levels.
            let deep = |levels: usize| (0..levels / 2).fold(Nested::End, |inner, _| wrap(inner));
            let mut out = Vec::new();
            encode(&deep(8), &mut out).unwrap();
            assert_eq!(decode::<Nested>(&out).unwrap(), deep(8));
            let chain = |levels: usize| {
                (0..levels / 2).fold(Nested::End, |inner, _| match wrap(Nested::End) {
                    Nested::List(_) => Nested::List(vec![Nested::End, inner]),
                    _ => wrap(inner),
                })
            };
            out.clear();
            encode(&chain(MAX_DEPTH), &mut out).unwrap();
            assert_eq!(decode::<Nested>(&out).unwrap(), chain(MAX_DEPTH));
            assert!(encode(&chain(MAX_DEPTH + 2), &mut out).is_err());
        }
    }
}
