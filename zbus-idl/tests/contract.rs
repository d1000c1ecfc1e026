//! The contract hash: what changes it and what does not, and that another language computes the same from the JSON model.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zbus_idl::contract::{Contracts, DIGITS};
use zbus_idl::{LoadError, Loaded, Loader, MemoryLoader, Schema, compile, model};

fn schema(text: &str) -> Schema {
    let loader = MemoryLoader::new()
        .with("main.zbus", text)
        .with("points.zbus", "struct Point { X: f64, Y: f64 }")
        .with("other.zbus", "struct Other { X: f64, Y: f64 }");
    compile(&["main.zbus"], &loader).unwrap_or_else(|report| panic!("{report}"))
}

/// The text of the first object.
fn contract(text: &str) -> String {
    let schema = schema(text);
    Contracts::new(&schema).iter().next().unwrap().text()
}

/// Of a module whose object `o@1` has these members, beside these declarations.
fn of(declarations: &str, members: &str) -> String {
    contract(&format!("module m; {declarations} object o@1 {{ {members} }}"))
}

/// The lines of one text that the other has not.
fn changed<'a>(one: &'a str, other: &str) -> Vec<&'a str> {
    one.lines().filter(|line| !other.lines().any(|same| same == *line)).collect()
}

#[test]
fn a_contract_with_names_differs_only_where_the_schema_does() {
    let named = |members: &str| {
        let types = "struct A { X: B, Y: C } struct B { X: i8 } struct C { Y: D } enum D { One }";
        let schema = schema(&format!("module m; {types} object o@1 {{ {members} fn Last(c: C) -> A; }}"));
        Contracts::new(&schema).iter().next().unwrap().named_text()
    };
    let (with, without) = (named("fn First(b: B) -> D;"), named(""));
    assert_eq!(changed(&with, &without), ["method 5:First (#B) (#D) never"]);
    assert_eq!(changed(&without, &with), Vec::<&str>::new());
}

#[test]
fn types_of_one_name_are_told_apart_by_their_files() {
    let loader = MemoryLoader::new()
        .with("main.zbus", "module m; import \"a.zbus\"; import \"b.zbus\"; object o { fn F(a: A) -> B; }")
        .with("a.zbus", "struct Point { X: i8 } struct A { At: Point }")
        .with("b.zbus", "struct Point { X: i16 } struct B { At: Point }");
    let schema = compile(&["main.zbus"], &loader).unwrap();
    let text = Contracts::new(&schema).iter().next().unwrap().named_text();
    assert!(text.contains("#A struct {2:At #a.Point}\n") && text.contains("#b.Point struct {1:X i16}\n"), "{text}");
}

#[track_caller]
fn same(texts: &[String]) {
    assert!(texts.iter().all(|text| *text == texts[0]), "{}", texts.join("\n"));
}

#[track_caller]
fn all_different(texts: &[String]) {
    for (index, text) in texts.iter().enumerate() {
        assert!(!texts[..index].contains(text), "{text}");
    }
}

#[test]
fn comments_and_spaces_do_not_count() {
    same(&[
        of("struct A { X: i8, Y: bool }", "fn F(a: A) -> i8;"),
        of("\n/// An A.\nstruct A {\n  // x\n  X: i8,\n  /* y */ Y: bool,\n}\n", "\n/// Effs.\nfn F( a : A )->i8 ;"),
    ]);
}

#[test]
fn the_order_of_what_is_found_by_name_does_not_count() {
    let one = "struct S { X: i8, Y: T } struct T { Z: E, U: U } enum E { A, B } union U { C: S?, D } error R { P { K: i8, L: i8 }, Q }";
    let two = "error R { Q, P { L: i8, K: i8 } } union U { D, C: S? } enum E { B, A } struct T { U: U, Z: E } struct S { Y: T, X: i8 }";
    same(&[
        of(one, "fn F(s: S) throws R; fn G(); stream V -> U; stream W -> E;"),
        of(two, "stream W -> E; stream V -> U; fn G(); fn F(s: S) throws R;"),
    ]);
    same(&[of("enum E: i8 { A = -1, B = 5 }", "fn F(e: E);"), of("enum E: i8 { B = 5, A = -1 }", "fn F(e: E);")]);
}

