//! The JSON model: its reference in `docs/model.md` says what it is, and nothing that it is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;
use zbus_idl::{MemoryLoader, compile, model};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/model.md")
}

/// The page as it was when the first test asked: one of them may write it anew while the others read.
fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| fs::read_to_string(page()).unwrap());
    &TEXT
}

/// The text between the last fence of this language and its end.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let start = format!("\n```{language}\n");
    let at = page.rfind(&start).unwrap() + start.len();
    let end = page[at..].find("```\n").unwrap();
    &page[at..at + end]
}

fn json(text: &str) -> Value {
    let loader = MemoryLoader::new().with("tasks.zbus", text);
    model::to_json(&compile(&["tasks.zbus"], &loader).unwrap_or_else(|report| panic!("{report}")))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

#[test]
fn the_example_of_the_reference_is_what_is_printed() {
    let text = text();
    let made = pretty(&json(block(text, "zbus")));
    let written = block(text, "json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(page(), text.replace(&format!("```json\n{written}```\n"), &format!("```json\n{made}```\n"))).unwrap();
    } else {
        assert!(written == made, "it differs from what is made: BLESS=1 writes it anew, and git diff shows how");
    }
}

/// The keys of every object within a value.
fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        Value::Object(entries) => {
            for (key, value) in entries {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        _ => {}
    }
}

#[test]
fn the_reference_lists_every_key_and_no_other() {
    let text = text();
    let reference = &text[text.find("## Reference").unwrap()..text.find("## Example").unwrap()];
    let mut made = BTreeSet::new();
    keys(&json(block(text, "zbus")), &mut made);
    for key in &made {
        assert!(reference.contains(&format!("`{key}`")), "`{key}` is not in the reference");
    }
    // The last table lists kinds, which another test has.
    let tables = &reference[..reference.find("A **type value**").unwrap()];
    let rows = tables.lines().filter(|line| line.starts_with('|'));
    for row in rows {
        // In the first column, or in the second of the table that is grouped by members.
        let Some(listed) = row.split('|').map(str::trim).find(|cell| cell.starts_with('`')) else { continue };
        for key in listed.split(", ").map(|key| key.trim_matches('`')) {
            assert!(made.contains(key), "the reference lists `{key}`, which is no key");
        }
    }
}

#[test]
fn every_kind_of_type_value_is_called_as_in_schemas() {
    let scalars = "bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 string bytes timestamp duration ip cidr mac any";
    let fields: Vec<String> = scalars.split(' ').map(|scalar| format!("x_{scalar}: {scalar}")).collect();
    let model = json(&format!("struct S {{ {} }}", fields.join(", ")));
    let kinds: Vec<_> =
        model["types"][0]["fields"].as_array().unwrap().iter().map(|one| &one["type"]["kind"]).collect();
    assert_eq!(kinds, scalars.split(' ').collect::<Vec<_>>());
    let model = json("struct S { A: [map<i8, S?>] }");
    let expected = serde_json::json!({ "kind": "list", "of": { "kind": "map", "key": { "kind": "i8" },
        "value": { "kind": "optional", "of": { "kind": "named", "index": 0, "name": "S" } } } });
    assert_eq!(model["types"][0]["fields"][0]["type"], expected);
}

#[test]
fn the_largest_and_smallest_integers_are_exact() {
    let model = json(
        "const A: u64 = 18_446_744_073_709_551_615; const B: i64 = -9_223_372_036_854_775_808; enum E: u64 { X = 18446744073709551615 }",
    );
    assert_eq!(model["consts"][0]["value"].to_string(), "18446744073709551615");
    assert_eq!(model["consts"][1]["value"].to_string(), "-9223372036854775808");
    assert_eq!(model["types"][0]["members"][0]["value"].to_string(), "18446744073709551615");
}

#[test]
fn values_of_constants_are_of_the_sort_of_their_types() {
    let model = json("const A: bool = true; const B: f64 = 1; const C: string = \"x\"; const D: duration = 1ms;");
    let values: Vec<String> = model["consts"].as_array().unwrap().iter().map(|one| one["value"].to_string()).collect();
    assert_eq!(values, ["true", "1.0", "\"x\"", "1000000"]);
}

#[test]
fn an_imported_file_is_marked_and_its_types_are_found_by_index() {
    let loader = MemoryLoader::new()
        .with("a.zbus", "import \"lib/p.zbus\"; struct A { X: P }")
        .with("lib/p.zbus", "struct P { X: i8 }");
    let model = model::to_json(&compile(&["a.zbus"], &loader).unwrap());
    assert_eq!((&model["files"][0]["root"], &model["files"][1]["root"]), (&false.into(), &true.into()));
    assert_eq!(model["files"][1]["imports"], serde_json::json!([0]));
    let at = model["types"][1]["fields"][0]["type"]["index"].as_u64().unwrap();
    assert_eq!(model["types"][usize::try_from(at).unwrap()]["name"], "P");
}

#[test]
fn equal_schemas_give_equal_bytes() {
    let text = text();
    let schema = block(text, "zbus");
    assert_eq!(pretty(&json(schema)), pretty(&json(schema)));
}
