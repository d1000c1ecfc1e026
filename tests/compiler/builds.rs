//! Crates of users, built by a real cargo.

use std::path::Path;

use zbus_tests::UserCrate;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

const README: &str = include_str!("../../README.md");

/// The file that the README's walk-through gives this name: the text of the fenced block that names it.
fn readme_file(name: &str) -> String {
    let mut lines = README.lines();
    assert!(
        lines.any(|line| line.starts_with("```") && line.ends_with(&format!(" {name}"))),
        "the README has no {name}"
    );
    let text: Vec<&str> = lines.take_while(|line| *line != "```").collect();
    text.join("\n") + "\n"
}

/// What the README shows that a command prints.
fn readme_output(command: &str) -> String {
    let mut lines = README.lines();
    assert!(lines.any(|line| line == format!("$ {command}")), "the README has no `{command}`");
    let text: Vec<&str> = lines.take_while(|line| *line != "```").collect();
    text.join("\n") + "\n"
}

#[test]
fn the_walk_through_of_the_readme_builds_and_prints_what_it_says() {
    let manifest = readme_file("Cargo.toml");
    let dependencies = ["futures = ", "tokio = "]
        .map(|start| manifest.lines().find(|line| line.starts_with(start)).expect("the manifest depends on it"));
    let crates = ["zbus = { path = \"../zbus/zbus\" }", "zbus-build = { path = \"../zbus/zbus-build\" }"];
    assert!(crates.iter().all(|line| manifest.lines().any(|given| given == *line)), "{manifest}");

    let mut user = UserCrate::new("greeter")
        .build_rs(&readme_file("build.rs"))
        .file("schemas/greeter.zbus", &readme_file("schemas/greeter.zbus"))
        .main_rs(&readme_file("src/main.rs"));
    for dependency in dependencies {
        user = user.dependency(dependency);
    }
    let output = user.run(&[]).success();
    assert_eq!(output.stdout, readme_output("cargo run"));
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);
}

#[test]
fn a_broken_schema_fails_the_build_with_every_mistake_of_every_file_marked() {
    let user = UserCrate::new("broken")
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/station.zbus\")\n}\n",
        )
        .file(
            "schemas/station.zbus",
            "module station;\n\
             import \"geometry.zbus\";\n\
             struct Reading {\n    \
                 At: timestmp,\n    \
                 Where: Point\n    \
                 Value: f64,\n\
             }\n\
             object station@1.0 {\n    \
                 fn Last(count: u32) -> [Reading];\n    \
                 fn Last() -> Reading;\n\
             }\n",
        )
        .file(
            "schemas/geometry.zbus",
            "struct Point {\n    \
                 X: double,\n    \
                 Y: f64,\n\
             }\n\
             enum Corner: u8 { Upper = 1, Lower = 256 }\n",
        )
        .main_rs("zbus::include_schema!(\"station\");\nfn main() {}\n");
    let output = user.build();
    assert!(!output.status.success());
    let stderr = &output.stderr;
    for (place, marked, words) in [
        ("schemas/station.zbus:4:9", "At: timestmp,", "timestamp"),
        ("schemas/station.zbus:", "Where: Point", "`,`"),
        ("schemas/station.zbus:10:8", "fn Last() -> Reading;", "Last"),
        ("schemas/geometry.zbus:2:8", "X: double,", "f64"),
        ("schemas/geometry.zbus:5:", "Lower = 256", "255"),
    ] {
        assert!(stderr.contains(place), "no {place} in:\n{stderr}");
        assert!(stderr.contains(marked), "no `{marked}` in:\n{stderr}");
        assert!(stderr.contains(words), "no `{words}` in:\n{stderr}");
    }
    assert!(stderr.contains("^^^^^^^^"), "nothing is underlined in:\n{stderr}");
    assert_eq!(stderr.matches("--> ").count(), 5, "not five mistakes, each shown once, in:\n{stderr}");

    // Mended, it builds.
    let user = user
        .file("schemas/geometry.zbus", "struct Point { X: f64, Y: f64 }\n")
        .file(
            "schemas/station.zbus",
            "module station;\nimport \"geometry.zbus\";\nstruct Reading { At: timestamp, Where: Point }\n\
             object station@1.0 { fn Last(count: u32) -> [Reading]; }\n",
        )
        .main_rs(
            "//! A crate.\n#![warn(clippy::pedantic, missing_docs)]\n#![forbid(unsafe_code)]\n\
             mod api { zbus::include_schemas!(); }\n\
             fn main() { let _ = api::station::Reading::default(); }\n",
        );
    let _ = user.build().success();
}

