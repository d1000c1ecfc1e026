//! The corpus: every valid schema gives the model beside it, every invalid one the report (`BLESS=1` writes those anew), and no mutilation of any of them makes the compiler panic or hang.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zbus_idl::{CODES, Color, LoadError, Loaded, Loader, MemoryLoader, Report, Schema, compile};

fn corpus(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder)
}

/// The schemas of a folder, sorted. Those in folders within it are there to be imported.
fn schemas(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(corpus(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "zbus"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// Reads the corpus; a path is its name below the folder of the test.
struct Disk(PathBuf);

impl Loader for Disk {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        let folder = importer.and_then(|importer| importer.rsplit_once('/')).map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                ".." => drop(parts.pop()),
                "." => {}
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let file = self.0.join(&path);
        if file.is_dir() {
            return Err(LoadError::IsDirectory { path });
        }
        match fs::read(file) {
            Ok(bytes) => Ok(Loaded { path, bytes }),
            Err(_) => Err(LoadError::NotFound { searched: vec![path] }),
        }
    }

    /// The corpus itself would be a crowd of candidates; what is there to be imported stands in folders.
    fn available(&self, _: &str, importer: Option<&str>) -> Vec<String> {
        let depth = importer.map_or(0, |importer| importer.matches('/').count());
        let up = "../".repeat(depth);
        let mut paths: Vec<String> = ["lib", "more", "other"]
            .iter()
            .flat_map(|folder| {
                fs::read_dir(self.0.join(folder)).into_iter().flatten().map(move |entry| (folder, entry))
            })
            .map(|(folder, entry)| format!("{up}{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
            .collect();
        paths.sort();
        paths
    }
}

fn compiled(folder: &str, path: &Path) -> Result<Schema, Report> {
    compile(&[path.file_name().unwrap().to_str().unwrap()], &Disk(corpus(folder)))
}

#[test]
fn every_valid_schema_gives_the_model_beside_it() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    for path in schemas("valid") {
        let schema = match compiled("valid", &path) {
            Ok(schema) => schema,
            Err(report) => {
                write!(failures, "{report}").unwrap();
                continue;
            }
        };
        let golden = path.with_extension("json");
        let model = serde_json::to_string_pretty(&zbus_idl::model::to_json(&schema)).unwrap() + "\n";
        if bless {
            fs::write(&golden, model).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != model {
            writeln!(failures, "{} gives another model than the one beside it:\n{model}", path.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}run with BLESS=1 to take these as right");
}

#[test]
fn every_invalid_schema_gives_the_report_beside_it() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    for path in schemas("invalid") {
        let name = path.display();
        let Err(report) = compiled("invalid", &path) else {
            writeln!(failures, "{name} compiles").unwrap();
            continue;
        };
        let golden = path.with_extension("stderr");
        let rendered = report.render(Color::Never);
        if bless {
            fs::write(&golden, rendered).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != rendered {
            writeln!(failures, "{name} gives another report than the one beside it:\n{rendered}").unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}run with BLESS=1 to take these as right");
}

#[test]
fn nothing_that_a_terminal_obeys_is_shown() {
    for path in schemas("invalid") {
        let report = compiled("invalid", &path).unwrap_err();
        let short: String = report.iter().map(|one| one.one_line(report.sources()) + "\n").collect();
        for shown in [report.render(Color::Never), short] {
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{}: {shown:?}", path.display());
        }
    }
}

#[test]
fn an_import_of_what_is_no_schema_opens_nothing() {
    struct Watched(std::cell::RefCell<Vec<String>>);
    impl Loader for Watched {
        fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
            self.0.borrow_mut().push(path.to_owned());
            match importer {
                None => Ok(Loaded { path: path.to_owned(), bytes: fs::read(corpus("invalid").join(path)).unwrap() }),
                Some(_) => Ok(Loaded { path: "/etc/shadow".to_owned(), bytes: b"root:*:".to_vec() }),
            }
        }
    }
    let watched = Watched(Vec::new().into());
    let report = compile(&["imports_from_elsewhere.zbus"], &watched).unwrap_err();
    assert_eq!(*watched.0.borrow(), ["imports_from_elsewhere.zbus"]);
    assert!(report.iter().all(|one| one.code() == "E0508"), "{report}");
    // A link that a loader follows to another file.
    let report = compile(&["import_cycle.zbus"], &watched).unwrap_err();
    assert!(!report.render(Color::Never).contains("root"), "{report}");
}

#[test]
fn every_code_is_shown_by_the_corpus_and_every_code_shown_is_in_the_table() {
    let mut shown = BTreeSet::new();
    for path in schemas("invalid") {
        let report = compiled("invalid", &path).unwrap_err();
        shown.extend(report.iter().map(zbus_idl::Diagnostic::code));
    }
    // What is too large for the corpus, or no text, has tests of its own.
    shown.extend(["E0219", "E0503", "E0504"]);
    let known: BTreeSet<&str> = CODES.iter().map(|code| code.code).collect();
    assert_eq!(shown.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn codes_are_in_order_and_explained() {
    assert!(CODES.is_sorted_by(|one, next| one.code < next.code));
    for code in CODES {
        assert!(code.explanation.ends_with(['.', '?']), "{}", code.code);
        assert!(!code.title.ends_with('.'), "{}", code.code);
        assert_eq!(zbus_idl::explain(code.code), Some(code));
    }
}

#[test]
fn the_wrong_example_of_a_code_has_it_and_the_right_one_has_not() {
    let neighbours = MemoryLoader::new()
        .with("a.zbus", "struct Point { X: i8 }")
        .with("b.zbus", "struct Point { Y: i8 }")
        .with("a/types.zbus", "")
        .with("b/types.zbus", "")
        .with("1st schema.zbus", "");
    let codes = |text: &str| -> Vec<&str> {
        // Objects need a module, which would only be in an example's way.
        let module = if text.contains("module") || !text.contains("object") { "" } else { "module m; " };
        let loader = neighbours.clone().with("example.zbus", format!("{module}{text}"));
        let report = compile(&["example.zbus"], &loader).err();
        report.iter().flatten().map(zbus_idl::Diagnostic::code).collect()
    };
    // These need more than one small text, or no text at all.
    let told = ["E0009", "E0219", "E0301", "E0502", "E0503", "E0504", "E0505"];
    for code in CODES.iter().filter(|code| !told.contains(&code.code)) {
        assert!(codes(code.wrong).contains(&code.code), "{}: {:?}", code.code, codes(code.wrong));
        let right = codes(code.right);
        // An example may import what is not there.
        assert!(right.iter().all(|found| *found == "E0501"), "{}: {right:?}", code.code);
    }
}

/// Compiles a text among its neighbours of the corpus. Whatever comes out, rendering it works too.
fn survives(folder: &str, name: &str, text: &[u8]) {
    struct Instead<'a>(Disk, &'a str, &'a [u8]);
    impl Loader for Instead<'_> {
        fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
            if path == self.1 {
                return Ok(Loaded { path: path.to_owned(), bytes: self.2.to_vec() });
            }
            self.0.load(path, importer)
        }
    }
    if let Err(report) = compile(&[name], &Instead(Disk(corpus(folder)), name, text)) {
        for diagnostic in &report {
            assert_ne!(diagnostic.code(), "E0000");
            diagnostic.render(report.sources(), Color::Always);
            diagnostic.one_line(report.sources());
        }
    }
}

fn each_text(mut test: impl FnMut(&str, &str, &[u8])) {
    for folder in ["valid", "invalid"] {
        for path in schemas(folder) {
            test(folder, path.file_name().unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
        }
    }
}

/// How many mutilations of one kind a text of the corpus gets: all of them would take minutes. They are spread evenly,
/// and the fuzz target goes further.
const MUTILATIONS: usize = 3;

#[test]
fn a_text_cut_off_anywhere_is_no_panic() {
    each_text(|folder, name, text| {
        let step = text.len() / MUTILATIONS + 1;
        (step / 2..text.len()).step_by(step).for_each(|end| survives(folder, name, &text[..end]));
    });
}

/// How many problems a spoilt calculator has.
fn problems_of(text: &str) -> usize {
    let loader = MemoryLoader::new()
        .with("calculator.zbus", text)
        .with("geometry.zbus", include_str!("corpus/valid/geometry.zbus"));
    compile(&["calculator.zbus"], &loader).map_or_else(|report| report.diagnostics().len(), |_| 0)
}

#[test]
fn a_half_typed_file_is_nearly_always_one_problem() {
    let text = include_str!("corpus/valid/calculator.zbus");
    let cuts: Vec<&str> = text.char_indices().map(|(end, _)| &text[..end]).collect();
    let worse: Vec<&str> = cuts.iter().copied().filter(|cut| problems_of(cut) > 1).collect();
    // The rest: a string or documentation that stops in the middle of an open body, which is reported as well.
    assert!(worse.len() * 20 < cuts.len(), "{} of {}", worse.len(), cuts.len());
    assert!(worse.iter().all(|cut| problems_of(cut) == 2));
}

#[test]
fn a_mark_left_out_does_not_cascade() {
    let text = include_str!("corpus/valid/calculator.zbus");
    for (at, mark) in text.match_indices(|c: char| ";,{}()[]<>:=".contains(c)) {
        let spoilt = [&text[..at], &text[at + mark.len()..]].concat();
        assert!(problems_of(&spoilt) <= 3, "without `{mark}` at {at}");
    }
}

#[test]
fn a_token_left_out_or_doubled_anywhere_is_no_panic() {
    each_text(|folder, name, text| {
        let class = |byte: &u8| if byte.is_ascii_alphanumeric() { 0 } else { *byte };
        let step = text.chunk_by(|a, b| class(a) == class(b)).count() / MUTILATIONS + 1;
        let mut start = 0;
        for (index, token) in text.chunk_by(|a, b| class(a) == class(b)).enumerate() {
            let end = start + token.len();
            match index % step {
                1 => survives(folder, name, &[&text[..start], &text[end..]].concat()),
                2 => survives(folder, name, &[&text[..end], token, &text[end..]].concat()),
                _ => {}
            }
            start = end;
        }
    });
}

fn rows(n: usize, row: impl Fn(usize) -> String) -> String {
    (0..n).map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_megabyte_is_compiled_in_bearable_time() {
    let mut text = String::new();
    let mut i = 0;
    while text.len() < 1_000_000 {
        writeln!(text, "/// Number {i}.\nstruct S{i} {{\n    Name: string,\n    Tags: map<string, [i64]>?,\n}}\n")
            .unwrap();
        i += 1;
    }
    let loader = MemoryLoader::new().with("big.zbus", text);
    let start = Instant::now();
    assert_eq!(compile(&["big.zbus"], &loader).unwrap().types.len(), i);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

fn codes_of(text: impl Into<Vec<u8>>) -> Vec<&'static str> {
    let report = compile(&["one.zbus"], &MemoryLoader::new().with("one.zbus", text)).unwrap_err();
    assert!(!report.render(Color::Always).is_empty());
    report.iter().map(zbus_idl::Diagnostic::code).collect()
}

#[test]
fn spreads_cannot_fill_the_memory() {
    let wide = rows(1000, |i| format!("F{i}: i8,"));
    let text = format!("struct W {{ {wide} }}\n{}", rows(300, |i| format!("struct S{i} {{ ...W }}")));
    assert_eq!(codes_of(text), ["E0219"; 100]);
}

#[test]
fn a_text_that_is_no_utf8_is_refused_at_its_first_bad_byte() {
    let report =
        compile(&["one.zbus"], &MemoryLoader::new().with("one.zbus", b"module m;\n// \xff".to_vec())).unwrap_err();
    let [diagnostic] = report.diagnostics() else { panic!("{report}") };
    assert_eq!(diagnostic.code(), "E0504");
    assert_eq!(diagnostic.one_line(report.sources()), "one.zbus:2:4: error[E0504]: `one.zbus` is not UTF-8 text");
}

#[test]
fn a_text_of_more_than_sixteen_mebibytes_is_refused() {
    assert_eq!(codes_of(vec![b' '; zbus_idl::MAX_TEXT + 1]), ["E0503"]);
}

#[test]
fn a_root_that_is_not_there_is_an_error_without_a_place() {
    let report = compile(&["nowhere.zbus"], &MemoryLoader::new()).unwrap_err();
    let [diagnostic] = report.diagnostics() else { panic!("{report}") };
    assert_eq!((diagnostic.code(), diagnostic.at), ("E0501", None));
    assert!(report.render(Color::Never).starts_with("error[E0501]: there is no file `nowhere.zbus`"));
}

#[test]
fn ten_thousand_brackets_are_one_error() {
    let text = format!("struct S {{ A: {}i8{}, B: i8 }}", "[".repeat(10_000), "]".repeat(10_000));
    let report = compile(&["deep.zbus"], &MemoryLoader::new().with("deep.zbus", text)).unwrap_err();
    assert_eq!(report.iter().map(zbus_idl::Diagnostic::code).collect::<Vec<_>>(), ["E0009"]);
}

/// What an edit makes of its place parses: from its start to the next mark that ends or opens something, or the end of the
/// line, there is no error of the grammar.
#[test]
fn every_edit_that_is_offered_parses() {
    struct Edited<'a>(Disk, &'a str, &'a str);
    impl Loader for Edited<'_> {
        fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
            if path == self.1 {
                return Ok(Loaded { path: path.to_owned(), bytes: self.2.as_bytes().to_vec() });
            }
            self.0.load(path, importer)
        }
    }
    let mut failures = String::new();
    let mut count = 0;
    for path in schemas("invalid") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let report = compiled("invalid", &path).unwrap_err();
        for diagnostic in &report {
            let Some(edit) = diagnostic.fix.as_ref().and_then(|fix| fix.edit.as_ref()) else { continue };
            let source = report.sources().get(edit.span.source).unwrap();
            if source.path != name {
                continue;
            }
            let mut text = source.text.clone();
            text.replace_range(edit.span.range(), &edit.replacement);
            let start = edit.span.range().start;
            let behind = start + edit.replacement.len();
            let end = behind + text[behind..].find([';', ',', '{', '\n']).unwrap_or(text.len() - behind);
            let edited = compile(&[name], &Edited(Disk(corpus("invalid")), name, &text)).err();
            let wrong = |one: &&zbus_idl::Diagnostic| {
                let at = one.at.map_or(0, |span| span.range().start);
                one.code().starts_with("E00") && (start..end).contains(&at)
            };
            count += 1;
            if let Some(wrong) = edited.iter().flatten().find(wrong) {
                let (offered, found) = (diagnostic.render(report.sources(), Color::Never), wrong.message());
                writeln!(failures, "{offered}\nand then: {found}\n").unwrap();
            }
        }
    }
    assert!(failures.is_empty() && count > 250, "of {count} edits:\n{failures}");
}
