//! Which traits a generated type derives beside those that every type has: each that holds for all that it holds.
//!
//! A type that gets a field of another kind can lose one: `Copy` with its first string, `Eq` with its first float. It is the
//! price of having them, and the compiler shows each place that counted on them.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::schema::{EnumRepr, Schema, Type, TypeDef, TypeId, TypeKind};

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
}

/// The traits of every named type.
pub(super) struct Derives {
    types: Vec<Vec<Trait>>,
}

impl Derives {
    pub(super) fn new(schema: &Schema) -> Self {
        let mut types = vec![Vec::new(); schema.types.len()];
        for of in Trait::ALL {
            for (traits, holds) in types.iter_mut().zip(holding(schema, of)) {
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
}

/// Of each type, whether the trait holds. A type that holds itself has what the rest of it has: all start as having the trait,
/// and lose it by a member that lacks it.
fn holding(schema: &Schema, of: Trait) -> Vec<bool> {
    let count = schema.types.len();
    let mut holds = vec![true; count];
    let mut dependents = vec![Vec::new(); count];
    let mut lacking = Vec::new();
    for id in schema.files.iter().flat_map(|file| &file.types) {
        let mut needed = Vec::new();
        if !needs(schema, of, *id, &mut needed) {
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
fn needs(schema: &Schema, of: Trait, id: TypeId, needed: &mut Vec<TypeId>) -> bool {
    let TypeDef { kind, .. } = &schema[id];
    let mut member = |ty: &Type| {
        let is_boxed = || matches!(schema.resolve(ty), Type::Optional(inner) if contains(schema, inner, id));
        !(of == Trait::Copy && is_boxed()) && of_type(of, ty, needed)
    };
    match kind {
        TypeKind::Alias(target) => of_type(of, target, needed),
        TypeKind::Struct(found) => found.fields.iter().all(|field| member(&field.ty)),
        TypeKind::Enum(found) => of != Trait::Copy || matches!(found.repr, EnumRepr::Integer(_)),
        // An arm that is not known can hold any value, a float too.
        TypeKind::Union(_) => false,
        // The one that is not declared holds a message.
        TypeKind::Error(_) if of == Trait::Copy => false,
        TypeKind::Error(found) => found.variants.iter().flat_map(|it| &it.fields).all(|field| member(&field.ty)),
    }
}

fn of_type(of: Trait, ty: &Type, needed: &mut Vec<TypeId>) -> bool {
    match ty {
        Type::Bool | Type::Integer(_) | Type::Timestamp | Type::Duration | Type::Ip | Type::Cidr => true,
        Type::F32 | Type::F64 | Type::Any => false,
        Type::String | Type::Bytes | Type::Mac => of != Trait::Copy,
        Type::Optional(inner) => of_type(of, inner, needed),
        Type::List(inner) => of != Trait::Copy && of_type(of, inner, needed),
        Type::Map(key, value) => of != Trait::Copy && of_type(of, key, needed) && of_type(of, value, needed),
        Type::Named(id) => {
            needed.push(*id);
            true
        }
    }
}
