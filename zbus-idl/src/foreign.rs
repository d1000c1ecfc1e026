//! What other languages call the things of this one.

use crate::language::AttributeName;

/// What a type of Go, Rust, Protocol Buffers, C, Python or TypeScript is called here.
pub(crate) fn type_name(name: &str) -> Option<&'static str> {
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
pub(crate) fn generic(name: &str, arguments: &[String]) -> Option<String> {
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
pub(crate) fn declaration(word: &str) -> Option<&'static str> {
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
pub(crate) fn object_member(word: &str) -> Option<&'static str> {
    Some(match word {
        "rpc" | "func" | "def" | "method" | "function" | "fun" | "proc" => "fn",
        "event" | "signal" | "topic" | "subscribe" => "stream",
        "notify" | "notification" => "oneway fn",
        _ => return None,
    })
}

/// The attribute for what is called so elsewhere.
pub(crate) fn attribute(name: &str) -> Option<AttributeName> {
    Some(match name {
        "name" | "rename" | "json" | "key" | "msgpack" | "serde" => AttributeName::Wire,
        "deadline" => AttributeName::Timeout,
        "obsolete" => AttributeName::Deprecated,
        "idempotency" | "retry" | "retryable" | "safe" => AttributeName::Idempotent,
        "buffer" | "capacity" => AttributeName::Lag,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::builtin;

    #[test]
    fn every_translation_leads_to_a_type_of_the_language() {
        for name in ["int64", "double", "float32", "str", "byte", "Time", "object", "subnet", "MacAddr"] {
            assert!(builtin(type_name(name).unwrap()).is_some(), "{name}");
        }
    }
}
