//! The pages about the language: their examples do what they say, and the page of errors is the table of codes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use zbus_idl::{CODES, Color, Diagnostic, MemoryLoader, Report, compile};

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

/// Compiles an example among the files that examples import. Objects need a module, which would only be in its way.
fn report(text: &str) -> Option<Report> {
    let module = if text.contains("module") || !text.contains("object") { "" } else { "module m;\n" };
    let loader = MemoryLoader::new()
        .with("a.zbus", "struct Point { X: i8 }")
        .with("b.zbus", "struct Point { Y: i8 }")
        .with("geometry.zbus", "struct Point { X: f64, Y: f64 }")
        .with("a/types.zbus", "")
        .with("b/types.zbus", "")
        .with("1st schema.zbus", "")
        .with("example.zbus", format!("{module}{text}"));
    compile(&["example.zbus"], &loader).err()
}

fn codes(report: Option<&Report>) -> Vec<&'static str> {
    report.into_iter().flatten().map(Diagnostic::code).collect()
}

#[test]
fn every_example_of_the_reference_is_as_marked() {
    let text = fs::read_to_string(page("language.md")).unwrap();
    let mut count = 0;
    for block in text.split("\n```zbus").skip(1) {
        let (marker, rest) = block.split_once('\n').unwrap();
        let example = rest.split("\n```").next().unwrap();
        let report = report(example);
        match marker.trim().strip_prefix("error ") {
            Some(code) => assert_eq!(codes(report.as_ref()), [code], "{example}"),
            None => assert!(report.is_none(), "{example}\n{}", report.unwrap()),
        }
        count += 1;
    }
    assert!(count > 15);
}

#[test]
fn the_page_of_errors_is_the_table_of_codes() {
    let mut text = String::from(
        "# Errors\n\nEvery error has a code, which keeps its meaning for ever. This page is generated from the compiler's table; \
         `zbusc explain E0103` shows one of them.\n",
    );
    for code in CODES {
        writeln!(text, "\n## {}: {}\n\n{}\n", code.code, code.title, code.explanation).unwrap();
        writeln!(text, "```zbus\n{}\n```\n", code.wrong).unwrap();
        let report = report(code.wrong).filter(|report| codes(Some(report)).contains(&code.code));
        if let Some(report) = report {
            let own = report.iter().find(|one| one.code() == code.code).unwrap();
            writeln!(text, "```text\n{}\n```\n", own.render(report.sources(), Color::Never)).unwrap();
        }
        writeln!(text, "Right:\n\n```zbus\n{}\n```", code.right).unwrap();
    }
    let path = page("errors.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
    } else {
        let written = fs::read_to_string(path).unwrap_or_default();
        assert!(written == text, "docs/errors.md is not the table of codes: BLESS=1 writes it anew");
    }
}
