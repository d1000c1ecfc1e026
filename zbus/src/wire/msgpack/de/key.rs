//! The keys of structs and the names of variants. `serde` would take an integer for the position of a field: on this wire fields have names
//! alone, and a key that is anything else is an unknown one.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Wraps the visitor of a key.
pub(super) struct Key<V>(pub(super) V);

/// The name of no field, as it is not UTF-8.
const UNKNOWN: &[u8] = &[0xff];

macro_rules! forward {
    ($($method:ident($ty:ty);)*) => {
        $(
            fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
                self.0.$method(value)
            }
        )*
    };
}

macro_rules! unknown {
    ($($method:ident($($ty:ty)?);)*) => {
        $(
            fn $method<E: Error>(self $(, _: $ty)?) -> Result<V::Value, E> {
                self.0.visit_bytes(UNKNOWN)
            }
        )*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Key<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    forward! {
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    unknown! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_none();
        visit_unit();
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        self.0.visit_bytes(UNKNOWN)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<V::Value, A::Error> {
        while access.next_element::<IgnoredAny>()?.is_some() {}
        self.0.visit_bytes(UNKNOWN)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<V::Value, A::Error> {
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.0.visit_bytes(UNKNOWN)
    }
}