/// The build scripts and crates that a `cargo build` ran, as `--verbose` tells.
fn ran(user: &UserCrate) -> (bool, bool) {
    let output = user.cargo("build", &["--verbose"]).success();
    let line = |start: &str, end: &str| {
        output.stderr.lines().any(|line| line.trim_start().starts_with(start) && line.contains(end))
    };
    (line("Running", "build-script-build`"), line("Compiling rerun", ""))
}

#[test]
fn a_build_runs_again_exactly_when_an_input_changed_and_a_broken_one_leaves_the_old_code() {
    const NOTHING: (bool, bool) = (false, false);
    const EVERYTHING: (bool, bool) = (true, true);
    let user = UserCrate::new("rerun")
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    \
             zbus_build::Builder::new().schema(\"schemas/user.zbus\").include(\"shared\").compile()\n}\n",
        )
        .file("schemas/user.zbus", "import \"point.zbus\";\nstruct User { At: Point }\n")
        .file("shared/point.zbus", "struct Point { X: f64 }\n")
        .file("schemas/unrelated.zbus", "struct Unrelated {}\n")
        .main_rs("zbus::include_schemas!();\nfn main() { println!(\"{:?}\", user::User::default()); }\n");
    let prints = |user: &UserCrate| user.run(&[]).success().stdout;
    assert_eq!(prints(&user), "User { at: Point { x: 0.0 } }\n");
    assert_eq!(ran(&user), NOTHING);

    // What is no input is none.
    let user = user.file("notes/schemas.txt", "a note").file("src/notes.txt", "a note");
    assert_eq!(ran(&user), NOTHING);

    // A file that was imported, through the include folder.
    let user = user.file("shared/point.zbus", "struct Point { X: f64, Y: f64 }\n");
    assert_eq!(ran(&user), EVERYTHING);
    assert_eq!(ran(&user), NOTHING);
    assert_eq!(prints(&user), "User { at: Point { x: 0.0, y: 0.0 } }\n");

    // A file that comes before it on the way.
    let user = user.file("schemas/point.zbus", "struct Point { Z: f64 }\n");
    assert_eq!(prints(&user), "User { at: Point { z: 0.0 } }\n");

    // Broken: the mistake is shown, and the code of the last good build stays.
    let generated = |user: &UserCrate| {
        let output = user.cargo("build", &["--message-format", "json", "--quiet"]);
        let folder = output
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter(|message| message["reason"] == "build-script-executed")
            .find(|message| message["package_id"].as_str().is_some_and(|id| id.contains("rerun")))
            .and_then(|message| message["out_dir"].as_str().map(std::path::PathBuf::from))
            .expect("cargo names the folder");
        (folder.join("point.rs"), std::fs::read_to_string(folder.join("point.rs")).unwrap())
    };
    let (path, good) = generated(&user);
    let user = user.file("schemas/point.zbus", "struct Point { Z: f65 }\n");
    let output = user.build();
    assert!(!output.status.success());
    assert!(output.stderr.contains("schemas/point.zbus:1:19"), "{}", output.stderr);
    assert!(output.stderr.contains("did you mean `f64`?"), "{}", output.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), good);

    let user = user.file("schemas/point.zbus", "struct Point { Z: f64 }\n");
    assert_eq!(prints(&user), "User { at: Point { z: 0.0 } }\n");
    assert_eq!(generated(&user).1, good);
    assert_eq!(ran(&user), NOTHING);
}

#[test]
fn a_schema_that_the_build_has_not_compiled_is_told_from_those_that_it_has() {
    let user = UserCrate::new("misspelt")
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/station.zbus\")\n}\n",
        )
        .file("schemas/station.zbus", "struct Reading { Value: f64 }\n")
        .main_rs("mod api { zbus::include_schema!(\"stations\"); }\nfn main() {}\n");
    let output = user.build();
    assert!(!output.status.success());
    let told = "the build script has compiled no schema of the name \"stations\"; there are: `station`";
    assert!(output.stderr.contains(told), "{}", output.stderr);

    let user = user.main_rs(
        "//! A crate.\n#![warn(clippy::pedantic, missing_docs)]\n#![forbid(unsafe_code)]\n\
         zbus::include_schema!(\"station\");\nmod api { zbus::include_schema!(\"station\"); }\n\
         fn main() { let _ = (station::Reading::default(), api::station::Reading::default()); }\n",
    );
    let output = user.build().success();
    assert!(!output.stderr.contains("warning"), "{}", output.stderr);

    let user = user
        .file("schemas/other.zbus", "struct Other {}\n")
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/station.zbus\")?;\n    \
             zbus_build::compile(\"schemas/other.zbus\")\n}\n",
        )
        .main_rs(
            "zbus::include_schema!(\"station\");\nzbus::include_schema!(\"other\");\nmod api { zbus::include_schemas!(); }\n\
             fn main() { let _ = (station::Reading::default(), other::Other::default(), api::station::Reading::default(), \
             api::other::Other::default()); }\n",
        );
    let _ = user.build().success();

    let user = user.build_rs(
        "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/station.zbus\")?;\n    \
         zbus_build::Builder::new().schema(\"schemas/station.zbus\").type_attribute(\"*.*\", \"#[must_use]\").compile()\n}\n",
    );
    let output = user.build();
    assert!(!output.status.success() && output.stderr.contains("has written another station.rs"), "{}", output.stderr);
}

