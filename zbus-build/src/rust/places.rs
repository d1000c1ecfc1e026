//! The places of a schema that an option can be for, each with its path: the names that a selector matches.

use zbus_idl::schema::{ConstId, FileId, ObjectId, Schema, Type, TypeId, TypeKind};

/// Where a type is declared or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Type(TypeId),
    /// A field of a struct, a member of an enum, an arm of a union, a variant of an error.
    Member(TypeId, usize),
    /// A field of a variant of an error.
    VariantField(TypeId, usize, usize),
    Method(ObjectId, usize),
    Stream(ObjectId, usize),
    Const(ConstId),
}

/// A place with what is known of it.
pub(super) struct Located<'a> {
    pub(super) place: Place,
    /// The file's stem, then names as written.
    pub(super) path: Vec<&'a str>,
    pub(super) file: FileId,
    /// The types that stand there, without those that they name.
    pub(super) types: Vec<&'a Type>,
}

/// Every place, in the order of the text.
pub(super) fn places<'a>(schema: &'a Schema) -> Vec<Located<'a>> {
    let mut found = Vec::new();
    for file in &schema.files {
        let stem = file.stem.as_str();
        for &id in &file.consts {
            let constant = &schema[id];
            found.push(Located {
                place: Place::Const(id),
                path: vec![stem, constant.name.as_str()],
                file: constant.file,
                types: vec![&constant.ty],
            });
        }
        for &id in &file.types {
            let def = &schema[id];
            let mut add = |place, path, types| found.push(Located { place, path, file: def.file, types });
            let path = vec![stem, def.name.as_str()];
            let within = |names: &[&'a str]| [path.as_slice(), names].concat();
            let alias = if let TypeKind::Alias(target) = &def.kind { vec![target] } else { vec![] };
            add(Place::Type(id), path.clone(), alias);
            match &def.kind {
                TypeKind::Alias(_) => {}
                TypeKind::Struct(of) => {
                    for (at, field) in of.fields.iter().enumerate() {
                        add(Place::Member(id, at), within(&[&field.name]), vec![&field.ty]);
                    }
                }
                TypeKind::Enum(of) => {
                    for (at, member) in of.members.iter().enumerate() {
                        add(Place::Member(id, at), within(&[&member.name]), vec![]);
                    }
                }
                TypeKind::Union(of) => {
                    for (at, arm) in of.arms.iter().enumerate() {
                        add(Place::Member(id, at), within(&[&arm.name]), arm.ty.iter().collect());
                    }
                }
                TypeKind::Error(of) => {
                    for (at, variant) in of.variants.iter().enumerate() {
                        add(Place::Member(id, at), within(&[&variant.name]), vec![]);
                        for (field_at, field) in variant.fields.iter().enumerate() {
                            let path = within(&[&variant.name, &field.name]);
                            add(Place::VariantField(id, at, field_at), path, vec![&field.ty]);
                        }
                    }
                }
            }
        }
        for &id in &file.objects {
            let object = &schema[id];
            let path = |name| vec![stem, object.type_name.as_str(), name];
            for (at, method) in object.methods.iter().enumerate() {
                let params = method.params.iter().map(|param| &param.ty);
                let types = params.chain(method.returns.iter().map(|found| &found.ty)).collect();
                found.push(Located {
                    place: Place::Method(id, at),
                    path: path(&method.name),
                    file: object.file,
                    types,
                });
            }
            for (at, stream) in object.streams.iter().enumerate() {
                let types = vec![&stream.ty];
                found.push(Located {
                    place: Place::Stream(id, at),
                    path: path(&stream.name),
                    file: object.file,
                    types,
                });
            }
        }
    }
    found
}

/// Whether a type of this kind stands in there, without those that it names.
pub(super) fn holds(ty: &Type, is: fn(&Type) -> bool) -> bool {
    is(ty)
        || match ty {
            Type::Optional(inner) | Type::List(inner) => holds(inner, is),
            Type::Map(key, value) => holds(key, is) || holds(value, is),
            _ => false,
        }
}
