//! Enums: open, since another program may know more members. One that travels as a string keeps the text that it does
//! not know, one that travels as an integer the number.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use zbus_idl::schema::{Enum, EnumRepr, Integer, Member, MemberValue, TypeId};

use super::consts::integer;
use super::docs;
use super::names::Scope;
use super::places::Place;
use super::types::{Types, integer_type};

/// What every enum has, `Copy` and the traits of comparison beside it.
const TRAITS: [&str; 6] = ["Clone", "Debug", "Default", "PartialEq", "Serialize", "Deserialize"];

pub(super) fn enumeration(types: Types<'_>, id: TypeId, enumeration: &Enum) -> TokenStream {
    match enumeration.repr {
        EnumRepr::String => of_strings(types, id, enumeration),
        EnumRepr::Integer(repr) => of_integers(types, id, enumeration, repr),
    }
}

/// The members' names, and that of the generated variant for the rest.
fn variants(enumeration: &Enum) -> (Vec<Ident>, Ident) {
    let mut scope = Scope::default();
    let members = enumeration.members.iter().map(|member| scope.camel(&member.name)).collect();
    (members, scope.first_free(&["Unknown", "UnknownValue"]))
}

/// The first member that there is nothing to say against.
pub(super) fn first_member(enumeration: &Enum) -> Option<Ident> {
    let (names, _) = variants(enumeration);
    enumeration.members.iter().zip(names).find(|(member, _)| member.deprecated.is_none()).map(|(_, name)| name)
}

fn declared<'a>(
    types: Types<'a>,
    id: TypeId,
    members: &'a [Member],
    names: &'a [Ident],
) -> impl Iterator<Item = TokenStream> + 'a {
    members.iter().zip(names).enumerate().map(move |(at, (member, name))| {
        let attributes = types.settings.of_member(Place::Member(id, at));
        let value = match &member.value {
            MemberValue::String(text) => text.clone(),
            MemberValue::Integer(number) => number.to_string(),
        };
        let docs = docs::member(types, &member.docs, &value, || format!("The value {}.", docs::code(&value)));
        let deprecated = docs::deprecated(member.deprecated.as_deref());
        quote!(#docs #deprecated #attributes #name)
    })
}

fn of_strings(types: Types<'_>, id: TypeId, enumeration: &Enum) -> TokenStream {
    let def = &types.schema[id];
    let docs =
        docs::docs(types, &def.docs, || format!("The enum {}, which travels as a string.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let name = types.names.of_type(id);
    let (members, unknown) = variants(enumeration);
    let declared = declared(types, id, &enumeration.members, &members);
    let attributes = types.attributes(id, &TRAITS);
    let values: Vec<&str> = enumeration
        .members
        .iter()
        .map(|member| match &member.value {
            MemberValue::String(text) => text.as_str(),
            MemberValue::Integer(_) => "",
        })
        .collect();
    let zero = values.iter().position(|value| value.is_empty()).map_or_else(
        || quote!(Self::#unknown(::std::string::String::new())),
        |at| {
            let member = &members[at];
            quote!(Self::#member)
        },
    );
    let compared = compared(name, &quote!(self.as_str()), &quote!(other.as_str()));
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Debug)]
        #attributes
        pub enum #name {
            #(#declared,)*
            /// A value that this schema does not know.
            #unknown(::std::string::String),
        }
        impl #name {
            /// The text that travels.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#members => #values,)*
                    Self::#unknown(value) => value,
                }
            }
            fn known(value: &str) -> ::core::option::Option<Self> {
                match value {
                    #(#values => Some(Self::#members),)*
                    _ => None,
                }
            }
        }
        #compared
        impl ::core::default::Default for #name {
            fn default() -> Self {
                #zero
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
        impl ::core::convert::From<&str> for #name {
            fn from(value: &str) -> Self {
                Self::known(value).unwrap_or_else(|| Self::#unknown(::std::string::String::from(value)))
            }
        }
        impl ::core::convert::From<::std::string::String> for #name {
            fn from(value: ::std::string::String) -> Self {
                Self::known(&value).unwrap_or(Self::#unknown(value))
            }
        }
        impl ::core::str::FromStr for #name {
            type Err = ::core::convert::Infallible;
            fn from_str(value: &str) -> ::core::result::Result<Self, ::core::convert::Infallible> {
                Ok(Self::from(value))
            }
        }
        impl ::zbus::codegen::Serialize for #name {
            fn serialize<S: ::zbus::codegen::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> ::zbus::codegen::Deserialize<'de> for #name {
            fn deserialize<D: ::zbus::codegen::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                ::zbus::codegen::open_enum(deserializer)
            }
        }
    }
}

