//! What a run learns beside the schema, and that a session compiles again only what has changed.

use std::cell::RefCell;

use allocation_counter::measure;
use zbus_idl::{Compiled, LoadError, Loaded, Loader, MemoryLoader, Session, Severity, Thing, analyze, compile};

const MAIN: &str = "//! All of it.
module m;
import \"lib.zbus\";
import \"spare.zbus\";

/// A pair.
struct Pair { First: Point, Second: [Point]? } // of points

// Not documentation.

/* own */ object o@1.0 {
    /// Moves.
    fn Move(to: Pair) -> (at: Point) throws Lost;
    stream Moved -> Pair;
}
error Lost { Off { By: Point } }
";

fn files() -> MemoryLoader {
    MemoryLoader::new()
        .with("main.zbus", MAIN)
        .with("lib.zbus", "struct Point { X: f64, Y: f64 }")
        .with("spare.zbus", "struct Spare { X: i8 }")
}

fn analyzed(text: &str) -> Compiled {
    analyze(&["main.zbus"], &files().with("main.zbus", text))
}

#[test]
fn everything_with_a_name_is_in_the_index() {
    let compiled = analyzed(MAIN);
    let index = &compiled.index;
    let owner = |at: Option<usize>| at.map_or("", |at| compiled.sources.slice(index.definitions[at].name));
    let named: Vec<_> = index
        .definitions
        .iter()
        .map(|one| (one.thing, compiled.sources.slice(one.name), owner(one.owner)))
        .filter(|(_, name, _)| !["Point", "Spare", "X", "Y"].contains(name))
        .collect();
    let expected = [
        (Thing::Module, "m", ""),
        (Thing::Struct, "Pair", ""),
        (Thing::Field, "First", "Pair"),
        (Thing::Field, "Second", "Pair"),
        (Thing::Object, "o", ""),
        (Thing::Method, "Move", "o"),
        (Thing::Param, "to", "Move"),
        (Thing::Return, "at", "Move"),
        (Thing::Stream, "Moved", "o"),
        (Thing::Error, "Lost", ""),
        (Thing::Variant, "Off", "Lost"),
        (Thing::Field, "By", "Off"),
    ];
    assert_eq!(named, expected);
}

#[test]
fn definitions_have_their_whole_text_and_their_documentation() {
    let compiled = analyzed(MAIN);
    let find =
        |name: &str| compiled.index.definitions.iter().find(|one| compiled.sources.slice(one.name) == name).unwrap();
    let pair = find("Pair");
    assert_eq!(compiled.sources.slice(pair.extent), "/// A pair.\nstruct Pair { First: Point, Second: [Point]? }");
    assert_eq!(compiled.sources.slice(pair.docs.unwrap()), "/// A pair.");
    assert_eq!(compiled.sources.slice(find("First").extent), "First: Point,");
    assert_eq!(
        compiled.sources.slice(find("Move").extent),
        "/// Moves.\n    fn Move(to: Pair) -> (at: Point) throws Lost;"
    );
    let docs = compiled.index.file_docs.iter().flatten().map(|span| compiled.sources.slice(*span));
    assert_eq!(docs.collect::<Vec<_>>(), ["//! All of it."]);
}

#[test]
fn references_lead_to_definitions_in_other_files() {
    let compiled = analyzed(MAIN);
    let main = compiled.sources.find("main.zbus").unwrap();
    let at = u32::try_from(MAIN.find("Point, Second").unwrap()).unwrap();
    let point = compiled.index.at(main, at + 2).unwrap();
    assert_eq!(compiled.sources.get(point.name.source).unwrap().path, "lib.zbus");
    assert_eq!(compiled.index.references_to(point.ty.unwrap()).count(), 4);
    // A name where it is given.
    let moved = u32::try_from(MAIN.find("Moved").unwrap()).unwrap();
    assert_eq!(compiled.index.at(main, moved).unwrap().thing, Thing::Stream);
}

#[test]
fn imports_that_nothing_needs_are_known() {
    let compiled = analyzed(MAIN);
    let imports: Vec<_> =
        compiled.index.imports.iter().map(|one| (compiled.sources.slice(one.path), one.used)).collect();
    assert_eq!(imports, [("\"lib.zbus\"", true), ("\"spare.zbus\"", false)]);
    assert_eq!(compiled.sources.slice(compiled.index.imports[1].extent), "import \"spare.zbus\";");
}

#[test]
fn comments_and_tokens_are_kept() {
    let compiled = analyzed(MAIN);
    let main = compiled.sources.find("main.zbus").unwrap();
    let text = &compiled.sources.get(main).unwrap().text;
    let comments: Vec<_> = compiled
        .comments(main)
        .iter()
        .map(|one| (&text[one.start as usize..one.end as usize], one.own_line, one.after_blank))
        .collect();
    assert_eq!(
        comments,
        [("// of points", false, false), ("// Not documentation.", true, true), ("/* own */", true, true)]
    );
    // All that is no space is a token or a comment.
    let mut places: Vec<_> = compiled.comments(main).iter().map(|one| (one.start, one.end)).collect();
    places.extend(compiled.tokens(main).iter().map(|one| (one.start, one.end)));
    places.sort_unstable();
    let mut at = 0;
    for (start, end) in places {
        assert_eq!(text[at..start as usize].trim(), "");
        at = end as usize;
    }
    assert_eq!(text[at..].trim(), "");
}

