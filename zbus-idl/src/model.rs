//! The schema as JSON: all that a backend needs, for those that do not link Rust. `docs/model.md` is its reference.
//!
//! Every key is always there, `null` or empty where there is nothing to say, so that a reader asks no key twice.
//! References are indices into the arrays at the top, with the name beside them for people.

use serde_json::{Value, json};

use crate::contract::{Contract, Contracts};
use crate::schema::{
    Const, ConstValue, EnumRepr, Field, File, Lag, LagPolicy, Member, MemberValue, Method, Schema, Stream, Throws,
    Type, TypeDef, TypeId, TypeKind, Variant,
};

/// The version of the shape. It changes only where a reader of the former shape would go wrong; a key more does not count.
pub const FORMAT: u32 = 1;

/// The JSON model of a schema. Equal schemas give equal values, the order of keys included.
///
/// ```
/// use zbus_idl::MemoryLoader;
///
/// let loader = MemoryLoader::new().with("point.zbus", "struct Point { X: f64 }");
/// let schema = zbus_idl::compile(&["point.zbus"], &loader).unwrap();
/// let model = zbus_idl::model::to_json(&schema);
/// assert_eq!(model["types"][0]["name"], "Point");
/// assert_eq!(model["types"][0]["fields"][0]["type"]["kind"], "f64");
/// ```
pub fn to_json(schema: &Schema) -> Value {
    let contracts = Contracts::new(schema);
    json!({
        "format": FORMAT,
        "files": each(&schema.files, file),
        "types": each(&schema.types, |one| type_def(schema, one)),
        "consts": each(&schema.consts, |one| constant(schema, one)),
        "objects": contracts.iter().map(|one| object(&one, schema)).collect::<Value>(),
    })
}

fn each<T>(items: &[T], shape: impl Fn(&T) -> Value) -> Value {
    items.iter().map(shape).collect()
}

fn file(file: &File) -> Value {
    json!({
        "path": file.path,
        "stem": file.stem,
        "root": file.is_root,
        "docs": file.docs,
        "module": file.module,
        "imports": each(&file.imports, |id| id.index().into()),
        "types": each(&file.types, |id| id.index().into()),
        "consts": each(&file.consts, |id| id.index().into()),
        "objects": each(&file.objects, |id| id.index().into()),
    })
}

fn type_def(schema: &Schema, def: &TypeDef) -> Value {
    let (kind, own) = match &def.kind {
        TypeKind::Alias(target) => ("alias", json!({ "type": ty(schema, target) })),
        TypeKind::Struct(one) => ("struct", json!({ "fields": each(&one.fields, |field| self::field(schema, field)) })),
        TypeKind::Enum(one) => ("enum", json!({ "repr": repr(one.repr), "members": each(&one.members, member) })),
        TypeKind::Union(one) => {
            let arms = each(&one.arms, |arm| {
                json!({
                    "name": arm.name,
                    "wire_name": arm.wire_name,
                    "docs": arm.docs,
                    "deprecated": arm.deprecated,
                    "type": arm.ty.as_ref().map(|carried| ty(schema, carried)),
                })
            });
            ("union", json!({ "arms": arms }))
        }
        TypeKind::Error(one) => {
            ("error", json!({ "variants": each(&one.variants, |variant| self::variant(schema, variant)) }))
        }
    };
    let mut value = json!({
        "name": def.name,
        "kind": kind,
        "file": def.file.index(),
        "docs": def.docs,
        "deprecated": def.deprecated,
    });
    if let (Some(all), Value::Object(own)) = (value.as_object_mut(), own) {
        all.extend(own);
    }
    value
}

fn field(schema: &Schema, field: &Field) -> Value {
    json!({
        "name": field.name,
        "wire_name": field.wire_name,
        "docs": field.docs,
        "deprecated": field.deprecated,
        "type": ty(schema, &field.ty),
        "spread_from": field.spread_from.map(|id| named(schema, id)),
    })
}

fn repr(repr: EnumRepr) -> &'static str {
    match repr {
        EnumRepr::String => "string",
        EnumRepr::Integer(integer) => integer.name(),
    }
}

