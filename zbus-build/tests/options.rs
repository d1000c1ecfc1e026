//! What each option of the builder does to the generated code, and what is said of one that does nothing. The golden files are
//! `tests/options/*/*.rs`; `BLESS=1` writes what is generated.

use std::fs;
use std::path::{Path, PathBuf};

use zbus_build::{Builder, BytesType, MapType, TimeType};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/options")
}

fn shared() -> Builder {
    Builder::new().schema(folder().join("shapes.zbus")).map_type("shapes", MapType::HashMap)
}

fn here() -> Builder {
    Builder::new()
        .schema(folder().join("store.zbus"))
        .blocking(true)
        .extern_type("store.Id", "crate::Id")
        .extern_schema("shapes", "crate::shared::shapes")
        .map_type("*", MapType::HashMap)
        .map_type("store.Reading.Kept", MapType::BTreeMap)
        .bytes_type("store", BytesType::Bytes)
        .bytes_type("store.Event.Raw", BytesType::Vec)
        .type_attribute("*.*", "#[derive(Clone, ::std::fmt::Debug)]\n#[must_use]")
        .type_attribute("store.Held", "#[derive(Eq, Hash)]")
        .field_attribute("store.Reading.At", "#[doc(alias = \"time\")]")
        .field_attribute("*.Event.Raw", "#[doc(alias = \"bytes\")]")
        .field_attribute("store.Level.High", "#[doc(alias = \"top\")]")
        .field_attribute("store.Lost.Data", "#[doc(alias = \"loss\")]")
        .field_attribute("store.Lost.Data.Rest", "#[doc(alias = \"remainder\")]")
}

fn std_times() -> Builder {
    let builder = Builder::new().schema(folder().join("times.zbus")).time_type("*", TimeType::Std);
    builder.time_type("times.Before", TimeType::Jiff)
}

fn chrono_times() -> Builder {
    Builder::new().schema(folder().join("times.zbus")).time_type("times", TimeType::Chrono)
}

/// Names of every kind, and types of another file.
fn blocking() -> Builder {
    let golden = folder().join("../golden");
    Builder::new()
        .schemas(["hostile", "imports", "shadowing"].map(|stem| golden.join(stem).with_extension("zbus")))
        .blocking(true)
}

/// By another name of the crate `zbus`, with methods that a server may leave out.
fn renamed() -> Builder {
    let golden = folder().join("../golden");
    let schemas = ["calculator", "errors", "unions"].map(|stem| golden.join(stem).with_extension("zbus"));
    Builder::new()
        .schemas(schemas)
        .blocking(true)
        .zbus_path("crate::bus")
        .optional_methods("calculator.Calculator")
        .optional_methods("errors")
}

#[test]
fn options_generate_their_golden_files() {
    let mut differing = Vec::new();
    let builders = [
        ("here", here()),
        ("shared", shared()),
        ("std", std_times()),
        ("chrono", chrono_times()),
        ("blocking", blocking()),
        ("renamed", renamed()),
    ];
    for (name, builder) in builders {
        let out = tempfile::tempdir().unwrap();
        builder.out_dir(out.path()).compile().unwrap();
        let golden = folder().join(name);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&golden).unwrap();
        }
        for file in fs::read_dir(out.path()).unwrap().map(|file| file.unwrap()) {
            let (content, path) = (fs::read_to_string(file.path()).unwrap(), golden.join(file.file_name()));
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, content).unwrap();
            } else if fs::read_to_string(&path).ok() != Some(content) {
                differing.push(path);
            }
        }
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), fs::read_dir(golden).unwrap().count());
    }
    assert!(differing.is_empty(), "these differ, look at them with BLESS=1 and git diff: {differing:?}");
}

fn error(change: impl FnOnce(Builder) -> Builder) -> String {
    let out = tempfile::tempdir().unwrap();
    let builder = Builder::new().schema(folder().join("store.zbus")).out_dir(out.path());
    let error = change(builder).compile().unwrap_err();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "something was written");
    error.to_string()
}

#[test]
fn option_that_matches_nothing_names_the_nearest() {
    let ends = |said: String, end: &str| assert!(said.ends_with(end), "{said}");
    ends(
        error(|it| it.type_attribute("store.Readin", "#[must_use]")),
        "`Builder::type_attribute(\"store.Readin\", …)` matches no type that this build generates; did you mean `store.Reading`?",
    );
    ends(error(|it| it.type_attribute("Reading", "#[must_use]")), "did you mean `store.Reading`?");
    ends(error(|it| it.type_attribute("*.Redaing", "#[must_use]")), "did you mean `*.Reading`?");
    ends(error(|it| it.field_attribute("store.Reading.at_", "#[x]")), "did you mean `store.Reading.At`?");
    ends(error(|it| it.field_attribute("*.Lost.Data.Res", "#[x]")), "did you mean `*.Lost.Data.Rest`?");
    ends(error(|it| it.extern_type("store.Idd", "::a::B")), "did you mean `store.Id`?");
    ends(error(|it| it.extern_schema("shape", "::a::shapes")), "did you mean `shapes`?");
    ends(error(|it| it.extern_schema("shapes.zbus", "::a::shapes")), "there are `shapes`");
    ends(error(|it| it.map_type("store.Reading.Tag", MapType::HashMap)), "did you mean `store.Reading.Tags`?");
    ends(error(|it| it.bytes_type("store.Store.Pat", BytesType::Bytes)), "did you mean `store.Store.Put`?");
    ends(error(|it| it.time_type("store.Reading.Att", TimeType::Std)), "did you mean `store.Reading.At`?");
    let said = error(|it| it.time_type("store.Level", TimeType::Std));
    assert!(said.contains("matches no place with a timestamp or duration; there are `store.Reading.At`"), "{said}");
    let said = error(|it| it.map_type("store.Held", MapType::HashMap));
    assert!(said.contains("matches no place with a map; there are `"), "{said}");
    // What an option has taken out of the build is nothing for another.
    let said = error(|it| it.extern_type("store.Held", "::a::B").type_attribute("store.Held", "#[must_use]"));
    assert!(said.contains("matches no type that this build generates"), "{said}");
    let said = error(|it| it.extern_schema("shapes", "::a::b").field_attribute("shapes.*.*", "#[x]"));
    assert!(said.contains("matches no field"), "{said}");
    let said = error(|it| it.extern_type("store.Counts", "::a::B").map_type("store.Counts", MapType::HashMap));
    assert!(said.contains("matches no place with a map"), "{said}");
    let said = error(|it| it.type_attribute("store.Counts", "#[must_use]"));
    assert!(said.contains("matches no type that this build generates"), "{said}");
}