#[test]
fn two_versions_of_an_object_need_a_name_each_and_then_live_side_by_side() {
    let schema = |second: &str| {
        format!(
            "module calc;\n\nobject calculator@1.0 {{\n    fn Add(a: f64, b: f64) -> f64;\n}}\n\n\
             object calculator@2.0{second} {{\n    fn Add(values: [f64]) -> f64;\n}}\n"
        )
    };
    let user = UserCrate::new("versions")
        .build_rs("fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"calculator.zbus\")\n}\n")
        .file("calculator.zbus", &schema(""))
        .main_rs(
            "zbus::include_schema!(\"calculator\");\nuse calculator::{CalculatorClient, CalculatorV2Client};\n\
             fn main() { println!(\"{}\", CalculatorClient::CONTRACT != CalculatorV2Client::CONTRACT); }\n",
        );
    let output = user.build();
    assert!(!output.status.success());
    for told in [
        "error[E0308]: two things would be called `Calculator` in generated code",
        "calculator.zbus:7:8",
        "3 | object calculator@1.0 {",
        "7 | object calculator@2.0 {",
        "name the object's type: `object name@version as OtherName`",
    ] {
        assert!(output.stderr.contains(told), "no `{told}` in:\n{}", output.stderr);
    }

    let user = user.file("calculator.zbus", &schema(" as CalculatorV2"));
    assert_eq!(user.run(&[]).success().stdout, "true\n");
}

#[test]
fn two_crates_share_the_types_of_a_schema_by_the_crate_of_one() {
    let dependency = |name: &str| format!("{name} = {{ path = {:?} }}", workspace().join(name));
    let user = UserCrate::new("station")
        .dependency("sharedshapes = { path = \"shapes\" }")
        // As the walk-through has them: with other features everything would be compiled once more.
        .dependency("futures = \"0.3\"")
        .dependency("tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }")
        // The crate of the shared types, which knows nothing of the service.
        .file(
            "shapes/Cargo.toml",
            &format!(
                "[package]\nname = \"sharedshapes\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[dependencies]\n{}\n\n\
                 [build-dependencies]\n{}\n",
                dependency("zbus"),
                dependency("zbus-build")
            ),
        )
        .file("shapes/schemas/geometry.zbus", "/// A place.\nstruct Point { X: f64, Y: f64 }\n")
        .file(
            "shapes/build.rs",
            "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/geometry.zbus\")\n}\n",
        )
        .file(
            "shapes/src/lib.rs",
            "//! Shapes.\n#![deny(warnings, clippy::pedantic, missing_docs)]\n#![forbid(unsafe_code)]\n\
             zbus::include_schema!(\"geometry\");\n\
             /// The middle of two places.\n#[must_use]\n\
             pub fn middle(a: &geometry::Point, b: &geometry::Point) -> geometry::Point {\n    \
             geometry::Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 }\n}\n",
        )
        .file(
            "schemas/station.zbus",
            "module station;\nimport \"geometry.zbus\";\nstruct Track { Points: [Point] }\n\
             object station@1.0 { fn Middle(a: Point, track: Track) -> Point; }\n",
        )
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    \
             zbus_build::Builder::new()\n        .schema(\"schemas/station.zbus\")\n        \
             .include(\"shapes/schemas\")\n        \
             .extern_schema(\"geometry\", \"::sharedshapes::geometry\")\n        .compile()\n}\n",
        )
        .main_rs(
            "//! A service.\n#![deny(warnings, clippy::pedantic, missing_docs)]\n#![forbid(unsafe_code)]\n\
             use sharedshapes::{geometry::Point, middle};\n\
             zbus::include_schema!(\"station\");\n\
             use station::{Station, StationClient, StationServer, Track};\n\
             struct Service;\n\
             impl Station for Service {\n    \
                 async fn middle(&self, a: Point, track: Track) -> Point {\n        \
                     track.points.iter().fold(a, |a, b| middle(&a, b))\n    \
                 }\n\
             }\n\
             #[tokio::main]\n\
             async fn main() -> Result<(), Box<dyn std::error::Error>> {\n    \
                 let client = zbus::testing::serve(StationServer::new(Service)).await?;\n    \
                 let a = Point::default();\n    \
                 let track = Track { points: vec![Point { x: 2.0, y: 4.0 }] };\n    \
                 let found: Point = StationClient::new(client).middle(&a, &track).await?;\n    \
                 println!(\"{}, {}\", found.x, found.y);\n    \
                 Ok(())\n\
             }\n",
        );
    assert_eq!(user.run(&[]).success().stdout, "1, 2\n");
}