#[test]
fn the_order_of_parameters_and_returns_counts() {
    all_different(&[
        of("", "fn F(a: i8, b: i16) -> (i8, i16);"),
        of("", "fn F(b: i16, a: i8) -> (i8, i16);"),
        of("", "fn F(a: i8, b: i16) -> (i16, i8);"),
    ]);
}

#[test]
fn names_that_do_not_travel_do_not_count() {
    same(&[
        of("struct A { X: i8 } enum E { M = \"m\" } error R { V }", "fn F(a: A) -> (x: E) throws R;"),
        of("struct B { X: i8 } enum G { N = \"m\" } error S { V }", "fn F(b: B) -> (y: G) throws S;"),
        of(
            "struct B { @wire(\"X\") Other: i8 } enum G { N = \"m\" } error S { @wire(\"V\") W }",
            "@wire(\"F\") fn Other(b: B) -> G throws S;",
        ),
    ]);
}

#[test]
fn aliases_spreads_constants_and_imports_do_not_count() {
    same(&[
        of("struct S { X: [f64]?, Y: map<u8, S?> }", "fn F(s: S) -> [[f64]?];"),
        of(
            "type L = [Num]; type Num = f64; type Maybe = L?; type K = u8; struct Base { X: Maybe } const C: u8 = 1;
             struct S { Y: map<K, Opt>, ...Base } type Opt = S?; type R = [Maybe];",
            "fn F(s: S) -> R;",
        ),
    ]);
    same(&[
        contract("module m; import \"points.zbus\"; object o { fn F(p: Point); }"),
        contract("module m; import \"other.zbus\"; object o { fn F(p: Other); }"),
        contract("module m; struct P { X: f64, Y: f64 } object o { fn F(p: P); }"),
    ]);
}

#[test]
fn one_type_in_place_of_two_that_are_alike_does_not_count() {
    same(&[
        of("struct A { X: i8 }", "fn F(a: A, b: A);"),
        of("struct A { X: i8 } struct B { X: i8 }", "fn F(a: A, b: B);"),
        of("struct A { X: i8 } struct B { X: i8 } struct Unused { A: A }", "fn F(a: B, b: A);"),
    ]);
}

#[test]
fn a_cycle_written_once_twice_or_unrolled_is_one_contract() {
    same(&[
        of("struct A { Next: A? }", "fn F(a: A);"),
        of("struct A { Next: B? } struct B { Next: A? }", "fn F(a: A);"),
        of("struct A { Next: B? } struct B { Next: C? } struct C { Next: B? }", "fn F(a: A);"),
        of("struct A { Next: L } type L = A?;", "fn F(a: A);"),
    ]);
    all_different(&[
        of("struct A { Next: A? }", "fn F(a: A);"),
        of("struct A { Next: [A] }", "fn F(a: A);"),
        of("struct A { Next: B? } struct B { Next: [A] }", "fn F(a: A);"),
        of("struct A { Next: B? } struct B { X: A? }", "fn F(a: A);"),
    ]);
}

#[test]
fn a_difference_at_the_end_of_a_long_chain_counts() {
    let chain = |last: &str| -> String {
        let links = (0..100).map(|i| format!("struct S{i} {{ Next: S{} }} ", i + 1));
        links.chain([format!("struct S100 {{ Next: {last} }}")]).collect()
    };
    all_different(&[
        of(&chain("i8"), "fn F(s: S0);"),
        of(&chain("i16"), "fn F(s: S0);"),
        of(&chain("i8"), "fn F(s: S1);"),
        of(&chain("S0?"), "fn F(s: S0);"),
        of(&chain("S99?"), "fn F(s: S0);"),
    ]);
}

#[test]
fn each_link_of_a_long_chain_is_a_type_of_its_own() {
    let links: Vec<String> = (0..2_000).map(|i| format!("struct S{i} {{ Next: S{} }} ", i + 1)).collect();
    for last in ["X: i8", "X: S2000?", "X: [S1999]", "X: S0?, Y: i8"] {
        let text = of(&format!("{} struct S2000 {{ {last} }}", links.concat()), "fn F(s: S0);");
        assert_eq!(text.lines().count(), 3 + 2_001, "{last}");
    }
}