fn member(member: &Member) -> Value {
    let value = match &member.value {
        MemberValue::String(text) => json!(text),
        MemberValue::Integer(number) => integer(*number),
    };
    json!({ "name": member.name, "docs": member.docs, "deprecated": member.deprecated, "value": value })
}

fn variant(schema: &Schema, variant: &Variant) -> Value {
    json!({
        "name": variant.name,
        "wire_name": variant.wire_name,
        "docs": variant.docs,
        "deprecated": variant.deprecated,
        "fields": each(&variant.fields, |field| self::field(schema, field)),
    })
}

fn constant(schema: &Schema, one: &Const) -> Value {
    let value = match &one.value {
        ConstValue::Bool(truth) => json!(truth),
        ConstValue::Integer(number) => integer(*number),
        ConstValue::Float(number) => json!(number),
        ConstValue::String(text) => json!(text),
        ConstValue::Duration(nanoseconds) => json!(nanoseconds),
    };
    json!({
        "name": one.name,
        "file": one.file.index(),
        "docs": one.docs,
        "deprecated": one.deprecated,
        "type": ty(schema, &one.ty),
        "value": value,
    })
}

fn object(contract: &Contract<'_>, schema: &Schema) -> Value {
    let object = contract.object();
    json!({
        "name": object.name,
        "version": object.version,
        "type_name": object.type_name,
        "module": schema.module_of(object),
        "contract": contract.hash(),
        "file": object.file.index(),
        "docs": object.docs,
        "deprecated": object.deprecated,
        "methods": each(&object.methods, |one| method(schema, one)),
        "streams": each(&object.streams, |one| stream(schema, one)),
    })
}

fn method(schema: &Schema, method: &Method) -> Value {
    let throws = match method.throws {
        Throws::Never => json!({ "kind": "never" }),
        Throws::Message => json!({ "kind": "message" }),
        Throws::Typed(id) => named(schema, id),
    };
    json!({
        "name": method.name,
        "wire_name": method.wire_name,
        "docs": method.docs,
        "deprecated": method.deprecated,
        "params": each(&method.params, |param| json!({ "name": param.name, "type": ty(schema, &param.ty) })),
        "variadic": method.variadic,
        "returns": each(&method.returns, |one| json!({ "name": one.name, "type": ty(schema, &one.ty) })),
        "throws": throws,
        "oneway": method.oneway,
        "timeout_ns": method.timeout.map(nanoseconds),
        "idempotent": method.idempotent,
        "uninterruptible": method.uninterruptible,
    })
}

fn stream(schema: &Schema, stream: &Stream) -> Value {
    json!({
        "name": stream.name,
        "wire_name": stream.wire_name,
        "docs": stream.docs,
        "deprecated": stream.deprecated,
        "type": ty(schema, &stream.ty),
        "lag": stream.lag.map(lag),
    })
}

fn lag(lag: Lag) -> Value {
    let policy = match lag.policy {
        LagPolicy::Error => "error",
        LagPolicy::DropOldest => "drop_oldest",
    };
    json!({ "policy": policy, "capacity": lag.capacity })
}

fn ty(schema: &Schema, of: &Type) -> Value {
    let kind = match of {
        Type::Optional(item) => return json!({ "kind": "optional", "of": ty(schema, item) }),
        Type::List(item) => return json!({ "kind": "list", "of": ty(schema, item) }),
        Type::Map(key, value) => {
            return json!({ "kind": "map", "key": ty(schema, key), "value": ty(schema, value) });
        }
        Type::Named(id) => return named(schema, *id),
        scalar => scalar.scalar_name(),
    };
    json!({ "kind": kind })
}

fn named(schema: &Schema, id: TypeId) -> Value {
    json!({ "kind": "named", "index": id.index(), "name": schema[id].name })
}

/// Integers of a schema are in the range of one of its integer types, all of which a JSON number of `serde_json` holds.
fn integer(value: i128) -> Value {
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).unwrap_or(Value::Null)
}

/// A timeout is read as an `i64` of nanoseconds, so nothing is cut off.
fn nanoseconds(duration: std::time::Duration) -> Value {
    u64::try_from(duration.as_nanos()).map_or(Value::Null, Value::from)
}
