//! What a build sees: which files are written, and what is said where that cannot be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use zbus_build::{Builder, Error};

/// A crate's folder with these schemas in it.
struct Crate(TempDir);

impl Crate {
    fn with(schemas: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in schemas {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn compile(&self, schemas: &[&str]) -> Result<(), Error> {
        let schemas = schemas.iter().map(|schema| self.path().join(schema));
        Builder::new().schemas(schemas).out_dir(self.path().join("out")).compile()
    }

    fn generated(&self) -> BTreeSet<String> {
        let Ok(files) = fs::read_dir(self.path().join("out")) else { return BTreeSet::new() };
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join("out").join(name)).unwrap()
    }
}

const POINT: &str = "struct Point { X: f64 }";

#[test]
fn every_schema_of_the_build_becomes_a_file_and_one_takes_in_all() {
    let made = Crate::with(&[
        ("a/line.zbus", "import \"../b/point-like.zbus\"; struct Line { From: Point }"),
        ("b/point-like.zbus", POINT),
    ]);
    made.compile(&["a/line.zbus"]).unwrap();
    assert_eq!(
        made.generated(),
        ["line.rs", "point-like.rs", "zbus_schemas.rs", "zbus_stems.rs"].map(String::from).into()
    );
    assert!(made.text("point-like.rs").contains("pub mod point_like {"));
    assert!(made.text("line.rs").contains("pub from: super::point_like::Point"));
    assert!(made.text("zbus_schemas.rs").ends_with("include!(\"point-like.rs\");\n::core::include!(\"line.rs\");\n"));
}

#[test]
fn broken_schema_writes_nothing_and_every_mistake_is_shown_once() {
    let made = Crate::with(&[("good.zbus", POINT), ("bad.zbus", "struct A { X: flaot }\nstruct B { Y: strin }")]);
    let error = made.compile(&["good.zbus", "bad.zbus"]).unwrap_err();
    assert!(made.generated().is_empty());
    let shown = format!("{error:?}");
    assert!(shown.starts_with("cannot compile the schemas\n\nerror["), "{shown}");
    assert_eq!((shown.matches("`flaot`").count(), shown.matches("`strin`").count()), (1, 1), "{shown}");
    let line = error.to_string();
    assert!(line.contains("bad.zbus:1:15: error[") && line.ends_with(" (and 1 more)"), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert_eq!(error.report().unwrap().diagnostics().len(), 2);
}

#[test]
fn schema_that_the_runtime_cannot_carry_is_refused() {
    let made = Crate::with(&[("zbus_schemas.zbus", POINT)]);
    let refused = |schema| made.compile(&[schema]).unwrap_err().to_string();
    assert!(refused("zbus_schemas.zbus").contains("rename it"));
    assert!(made.generated().is_empty());
}

#[test]
fn build_without_a_schema_or_a_folder_says_what_to_do() {
    let error = Builder::new().compile().unwrap_err();
    assert_eq!(error.to_string(), "there is no schema to compile; name one with `Builder::schema`");
    // Cargo sets OUT_DIR for build scripts, which this is not.
    let error = zbus_build::compile("a.zbus").unwrap_err();
    assert!(format!("{error:?}").starts_with("OUT_DIR is not set; call this from a build.rs"), "{error:?}");
}

#[test]
fn folder_that_cannot_be_written_is_named() {
    let made = Crate::with(&[("a.zbus", POINT), ("out", "a file")]);
    let error = made.compile(&["a.zbus"]).unwrap_err();
    assert!(error.to_string().starts_with("cannot write "), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}
