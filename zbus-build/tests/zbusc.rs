//! The command `zbusc`, run as its users run it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with schemas, in which the command runs.
struct Folder(TempDir);

const CALCULATOR: &str = "\
module calc;
import \"points.zbus\";
object calculator@1.0 {
    fn Add(a: f64, b: f64) -> f64;
    fn Move(to: Point);
}
object reset { fn Reset(); }
";
const POINTS: &str = "struct Point { X: f64, Y: f64 }\n";
const BROKEN: &str = "struct A { X: strin }\nstruct B { Y: boool }\n";

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("calculator.zbus", CALCULATOR), ("points.zbus", POINTS), ("broken.zbus", BROKEN)] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zbusc"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    fn run_with(&self, stdin: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it printed, where all went well.
    #[track_caller]
    fn good(self) -> String {
        assert_eq!((self.status, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// What it said, where the command line made no sense.
    #[track_caller]
    fn misused(self) -> String {
        assert_eq!((self.status, self.out.as_str()), (Some(2), ""), "{}", self.err);
        self.err
    }
}

#[test]
fn check_counts_the_files_of_good_schemas() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["check", "points.zbus"]).good(), "1 file, no problems\n");
    assert_eq!(folder.run(&["check", "calculator.zbus"]).good(), "2 files, no problems\n");
}

