//! One slip is one report: the valid schemas of the corpus, each time with one token left out or mistaken for another.

use std::fs;
use std::path::{Path, PathBuf};

use zbus_idl::{LoadError, Loaded, Loader, Report, compile};

/// The corpus, with one text in place of that of the same name.
struct Spoilt<'a> {
    folder: &'a Path,
    name: &'a str,
    text: String,
}

impl Loader for Spoilt<'_> {
    fn load(&self, path: &str, _: Option<&str>) -> Result<Loaded, LoadError> {
        if path == self.name {
            return Ok(Loaded { path: path.to_owned(), bytes: self.text.clone().into() });
        }
        match fs::read(self.folder.join(path)) {
            Ok(bytes) => Ok(Loaded { path: path.to_owned(), bytes }),
            Err(_) => Err(LoadError::NotFound { searched: Vec::new() }),
        }
    }
}

impl Spoilt<'_> {
    fn report(&self) -> Option<Report> {
        compile(&[self.name], self).err()
    }
}

/// Where the tokens of a text are, comments left out.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (length, counts) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (rest.find("*/").unwrap() + 2, false)
        } else if is_word(first) {
            (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true)
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            (end.unwrap() + 2, true)
        } else {
            let long = ["->", "..."].iter().find(|mark| rest.starts_with(**mark));
            (long.map_or(first.len_utf8(), |mark| mark.len()), first.is_ascii_graphic())
        };
        if counts {
            tokens.push((at, at + length));
        }
        at += length;
    }
    tokens
}

/// What a token is taken for: nothing, and what is near on a keyboard or in the writer's mind.
fn slips(token: &str) -> &'static [&'static str] {
    match token {
        ";" => &["", ",", ":"],
        ":" => &["", ";", "=", " "],
        "," => &["", ";", "."],
        "(" => &["", "[", "{", "<"],
        ")" => &["", "]", ">"],
        "[" => &["", "(", "<"],
        "]" => &["", ")", ">", "}"],
        "<" | "{" => &["", "(", "["],
        ">" | "}" => &["", ")", "]"],
        "->" => &["", ":", "=>", "-"],
        "=" => &["", ":", "=="],
        "?" => &["", "!"],
        "@" => &["", "#"],
        "..." => &["", "..", "*"],
        _ => &[""],
    }
}

/// Of the slips in a text, each `step`th is tried.
const STEP: usize = 3;

#[test]
fn a_slip_is_nearly_always_one_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/valid");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "zbus"));
    paths.sort();
    let (mut tried, mut most, mut worse) = (0, 0, Vec::new());
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let all = tokens(&text)
            .into_iter()
            .flat_map(|(start, end)| slips(&text[start..end]).iter().map(move |instead| (start, end, *instead)));
        for (start, end, instead) in all.skip(path.as_os_str().len() % STEP).step_by(STEP) {
            let spoilt = Spoilt { folder: &folder, name, text: [&text[..start], instead, &text[end..]].concat() };
            tried += 1;
            if let Some(report) = spoilt.report().filter(|report| report.diagnostics().len() > 1) {
                most = most.max(report.diagnostics().len());
                let lines = report.iter().map(|one| one.one_line(report.sources())).collect::<Vec<_>>().join("\n  ");
                worse.push(format!("`{}` became `{instead}`:\n  {lines}", &text[start..end]));
            }
        }
    }
    let percent = worse.len() * 100 / tried;
    assert!(
        tried > 1_500 && percent < 4 && most <= 8,
        "{} of {tried}, most {most}:\n{}",
        worse.len(),
        worse.join("\n")
    );
}
