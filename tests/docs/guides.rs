//! The migration guides: their schemas compile, their programs build, and their tables name what is there.

use std::fs;
use std::path::Path;

use zbus_tests::UserCrate;

fn guide(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

/// The fenced blocks of a page: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let blocks = page.split("\n```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap()).collect()
}

/// The crate that a guide writes file by file. Blocks of Rust without a file are parts of a program that has a client.
fn crate_of_guide(name: &str, page: &str) -> UserCrate {
    let mut user = UserCrate::new(name)
        .dependency("futures = \"0.3\"")
        .dependency("tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }");
    let mut main = String::new();
    let mut parts = String::new();
    let mut count = 0;
    for (fence, text) in blocks(page) {
        match fence.split_once(' ') {
            Some((_, "src/main.rs")) => text.clone_into(&mut main),
            Some((_, file)) => user = user.file(file, text),
            None if fence == "rust" => {
                count += 1;
                let head =
                    format!("async fn part_{count}(client: zbus::Client) -> Result<(), Box<dyn std::error::Error>>");
                parts.extend(["#[allow(dead_code)]\n", &head, " {\n", text, "\nOk(())\n}\n"]);
            }
            None => {}
        }
    }
    user.main_rs(&format!("{main}\n{parts}"))
}

#[test]
fn every_program_of_the_guides_builds_without_a_warning() {
    for name in ["from-go-zbus", "from-rbus"] {
        let page = guide(&format!("{name}.md"));
        let output = crate_of_guide(name, &page).build().success();
        assert!(!output.stderr.contains("warning"), "{}", output.stderr);
    }
}

/// The exported names of the Go library's package `zbus`, as `go doc` lists them, v1.0.1 and what v0.1.4 has beside it.
const GO_NAMES: [&str; 41] = [
    "BaseServer",
    "StartStreams",
    "CallError",
    "Callback",
    "Client",
    "NewRedisClient",
    "Event",
    "EventCallback",
    "Loader",
    "ObjectID",
    "ObjectIDFromString",
    "Output",
    "RedisClient",
    "RequestContext",
    "RedisServer",
    "Request",
    "NoOP",
    "LoadRequest",
    "NewRequest",
    "NumArguments",
    "Argument",
    "Response",
    "LoadResponse",
    "NewResponse",
    "PanicOnError",
    "Server",
    "NewRedisServer",
    "Status",
    "Stream",
    "Surrogate",
    "NewSurrogate",
    "CallRequest",
    "Streams",
    "Tuple",
    "Version",
    "WorkerState",
    "WorkerStatus",
    "Message",
    "RemoteError",
    "Return",
    "Register",
];

#[test]
fn every_name_of_the_go_library_is_in_the_table() {
    let page = guide("from-go-zbus.md");
    let table = page.split("\n## Go name to ours").nth(1).unwrap().split("\n## ").next().unwrap();
    let left: String =
        table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = left.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    for name in GO_NAMES {
        assert!(words.contains(&name), "the table does not say what `{name}` is");
    }
}