#[test]
fn a_broken_file_still_has_a_schema_and_an_index() {
    let compiled = analyzed(&MAIN.replace("[Point]?", "Pint"));
    assert!(compiled.has_errors());
    assert!(compiled.diagnostics.iter().all(|one| one.severity == Severity::Error));
    let schema = compiled.schema.as_ref().unwrap();
    assert_eq!(schema.objects[0].methods[0].name, "Move");
    assert_eq!(compiled.index.references.len(), 6);
    let report = compiled.into_result().unwrap_err();
    assert_eq!(report.diagnostics().len(), 1);
}

#[test]
fn a_schema_is_the_same_whichever_way_it_is_compiled() {
    let once = compile(&["main.zbus"], &files()).unwrap();
    assert_eq!(analyzed(MAIN).into_result().unwrap(), once);
    let mut session = Session::new(files());
    for _ in 0..3 {
        assert_eq!(session.compile(&["main.zbus"]).into_result().unwrap(), once);
        session.changed("lib.zbus");
    }
}

/// Files in memory, and how often each was asked for.
struct Counted(MemoryLoader, RefCell<Vec<String>>);

impl Loader for Counted {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        self.1.borrow_mut().push(path.to_owned());
        self.0.load(path, importer)
    }
}

#[test]
fn a_session_loads_only_what_changed() {
    let loader = Counted(files(), RefCell::default());
    let mut session = Session::new(&loader);
    let first = session.compile(&["main.zbus"]);
    assert_eq!(*loader.1.borrow(), ["main.zbus", "lib.zbus", "spare.zbus"]);
    session.compile(&["main.zbus"]);
    assert_eq!(loader.1.borrow().len(), 3);
    session.changed("lib.zbus");
    let again = session.compile(&["main.zbus"]);
    assert_eq!(loader.1.borrow()[3..], ["lib.zbus"]);
    assert_eq!((first.index, first.schema), (again.index, again.schema));
    session.changed_all();
    session.compile(&["main.zbus"]);
    assert_eq!(loader.1.borrow().len(), 7);
}

#[test]
fn a_file_keeps_its_id_whatever_becomes_of_it() {
    let mut session = Session::new(files());
    session.compile(&["main.zbus"]);
    let ids = ["main.zbus", "lib.zbus"].map(|path| session.source(path).unwrap());
    session.open("main.zbus", "import \"spare.zbus\"; struct Other { X: Nothing }");
    let compiled = session.compile(&["main.zbus"]);
    assert_eq!(compiled.diagnostics.len(), 1);
    assert_eq!(compiled.diagnostics[0].at.unwrap().source, ids[0]);
    session.close("main.zbus");
    assert!(!session.compile(&["main.zbus"]).has_errors());
    assert_eq!(["main.zbus", "lib.zbus"].map(|path| session.source(path).unwrap()), ids);
}

#[test]
fn a_text_that_is_not_saved_counts_as_the_file() {
    let mut session = Session::new(files());
    session.open("main.zbus", "import \"new.zbus\"; struct A { X: New }");
    assert_eq!(session.compile(&["main.zbus"]).diagnostics[0].code(), "E0501");
    session.open("new.zbus", "struct New { X: i8 }");
    assert!(!session.compile(&["main.zbus"]).has_errors());
    session.close("new.zbus");
    assert!(session.compile(&["main.zbus"]).has_errors());
}

#[test]
fn errors_of_a_file_that_did_not_change_are_reported_again() {
    let mut session = Session::new(files().with("lib.zbus", "struct Point { X: f64, Y f64 }"));
    let first = session.compile(&["main.zbus"]).diagnostics;
    assert!(!first.is_empty());
    session.changed("main.zbus");
    assert_eq!(session.compile(&["main.zbus"]).diagnostics, first);
}

/// A graph of so many files, each of which imports the one before.
fn graph(count: usize) -> MemoryLoader {
    (0..count).fold(MemoryLoader::new(), |loader, at| {
        let import = if at == 0 { String::new() } else { format!("import \"f{}.zbus\";\n", at - 1) };
        let fields: Vec<String> = (0..40).map(|field| format!("    F{field}: map<string, [i64]>?,\n")).collect();
        loader.with(&format!("f{at}.zbus"), format!("{import}struct S{at} {{\n{}}}\n", fields.concat()))
    })
}

#[test]
fn a_session_parses_only_what_changed() {
    let mut session = Session::new(graph(50));
    let first = measure(|| drop(session.compile(&["f49.zbus"])));
    session.changed("f20.zbus");
    let again = measure(|| drop(session.compile(&["f49.zbus"])));
    assert!(
        again.count_total * 2 < first.count_total,
        "{} and then {} allocations",
        first.count_total,
        again.count_total
    );
}
