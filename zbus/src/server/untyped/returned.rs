//! What a closure gave, as the values that its method returns. `serde` tells what is a tuple: no trait can.

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeTuple, Serializer};
use serde_with::Same;

use crate::error::RejectionKind;
use crate::server::object::Returns;
use crate::server::rejection::Rejection;

/// Writes no value for `()`, one for each element of a tuple, and one for anything else.
pub(super) fn write<T: Serialize>(value: T, returns: &mut Returns) -> Result<(), Rejection> {
    match value.serialize(Values(returns)) {
        Ok(()) => Ok(()),
        Err(Unwritten::One) => returns.value::<Same, T>(&value),
        Err(Unwritten::Rejected(rejection)) => Err(rejection),
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum Unwritten {
    #[error("one value")]
    One,
    #[error("{}", .0.message)]
    Rejected(Rejection),
}

impl serde::ser::Error for Unwritten {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::Rejected(Rejection::new(RejectionKind::BadReply, message.to_string()))
    }
}

struct Values<'a>(&'a mut Returns);

impl SerializeTuple for Values<'_> {
    type Ok = ();
    type Error = Unwritten;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritten> {
        self.0.value::<Same, T>(value).map_err(Unwritten::Rejected)
    }

    fn end(self) -> Result<(), Unwritten> {
        Ok(())
    }
}

macro_rules! one_value {
    ($($method:ident($($type:ty),*) $(-> $result:ty)?;)*) => {
        $(
            fn $method(self, $(_: $type),*) -> Result<one_value!(@ $($result)?), Unwritten> {
                Err(Unwritten::One)
            }
        )*
    };
    (@ $result:ty) => { $result };
    (@) => { () };
}

type Never = Impossible<(), Unwritten>;

impl Serializer for Values<'_> {
    type Ok = ();
    type Error = Unwritten;
    type SerializeSeq = Never;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    one_value! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }

    fn serialize_unit(self) -> Result<(), Unwritten> {
        Ok(())
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self, Unwritten> {
        Ok(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _value: &T) -> Result<(), Unwritten> {
        Err(Unwritten::One)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, _value: &T) -> Result<(), Unwritten> {
        Err(Unwritten::One)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Unwritten> {
        // A `Result` whose error travels, too, would compile in the place of a value.
        if name == "Result" {
            return Err(Unwritten::custom("the method gives a `Result`, and so is to be added by `throwing`"));
        }
        Err(Unwritten::One)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
