//! How deep types nest in types without a name of their own: a `Vec` of a `Vec`, through any number of aliases. Rust spells such a type
//! out, rustc gives up on a deep one, and a message of that depth cannot travel.

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
