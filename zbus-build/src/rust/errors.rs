//! Error types: the variants that a method declares, and one for all that is not declared.
//!
//! On the wire an error is a message, a code and the fields of the code's variant. Only the code and the fields tell which
//! variant it is; peers that know no codes read the message.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use zbus_idl::case;
use zbus_idl::schema::{ErrorType, Field, TypeId, Variant};

use super::names::Scope;
use super::places::Place;
use super::types::Types;
use super::{docs, structs};

/// A variant with its names.
struct NamedVariant<'a> {
    /// The position in the error type.
    at: usize,
    variant: &'a Variant,
    name: Ident,
    fields: Vec<Ident>,
    /// The private struct in whose form the fields travel.
    payload: &'a Ident,
}

pub(super) fn error(types: Types<'_>, id: TypeId, error: &ErrorType) -> TokenStream {
    let def = &types.schema[id];
    let docs = docs::docs(types, &def.docs, || format!("The errors {}.", docs::code(&def.name)));
    let deprecated = docs::deprecated(def.deprecated.as_deref());
    let name = types.names.of_type(id);
    let mut scope = Scope::default();
    let payloads = types.names.payloads(id);
    let variants: Vec<_> = error
        .variants
        .iter()
        .enumerate()
        .zip(payloads)
        .map(|(variant, payload)| named(variant, &mut scope, payload))
        .collect();
    let other = scope.first_free(&["Other", "OtherError"]);
    let derives = types.derives.of(id);
    let attributes = types.attributes(id, &["Clone", "Debug", "PartialEq"]);
    let declared = variants.iter().map(|variant| declaration(types, id, variant));
    let payloads = variants.iter().filter(|variant| !variant.fields.is_empty()).map(|variant| {
        let shape = structs::Shape {
            head: "/// The fields of a variant, as they travel.\n".to_owned(),
            derives: Vec::new(),
            attributes: quote!(),
            keyword: "struct",
            name: variant.payload,
            fields: &variant.variant.fields,
            is_public: false,
            place: &|field| Place::VariantField(id, variant.at, field),
        };
        shape.write(types, id)
    });
    // Bodies bind the fields of a variant beside their own variables.
    let mut locals =
        Scope::reserving(&variants.iter().flat_map(|it| &it.fields).map(Ident::to_string).collect::<Vec<_>>());
    let display = display(name, &variants, &other, &locals.allocate("formatter"));
    let to_server = into_failure(&variants, &other, [locals.allocate("message"), locals.allocate("data")]);
    let to_caller = from_call(&variants, &other);
    quote! {
        #docs
        #deprecated
        #[derive(Clone, Debug, PartialEq, #derives)]
        #attributes
        pub enum #name {
            #(#declared,)*
            /// An error that is not declared: of a peer that knows no codes, or one that this schema does not know.
            #other {
                /// What the peer says.
                message: ::std::string::String,
                /// The code, if there is one.
                code: ::core::option::Option<::std::string::String>,
                /// The code's fields as a `MessagePack` map, if there are any.
                data: ::core::option::Option<::std::vec::Vec<u8>>,
            },
        }
        impl #name {
            /// An error with a message alone.
            #[must_use]
            pub fn other(message: impl ::core::convert::Into<::std::string::String>) -> Self {
                Self::#other { message: message.into(), code: None, data: None }
            }
            #to_server
            #to_caller
        }
        #display
        impl ::core::error::Error for #name {}
        #(#payloads)*
    }
}

fn named<'a>((at, variant): (usize, &'a Variant), scope: &mut Scope, payload: &'a Ident) -> NamedVariant<'a> {
    let mut fields = Scope::default();
    NamedVariant {
        at,
        variant,
        name: scope.camel(&variant.name),
        fields: variant.fields.iter().map(|field| fields.snake(&field.name)).collect(),
        payload,
    }
}

