//! The examples in generated documentation, as functions: `tests/examples/*.rs` are those of the golden files, which
//! `golden_compiles.rs` and `options_compile.rs` compile. `BLESS=1` writes them, once those are written.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What stands before an example.
const FENCE: &str = "#[cfg_attr(doctest, doc = \" ```text\")]";

/// The examples of a golden file, each with what it is an example of.
fn examples(golden: &str) -> Vec<(Vec<&str>, &str)> {
    let lines: Vec<&str> = golden.lines().map(str::trim).collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| **line == FENCE).map(|(at, _)| at + 1);
    starts
        .map(|start| {
            let behind = &lines[start..];
            let end = behind.iter().position(|line| *line == "/// ```").unwrap();
            let item = behind.iter().find_map(|line| line.strip_prefix("pub struct ")).unwrap();
            (behind[..end].to_vec(), item.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap())
        })
        .collect()
}

/// Words of the code that begin a path.
fn begins_of_paths(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("::").filter_map(|(end, _)| {
        let before = &code[..end];
        let start = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        (!before[..start].ends_with("::")).then_some(&before[start..])
    })
}

/// The examples of a folder of golden files as functions of a crate that has these files in `module`.
fn functions(golden: &Path, module: &str) -> String {
    let mut files: Vec<_> = fs::read_dir(golden).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "rs"));
    files.sort();
    let mut functions = String::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        for (at, (lines, item)) in examples(&text).into_iter().enumerate() {
            let code: Vec<_> = lines.iter().map(|line| line.trim_start_matches("///")).collect();
            let code = code.join("\n");
            // That which is served is the user's.
            let service = text.lines().map(str::trim).find_map(|line| {
                let (generic, of) = line.strip_prefix("impl<")?.split_once(": ")?;
                let (service, served) = of.split_once("> ")?;
                (served == format!("{item}<{generic}> {{")).then_some(service)
            });
            let parameters = match service {
                Some(service) => format!("<S: crate::{module}::{stem}::{service}>(service: S)"),
                None => "()".to_owned(),
            };
            let is_declared = |word: &&str| {
                let declared = ["struct", "enum", "type"].map(|kind| format!("pub {kind} {word}"));
                let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let mut lines = text.lines().map(str::trim);
                lines.any(|line| declared.iter().any(|start| line.strip_prefix(start.as_str()).is_some_and(ends)))
            };
            let mut used: Vec<_> = begins_of_paths(&code).filter(is_declared).collect();
            if code.contains("blocking::") && text.contains("pub mod blocking") {
                used.push("blocking");
            }
            used.sort_unstable();
            used.dedup();
            let used = used.join(", ");
            write!(
                functions,
                "pub async fn {stem}_{at}{parameters} -> Result<(), Box<dyn std::error::Error>> {{\n    \
                 use crate::{module}::*;\n    use crate::{module}::{stem}::{{{used}}};\n{code}\n    Ok(())\n}}\n\n"
            )
            .unwrap();
        }
    }
    functions
}

#[test]
fn every_example_of_the_golden_files_is_compiled() {
    let options = [("here", "here"), ("std", "in_std"), ("chrono", "in_chrono"), ("blocking", "blocking")];
    let options = options.map(|(name, module)| {
        let functions = functions(&folder().join("options").join(name), module);
        format!("pub mod {name}_ {{\n{functions}}}\n")
    });
    let golden = functions(&folder().join("golden"), "schemas");
    for (name, content) in [("golden.rs", golden), ("options.rs", options.concat())] {
        let path = folder().join("examples").join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &content).unwrap();
        }
        let is_same = fs::read_to_string(&path).is_ok_and(|compiled| compiled == content);
        assert!(is_same, "{name} differs, look at it with BLESS=1 and git diff");
        assert!(content.contains("Client::connect") && content.contains("Server::new"), "{content}");
    }
}
