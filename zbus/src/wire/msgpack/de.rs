//! A deserializer that reads nil as the zero value of the type that is wanted, as Go does.
//!
//! It wraps the one of `rmp-serde` and asks it for an option in place of each value. None becomes the zero value.

mod key;
mod text;
mod variant;

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use self::key::Key;
use self::text::Text;
use self::variant::Variant;

/// Wraps a deserializer, an access, a seed or a visitor, and with it everything below.
pub(crate) struct NilTolerant<T>(T);

impl<T> NilTolerant<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self(inner)
    }
}

/// `deserialize_X` of a wrapped deserializer: an option whose none is `$zero` and whose some is read by the same `deserialize_X`.
macro_rules! scalar {
    ($($method:ident, $wrap:ident => $zero:expr;)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                struct Read<V>(V);
                impl<'de, V: Visitor<'de>> Visitor<'de> for Read<V> {
                    type Value = V::Value;
                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        self.0.expecting(formatter)
                    }
                    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
                        let zero: fn(V) -> Result<V::Value, E> = $zero;
                        zero(self.0)
                    }
                    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
                        self.visit_none()
                    }
                    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
                        deserializer.$method($wrap(self.0))
                    }
                }
                self.0.deserialize_option(Read(visitor))
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for NilTolerant<D> {
    type Error = D::Error;

    scalar! {
        deserialize_bool, NilTolerant => |visitor| visitor.visit_bool(false);
        deserialize_i8, NilTolerant => |visitor| visitor.visit_i8(0);
        deserialize_i16, NilTolerant => |visitor| visitor.visit_i16(0);
        deserialize_i32, NilTolerant => |visitor| visitor.visit_i32(0);
        deserialize_i64, NilTolerant => |visitor| visitor.visit_i64(0);
        deserialize_u8, NilTolerant => |visitor| visitor.visit_u8(0);
        deserialize_u16, NilTolerant => |visitor| visitor.visit_u16(0);
        deserialize_u32, NilTolerant => |visitor| visitor.visit_u32(0);
        deserialize_u64, NilTolerant => |visitor| visitor.visit_u64(0);
        deserialize_f32, NilTolerant => |visitor| visitor.visit_f32(0.0);
        deserialize_f64, NilTolerant => |visitor| visitor.visit_f64(0.0);
        deserialize_char, NilTolerant => |visitor| visitor.visit_char('\0');
        deserialize_str, Text => |visitor| visitor.visit_borrowed_str("");
        deserialize_string, Text => |visitor| visitor.visit_borrowed_str("");
        deserialize_bytes, NilTolerant => |visitor| visitor.visit_borrowed_bytes(&[]);
        deserialize_byte_buf, NilTolerant => |visitor| visitor.visit_borrowed_bytes(&[]);
        deserialize_seq, NilTolerant => |visitor| visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<()>()));
        deserialize_map, NilTolerant => |visitor| visitor.visit_map(MapDeserializer::new(std::iter::empty::<((), ())>()));
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(NilTolerant(visitor))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        if name == rmp_serde::MSGPACK_EXT_STRUCT_NAME {
            return self.0.deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, NilTolerant(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, NilTolerant(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // Not as an enum: `rmp-serde` does not count the depth of those.
        self.0.deserialize_any(Variant(visitor))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_identifier(Key(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! forward_visits {
    ($($method:ident($ty:ty);)*) => {
        $(
            fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
                self.0.$method(value)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for NilTolerant<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    forward_visits! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(NilTolerant(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(NilTolerant(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(NilTolerant(access))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(NilTolerant(access))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(NilTolerant(access))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for NilTolerant<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(NilTolerant(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for NilTolerant<A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        self.0.next_element_seed(NilTolerant(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for NilTolerant<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(NilTolerant(seed))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(NilTolerant(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for NilTolerant<A> {
    type Error = A::Error;
    type Variant = NilTolerant<A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(seed)?;
        Ok((value, NilTolerant(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for NilTolerant<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.0.newtype_variant_seed(NilTolerant(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, NilTolerant(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, NilTolerant(visitor))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use crate::wire::decode;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Reading {
        name: String,
        values: Vec<f64>,
        labels: BTreeMap<String, Vec<i64>>,
        inner: Option<Box<Reading>>,
    }

    #[test]
    fn nil_is_the_zero_value_of_whatever_is_asked_for() {
        assert!(!decode::<bool>(&[0xc0]).unwrap());
        assert_eq!(decode::<u64>(&[0xc0]).unwrap(), 0);
        assert_eq!(decode::<String>(&[0xc0]).unwrap(), "");
        assert_eq!(decode::<Vec<String>>(&[0xc0]).unwrap(), Vec::<String>::new());
        assert_eq!(decode::<Option<u8>>(&[0xc0]).unwrap(), None);
        assert_eq!(decode::<Reading>(&[0xc0]).unwrap(), Reading::default());
    }

    #[test]
    fn nil_inside_lists_maps_and_structs_is_zero_too() {
        // ["", nil], {"a": nil}
        assert_eq!(decode::<Vec<String>>(&[0x92, 0xa0, 0xc0]).unwrap(), ["", ""]);
        let labels = decode::<BTreeMap<String, Vec<i64>>>(&[0x81, 0xa1, b'a', 0xc0]).unwrap();
        assert!(labels["a"].is_empty());
        // {"name": nil, "values": [nil], "inner": {"name": nil}}
        let mut bytes = vec![0x83, 0xa4];
        bytes.extend(b"name\xc0\xa6values\x91\xc0\xa5inner\x81\xa4name\xc0");
        let reading: Reading = decode(&bytes).unwrap();
        assert_eq!(reading, Reading { values: vec![0.0], inner: Some(Box::default()), ..Reading::default() });
    }

    #[test]
    fn every_width_is_read() {
        for bytes in [&[0x07][..], &[0xcc, 7], &[0xcd, 0, 7], &[0xd3, 0, 0, 0, 0, 0, 0, 0, 7]] {
            assert_eq!(decode::<u32>(bytes).unwrap(), 7);
            assert_eq!(decode::<i8>(bytes).unwrap(), 7);
            assert_eq!(decode::<f64>(bytes).unwrap().to_bits(), 7.0_f64.to_bits());
        }
        assert!(decode::<u8>(&[0xcd, 1, 0]).is_err());
    }

    #[test]
    fn deep_nesting_and_false_lengths_are_errors() {
        let deep = vec![0x91; 10_000];
        assert!(decode::<crate::types::Value>(&deep).is_err());
        assert!(decode::<Vec<String>>(&[0xdd, 0xff, 0xff, 0xff, 0xff]).is_err());
        assert!(decode::<String>(&[0xdb, 0xff, 0xff, 0xff, 0xff, b'a']).is_err());
        assert!(decode::<String>(&[]).is_err());
    }

    #[test]
    fn keys_that_are_no_names_are_ignored_whatever_they_are() {
        let keys: [&[u8]; 12] = [
            b"\x00", // 0, the position of `name`
            b"\x01",
            b"\xff",                                 // -1
            b"\xcc\xc8",                             // 200
            b"\xd3\xff\xff\xff\xff\xff\xff\xff\xfe", // -2
            b"\xcb\x3f\xf8\0\0\0\0\0\0",             // 1.5
            b"\xc0",
            b"\xc3",
            b"\xa1\xff",         // text that is not UTF-8
            b"\x92\xa4name\x01", // ["name", 1]
            b"\x81\xa4name\x01", // {"name": 1}
            b"\xd6\xff\0\0\0\0", // a timestamp
        ];
        for key in keys {
            // {key: "x", "name": "n"}
            let bytes = [&[0x82], key, b"\xa1x\xa4name\xa1n"].concat();
            let read: Reading = decode(&bytes).unwrap_or_else(|error| panic!("{key:x?}: {error}"));
            assert_eq!(read, Reading { name: "n".to_owned(), ..Reading::default() }, "{key:x?}");
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Chain {
        End,
        Next(Box<Chain>),
        Named { next: Option<Box<Chain>> },
    }

    #[test]
    fn variants_are_chosen_by_their_names_alone() {
        assert_eq!(decode::<Chain>(b"\xa3End").unwrap(), Chain::End);
        assert_eq!(decode::<Chain>(b"\x81\xa3End\xc0").unwrap(), Chain::End);
        assert_eq!(decode::<Chain>(b"\x81\xa4Next\xa3End").unwrap(), Chain::Next(Box::new(Chain::End)));
        let named = Chain::Named { next: Some(Box::new(Chain::End)) };
        assert_eq!(decode::<Chain>(b"\x81\xa5Named\x81\xa4next\xa3End").unwrap(), named);
        assert_eq!(decode::<Chain>(b"\x81\xa5Named\xc0").unwrap(), Chain::Named { next: None });
        // By number, of two variants, and of one that does not exist.
        for bytes in [&b"\x00"[..], b"\x81\x00\xc0", b"\x82\xa3End\xc0\xa3End\xc0", b"\xa3Odd", b"\x80", b"\xc0"] {
            assert!(decode::<Chain>(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn variants_within_variants_count_as_levels() {
        for levels in [crate::wire::MAX_DEPTH + 1, 1_000_000] {
            let mut bytes = b"\x81\xa4Next".repeat(levels);
            bytes.extend(b"\xa3End");
            assert!(decode::<Chain>(&bytes).is_err());
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_or_replaced_and_never_in_bytes() {
        use serde_bytes::ByteBuf;

        use crate::wire::InvalidText;

        #[derive(Debug, Default, PartialEq, Deserialize)]
        #[serde(default)]
        struct Log {
            line: String,
            raw: ByteBuf,
            words: BTreeMap<String, Option<String>>,
        }
        // {"line": "a\xff", "raw": "b\xff", "words": {"\xfe": "\xfd"}}, all of them strings.
        let bytes = b"\x83\xa4line\xa2a\xff\xa3raw\xa2b\xff\xa5words\x81\xa1\xfe\xa1\xfd";
        assert!(decode::<Log>(bytes).is_err());
        assert!(InvalidText::Refuse.scope(|| decode::<Log>(bytes)).is_err());
        let read = InvalidText::Replace.scope(|| decode::<Log>(bytes)).unwrap();
        let words = BTreeMap::from([("\u{fffd}".to_owned(), Some("\u{fffd}".to_owned()))]);
        assert_eq!(read, Log { line: "a\u{fffd}".to_owned(), raw: ByteBuf::from(*b"b\xff"), words });
        // The choice ends with its scope, also after a panic.
        let _ = std::panic::catch_unwind(|| InvalidText::Replace.scope(|| panic!("on purpose")));
        assert!(decode::<Log>(bytes).is_err());
        assert!(InvalidText::Replace.scope(|| decode::<u8>(b"\xa1\xff")).is_err());
    }
}
