//! How a schema's type is written in Rust: as a field, as a zero value, as a client's argument, and which adapter
//! carries it over the wire.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use zbus_idl::schema::{EnumRepr, Integer, Schema, Type, TypeId, TypeKind};

use super::derives::Derives;
use super::names::Names;

/// The types of a schema, seen from one file's module.
#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) schema: &'a Schema,
    pub(super) names: &'a Names,
    pub(super) derives: &'a Derives,
    /// The position of the file in the schema.
    pub(super) file: usize,
}

/// How a value is encoded: which type is handed over, and under which adapter.
pub(super) struct Passed {
    pub(super) adapter: TokenStream,
    pub(super) ty: TokenStream,
}

/// A parameter of a client's method.
pub(super) struct Argument {
    /// What the method's signature says.
    pub(super) ty: TokenStream,
    /// What is encoded, always behind one reference.
    pub(super) passed: Passed,
    /// The parameter is that reference already.
    pub(super) is_reference: bool,
}

impl Types<'_> {
    /// The type that owns its value.
    pub(super) fn owned(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Bool => quote!(bool),
            Type::Integer(integer) => integer_type(*integer),
            Type::F32 => quote!(f32),
            Type::F64 => quote!(f64),
            Type::String => quote!(::std::string::String),
            Type::Bytes => quote!(::std::vec::Vec<u8>),
            Type::Timestamp => quote!(::zbus::types::Timestamp),
            Type::Duration => quote!(::zbus::types::Duration),
            Type::Ip => quote!(::std::net::IpAddr),
            Type::Cidr => quote!(::zbus::types::IpNet),
            Type::Mac => quote!(::zbus::types::MacAddress),
            Type::Any => quote!(::zbus::types::Value),
            Type::Optional(inner) => {
                let inner = self.owned(inner);
                quote!(::core::option::Option<#inner>)
            }
            Type::List(inner) => {
                let inner = self.owned(inner);
                quote!(::std::vec::Vec<#inner>)
            }
            Type::Map(key, value) => {
                let (key, value) = (self.owned(key), self.owned(value));
                quote!(::std::collections::BTreeMap<#key, #value>)
            }
            Type::Named(id) => self.path(*id),
        }
    }

    /// The type of a field of `owner`, or of what an arm of it carries: boxed where it is optional and holds an `owner`
    /// again. The language allows no other way for a type to hold itself, lists and maps apart.
    pub(super) fn member(&self, owner: TypeId, ty: &Type) -> TokenStream {
        match self.schema.resolve(ty) {
            Type::Optional(inner) if contains(self.schema, inner, owner) => {
                let inner = self.owned(inner);
                quote!(::core::option::Option<::std::boxed::Box<#inner>>)
            }
            _ => self.owned(ty),
        }
    }

    /// The adapter that carries it; none where serde by itself writes it rightly.
    pub(super) fn adapter(&self, ty: &Type) -> Option<TokenStream> {
        match self.schema.resolve(ty) {
            Type::Bytes => Some(quote!(::zbus::codegen::wire::Bytes)),
            Type::Timestamp => Some(quote!(::zbus::codegen::wire::Timestamp)),
            Type::Duration => Some(quote!(::zbus::codegen::wire::Duration)),
            Type::Ip => Some(quote!(::zbus::codegen::wire::Ip)),
            Type::Cidr => Some(quote!(::zbus::codegen::wire::Cidr)),
            Type::Any => Some(quote!(::zbus::codegen::wire::Any)),
            Type::Optional(inner) if matches!(self.schema.resolve(inner), Type::Cidr) => {
                Some(quote!(::zbus::codegen::wire::OptionalCidr))
            }
            Type::Optional(inner) => self.adapter(inner).map(|inner| quote!(::core::option::Option<#inner>)),
            Type::List(inner) => self.adapter(inner).map(|inner| quote!(::std::vec::Vec<#inner>)),
            Type::Map(key, value) => {
                let (key, value) = (self.adapter(key), self.adapter(value));
                (key.is_some() || value.is_some()).then(|| {
                    let (key, value) = (or_same(key), or_same(value));
                    quote!(::std::collections::BTreeMap<#key, #value>)
                })
            }
            _ => None,
        }
    }

    /// The adapter as a field's `#[serde(with = "…")]` names it.
    pub(super) fn with(&self, ty: &Type) -> Option<String> {
        self.adapter(ty).as_ref().map(as_path)
    }

    /// The owned type under its adapter.
    pub(super) fn passed(&self, ty: &Type) -> Passed {
        Passed { adapter: or_same(self.adapter(ty)), ty: self.owned(ty) }
    }

    /// The form in which a client takes it: by value where that is a copy of a few bytes, else borrowed.
    pub(super) fn argument(&self, ty: &Type) -> Argument {
        let resolved = self.schema.resolve(ty);
        if let Type::Optional(inner) = resolved {
            let adapter = self.adapter(resolved);
            let inner = self.argument(inner);
            let ty = inner.ty;
            let ty = quote!(::core::option::Option<#ty>);
            // The adapter follows the shape: that of an `Option<&[T]>` is an `Option<&[A]>`.
            let adapter = adapter.map(|adapter| {
                if !inner.is_reference {
                    return adapter;
                }
                let inner = inner.passed.adapter;
                quote!(::core::option::Option<&#inner>)
            });
            return Argument { passed: Passed { adapter: or_same(adapter), ty: ty.clone() }, ty, is_reference: false };
        }
        if self.is_passed_by_value(resolved) {
            return Argument { ty: self.owned(ty), passed: self.passed(ty), is_reference: false };
        }
        if matches!(resolved, Type::Bytes) {
            // serde_with's adapter of bytes takes a slice as `&[u8]`, not as `[u8]`.
            let ty = quote!(&[u8]);
            let passed = Passed { adapter: or_same(self.adapter(resolved)), ty: ty.clone() };
            return Argument { ty, passed, is_reference: false };
        }
        let passed = match resolved {
            Type::String => Passed { adapter: or_same(None), ty: quote!(str) },
            Type::List(inner) => {
                let item = self.owned(inner);
                let adapter = self.adapter(inner).map(|adapter| quote!([#adapter]));
                Passed { adapter: or_same(adapter), ty: quote!([#item]) }
            }
            _ => self.passed(ty),
        };
        let borrowed = &passed.ty;
        Argument { ty: quote!(&#borrowed), passed, is_reference: true }
    }

    /// The zero value, where its type is known from the place.
    pub(super) fn zero(&self, ty: &Type) -> TokenStream {
        match self.schema.resolve(ty) {
            Type::Bool => quote!(false),
            Type::Integer(_) => quote!(0),
            Type::F32 | Type::F64 => quote!(0.0),
            Type::String => quote!(::std::string::String::new()),
            Type::Bytes | Type::List(_) => quote!(::std::vec::Vec::new()),
            Type::Map(..) => quote!(::std::collections::BTreeMap::new()),
            Type::Optional(_) => quote!(None),
            Type::Timestamp => quote!(::zbus::types::zero::timestamp()),
            Type::Ip => quote!(::zbus::types::zero::ip()),
            Type::Cidr => quote!(::zbus::types::zero::cidr()),
            Type::Any => quote!(::zbus::types::Value::Nil),
            Type::Duration | Type::Mac | Type::Named(_) => quote!(::core::default::Default::default()),
        }
    }

    /// `Default::default()` gives the zero value.
    pub(super) fn default_is_zero(&self, ty: &Type) -> bool {
        !matches!(self.schema.resolve(ty), Type::Timestamp | Type::Ip | Type::Cidr | Type::Any)
    }

    /// A named type, as this module reaches it.
    pub(super) fn path(&self, id: TypeId) -> TokenStream {
        let name = self.names.of_type(id);
        let file = self.schema[id].file.index();
        if file == self.file {
            quote!(#name)
        } else {
            let module = self.names.module(file);
            quote!(super::#module::#name)
        }
    }

    fn is_passed_by_value(&self, resolved: &Type) -> bool {
        match resolved {
            Type::Bool
            | Type::Integer(_)
            | Type::F32
            | Type::F64
            | Type::Timestamp
            | Type::Duration
            | Type::Ip
            | Type::Cidr => true,
            Type::Named(id) => {
                matches!(&self.schema[*id].kind, TypeKind::Enum(found) if matches!(found.repr, EnumRepr::Integer(_)))
            }
            _ => false,
        }
    }
}

/// A value of `ty` holds one of `owner` without a list or a map between them.
pub(super) fn contains(schema: &Schema, ty: &Type, owner: TypeId) -> bool {
    let mut seen = Vec::new();
    let mut open = vec![ty];
    while let Some(ty) = open.pop() {
        match schema.resolve(ty) {
            Type::Optional(inner) => open.push(inner),
            Type::Named(id) if *id == owner => return true,
            Type::Named(id) if !seen.contains(id) => {
                seen.push(*id);
                match &schema[*id].kind {
                    TypeKind::Struct(found) => open.extend(found.fields.iter().map(|field| &field.ty)),
                    TypeKind::Union(found) => open.extend(found.arms.iter().filter_map(|arm| arm.ty.as_ref())),
                    TypeKind::Alias(_) | TypeKind::Enum(_) | TypeKind::Error(_) => {}
                }
            }
            _ => {}
        }
    }
    false
}

fn or_same(adapter: Option<TokenStream>) -> TokenStream {
    adapter.unwrap_or_else(|| quote!(::zbus::codegen::Same))
}

/// The functions of an adapter, as `#[serde(with = "…")]` names them.
pub(super) fn as_path(adapter: &TokenStream) -> String {
    let adapter = adapter.to_string().replace(' ', "").replace(',', ", ");
    format!("::zbus::codegen::As::<{adapter}>")
}

/// An integer type; its name in schemas is its name in Rust.
pub(super) fn integer_type(integer: Integer) -> TokenStream {
    let name = Ident::new(integer.name(), Span::call_site());
    quote!(#name)
}