fn declaration(types: Types<'_>, owner: TypeId, variant: &NamedVariant<'_>) -> TokenStream {
    let NamedVariant { at, variant, name, fields, .. } = variant;
    let attributes = types.settings.of_member(Place::Member(owner, *at));
    let docs = docs::member(types, &variant.docs, &variant.wire_name, || {
        format!("The error {}.", docs::code(&variant.wire_name))
    });
    let deprecated = docs::deprecated(variant.deprecated.as_deref());
    let declared = variant.fields.iter().zip(fields).enumerate().map(|(field_at, (field, name))| {
        let place = Place::VariantField(owner, *at, field_at);
        let attributes = types.settings.of_member(place);
        let docs = docs::member(types, &field.docs, &field.wire_name, || {
            format!("The field {}.", docs::code(&field.wire_name))
        });
        let deprecated = docs::deprecated(field.deprecated.as_deref());
        let ty = types.at(place).member(owner, &field.ty);
        quote!(#docs #deprecated #attributes #name: #ty)
    });
    let declared = (!fields.is_empty()).then(|| quote!({ #(#declared),* }));
    quote!(#docs #deprecated #attributes #name #declared)
}

fn display(error: &Ident, variants: &[NamedVariant<'_>], other: &Ident, formatter: &Ident) -> TokenStream {
    let arms = variants.iter().map(|NamedVariant { variant, name, fields, .. }| {
        let message = case::words(&variant.name).join(" ");
        if fields.is_empty() {
            return quote!(Self::#name => #formatter.write_str(#message));
        }
        let format = format!("{message} ({})", field_formats(&variant.fields));
        quote!(Self::#name { #(#fields),* } => ::core::write!(#formatter, #format, #(#fields),*))
    });
    quote! {
        impl ::core::fmt::Display for #error {
            fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    #(#arms,)*
                    Self::#other { message, .. } => #formatter.write_str(message),
                }
            }
        }
    }
}

/// `Min: {:?}, Max: {:?}`
fn field_formats(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| format!("{}: {{:?}}", field.name));
    fields.collect::<Vec<_>>().join(", ")
}

/// The way to the wire.
fn into_failure(variants: &[NamedVariant<'_>], other: &Ident, [message, data]: [Ident; 2]) -> TokenStream {
    let arms = variants.iter().map(|NamedVariant { variant, name, fields, payload, .. }| {
        let code = &variant.wire_name;
        if fields.is_empty() {
            return quote!(Self::#name => ::zbus::Failure::new(#message).with_code(#code, None));
        }
        quote! {
            Self::#name { #(#fields),* } => {
                let mut #data = ::std::vec::Vec::new();
                ::zbus::wire::encode(&#payload { #(#fields),* }, &mut #data)?;
                ::zbus::Failure::new(#message).with_code(#code, Some(#data))
            }
        }
    });
    quote! {
        /// The error as a server sends it.
        ///
        /// # Errors
        /// Where a field cannot travel.
        pub fn into_failure(self) -> ::core::result::Result<::zbus::Failure, ::zbus::wire::EncodeError> {
            let #message = ::std::string::ToString::to_string(&self);
            Ok(match self {
                #(#arms,)*
                Self::#other { code: Some(code), data, .. } => ::zbus::Failure::new(#message).with_code(code, data),
                Self::#other { .. } => ::zbus::Failure::new(#message),
            })
        }
    }
}

/// The way back.
fn from_call(variants: &[NamedVariant<'_>], other: &Ident) -> TokenStream {
    let arms = variants.iter().map(|NamedVariant { variant, name, fields, payload, .. }| {
        let code = &variant.wire_name;
        if fields.is_empty() {
            return quote!(Some(#code) => Some(Self::#name));
        }
        // Missing fields are zero values. Fields of other types belong to another schema's error of that name.
        quote! {
            Some(#code) => match data.as_deref().map(::zbus::wire::decode::<#payload>) {
                None => Some(#payload::default()),
                Some(fields) => fields.ok(),
            }
            .map(|#payload { #(#fields),* }| Self::#name { #(#fields),* })
        }
    });
    quote! {
        /// What a caller gets: the declared error, or what else went wrong.
        #[must_use]
        pub fn from_call(error: ::zbus::Error) -> ::zbus::CallError<Self> {
            let ::zbus::Error::Remote { message, code, data } = error else {
                return ::zbus::CallError::Bus(error);
            };
            let declared = match code.as_deref() {
                #(#arms,)*
                _ => None,
            };
            ::zbus::CallError::Declared(declared.unwrap_or_else(|| Self::#other {
                message,
                code,
                data: data.map(::std::vec::Vec::from),
            }))
        }
    }
}
