//! Constants.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::schema::{ConstId, ConstValue, Type};

use super::places::Place;
use super::types::Types;
use super::{Spelling, TimeType, docs};
use crate::error::Error;

/// Refuses a constant that the type which the options choose for it cannot hold.
pub(super) fn check(types: Types<'_>, id: ConstId, spelling: Spelling) -> Result<(), Error> {
    let constant = &types.schema[id];
    let time = types.at(Place::Const(id)).time(&constant.ty);
    match constant.value {
        ConstValue::Duration(..0) if time == TimeType::Std => {
            let name = format!("{}.{}", types.schema.files[types.file].stem, constant.name);
            let choice = match spelling {
                Spelling::Method => format!(".time_type(\"{name}\", TimeType::Jiff)"),
                Spelling::Flag => format!("--time-type {name}=jiff"),
            };
            Err(Error::option(format!(
                "the constant `{name}` is negative, which `std::time::Duration` cannot be; add `{choice}` behind the other choices"
            )))
        }
        _ => Ok(()),
    }
}

pub(super) fn constant(types: Types<'_>, id: ConstId) -> TokenStream {
    let types = types.at(Place::Const(id));
    let constant = &types.schema[id];
    let docs = docs::docs(types, &constant.docs, || format!("The constant {}.", docs::code(&constant.name)));
    let deprecated = docs::deprecated(constant.deprecated.as_deref());
    let name = types.names.of_const(id);
    let resolved = types.schema.resolve(&constant.ty);
    let ty = match resolved {
        // An alias of it is a `String`, of which there are no constants.
        Type::String => quote!(&str),
        // Of a type that a Rust type stands for there are none either: the constant is what the schema says it is.
        _ if types.is_extern(&constant.ty) => types.owned(resolved),
        _ => types.owned(&constant.ty),
    };
    let value = value(&constant.value, types.time(&constant.ty));
    quote! {
        #docs
        #deprecated
        pub const #name: #ty = #value;
    }
}

fn value(value: &ConstValue, time: TimeType) -> TokenStream {
    match value {
        ConstValue::Bool(value) => quote!(#value),
        ConstValue::Integer(value) => integer(*value),
        ConstValue::Float(value) => float(*value),
        ConstValue::String(value) => quote!(#value),
        ConstValue::Duration(nanoseconds) => {
            let nanoseconds = integer((*nanoseconds).into());
            match time {
                TimeType::Jiff => quote!(::zbus::types::Duration::from_nanos(#nanoseconds)),
                TimeType::Std => quote!(::std::time::Duration::from_nanos(#nanoseconds)),
                TimeType::Chrono => quote!(::zbus::types::chrono::TimeDelta::nanoseconds(#nanoseconds)),
            }
        }
    }
}

/// An integer without a suffix: its type stands beside it.
pub(super) fn integer(value: i128) -> TokenStream {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    let literal: TokenStream = text.parse().unwrap_or_default();
    if value < 0 { quote!(-#literal) } else { literal }
}

fn float(value: f64) -> TokenStream {
    // `Debug` and not `Literal`: that writes 1e300 with three hundred zeros.
    let text = format!("{:?}", value.abs());
    let literal: TokenStream = text.parse().unwrap_or_default();
    if value.is_sign_negative() { quote!(-#literal) } else { literal }
}
