//! Diagnostics as JSON: as `docs/diagnostics-json.md` has it, and of use to an editor.

use std::fs;
use std::path::Path;

use serde_json::Value;
use zbus_idl::{MemoryLoader, Report, compile};

fn report(path: &str, text: &str) -> Report {
    compile(&[path], &MemoryLoader::new().with(path, text)).unwrap_err()
}

/// The text between the fence of this language and its end.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap()
}

#[test]
fn the_example_of_the_reference_is_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics-json.md");
    let page = fs::read_to_string(&path).unwrap();
    let value = report("point.zbus", block(&page, "zbus")).to_json();
    let made = serde_json::to_string_pretty(&value).unwrap() + "\n";
    let written = block(&page, "json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, page.replace(&format!("```json\n{written}```"), &format!("```json\n{made}```"))).unwrap();
    } else {
        assert!(written == made, "it differs from what is made: BLESS=1 writes it anew, and git diff shows how");
    }
}

fn offset(point: &Value) -> usize {
    usize::try_from(point["offset"].as_u64().unwrap()).unwrap()
}

#[test]
fn an_edit_can_be_applied_by_its_offsets() {
    let text = "// é\nstruct A { X: strin }\n";
    let value = report("a.zbus", text).to_json();
    let edit = &value["diagnostics"][0]["edit"];
    let (start, end) = (offset(&edit["at"]["start"]), offset(&edit["at"]["end"]));
    let mended = [&text[..start], edit["replacement"].as_str().unwrap(), &text[end..]].concat();
    assert_eq!(mended, "// é\nstruct A { X: string }\n");
}

#[test]
fn related_places_are_labels_that_are_not_primary() {
    let value = report("a.zbus", "struct A { X: i8 }\nstruct A { X: i8 }\n").to_json();
    let labels = value["diagnostics"][0]["labels"].as_array().unwrap();
    assert_eq!(labels.iter().map(|label| label["primary"].as_bool()).collect::<Vec<_>>(), [Some(true), Some(false)]);
    assert_eq!((&labels[0]["at"]["start"]["line"], &labels[1]["at"]["start"]["line"]), (&2.into(), &1.into()));
}

#[test]
fn a_file_that_is_not_there_has_no_place() {
    let value = compile(&["nowhere.zbus"], &MemoryLoader::new()).unwrap_err().to_json();
    let diagnostic = &value["diagnostics"][0];
    assert_eq!((&diagnostic["at"], &diagnostic["labels"]), (&Value::Null, &serde_json::json!([])));
}
