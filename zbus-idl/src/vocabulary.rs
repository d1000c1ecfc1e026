//! The words of the language, those that people bring along from others, and which of them a misspelt one may mean.

use crate::schema::{Integer, Type};

/// The words that open a declaration.
pub(crate) const DECLARATIONS: [&str; 9] =
    ["module", "import", "const", "type", "struct", "enum", "union", "error", "object"];

/// The words that open a member of an object.
pub(crate) const OBJECT_MEMBERS: [&str; 3] = ["fn", "oneway", "stream"];

/// The names of the types of the language, `map` among them.
pub(crate) const BUILTINS: [&str; 20] = [
    "bool",
    "i8",
    "i16",
    "i32",
    "i64",
    "u8",
    "u16",
    "u32",
    "u64",
    "f32",
    "f64",
    "string",
    "bytes",
    "timestamp",
    "duration",
    "any",
    "ip",
    "cidr",
    "mac",
    "map",
];

/// The type of the language with this name.
pub(crate) fn builtin(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "i8" => Type::Integer(Integer::I8),
        "i16" => Type::Integer(Integer::I16),
        "i32" => Type::Integer(Integer::I32),
        "i64" => Type::Integer(Integer::I64),
        "u8" => Type::Integer(Integer::U8),
        "u16" => Type::Integer(Integer::U16),
        "u32" => Type::Integer(Integer::U32),
        "u64" => Type::Integer(Integer::U64),
        "f32" => Type::F32,
        "f64" => Type::F64,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "any" => Type::Any,
        "ip" => Type::Ip,
        "cidr" => Type::Cidr,
        "mac" => Type::Mac,
        _ => return None,
    })
}

/// What a type of Go, Rust, Protocol Buffers, C, Python or TypeScript is called here.
pub(crate) fn foreign_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "boolean" | "Boolean" | "Bool" => "bool",
        "int8" | "int8_t" | "sint8" => "i8",
        "int16" | "int16_t" | "short" => "i16",
        "int32" | "int32_t" | "sint32" | "sfixed32" | "rune" => "i32",
        "int64" | "int64_t" | "sint64" | "sfixed64" | "int" | "long" | "isize" | "integer" | "Integer" => "i64",
        "uint8" | "uint8_t" | "byte" | "char" => "u8",
        "uint16" | "uint16_t" => "u16",
        "uint32" | "uint32_t" | "fixed32" => "u32",
        "uint64" | "uint64_t" | "fixed64" | "uint" | "usize" | "unsigned" => "u64",
        "float32" | "float" => "f32",
        "float64" | "double" | "number" => "f64",
        "str" | "String" | "text" => "string",
        "Bytes" | "bytearray" | "buffer" | "binary" => "bytes",
        "time" | "Time" | "datetime" | "DateTime" | "Timestamp" | "date" | "Date" => "timestamp",
        "Duration" | "timedelta" => "duration",
        "object" | "Any" | "interface" | "unknown" | "Value" => "any",
        "ipaddr" | "IpAddr" | "IP" | "ipv4" | "ipv6" => "ip",
        "ipnet" | "IPNet" | "IpNet" | "subnet" => "cidr",
        "HardwareAddr" | "MacAddr" => "mac",
        _ => return None,
    })
}

/// How a generic type of another language is written here, given its translated arguments.
pub(crate) fn foreign_generic(name: &str, arguments: &[String]) -> Option<String> {
    match (name, arguments) {
        ("Vec" | "vec" | "vector" | "slice", [item]) if item == "u8" => Some("bytes".to_owned()),
        ("Box" | "Arc" | "Rc" | "Promise" | "Future" | "Awaitable", [item]) => Some(item.clone()),
        ("list" | "List" | "Vec" | "vec" | "vector" | "Array" | "array" | "seq" | "set" | "Set" | "slice", [item]) => {
            Some(format!("[{item}]"))
        }
        ("Option" | "Optional" | "option" | "optional" | "Maybe", [item]) => Some(format!("{item}?")),
        ("Map" | "HashMap" | "BTreeMap" | "dict" | "Dict" | "Record", [key, value]) => {
            Some(format!("map<{key}, {value}>"))
        }
        _ => None,
    }
}

/// The word of the language for one that opens a declaration elsewhere.
pub(crate) fn foreign_declaration(word: &str) -> Option<&'static str> {
    Some(match word {
        "message" | "class" | "record" | "data" => "struct",
        "service" | "interface" | "trait" => "object",
        "package" | "namespace" | "mod" => "module",
        "use" | "include" | "from" | "require" => "import",
        "typedef" | "alias" | "using" => "type",
        "oneof" | "variant" => "union",
        "exception" => "error",
        "let" | "static" | "var" | "define" => "const",
        _ => return None,
    })
}

/// The word of the language for one that opens a method or stream elsewhere.
pub(crate) fn foreign_member(word: &str) -> Option<&'static str> {
    Some(match word {
        "rpc" | "func" | "def" | "method" | "function" | "fun" | "proc" => "fn",
        "event" | "signal" | "topic" | "subscribe" => "stream",
        "notify" | "notification" => "oneway fn",
        _ => return None,
    })
}

/// The attribute for what is called so elsewhere.
pub(crate) fn foreign_attribute(name: &str) -> Option<&'static str> {
    Some(match name {
        "name" | "rename" | "json" | "key" | "msgpack" | "serde" => "wire",
        "deadline" => "timeout",
        "obsolete" => "deprecated",
        "idempotency" | "retry" | "retryable" | "safe" => "idempotent",
        "buffer" | "capacity" => "lag",
        _ => return None,
    })
}

/// Names longer than this are not compared: the distance costs their product.
const MAX_COMPARED: usize = 64;

/// How many letters differ. Words that are too long to be compared are as far apart as they could be.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let longest = one.len().max(other.len());
    if longest > MAX_COMPARED { longest } else { strsim::damerau_levenshtein(one, other) }
}

/// The candidate that a misspelt word most likely means: near in letters, or the same but for case.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_COMPARED {
        return None;
    }
    let allowed = word.len().div_ceil(3).min(3);
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_COMPARED && candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len().max(word.len()).max(2) - 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("strin", BUILTINS), Some("string"));
        assert_eq!(nearest("String", BUILTINS), Some("string"));
        assert_eq!(nearest("Reading", BUILTINS), None);
        assert_eq!(nearest("X", BUILTINS), None);
    }

    #[test]
    fn every_translation_leads_to_a_type_of_the_language() {
        for name in ["int64", "double", "float32", "str", "byte", "Time", "object", "subnet", "MacAddr"] {
            assert!(builtin(foreign_type(name).unwrap()).is_some(), "{name}");
        }
    }
}
