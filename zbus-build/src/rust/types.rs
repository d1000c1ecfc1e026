//! How a schema's type is written in Rust: as a field, as a zero value, as a client's argument, and which adapter
//! carries it over the wire.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use zbus_idl::schema::{EnumRepr, Integer, Schema, Type, TypeId, TypeKind};

use super::derives::Derives;
use super::docs::Declared;
use super::names::Names;
use super::places::Place;
use super::settings::{Choice, Settings};
use super::texts::Texts;
use super::{BytesType, MapType, TimeType};

/// The types of a schema, seen from one file's module.
#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) schema: &'a Schema,
    pub(super) names: &'a Names,
    pub(super) derives: &'a Derives,
    pub(super) settings: &'a Settings,
    pub(super) declared: &'a Declared,
    /// Of the items at hand.
    pub(super) texts: &'a Texts,
    /// The position of the file in the schema.
    pub(super) file: usize,
    pub(super) seen_from: SeenFrom,
    /// How the types of the place at hand are written.
    pub(super) choice: Choice,
}

/// Where a type is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SeenFrom {
    /// In the module of the file.
    Module,
    /// In a module within that.
    Nested,
    /// In the module that has the file's, as its documentation is.
    Parent,
}

/// How a value is encoded: which type is handed over, and under which adapter.
pub(super) struct Passed {
    pub(super) adapter: TokenStream,
    pub(super) ty: TokenStream,
}

impl Passed {
    /// As the parameters of what encodes or decodes it.
    pub(super) fn parameters(&self) -> String {
        format!("{}, {}", compact(&self.adapter), compact(&self.ty))
    }
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

impl<'a> Types<'a> {
    /// As they are written at this place.
    pub(super) fn at(self, place: Place) -> Self {
        Self { choice: self.settings.choice(place), ..self }
    }

    /// The user's attributes of a type that has these traits beside those of `derives`.
    pub(super) fn attributes(&self, id: TypeId, traits: &[&str]) -> TokenStream {
        self.settings.of_type(id, &[traits, &self.derives.names(id)].concat())
    }