#[test]
fn the_module_and_the_generated_name_do_not_count() {
    same(&[contract("module m; object o@1 { fn F(); }"), contract("module n; object o@1 as Other { fn F(); }")]);
}

#[test]
fn what_is_one_sides_own_affair_does_not_count() {
    same(&[
        of("", "fn F(); stream S -> i8;"),
        of(
            "",
            "@timeout(2s) @idempotent @uninterruptible @deprecated(\"x\") fn F(); @lag(error, 9) @deprecated(\"x\") stream S -> i8;",
        ),
    ]);
    same(&[
        of("struct A { X: i8 } enum E { M } error R { V }", "fn F(a: A, e: E) throws R;"),
        of(
            "@deprecated(\"x\") struct A { @deprecated(\"x\") X: i8 } enum E { @deprecated(\"x\") M } error R { @deprecated(\"x\") V }",
            "fn F(a: A, e: E) throws R;",
        ),
    ]);
}

#[test]
fn the_name_and_version_of_the_object_count() {
    all_different(&[
        contract("module m; object o { fn F(); }"),
        contract("module m; object o@1 { fn F(); }"),
        contract("module m; object o@2 { fn F(); }"),
        contract("module m; object p@1 { fn F(); }"),
    ]);
}

#[test]
fn every_property_of_a_method_that_travels_counts() {
    let one = "error R { V } error Q { W }";
    all_different(
        &[
            "fn F();",
            "fn G();",
            "@wire(\"H\") fn F();",
            "oneway fn F();",
            "fn F() throws;",
            "fn F() throws R;",
            "fn F() throws Q;",
            "fn F() -> i8;",
            "fn F() -> (i8, i8);",
            "fn F(a: i8);",
            "fn F(a: ...i8);",
            "fn F(a: [i8]);",
            "fn F(a: i8, b: i8);",
            "fn F(); fn G();",
            "fn F(); stream S -> i8;",
            "fn F(); stream S -> u8;",
            "fn F(); stream T -> i8;",
            "stream F -> i8;",
        ]
        .map(|members| of(one, members)),
    );
}

#[test]
fn every_type_is_another_contract() {
    let types = "bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 string bytes timestamp duration any ip cidr mac i8? [i8] \
                 map<string,i8> map<i8,i8> map<u8,i8> map<E,i8> map<string,u8> [i8?] [i8]? [[i8]] S E U";
    let declarations = "struct S { X: i8 } enum E { X } union U { X: i8 }";
    let texts = types.split(' ').map(|ty| of(declarations, &format!("fn F(a: {ty});")));
    all_different(&texts.collect::<Vec<_>>());
}

#[test]
fn every_property_of_a_declared_type_that_travels_counts() {
    let texts = [
        "struct A { X: i8 }",
        "struct A { Y: i8 }",
        "struct A { @wire(\"x\") X: i8 }",
        "struct A { X: i8? }",
        "struct A { X: i8, Y: i8 }",
        "struct A { X: B } struct B { Y: i8 }",
        "struct A { X: B } struct B { Z: i8 }",
        "enum A { X }",
        "enum A { X = \"x\" }",
        "enum A { X, Y }",
        "enum A: u8 { X }",
        "enum A: i8 { X }",
        "enum A: u8 { X = 1 }",
        "union A { X }",
        "union A { @wire(\"x\") X }",
        "union A { X: i8 }",
        "union A { X: u8 }",
        "union A { X, Y }",
    ]
    .map(|declaration| of(declaration, "fn F(a: A);"));
    all_different(&texts);
    let texts = [
        "error E { X }",
        "error E { @wire(\"x\") X }",
        "error E { X, Y }",
        "error E { X { Y: i8 } }",
        "error E { X { @wire(\"y\") Y: i8 } }",
        "error E { X { Y: u8 } }",
    ]
    .map(|declaration| of(declaration, "fn F() throws E;"));
    all_different(&texts);
}

