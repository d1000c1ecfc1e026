//! A serializer that writes integers and floats at the width of their type, as Go does: what a peer reads into an untyped value keeps
//! its type. `rmp-serde` writes the shortest form and cannot be told otherwise.

use std::io;

use rmp::encode::{self, ValueWriteError};
use serde::Serialize;
use serde::ser::{self, Error as _};

use super::EncodeError;

pub(crate) struct Serializer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Serializer<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
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
            // The pair of an extension's type and bytes has one width only, so the library writes it.
            return Extension(value)
                .serialize(&mut rmp_serde::Serializer::new(&mut *self.out))
                .map_err(EncodeError::custom);
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
        encode::write_map_len(self.out, 1)?;
        self.str(variant)?;
        value.serialize(self)
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
        encode::write_map_len(self.out, 1)?;
        self.str(variant)?;
        Compound::begin(self, Kind::Array, Some(len))
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
        encode::write_map_len(self.out, 1)?;
        self.str(variant)?;
        Compound::begin(self, Kind::Map, Some(len))
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

/// A list or map under way. One of unknown length gets a header of four bytes, filled in at the end.
pub(crate) struct Compound<'a, 'b> {
    serializer: &'b mut Serializer<'a>,
    open: Option<usize>,
    count: u32,
}

impl<'a, 'b> Compound<'a, 'b> {
    fn begin(serializer: &'b mut Serializer<'a>, kind: Kind, len: Option<usize>) -> Result<Self, EncodeError> {
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
        Ok(Self { serializer, open, count: 0 })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.count = self.count.checked_add(1).ok_or_else(|| EncodeError::custom("too many elements"))?;
        value.serialize(&mut *self.serializer)
    }

    fn finish(self) {
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
}