#[test]
fn check_shows_every_problem_of_every_file() {
    let folder = Folder::new();
    let ran = folder.run(&["check", "broken.zbus", "calculator.zbus", "nowhere.zbus"]);
    assert_eq!((ran.status, ran.err.as_str()), (Some(1), ""));
    for part in ["broken.zbus:1:15", "broken.zbus:2:", "did you mean", "nowhere.zbus", "3 errors"] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn check_says_each_problem_in_one_line_on_demand() {
    let folder = Folder::new();
    let ran = folder.run(&["check", "--format", "short", "broken.zbus"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.starts_with("broken.zbus:") && line.contains(": error[E")), "{}", ran.out);
    assert_eq!(folder.run(&["check", "--format", "short", "points.zbus"]).good(), "");
}

#[test]
fn check_gives_json_that_mends_the_file() {
    let folder = Folder::new();
    let ran = folder.run(&["check", "--format", "json", "broken.zbus"]);
    assert_eq!(ran.status, Some(1));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let mut text = BROKEN.to_owned();
    // From the end, so that the offsets of those before stay true.
    for diagnostic in report["diagnostics"].as_array().unwrap().iter().rev() {
        let edit = &diagnostic["edit"];
        let offset = |end: &str| usize::try_from(edit["at"][end]["offset"].as_u64().unwrap()).unwrap();
        text.replace_range(offset("start")..offset("end"), edit["replacement"].as_str().unwrap());
    }
    assert_eq!(folder.run_with(&text, &["check", "-"]).good(), "1 file, no problems\n");
    let good: Value = serde_json::from_str(&folder.run(&["check", "--format", "json", "points.zbus"]).good()).unwrap();
    assert_eq!(good, serde_json::json!({ "format": 1, "diagnostics": [] }));
}

#[test]
fn colours_are_for_terminals_unless_they_are_asked_for() {
    let folder = Folder::new();
    let has_colours = |arguments: &[&str]| folder.run(arguments).out.contains('\u{1b}');
    assert!(!has_colours(&["check", "broken.zbus"]));
    assert!(!has_colours(&["check", "--color", "never", "broken.zbus"]));
    assert!(has_colours(&["check", "--color", "always", "broken.zbus"]));
}

#[test]
fn standard_input_is_a_schema_that_imports_from_the_current_folder() {
    let folder = Folder::new();
    let good = "import \"points.zbus\"; struct Line { From: Point }";
    assert_eq!(folder.run_with(good, &["check", "-"]).good(), "2 files, no problems\n");
    let ran = folder.run_with("struct A { X: strin }", &["check", "--format", "short", "-"]);
    assert!(ran.out.starts_with("stdin.zbus:1:15: error["), "{ran:?}");
    assert_eq!(ran.status, Some(1));
}

#[test]
fn imports_are_looked_for_in_included_folders() {
    let folder = Folder::new();
    fs::create_dir(folder.0.path().join("apart")).unwrap();
    fs::write(folder.0.path().join("apart/calculator.zbus"), CALCULATOR).unwrap();
    assert_eq!(folder.run(&["check", "apart/calculator.zbus"]).status, Some(1));
    assert_eq!(folder.run(&["check", "-I", ".", "apart/calculator.zbus"]).good(), "2 files, no problems\n");
    let said = folder.run(&["check", "-I", "gone", "points.zbus"]).misused();
    assert!(said.contains("there is no folder gone"), "{said}");
}

#[test]
fn misspelt_files_are_recognized() {
    let folder = Folder::new();
    fs::create_dir(folder.0.path().join("apart")).unwrap();
    for (import, meant) in
        [("pionts.zbus", "../points.zbus"), ("Points", "../points.zbus"), ("../apart/area", "../apart/area.zbus")]
    {
        fs::write(folder.0.path().join("apart/area.zbus"), "").unwrap();
        fs::write(folder.0.path().join("apart/main.zbus"), format!("import \"{import}\";")).unwrap();
        let ran = folder.run(&["check", "--format", "json", "apart/main.zbus"]);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let edit = &report["diagnostics"][0]["edit"]["replacement"];
        assert_eq!(edit, &format!("\"{meant}\""), "{import}: {report}");
    }
    let said = folder.run(&["check", "pionts.zbus"]).out;
    assert!(said.contains("did you mean `points.zbus`?"), "{said}");
    let said = folder.run(&["check", "points.zbus", "part/main"]).out;
    assert!(said.contains("did you mean `apart/main.zbus`?"), "{said}");
}

#[test]
fn explain_tells_all_about_a_code() {
    let folder = Folder::new();
    for spelling in ["E0103", "e0103"] {
        let said = folder.run(&["explain", spelling]).good();
        assert!(
            said.starts_with("E0103: unknown type\n") && said.contains("Wrong:") && said.contains("Right:"),
            "{said}"
        );
    }
    let all = folder.run(&["explain"]).good();
    assert_eq!(all.lines().count(), zbus_idl::CODES.len());
}

#[test]
fn explain_suggests_codes_that_are_there() {
    let folder = Folder::new();
    let said = folder.run(&["explain", "E0193"]).misused();
    assert!(said.starts_with("error: there is no code E0193; did you mean E0103 (unknown type)"), "{said}");
    let said = folder.run(&["explain", "banana"]).misused();
    assert!(said.contains("`zbusc explain` lists all codes"), "{said}");
}

#[test]
fn model_is_the_json_of_all_files() {
    let folder = Folder::new();
    let model: Value = serde_json::from_str(&folder.run(&["model", "calculator.zbus"]).good()).unwrap();
    assert_eq!(model["files"][0]["path"], "points.zbus");
    assert_eq!(model["objects"][0]["methods"][1]["params"][0]["type"]["name"], "Point");
}

#[test]
fn what_a_broken_schema_has_no_answer_to_says_why_on_standard_error() {
    let folder = Folder::new();
    for arguments in [&["model"][..], &["hash"], &["gen", "--lang", "rust", "--out", "out"]] {
        let ran = folder.run(&[arguments, &["broken.zbus"]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
        assert!(ran.err.contains("broken.zbus:1:15") && ran.err.contains("2 errors"), "{}", ran.err);
    }
    assert!(!folder.0.path().join("out").exists());
}

#[test]
fn hash_gives_a_line_for_each_object() {
    let folder = Folder::new();
    let lines = folder.run(&["hash", "calculator.zbus"]).good();
    let model: Value = serde_json::from_str(&folder.run(&["model", "calculator.zbus"]).good()).unwrap();
    let hash = |index: usize| model["objects"][index]["contract"].as_str().unwrap();
    assert_eq!(lines, format!("{}  calc.calculator@1.0\n{}  calc.reset\n", hash(0), hash(1)));
    for name in ["calculator", "calculator@1.0", "calc.calculator@1.0"] {
        let line = folder.run(&["hash", "--object", name, "calculator.zbus"]).good();
        assert_eq!(line, format!("{}  calc.calculator@1.0\n", hash(0)));
    }
    let text = folder.run(&["hash", "--text", "--object", "reset", "calculator.zbus"]).good();
    assert_eq!(text, "zbus contract 1\nobject 5:reset\nmethod 5:Reset () () never\n");
}

#[test]
fn hash_of_an_object_that_is_not_there_says_which_are() {
    let folder = Folder::new();
    let said = folder.run(&["hash", "--object", "calculator@2.0", "calculator.zbus"]).misused();
    assert_eq!(said, "error: there is no object `calculator@2.0`; there is calc.calculator@1.0, calc.reset\n");
}

#[test]
fn gen_writes_what_a_build_script_writes() {
    let folder = Folder::new();
    let listed = folder.run(&["gen", "--lang", "rust", "--out", "by/zbusc", "calculator.zbus"]).good();
    let by_builder = folder.0.path().join("by/builder");
    zbus_build::Builder::new().schema(folder.0.path().join("calculator.zbus")).out_dir(&by_builder).compile().unwrap();
    assert_eq!(listed.lines().count(), fs::read_dir(&by_builder).unwrap().count());
    for file in listed.lines() {
        let (folder, name) = (folder.0.path(), file.strip_prefix("by/zbusc/").unwrap());
        assert_eq!(fs::read(folder.join(file)).unwrap(), fs::read(by_builder.join(name)).unwrap(), "{name}");
    }
}

#[test]
fn gen_takes_the_options_of_a_build_script() {
    let folder = Folder::new();
    let store = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/options/store.zbus");
    let options = [
        "--blocking",
        "--extern-type=store.Id=crate::Id",
        "--extern-schema=shapes=crate::shared::shapes",
        "--map-type=*=hash",
        "--map-type=store.Reading.Kept=btree",
        "--bytes-type=store=bytes",
        "--bytes-type=store.Event.Raw=vec",
        "--type-attribute=*.*=#[derive(Clone, ::std::fmt::Debug)]\n#[must_use]",
        "--type-attribute=store.Held=#[derive(Eq, Hash)]",
        "--field-attribute=store.Reading.At=#[doc(alias = \"time\")]",
        "--field-attribute=*.Event.Raw=#[doc(alias = \"bytes\")]",
        "--field-attribute=store.Level.High=#[doc(alias = \"top\")]",
        "--field-attribute=store.Lost.Data=#[doc(alias = \"loss\")]",
        "--field-attribute=store.Lost.Data.Rest=#[doc(alias = \"remainder\")]",
    ];
    let generate = ["gen", "--lang", "rust", "--out", "out", store];
    folder.run(&[&generate[..], &options[..]].concat()).good();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/options/here/store.rs");
    assert_eq!(fs::read(folder.0.path().join("out/store.rs")).unwrap(), fs::read(golden).unwrap());

    let times = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/options/times.zbus");
    let generate = ["gen", "--lang", "rust", "--out", "times", times, "--time-type", "*=std", "--time-type"];
    folder.run(&[&generate[..], &["times.Before=jiff"]].concat()).good();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/options/std/times.rs");
    assert_eq!(fs::read(folder.0.path().join("times/times.rs")).unwrap(), fs::read(golden).unwrap());

    let text = |part: &str| {
        folder.run(&["gen", "--lang", "rust", "--out", "calculator", "calculator.zbus", part]).good();
        fs::read_to_string(folder.0.path().join("calculator/calculator.rs")).unwrap()
    };
    assert!(!text("--client-only").contains("CalculatorServer"));
    assert!(!text("--server-only").contains("CalculatorClient"));
}

#[test]
fn gen_names_the_option_that_does_not_work_as_it_was_given() {
    let folder = Folder::new();
    let said = |options: &[&str]| {
        let ran = folder.run(&[&["gen", "--lang", "rust", "--out", "out", "calculator.zbus"], options].concat());
        assert!(ran.status != Some(0) && ran.out.is_empty() && !folder.0.path().join("out").exists(), "{ran:?}");
        ran.err
    };
    let told = "error: `--type-attribute points.Pont=…` matches no type that this build generates; did you mean `points.Point`?";
    assert!(said(&["--type-attribute", "points.Pont=#[must_use]"]).starts_with(told));
    let told = said(&["--blocking", "--server-only"]);
    assert!(told.starts_with("error: `--blocking` is for stubs over those that `--server-only` leaves out"), "{told}");
    let told = said(&["--map-type", "*=tree"]);
    assert!(told.contains("one of `btree`, `hash` comes after the `=`"), "{told}");
    let told = said(&["--extern-type", "points.Point"]);
    assert!(told.contains("there is no `=` after the selector"), "{told}");
    said(&["--client-only", "--server-only"]);
}

#[test]
fn gen_for_a_language_that_has_no_backend_says_which_have() {
    let folder = Folder::new();
    let said = folder.run(&["gen", "--lang", "cobol", "--out", "out", "points.zbus"]).misused();
    assert!(said.contains("'cobol'") && said.contains("[possible values: rust]"), "{said}");
}

#[test]
fn gen_into_what_is_no_folder_names_it() {
    let folder = Folder::new();
    let ran = folder.run(&["gen", "--lang", "rust", "--out", "points.zbus", "calculator.zbus"]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.starts_with("error: cannot write points.zbus"), "{}", ran.err);
}

#[test]
fn a_command_line_that_makes_no_sense_is_told_apart_from_a_broken_schema() {
    let folder = Folder::new();
    for arguments in [&[][..], &["chek", "a.zbus"], &["check"], &["check", "--formt", "json", "a.zbus"]] {
        folder.run(arguments).misused();
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    let mut child =
        folder.command(&["model", "calculator.zbus"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.status, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn acl_prints_one_user_for_a_server_a_client_or_both() {
    let folder = Folder::new();
    let server = folder.run(&["acl", "--server", "calculator.zbus"]).good();
    assert!(server.starts_with("user calc-server on ") && server.lines().count() == 1, "{server}");
    assert!(server.contains("~calc.calculator@1.0 ~calc.reset "), "{server}");
    let client =
        folder.run(&["acl", "--client", "calculator.zbus", "--user", "web", "--go-peers", "--no-scripts"]).good();
    assert!(client.starts_with("user web on ") && client.contains("+blpop") && !client.contains("eval"), "{client}");
    let both =
        folder.run(&["acl", "--server", "calculator.zbus", "--client", "calculator.zbus", "--user", "calcd"]).good();
    assert!(both.matches("+blmpop").count() == 2, "{both}");
}

#[test]
fn acl_says_what_is_missing() {
    let folder = Folder::new();
    let said = folder.run(&["acl"]).misused();
    assert!(said.contains("--server <FILES>") && said.contains("--client <FILES>"), "{said}");
    for (arguments, part) in [
        (&["acl", "--server", "points.zbus"][..], "there are no objects in points.zbus"),
        (&["acl", "--server", "calculator.zbus", "--client", "calculator.zbus"], "needs a name: --user NAME"),
        (
            &["acl", "--server", "calculator.zbus", "--user", "a b"],
            "`a b` cannot be the name of a user: Redis cannot read a blank in it",
        ),
        (&["acl", "--server", "calculator.zbus", "--no-scripts"], "--client <FILES>"),
    ] {
        let said = folder.run(arguments).misused();
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn acl_refuses_a_name_that_would_end_its_line_and_prints_nothing() {
    let folder = Folder::new();
    let schema =
        "module m; object o@1.0 { @wire(\"X)\\nuser evil on nopass ~* &* +@all (+ping\") stream S -> i64; fn A(); }";
    let ran = folder.run_with(schema, &["acl", "--server", "-"]);
    assert_eq!((ran.status, ran.out.as_str()), (Some(1), ""));
    let why = "error: the stream `S` of `m.o@1.0`, whose name on the bus is \"X)\\nuser evil";
    assert!(ran.err.starts_with(why) && ran.err.lines().count() == 1, "{}", ran.err);
}

#[test]
fn version_is_that_of_the_command_by_its_name() {
    let version = Folder::new().run(&["--version"]).good();
    assert_eq!(version, concat!("zbusc ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn broken_schema_is_a_failure_even_if_nobody_reads_its_problems_to_the_end() {
    let folder = Folder::new();
    let fields: Vec<_> = (0..2_000).map(|at| format!("    F{at}: nope,\n")).collect();
    fs::write(folder.0.path().join("long.zbus"), format!("struct S {{\n{}}}\n", fields.concat())).unwrap();
    for format in ["text", "short", "json"] {
        let mut child = folder
            .command(&["check", "--format", format, "long.zbus"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.status, ran.err.as_str()), (Some(1), ""), "{format}");
    }
}

#[test]
fn schema_comes_through_a_pipe_of_the_shell() {
    let folder = Folder::new();
    let zbusc = env!("CARGO_BIN_EXE_zbusc");
    let run = |script: &str| {
        let script = script.replace("zbusc", zbusc);
        Ran::of(Command::new("bash").args(["-c", &script]).current_dir(folder.0.path()).output().unwrap())
    };
    assert_eq!(run("zbusc check <(cat calculator.zbus)").good(), "2 files, no problems\n");
    assert_eq!(run("zbusc check <(cat points.zbus) <(echo 'struct A {}')").good(), "2 files, no problems\n");
    assert_eq!(run("cat points.zbus | zbusc check /dev/stdin").good(), "1 file, no problems\n");
    let broken = run("zbusc check --format short <(cat broken.zbus)");
    assert!(broken.status == Some(1) && broken.out.starts_with("pipe-"), "{broken:?}");
}

#[test]
fn second_run_into_a_folder_does_not_hide_the_code_of_the_first() {
    let folder = Folder::new();
    let generate = |schema: &str| folder.run(&["gen", "--lang", "rust", "--out", "out", schema]);
    let all = || fs::read_to_string(folder.0.path().join("out/zbus_schemas.rs")).unwrap();
    generate("calculator.zbus").good();
    let first = all();
    generate("calculator.zbus").good();
    fs::write(folder.0.path().join("other.zbus"), "struct Other {}").unwrap();
    let refused = generate("other.zbus");
    assert_eq!((refused.status, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("out has code of points.zbus") && all() == first, "{}", refused.err);
    assert!(!folder.0.path().join("out/other.rs").exists());
    folder.run(&["gen", "--lang", "rust", "--out", "out", "calculator.zbus", "other.zbus"]).good();
    assert!(all().contains("other.rs") && all().contains("calculator.rs"));
}

#[test]
fn long_chain_of_aliases_is_an_error_and_no_overflow() {
    let folder = Folder::new();
    let aliases: Vec<_> = (1..=20_000).map(|at| format!("type A{at} = [A{}];\n", at - 1)).collect();
    fs::write(folder.0.path().join("chain.zbus"), format!("type A0 = bytes;\n{}", aliases.concat())).unwrap();
    folder.run(&["check", "chain.zbus"]).good();
    let ran = folder.run(&["gen", "--lang", "rust", "--out", "out", "chain.zbus"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("error: chain.zbus: the type of `chain.A65` nests lists"), "{}", ran.err);
}