#[test]
fn a_link_that_leads_elsewhere_is_built_again() {
    use std::os::unix::fs::symlink;

    let user = UserCrate::new("relinked")
        .build_rs(
            "fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/current/api.zbus\")\n}\n",
        )
        .file("schemas/v1/api.zbus", "struct P { Old: i64 }\n")
        .file("schemas/v2/api.zbus", "struct P { New: i64 }\n")
        .main_rs("zbus::include_schema!(\"api\");\nfn main() { println!(\"{:?}\", api::P::default()); }\n");
    let current = user.path().join("schemas/current");
    symlink("v1", &current).unwrap();
    assert_eq!(user.run(&[]).success().stdout, "P { old: 0 }\n");
    // What it leads to now is older than the build.
    std::fs::remove_file(&current).unwrap();
    symlink("v2", &current).unwrap();
    assert_eq!(user.run(&[]).success().stdout, "P { new: 0 }\n");
}

#[test]
fn a_build_script_compiles_several_times_for_a_crate_that_knows_zbus_by_another_name() {
    let user = UserCrate::new("several")
        .zbus_as("bus")
        .dependency("tokio = { version = \"1\", features = [\"macros\", \"rt\"] }")
        .build_rs(
            "use zbus_build::Builder;\n\n\
             fn main() -> Result<(), zbus_build::Error> {\n    \
                 let builder = Builder::new().zbus_path(\"::bus\");\n    \
                 builder.clone().schema(\"schemas/a.zbus\").server(false).compile()?;\n    \
                 builder.clone().schema(\"schemas/b.zbus\").compile()?;\n    \
                 builder.blocking(true).schema(\"schemas/c.zbus\").compile()\n\
             }\n",
        )
        .file("schemas/shared.zbus", "struct Point { X: f64, At: timestamp }\n")
        .file("schemas/a.zbus", "module a; import \"shared.zbus\"; object a@1.0 { fn Get() -> Point; }\n")
        .file("schemas/b.zbus", "module b; import \"shared.zbus\"; object b@1.0 { fn Put(to: Point) -> u8; }\n")
        .file("schemas/c.zbus", "module c; union U { Ok: any, Err } object c@1.0 { fn F() -> U throws; stream S -> ip; }\n")
        .main_rs(
            "bus::include_schemas!();\n\
             struct B;\n\
             impl b::B for B { async fn put(&self, _: shared::Point) -> u8 { 7 } }\n\
             #[tokio::main(flavor = \"current_thread\")]\n\
             async fn main() -> Result<(), Box<dyn std::error::Error>> {\n    \
                 let server = bus::Server::new(\"b\").register(b::BServer::new(B))?.start(\"memory://several\").await?;\n    \
                 let client = bus::Client::connect(\"memory://several\").await?;\n    \
                 println!(\"{} {} {}\", b::BClient::new(client).put(&shared::Point::default()).await?, a::AClient::MODULE, c::U::Err == c::U::Err);\n    \
                 server.shutdown().await;\n    \
                 Ok(())\n\
             }\n",
        );
    assert_eq!(user.run(&[]).success().stdout, "7 a true\n");
}

#[test]
fn a_long_ring_of_types_compiles_with_the_limit_that_its_warning_names() {
    let fields = (0..64).map(|at| format!("struct S{at} {{ Next: S{}? }}\n", (at + 1) % 64));
    let schema = fields.collect::<Vec<_>>().concat() + "object ring@1.0 { fn Turn(by: S0) -> S1; }\n";
    let user = UserCrate::new("ring")
        .build_rs("fn main() -> Result<(), zbus_build::Error> {\n    zbus_build::compile(\"schemas/ring.zbus\")\n}\n")
        .file("schemas/ring.zbus", &format!("module ring;\n{schema}"))
        .main_rs("zbus::include_schema!(\"ring\");\nfn main() { println!(\"{}\", ring::RingClient::MODULE); }\n");
    let refused = user.build();
    let (_, rest) = refused.stderr.split_once("begin the crate with `").expect("a warning of the build script");
    let (attribute, _) = rest.split_once('`').expect("an attribute");
    let main = format!(
        "{attribute}\nzbus::include_schema!(\"ring\");\nfn main() {{ println!(\"{{}}\", ring::RingClient::MODULE); }}\n"
    );
    assert_eq!(user.main_rs(&main).run(&[]).success().stdout, "ring\n");
}