#[test]
fn option_that_cannot_be_is_refused_with_the_reason() {
    let has = |said: String, part: &str| assert!(said.contains(part) && said.contains("`Builder::"), "{said}");
    has(error(|it| it.type_attribute("store.Reading", "derive(Hash)")), "needs attributes such as `#[derive(Hash)]`");
    has(error(|it| it.field_attribute("store.Reading.At", "#[oops")), "which `#[oops` is not");
    has(error(|it| it.field_attribute("store.Reading.At", "")), "needs attributes");
    has(error(|it| it.type_attribute("store.Read*", "#[must_use]")), "for any one whole name");
    has(error(|it| it.extern_type("*.Id", "::a::B")), "has to name one type");
    has(error(|it| it.extern_type("store.Id", "::a::B<")), "the path of a Rust type");
    has(error(|it| it.extern_type("store.Id", "::a::B").extern_type("store.Id", "::a::C")), "stands twice");
    has(error(|it| it.extern_type("store.Lost", "::a::B")), "names an error");
    has(error(|it| it.extern_schema("shapes", "a b")), "the path of a module");
    let said = error(|it| it.schema(folder().join("shapes.zbus")).extern_schema("shapes", "::a::b"));
    has(said, "leave one of the two out");
}

#[test]
fn blocking_stubs_need_the_others() {
    let said = error(|it| it.blocking(true).client(false).server(false));
    assert!(said.contains("`Builder::blocking(true)`") && said.contains("`Builder::client(false)`"), "{said}");
    let out = tempfile::tempdir().unwrap();
    // Publishers of events are stubs too, where there are events.
    here().client(false).out_dir(out.path()).compile().unwrap();
    let text = fs::read_to_string(out.path().join("store.rs")).unwrap();
    let (_, stubs) = text.split_once("mod blocking").unwrap();
    assert!(stubs.contains("pub struct StoreEvents") && !text.contains("StoreClient"));
    let quiet = out.path().join("quiet.zbus");
    fs::write(&quiet, "module quiet;\nobject quiet@1.0 { fn Listen(); }\n").unwrap();
    let quiet = Builder::new().schema(quiet).blocking(true).client(false).out_dir(out.path());
    let said = quiet.compile().unwrap_err().to_string();
    assert!(said.contains("there are no events to publish"), "{said}");
    // A schema without objects has no stubs of any kind, which is no mistake.
    let out = tempfile::tempdir().unwrap();
    shared().blocking(true).out_dir(out.path()).compile().unwrap();
    assert!(!fs::read_to_string(out.path().join("shapes.rs")).unwrap().contains("mod blocking"));
}

#[test]
fn negative_constant_needs_a_type_that_can_be_negative() {
    let out = tempfile::tempdir().unwrap();
    let builder = Builder::new().schema(folder().join("times.zbus")).time_type("*", TimeType::Std).out_dir(out.path());
    assert_eq!(
        builder.compile().unwrap_err().to_string(),
        "the constant `times.Before` is negative, which `std::time::Duration` cannot be; add \
         `.time_type(\"times.Before\", TimeType::Jiff)` behind the other choices"
    );
}

#[test]
fn what_an_external_schema_imports_is_external_too() {
    let made = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(made.path().join(name), text).unwrap();
    write("base.zbus", "struct B { X: u8 }");
    write("middle.zbus", "import \"base.zbus\"; struct M { B: B } type Bs = [B];");
    write("top.zbus", "import \"middle.zbus\"; module t; struct T { M: M } object holder@1 { fn All(bs: Bs); }");
    write("both.zbus", "import \"middle.zbus\"; import \"base.zbus\"; struct T { M: M, B: B }");
    let builder = |schema: &str| {
        let builder = Builder::new().schema(made.path().join(schema)).out_dir(made.path().join("out"));
        builder.extern_schema("middle", "::other::middle")
    };
    for schema in ["top.zbus", "both.zbus"] {
        let said = builder(schema).compile().unwrap_err().to_string();
        assert!(said.ends_with("name `base` as an `extern_schema` as well"), "{said}");
    }
    builder("top.zbus").extern_schema("base", "::other::base").compile().unwrap();
    let text = fs::read_to_string(made.path().join("out/top.rs")).unwrap();
    assert!(text.contains("bs: &[::other::base::B]"), "{text}");
    assert!(!made.path().join("out/base.rs").exists() && !made.path().join("out/middle.rs").exists());
    builder("both.zbus").extern_schema("base", "::other::base").compile().unwrap();
    assert!(fs::read_to_string(made.path().join("out/both.rs")).unwrap().contains("pub b: ::other::base::B"));
}
