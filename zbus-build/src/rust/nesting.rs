//! How deep types nest, which rustc has limits for.
//!
//! A type without a name of its own, a `Vec` of a `Vec` through any number of aliases, is spelt out in Rust: a deep one is an error here.
//! Types that hold each other by name are fine for the code, but rustc follows them to see whether a value may cross threads, and stops at
//! `recursion_limit`, which is the crate's to raise: a long way is a warning.

use zbus_idl::schema::{Schema, Type, TypeId, TypeKind};

use super::places::places;
use crate::error::Error;

/// Levels of lists, maps and optionals. Messages have 128 levels at most, and rustc's limit for a type is as high.
const MOST: usize = 64;

/// Refuses a type that is nested deeper than that.
pub(super) fn check(schema: &Schema) -> Result<(), Error> {
    let depths = depths_of_aliases(schema);
    for located in places(schema) {
        if located.types.iter().any(|ty| depth(ty, &depths) > MOST) {
            return Err(Error::unsupported(format!(
                "{}: the type of `{}` nests lists, maps and optionals more than {MOST} levels deep, which Rust cannot compile; put a \
                 struct between them",
                schema[located.file].path,
                located.path.join(".")
            )));
        }
    }
    Ok(())
}

/// The `recursion_limit` of a crate that does not set one, which is 128, less what surrounds a value in the future of a call.
const FREE: usize = 100;

/// What to tell the user of types that hold each other over so long a way that rustc stops. Such types compile in a crate with a higher limit.
pub(super) fn warning(schema: &Schema) -> Option<String> {
    let ways = ways(schema);
    let (at, way) = ways.iter().enumerate().max_by_key(|(_, way)| **way)?;
    (*way > FREE).then(|| {
        let def = schema.files.iter().flat_map(|file| &file.types).find(|id| id.index() == at).map(|id| &schema[*id]);
        let (name, path) = def.map_or(("", ""), |def| (def.name.as_str(), schema[def.file].path.as_str()));
        format!(
            "{path}: the type `{name}` holds others {way} levels deep, and rustc stops at 128; begin the crate with \
             `#![recursion_limit = \"{}\"]`",
            (way + 64).next_power_of_two()
        )
    })
}

/// Of each type, how far rustc goes into what it holds before it comes back to a type that it has seen.
fn ways(schema: &Schema) -> Vec<usize> {
    let mut ways: Vec<Option<usize>> = vec![None; schema.types.len()];
    let mut is_open = vec![false; schema.types.len()];
    for id in schema.files.iter().flat_map(|file| &file.types) {
        if ways[id.index()].is_some() {
            continue;
        }
        let mut open = vec![(*id, held(schema, *id))];
        is_open[id.index()] = true;
        while let Some((id, held_by)) = open.last() {
            let next = held_by.iter().find(|(held, _)| ways[held.index()].is_none() && !is_open[held.index()]);
            if let Some((next, _)) = next {
                is_open[next.index()] = true;
                open.push((*next, held(schema, *next)));
                continue;
            }
            let longest = held_by.iter().map(|(held, steps)| steps + ways[held.index()].unwrap_or_default()).max();
            ways[id.index()] = Some(longest.unwrap_or_default());
            is_open[id.index()] = false;
            open.pop();
        }
    }
    ways.into_iter().map(Option::unwrap_or_default).collect()
}

/// The types that a type holds by name, each with the steps to it.
fn held(schema: &Schema, id: TypeId) -> Vec<(TypeId, usize)> {
    let types: Vec<&Type> = match &schema[id].kind {
        TypeKind::Alias(target) => vec![target],
        TypeKind::Struct(found) => found.fields.iter().map(|field| &field.ty).collect(),
        TypeKind::Union(found) => found.arms.iter().filter_map(|arm| arm.ty.as_ref()).collect(),
        TypeKind::Error(found) => {
            found.variants.iter().flat_map(|variant| &variant.fields).map(|field| &field.ty).collect()
        }
        TypeKind::Enum(_) => Vec::new(),
    };
    let mut held = Vec::new();
    let mut open: Vec<(&Type, usize)> = types.into_iter().map(|ty| (ty, 1)).collect();
    while let Some((ty, steps)) = open.pop() {
        match ty {
            // `Option`, `Box` and its pointer; a vector and its parts; a tree and its nodes.
            Type::Optional(inner) | Type::List(inner) => open.push((inner, steps + 3)),
            Type::Map(key, value) => open.extend([(&**key, steps + 6), (&**value, steps + 6)]),
            // An alias is no step of its own.
            Type::Named(id) if matches!(schema[*id].kind, TypeKind::Alias(_)) => held.push((*id, steps - 1)),
            Type::Named(id) => held.push((*id, steps)),
            _ => {}
        }
    }
    held
}