    /// The type behind aliases, written as the last of them says; up to one that a Rust type stands for.
    pub(super) fn resolved<'t>(self, mut ty: &'t Type) -> (Self, &'t Type)
    where
        'a: 't,
    {
        let mut types = self;
        while let Type::Named(id) = ty
            && let TypeKind::Alias(target) = &self.schema[*id].kind
            && self.settings.extern_type(*id).is_none()
        {
            types = types.at(Place::Type(*id));
            ty = target;
        }
        (types, ty)
    }

    /// The type of time of a `duration`, as the last of its aliases says.
    pub(super) fn time(&self, ty: &Type) -> TimeType {
        self.resolved(ty).0.choice.time
    }

    /// A Rust type stands for it, or for what it is an alias of.
    pub(super) fn is_extern(&self, ty: &Type) -> bool {
        matches!(self.resolved(ty).1, Type::Named(id) if self.settings.extern_type(*id).is_some())
    }

    /// The type that owns its value.
    pub(super) fn owned(&self, ty: &Type) -> TokenStream {
        match ty {
            Type::Bool => quote!(bool),
            Type::Integer(integer) => integer_type(*integer),
            Type::F32 => quote!(f32),
            Type::F64 => quote!(f64),
            Type::String => quote!(::std::string::String),
            Type::Bytes => match self.choice.bytes {
                BytesType::Vec => quote!(::std::vec::Vec<u8>),
                BytesType::Bytes => quote!(::zbus::types::Bytes),
            },
            Type::Timestamp => match self.choice.time {
                TimeType::Jiff => quote!(::zbus::types::Timestamp),
                TimeType::Std => quote!(::std::time::SystemTime),
                TimeType::Chrono => quote!(::zbus::types::chrono::DateTime<::zbus::types::chrono::Utc>),
            },
            Type::Duration => match self.choice.time {
                TimeType::Jiff => quote!(::zbus::types::Duration),
                TimeType::Std => quote!(::std::time::Duration),
                TimeType::Chrono => quote!(::zbus::types::chrono::TimeDelta),
            },
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
                match self.choice.map {
                    MapType::BTreeMap => quote!(::std::collections::BTreeMap<#key, #value>),
                    MapType::HashMap => quote!(::std::collections::HashMap<#key, #value>),
                }
            }
            Type::Named(id) => self.path(*id),
        }
    }

    /// The type of a field of `owner`, or of what an arm of it carries: boxed where it is optional and holds an `owner`
    /// again. The language allows no other way for a type to hold itself, lists and maps apart.
    pub(super) fn member(&self, owner: TypeId, ty: &Type) -> TokenStream {
        let (types, resolved) = self.resolved(ty);
        match resolved {
            Type::Optional(inner) if contains(self.schema, self.settings, inner, owner) => {
                let inner = types.owned(inner);
                quote!(::core::option::Option<::std::boxed::Box<#inner>>)
            }
            _ => self.owned(ty),
        }
    }

    /// The adapter that carries it; none where serde by itself writes it rightly.
    pub(super) fn adapter(&self, ty: &Type) -> Option<TokenStream> {
        let (types, resolved) = self.resolved(ty);
        match resolved {
            Type::Bytes => Some(match types.choice.bytes {
                BytesType::Vec => quote!(::zbus::codegen::wire::Bytes),
                BytesType::Bytes => quote!(::zbus::codegen::wire::SharedBytes),
            }),
            Type::Timestamp => Some(quote!(::zbus::codegen::wire::Timestamp)),
            Type::Duration => Some(quote!(::zbus::codegen::wire::Duration)),
            Type::Ip => Some(quote!(::zbus::codegen::wire::Ip)),
            Type::Cidr => Some(quote!(::zbus::codegen::wire::Cidr)),
            Type::Any => Some(quote!(::zbus::codegen::wire::Any)),
            Type::Optional(inner) if matches!(types.resolved(inner).1, Type::Cidr) => {
                Some(quote!(::zbus::codegen::wire::OptionalCidr))
            }
            Type::Optional(inner) => types.adapter(inner).map(|inner| quote!(::core::option::Option<#inner>)),
            Type::List(inner) => types.adapter(inner).map(|inner| quote!(::std::vec::Vec<#inner>)),
            Type::Map(key, value) => {
                let (key, value) = (types.adapter(key), types.adapter(value));
                let is_plain = key.is_none() && value.is_none();
                let (key, value) = (or_same(key), or_same(value));
                match types.choice.map {
                    MapType::BTreeMap if is_plain => None,
                    MapType::BTreeMap => Some(quote!(::std::collections::BTreeMap<#key, #value>)),
                    MapType::HashMap => Some(quote!(::zbus::codegen::wire::SortedMap<#key, #value>)),
                }
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
        let (types, resolved) = self.resolved(ty);
        if let Type::Optional(inner) = resolved {
            let adapter = types.adapter(resolved);
            let argument = types.argument(inner);
            let ty = argument.ty;
            let ty = quote!(::core::option::Option<#ty>);
            // The adapter follows the shape: that of an `Option<&[T]>` is an `Option<&[A]>`.
            let adapter = adapter.map(|adapter| {
                let passed = argument.passed.adapter;
                if argument.is_reference {
                    quote!(::core::option::Option<&#passed>)
                } else if matches!(types.resolved(inner).1, Type::Bytes) {
                    quote!(::core::option::Option<#passed>)
                } else {
                    adapter
                }
            });
            return Argument { passed: Passed { adapter: or_same(adapter), ty: ty.clone() }, ty, is_reference: false };
        }
        if self.is_passed_by_value(resolved) {
            return Argument { ty: self.owned(ty), passed: self.passed(ty), is_reference: false };
        }
        if matches!(resolved, Type::Bytes) {
            // serde_with's adapter of bytes takes a slice as `&[u8]`, not as `[u8]`.
            let ty = quote!(&[u8]);
            let passed = Passed { adapter: quote!(::zbus::codegen::wire::Bytes), ty: ty.clone() };
            return Argument { ty, passed, is_reference: false };
        }
        let passed = match resolved {
            Type::String => Passed { adapter: or_same(None), ty: quote!(str) },
            Type::List(inner) => {
                let item = types.owned(inner);
                let adapter = types.adapter(inner).map(|adapter| quote!([#adapter]));
                Passed { adapter: or_same(adapter), ty: quote!([#item]) }
            }
            _ => self.passed(ty),
        };
        let borrowed = &passed.ty;
        Argument { ty: quote!(&#borrowed), passed, is_reference: true }
    }

    /// The zero value, where its type is known from the place.
    pub(super) fn zero(&self, ty: &Type) -> TokenStream {
        let (types, resolved) = self.resolved(ty);
        match resolved {
            Type::Bool => quote!(false),
            Type::Integer(_) => quote!(0),
            Type::F32 | Type::F64 => quote!(0.0),
            Type::String => quote!(::std::string::String::new()),
            Type::Bytes if types.choice.bytes == BytesType::Bytes => quote!(::zbus::types::Bytes::new()),
            Type::Bytes | Type::List(_) => quote!(::std::vec::Vec::new()),
            Type::Map(..) => match types.choice.map {
                MapType::BTreeMap => quote!(::std::collections::BTreeMap::new()),
                MapType::HashMap => quote!(::std::collections::HashMap::new()),
            },
            Type::Optional(_) => quote!(None),
            Type::Timestamp => match types.choice.time {
                TimeType::Jiff => quote!(::zbus::types::zero::timestamp()),
                TimeType::Std => quote!(::zbus::types::zero::system_time()),
                TimeType::Chrono => quote!(::zbus::types::zero::date_time()),
            },
            Type::Ip => quote!(::zbus::types::zero::ip()),
            Type::Cidr => quote!(::zbus::types::zero::cidr()),
            Type::Any => quote!(::zbus::types::Value::Nil),
            Type::Duration => match types.choice.time {
                TimeType::Jiff => quote!(::zbus::types::Duration::ZERO),
                TimeType::Std => quote!(::std::time::Duration::ZERO),
                TimeType::Chrono => quote!(::zbus::types::chrono::TimeDelta::zero()),
            },
            Type::Mac => quote!(::zbus::types::MacAddress::default()),
            // Its path can have parameters, which stand elsewhere in an expression.
            Type::Named(id) if self.settings.extern_type(*id).is_some() => quote!(::core::default::Default::default()),
            Type::Named(id) => {
                let path = self.path(*id);
                quote!(#path::default())
            }
        }
    }

    /// `Default::default()` gives the zero value.
    pub(super) fn default_is_zero(&self, ty: &Type) -> bool {
        !matches!(self.resolved(ty).1, Type::Timestamp | Type::Ip | Type::Cidr | Type::Any)
    }

    /// A named type, as this module reaches it.
    pub(super) fn path(&self, id: TypeId) -> TokenStream {
        if let Some(path) = self.settings.extern_type(id) {
            return quote!(#path);
        }
        let name = self.names.of_type(id);
        self.reached(self.schema[id].file.index(), &quote!(#name))
    }

    /// What a file's module has, as it is reached from here.
    pub(super) fn reached(&self, file: usize, name: &TokenStream) -> TokenStream {
        if let Some(module) = self.settings.extern_module(file) {
            return quote!(#module::#name);
        }
        let module = self.names.module(file);
        match self.seen_from {
            SeenFrom::Module if file == self.file => name.clone(),
            SeenFrom::Module => quote!(super::#module::#name),
            SeenFrom::Nested if file == self.file => quote!(super::#name),
            SeenFrom::Nested => quote!(super::super::#module::#name),
            SeenFrom::Parent => quote!(#module::#name),
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
                let is_small =
                    matches!(&self.schema[*id].kind, TypeKind::Enum(of) if matches!(of.repr, EnumRepr::Integer(_)));
                is_small && self.settings.extern_type(*id).is_none()
            }
            _ => false,
        }
    }
}

/// A value of `ty` holds one of `owner` without a list or a map between them.
pub(super) fn contains(schema: &Schema, settings: &Settings, ty: &Type, owner: TypeId) -> bool {
    let mut seen = Vec::new();
    let mut open = vec![ty];
    while let Some(ty) = open.pop() {
        match ty {
            Type::Optional(inner) => open.push(inner),
            Type::Named(id) if *id == owner => return true,
            Type::Named(id) if settings.extern_type(*id).is_some() => {}
            Type::Named(id) if !seen.contains(id) => {
                seen.push(*id);
                match &schema[*id].kind {
                    TypeKind::Struct(found) => open.extend(found.fields.iter().map(|field| &field.ty)),
                    TypeKind::Union(found) => open.extend(found.arms.iter().filter_map(|arm| arm.ty.as_ref())),
                    TypeKind::Alias(target) => open.push(target),
                    TypeKind::Enum(_) | TypeKind::Error(_) => {}
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
    format!("::zbus::codegen::As::<{}>", compact(adapter))
}

/// A type as one writes it: tokens print with a space between each two.
pub(super) fn compact(tokens: &TokenStream) -> String {
    let spaced = tokens.to_string();
    let is_of_a_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut compact = String::with_capacity(spaced.len());
    for word in spaced.split(' ') {
        if compact.ends_with(',') || (compact.ends_with(is_of_a_word) && word.starts_with(is_of_a_word)) {
            compact.push(' ');
        }
        compact.push_str(word);
    }
    compact
}

/// An integer type; its name in schemas is its name in Rust.
pub(super) fn integer_type(integer: Integer) -> TokenStream {
    let name = Ident::new(integer.name(), Span::call_site());
    quote!(#name)
}