fn of_integers(types: Types<'_>, id: TypeId, enumeration: &Enum, repr: Integer) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(types, &def.docs, || {
        format!("The enum {}, which travels as {} `{}`.", docs::code(&def.name), article(repr), repr.name())
    });
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let name = types.names.of_type(id);
    let (members, unknown) = variants(enumeration);
    let declared = declared(types, id, &enumeration.members, &members);
    let attributes = types.attributes(id, &TRAITS);
    let number = |member: &Member| match &member.value {
        MemberValue::Integer(number) => *number,
        MemberValue::String(_) => 0,
    };
    let values: Vec<TokenStream> = enumeration.members.iter().map(|member| integer(number(member))).collect();
    let zero = enumeration.members.iter().position(|member| number(member) == 0).map_or_else(
        || quote!(Self::#unknown(0)),
        |at| {
            let member = &members[at];
            quote!(Self::#member)
        },
    );
    let serialize = format_ident!("serialize_{}", repr.name());
    let repr = integer_type(repr);
    let compared = compared(name, &quote!(self.value()), &quote!(&other.value()));
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Copy, Debug)]
        #attributes
        pub enum #name {
            #(#declared,)*
            /// A value that this schema does not know.
            #unknown(#repr),
        }
        impl #name {
            /// The number that travels.
            #[must_use]
            pub const fn value(self) -> #repr {
                match self {
                    #(Self::#members => #values,)*
                    Self::#unknown(value) => value,
                }
            }
        }
        #compared
        impl ::core::default::Default for #name {
            fn default() -> Self {
                #zero
            }
        }
        impl ::core::convert::From<#repr> for #name {
            fn from(value: #repr) -> Self {
                match value {
                    #(#values => Self::#members,)*
                    value => Self::#unknown(value),
                }
            }
        }
        impl ::core::convert::From<#name> for #repr {
            fn from(value: #name) -> Self {
                value.value()
            }
        }
        impl ::zbus::codegen::Serialize for #name {
            fn serialize<S: ::zbus::codegen::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                serializer.#serialize(self.value())
            }
        }
        impl<'de> ::zbus::codegen::Deserialize<'de> for #name {
            fn deserialize<D: ::zbus::codegen::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                <#repr as ::zbus::codegen::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    }
}

/// Members compare as what travels: a map's keys are written in that order, and a known member is equal to its own value
/// kept as unknown.
fn compared(name: &Ident, own: &TokenStream, other: &TokenStream) -> TokenStream {
    quote! {
        impl ::core::cmp::PartialEq for #name {
            fn eq(&self, other: &Self) -> bool {
                #own.eq(#other)
            }
        }
        impl ::core::cmp::Eq for #name {}
        impl ::core::cmp::PartialOrd for #name {
            fn partial_cmp(&self, other: &Self) -> ::core::option::Option<::core::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl ::core::cmp::Ord for #name {
            fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
                #own.cmp(#other)
            }
        }
        impl ::core::hash::Hash for #name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                #own.hash(state);
            }
        }
    }
}

fn article(repr: Integer) -> &'static str {
    match repr {
        Integer::I8 | Integer::I16 | Integer::I32 | Integer::I64 => "an",
        Integer::U8 | Integer::U16 | Integer::U32 | Integer::U64 => "a",
    }
}