/// Of each type that is an alias, without recursion over what the schema says.
fn depths_of_aliases(schema: &Schema) -> Vec<Option<usize>> {
    let mut depths: Vec<Option<usize>> = vec![None; schema.types.len()];
    for id in schema.files.iter().flat_map(|file| &file.types) {
        // Each is put off until those that it names are known.
        let mut open = vec![*id];
        while let Some(&id) = open.last() {
            let target = match &schema[id].kind {
                TypeKind::Alias(target) if depths[id.index()].is_none() => target,
                _ => {
                    depths[id.index()].get_or_insert(0);
                    open.pop();
                    continue;
                }
            };
            let unknown: Vec<_> = named(target).into_iter().filter(|id| depths[id.index()].is_none()).collect();
            if unknown.is_empty() {
                depths[id.index()] = Some(depth(target, &depths));
            }
            open.extend(unknown);
        }
    }
    depths
}

/// The types that are named in this one.
fn named(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::Optional(inner) | Type::List(inner) => named(inner),
        Type::Map(key, value) => [named(key), named(value)].concat(),
        Type::Named(id) => vec![*id],
        _ => Vec::new(),
    }
}

/// The levels of a type, of which the parser has bounded those that are written in one place.
fn depth(ty: &Type, depths: &[Option<usize>]) -> usize {
    match ty {
        Type::Optional(inner) | Type::List(inner) => 1 + depth(inner, depths),
        Type::Map(key, value) => 1 + depth(key, depths).max(depth(value, depths)),
        Type::Named(id) => depths[id.index()].unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use zbus_idl::MemoryLoader;

    use super::*;

    fn checked(length: usize, is_forward: bool) -> Result<(), Error> {
        let mut text = "type A0 = bytes; struct S { X: [[A0]] }\n".to_owned();
        for at in 1..=length {
            let at = if is_forward { at } else { length + 1 - at };
            writeln!(text, "type A{at} = [A{}];", at - 1).unwrap();
        }
        check(&zbus_idl::compile(&["m.zbus"], &MemoryLoader::new().with("m.zbus", text)).unwrap())
    }

    fn warned(length: usize, field: &str) -> Option<String> {
        let mut text = String::new();
        for at in 0..length {
            let next = format!("S{}", (at + 1) % length);
            writeln!(text, "struct S{at} {{ X: {} }}", field.replace('S', &next)).unwrap();
        }
        warning(&zbus_idl::compile(&["m.zbus"], &MemoryLoader::new().with("m.zbus", text)).unwrap())
    }

    #[test]
    fn long_ring_of_types_is_warned_of_with_what_to_do() {
        for field in ["S?", "[S]", "map<string, S>"] {
            assert_eq!(warned(12, field), None);
            let told = warned(64, field).unwrap();
            assert!(
                told.starts_with("m.zbus: the type `S0` holds others ") && told.contains("recursion_limit"),
                "{told}"
            );
        }
        assert!(warned(5_000, "S?").unwrap().ends_with("`#![recursion_limit = \"32768\"]`"));
    }

    #[test]
    fn chain_of_aliases_has_a_limit_that_is_an_error_and_no_overflow() {
        checked(64, true).unwrap();
        checked(64, false).unwrap();
        for (length, is_forward, named) in [(65, true, 65), (20_000, true, 65), (20_000, false, 20_000)] {
            let error = checked(length, is_forward).unwrap_err().to_string();
            let start = format!("m.zbus: the type of `m.A{named}` nests lists");
            assert!(error.starts_with(&start) && error.ends_with("between them"), "{error}");
        }
    }
}
