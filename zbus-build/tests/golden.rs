//! Each `tests/golden/<name>.zbus` generates exactly `tests/golden/<name>.rs`. `BLESS=1` writes what is generated.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zbus_build::Builder;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compiles all golden schemas in one build, as a user would.
fn generated(builder: Builder) -> BTreeMap<String, String> {
    let out = tempfile::tempdir().unwrap();
    let schemas = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut schemas: Vec<_> = schemas.filter(|path| path.extension().is_some_and(|ext| ext == "zbus")).collect();
    schemas.sort();
    builder.schemas(schemas).out_dir(out.path()).compile().unwrap();
    let files = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap())).collect()
}

#[test]
fn schemas_generate_their_golden_files() {
    let generated = generated(Builder::new());
    let mut differing = Vec::new();
    for (name, content) in &generated {
        let path = folder().join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, content).unwrap();
        } else if fs::read_to_string(&path).ok().as_ref() != Some(content) {
            differing.push(name);
        }
    }
    assert!(differing.is_empty(), "these differ, look at them with BLESS=1 and git diff: {differing:?}");
    let golden = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in golden.filter(|name| Path::new(name).extension().is_some_and(|ext| ext == "rs")) {
        assert!(generated.contains_key(&name), "{name} is of a schema that is gone: remove it");
    }
}

#[test]
fn same_schemas_generate_the_same_bytes() {
    assert_eq!(generated(Builder::new()), generated(Builder::new()));
}

#[test]
fn parts_that_are_left_out_leave_the_rest_as_it_is() {
    let text = |builder| generated(builder).remove("calculator.rs").unwrap();
    let types = text(Builder::new().client(false).server(false));
    assert!(types.contains("pub struct Entry") && !types.contains("CalculatorServer"));
    let client = text(Builder::new().server(false));
    assert!(client.contains("pub struct CalculatorClient") && !client.contains("trait Calculator"));
    let server = text(Builder::new().client(false));
    assert!(server.contains("pub struct CalculatorEvents") && !server.contains("pub struct CalculatorClient"));
}