#[test]
fn a_name_cannot_pass_for_the_text_around_it() {
    all_different(&[
        of("struct A { @wire(\"X i8,1:Y\") X: i8 }", "fn F(a: A);"),
        of("struct A { X: i8, Y: i8 }", "fn F(a: A);"),
        of("struct A { @wire(\"X\\n\") X: i8 }", "fn F(a: A);"),
    ]);
}

/// Reads schemas from folders, as an import is written.
struct Disk(PathBuf);

impl Loader for Disk {
    fn load(&self, path: &str, _: Option<&str>) -> Result<Loaded, LoadError> {
        let bytes = fs::read(self.0.join(path)).map_err(|error| LoadError::Other(error.to_string()))?;
        Ok(Loaded { path: path.to_owned(), bytes })
    }
}

/// What the independent program gives for a schema.
fn in_python(schemas: &[Schema]) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract_hash.py");
    let mut python =
        Command::new("python3").arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(
            |error| panic!("cannot run python3 ({error}): install it, on Debian with apt-get install python3"),
        );
    let models: Vec<_> = schemas.iter().map(|schema| model::to_json(schema).to_string()).collect();
    let mut input = python.stdin.take().unwrap();
    // It writes before it has read all.
    let writer = std::thread::spawn(move || input.write_all(models.join("\n").as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn in_rust(schema: &Schema) -> String {
    let contracts = Contracts::new(schema);
    let lines = contracts.iter().map(|one| format!("{}  {}\n", one.hash(), one.object().bus_name()));
    lines.collect()
}

#[test]
fn python_computes_the_same_from_the_json_model() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut schemas = Vec::new();
    for folder in ["tests/corpus/valid", "../schemas", "../schemas/zos"] {
        let folder = root.join(folder);
        let mut names: Vec<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "zbus"));
        names.sort();
        for name in names {
            let schema = compile(&[&name], &Disk(folder.clone())).unwrap_or_else(|report| panic!("{report}"));
            schemas.push(schema);
        }
    }
    let objects: usize = schemas.iter().map(|schema| schema.objects.len()).sum();
    assert!(objects >= 15, "{objects}");
    assert_eq!(in_python(&schemas), schemas.iter().map(in_rust).collect::<String>());
}

#[test]
fn python_computes_the_same_where_it_is_hard() {
    let schema = schema(
        "module m; type L = [A?]; type K = E; struct A { Next: B?, @wire(\"ü, \\n\") U: U } struct B { Next: A?, @wire(\"ü, \\n\") V: V }
         union U { X: L, Z } union V { Z, X: [B?] } enum E: i64 { P = -5, Q = 3, R = 9223372036854775807 }
         enum S { B = \"b\", A = \"é\", C = \"\" } error R { F { M: map<K, [S]>, A: any }, @wire(\"e\") E }
         object o { fn F(v: ...V) -> (a: A, b: B) throws R; oneway fn D(s: S); fn Z() throws; fn Y(); stream S -> L; }
         object p@1 { stream A -> B; @wire(\"\u{10000}\") fn X(); @wire(\"\u{ff5e}\") fn Y(); }",
    );
    assert_eq!(in_python(std::slice::from_ref(&schema)), in_rust(&schema));
}

#[test]
fn the_example_of_the_specification_is_what_is_computed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = fs::read_to_string(docs.join("model.md")).unwrap();
    let text = page.split("```zbus\n").nth(1).unwrap().split("```").next().unwrap();
    let schema = schema(text);
    let contracts = Contracts::new(&schema);
    let contract = contracts.iter().next().unwrap();
    let made = format!("```text\n{}```\n\nand its hash:\n\n```text\n{}\n```\n", contract.text(), contract.hash());
    let path = docs.join("contract-hash.md");
    let page = fs::read_to_string(&path).unwrap();
    let at = page.rfind("and its hash:").unwrap();
    let at = page[..at].rfind("```text").unwrap();
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, page[..at].to_owned() + &made).unwrap();
    } else {
        assert_eq!(page[at..], made, "BLESS=1 writes it anew");
    }
    assert_eq!(contract.hash().len(), DIGITS);
}
