//! The pages about the language: their examples do what they say, and the page of errors is the table of codes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use zbus_idl::{CODES, Color, Diagnostic, LoadError, Loaded, Loader, MAX_TEXT, MemoryLoader, Report, compile};

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

/// Compiles an example among the files that examples import. Objects need a module, which would only be in its way.
fn report(text: &str) -> Option<Report> {
    let module = if text.contains("module") || !text.contains("object") { "" } else { "module m;\n" };
    report_of(&format!("{module}{text}"))
}

fn report_of(text: &str) -> Option<Report> {
    let loader = MemoryLoader::new()
        .with("a.zbus", "struct Point { X: i8 }")
        .with("b.zbus", "struct Point { Y: i8 }")
        .with("geometry.zbus", "struct Point { X: f64, Y: f64 }")
        .with("a/types.zbus", "")
        .with("b/types.zbus", "")
        .with("1st schema.zbus", "")
        .with("example.zbus", text);
    compile(&["example.zbus"], &loader).err()
}

/// A file system in which `lib` is a folder and `dump.zbus` is large.
struct Odd(MemoryLoader);

impl Loader for Odd {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        match path {
            "lib.zbus" => Err(LoadError::IsDirectory { path: path.to_owned() }),
            "dump.zbus" => Err(LoadError::TooLarge { size: 104_857_600, limit: MAX_TEXT as u64 }),
            _ => self.0.load(path, importer),
        }
    }
}

/// What shows the codes whose example alone does not: it needs other files, more text, or no text.
fn report_of_odd(code: &str, wrong: &str) -> Option<Report> {
    let loader = MemoryLoader::new();
    let loader = match code {
        "E0009" => {
            let (open, close) = ("[".repeat(64), "]".repeat(64));
            loader.with("example.zbus", format!("struct A {{ X: {open}i8{close} }}"))
        }
        "E0219" => {
            let fields: Vec<String> = (0..1000).map(|number| format!("    F{number}: i8,\n")).collect();
            let spreads: Vec<String> = (1..=300).map(|number| format!("struct S{number} {{ ...Wide }}\n")).collect();
            loader.with("example.zbus", format!("struct Wide {{\n{}}}\n{}", fields.concat(), spreads.concat()))
        }
        "E0502" | "E0503" => loader.with("example.zbus", wrong),
        "E0504" => loader.with("example.zbus", b"// caf\xe9\nstruct A { X: i8 }\n".to_vec()),
        "E0505" => loader.with("example.zbus", "import \"b.zbus\";").with("b.zbus", "import \"example.zbus\";"),
        _ => return None,
    };
    compile(&["example.zbus"], &Odd(loader)).err()
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
        let report = report_of_odd(code.code, code.wrong).or_else(|| match code.code {
            "E0301" => report_of(code.wrong),
            _ => report(code.wrong),
        });
        let report = report.unwrap_or_else(|| panic!("the example of {} compiles", code.code));
        let own = report.iter().find(|one| one.code() == code.code);
        let own = own.unwrap_or_else(|| panic!("the example of {} shows {report}", code.code));
        writeln!(text, "```text\n{}\n```\n", own.render(report.sources(), Color::Never)).unwrap();
        writeln!(text, "Right:\n\n```zbus\n{}\n```", code.right).unwrap();
    }
    same("errors.md", &text);
}

/// That a page is what is generated now; with `BLESS=1`, it becomes that.
fn same(name: &str, text: &str) {
    let path = page(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, text).unwrap();
    } else {
        let written = fs::read_to_string(path).unwrap_or_default();
        assert!(written == text, "docs/{name} is not what is generated: BLESS=1 writes it anew");
    }
}

/// The number of mistakes that are shown beside what the compilers of other schema languages say.
const MISTAKES: usize = 30;

#[test]
fn the_page_of_mistakes_shows_what_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let read = |name: String| fs::read_to_string(folder.join(name)).unwrap();
    let mut text = String::from(
        "# Thirty mistakes\n\nWhat the compiler says about common mistakes, and what `protoc` 3.21.12 and `planus` 1.3.0 say about similar ones, as \
         recorded on 2026-11-22 (`protoc --descriptor_set_out`, `planus check`). Ours is generated by a test. Not every mistake has a \
         counterpart everywhere; the notes at the end say where another compiler is better.\n",
    );
    for number in 1..=MISTAKES {
        let schema = read(format!("{number:02}.zbus"));
        let (title, schema) = schema.split_once('\n').unwrap();
        writeln!(text, "\n## {number}. {}\n\n```zbus\n{}\n```\n", title.trim_start_matches("// "), schema.trim_end())
            .unwrap();
        let report = report(schema).unwrap();
        writeln!(text, "```text\n{}\n```", report.render(Color::Never).trim_end()).unwrap();
        for (peer, language) in [("protoc", "proto"), ("planus", "fbs")] {
            let recorded = read(format!("{number:02}.{peer}.txt"));
            let (input, output) = recorded.split_once("\n---\n").unwrap();
            writeln!(text, "\n`{peer}`:\n\n```{language}\n{input}\n```\n\n```text\n{}\n```", output.trim_end())
                .unwrap();
        }
    }
    writeln!(text, "\n{}", read("notes.md".to_owned()).trim_end()).unwrap();
    same("diagnostics.md", &text);
}
