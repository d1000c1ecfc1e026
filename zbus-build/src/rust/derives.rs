//! Which traits a generated type derives beside those that every type has: each that holds for all that it holds.
//!
//! A type that gets a field of another kind can lose one: `Copy` with its first string, `Eq` with its first float. It is the
//! price of having them, and the compiler shows each place that counted on them.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::schema::{EnumRepr, Schema, Type, TypeId, TypeKind};

use super::MapType;
use super::places::Place;
use super::settings::{Choice, Settings};
use super::types::contains;

/// A trait that holds for some types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trait {
    Copy,
    Eq,
    Hash,
    /// `PartialOrd` with it: a struct of floats has neither.
    Ord,
}

impl Trait {
    const ALL: [Self; 4] = [Self::Copy, Self::Eq, Self::Hash, Self::Ord];

    /// As a list of derives, with a comma behind each.
    fn derived(self) -> TokenStream {
        match self {
            Self::Copy => quote!(Copy,),
            Self::Eq => quote!(Eq,),
            Self::Hash => quote!(Hash,),
            Self::Ord => quote!(PartialOrd, Ord,),
        }
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Copy => &["Copy"],
            Self::Eq => &["Eq"],
            Self::Hash => &["Hash"],
            Self::Ord => &["PartialOrd", "Ord"],
        }
    }
}

/// The traits of every named type.
pub(super) struct Derives {
    types: Vec<Vec<Trait>>,
}

impl Derives {
    pub(super) fn new(schema: &Schema, settings: &Settings) -> Self {
        let mut types = vec![Vec::new(); schema.types.len()];
        for of in Trait::ALL {
            for (traits, holds) in types.iter_mut().zip(holding(schema, settings, of)) {
                if holds {
                    traits.push(of);
                }
            }
        }
        Self { types }
    }

    /// What the type derives, with a comma behind each.
    pub(super) fn of(&self, id: TypeId) -> TokenStream {
        self.types[id.index()].iter().map(|of| of.derived()).collect()
    }

    /// The names of what the type derives.
    pub(super) fn names(&self, id: TypeId) -> Vec<&'static str> {
        self.types[id.index()].iter().flat_map(|of| of.names()).copied().collect()
    }
}

/// Of each type, whether the trait holds. A type that holds itself has what the rest of it has: all start as having the trait,
/// and lose it by a member that lacks it.
fn holding(schema: &Schema, settings: &Settings, of: Trait) -> Vec<bool> {
    let count = schema.types.len();
    let mut holds = vec![true; count];
    let mut dependents = vec![Vec::new(); count];
    let mut lacking = Vec::new();
    for id in schema.files.iter().flat_map(|file| &file.types) {
        let mut needed = Vec::new();
        if !needs(schema, settings, of, *id, &mut needed) {
            holds[id.index()] = false;
            lacking.push(id.index());
        }
        for needed in needed {
            dependents[needed.index()].push(id.index());
        }
    }
    while let Some(lost) = lacking.pop() {
        for &dependent in &dependents[lost] {
            if std::mem::replace(&mut holds[dependent], false) {
                lacking.push(dependent);
            }
        }
    }
    holds
}

/// Whether the type has the trait, provided that all those needed have it.
fn needs(schema: &Schema, settings: &Settings, of: Trait, id: TypeId, needed: &mut Vec<TypeId>) -> bool {
    if settings.extern_type(id).is_some() {
        // Nobody knows.
        return false;
    }
    let mut member = |place, ty: &Type| {
        let is_boxed = || matches!(schema.resolve(ty), Type::Optional(inner) if contains(schema, settings, inner, id));
        !(of == Trait::Copy && is_boxed()) && of_type(of, settings.choice(place), ty, needed)
    };
    match &schema[id].kind {
        TypeKind::Alias(target) => of_type(of, settings.choice(Place::Type(id)), target, needed),
        TypeKind::Struct(found) => {
            found.fields.iter().enumerate().all(|(at, field)| member(Place::Member(id, at), &field.ty))
        }
        TypeKind::Enum(found) => of != Trait::Copy || matches!(found.repr, EnumRepr::Integer(_)),
        // An arm that is not known can hold any value, a float too.
        TypeKind::Union(_) => false,
        // The one that is not declared holds a message.
        TypeKind::Error(_) if of == Trait::Copy => false,
        TypeKind::Error(found) => found.variants.iter().enumerate().all(|(at, variant)| {
            let mut fields = variant.fields.iter().enumerate();
            fields.all(|(field_at, field)| member(Place::VariantField(id, at, field_at), &field.ty))
        }),
    }
}

fn of_type(of: Trait, choice: Choice, ty: &Type, needed: &mut Vec<TypeId>) -> bool {
    match ty {
        Type::Bool | Type::Integer(_) | Type::Timestamp | Type::Duration | Type::Ip | Type::Cidr => true,
        Type::F32 | Type::F64 => of == Trait::Copy,
        Type::Any => false,
        Type::String | Type::Bytes | Type::Mac => of != Trait::Copy,
        Type::Optional(inner) => of_type(of, choice, inner, needed),
        Type::List(inner) => of != Trait::Copy && of_type(of, choice, inner, needed),
        Type::Map(key, value) => {
            let has = match choice.map {
                MapType::BTreeMap => of != Trait::Copy,
                MapType::HashMap => of == Trait::Eq,
            };
            has && of_type(of, choice, key, needed) && of_type(of, choice, value, needed)
        }
        Type::Named(id) => {
            needed.push(*id);
            true
        }
    }
}
