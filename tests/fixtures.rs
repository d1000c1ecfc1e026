//! The fixtures themselves: what the other tests stand on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;

use serde_json::{Value, json};
use zbus_tests::redis::Program;
use zbus_tests::{Generation, GoServer, Recoder, RedisServer, UserCrate, expected_calls, go_client, vector, vectors};

/// One inline command of Redis, and the bytes of its answer.
fn ask(mut stream: impl Read + Write, command: &str, expected: &str) {
    let mut answer = vec![0; expected.len()];
    stream.write_all(command.as_bytes()).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), expected);
}

fn tcp(redis: &RedisServer) -> TcpStream {
    TcpStream::connect(redis.address().strip_prefix("redis://").unwrap()).unwrap()
}

#[test]
fn redis_answers_on_its_port_and_on_its_socket() {
    let redis = RedisServer::start();
    ask(tcp(&redis), "SET key value", "+OK\r\n");
    let socket = UnixStream::connect(redis.unix_address().strip_prefix("unix://").unwrap()).unwrap();
    ask(socket, "GET key", "$5\r\nvalue\r\n");
    assert_eq!(redis.go_address(), redis.address().replace("redis://", "tcp://"));
}

#[test]
fn redis_comes_back_empty_on_the_same_port() {
    let mut redis = RedisServer::start();
    let address = redis.address();
    for end in [RedisServer::stop, RedisServer::kill] {
        ask(tcp(&redis), "SET key value", "+OK\r\n");
        end(&mut redis);
        assert!(!redis.is_running());
        TcpStream::connect(address.strip_prefix("redis://").unwrap()).unwrap_err();
        redis.restart();
        assert!(redis.is_running());
        assert_eq!(redis.address(), address);
        ask(tcp(&redis), "GET key", "$-1\r\n");
    }
}

#[test]
#[should_panic(expected = "install it with `apt-get install no-such-package`")]
fn missing_server_says_how_to_install_it() {
    let program = Program { name: "no-such-server", variable: "ZBUS_NO_SUCH_SERVER", package: "no-such-package" };
    RedisServer::start_program(program);
}

#[test]
fn two_redis_servers_stand_side_by_side() {
    let (one, two) = (RedisServer::start(), RedisServer::start());
    ask(tcp(&one), "SET key value", "+OK\r\n");
    ask(tcp(&two), "GET key", "$-1\r\n");
}

fn go_client_understands_go_server(generation: Generation, address: &str) {
    let server = GoServer::start(generation, address, 3);
    let lines = go_client(generation, address);

    let calls: Vec<Value> = lines.iter().filter(|line| line.get("call").is_some()).cloned().collect();
    assert_eq!(calls, expected_calls());

    let events: Vec<&str> =
        lines.iter().filter(|line| line["event"] == "TikTok").map(|line| line["value"].as_str().unwrap()).collect();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|at| at.starts_with("20") && at.ends_with('Z')), "{events:?}");

    let status = &lines.iter().find(|line| line.get("status").is_some()).unwrap()["status"];
    let objects = status["objects"].as_array().unwrap();
    let mut names: Vec<_> = objects.iter().map(|object| object["Name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["calculator", "extras", "faults", "utils"]);
    assert!(objects.iter().all(|object| object["Version"] == "1.0"), "{status}");
    let workers = status["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 3);
    assert!(workers.iter().all(|worker| worker["state"].is_string() && worker["time"].is_string()), "{workers:?}");

    assert!(server.log().contains("runtime/debug.Stack"), "the panic is not in the log: {}", server.log());
}

#[test]
fn go_client_of_generation_0_understands_its_server() {
    go_client_understands_go_server(Generation::Zero, &RedisServer::start().go_address());
}

#[test]
fn go_client_of_generation_1_understands_its_server() {
    go_client_understands_go_server(Generation::One, &RedisServer::start().go_address());
}

#[test]
fn go_peers_speak_over_a_unix_socket() {
    go_client_understands_go_server(Generation::One, &RedisServer::start().unix_address());
}

#[test]
fn go_server_ends_cleanly_when_asked_to() {
    let redis = RedisServer::start();
    let servers = Generation::ALL.map(|generation| GoServer::start(generation, &redis.go_address(), 1));
    // Side by side, since each takes the 10 seconds of its pop.
    let endings = servers.map(|server| thread::spawn(|| server.terminate()));
    for ending in endings {
        assert!(ending.join().unwrap().success());
    }
}

#[test]
fn go_decodes_and_encodes_every_vector_to_the_same_bytes() {
    for generation in Generation::ALL {
        let mut go = Recoder::start(generation);
        for vector in vectors(generation) {
            let name = &vector.name;
            let recoded = go.recode(&vector.ty, &vector.hex).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(recoded.hex, vector.hex, "{name}");
            // Responses are told as what they mean, which needs the method's returns to be known.
            if vector.ty != "response" {
                assert_eq!(recoded.value, vector.value, "{name}");
            }
        }
    }
}

#[test]
fn go_refuses_what_it_cannot_decode_and_goes_on() {
    let mut go = Recoder::start(Generation::One);
    for (ty, hex) in [("bool", "c0"), ("timestamp", "c0"), ("f64", ""), ("u8", "zz"), ("Unheard", "c0")] {
        go.recode(ty, hex).unwrap_err();
    }
    assert_eq!(go.recode("f64", "c0").unwrap().value, json!(0), "nil is zero");
    assert_eq!(go.recode("map<u16, [string?]>", "80").unwrap().value, json!({}));
}

#[test]
fn vectors_are_found_by_name() {
    let plain = vectors(Generation::One).into_iter().filter(zbus_tests::Vector::is_plain).count();
    assert!(plain >= 36, "{plain}");
    assert!(vectors(Generation::Zero).iter().all(|vector| !vector.is_plain()));
    assert_eq!(vector(Generation::One, "bytes").bytes(), [0xc4, 4, 0, 1, 2, 0xff]);
    assert_ne!(vector(Generation::Zero, "request_status"), vector(Generation::One, "request_status"));
}

#[test]
fn user_crate_builds_against_the_workspace_and_runs() {
    let user = UserCrate::new("fixture-user")
        .file("schemas/greeting.txt", "hello from a schema\n")
        .build_rs(
            r#"fn main() {
                println!("cargo::rerun-if-changed=schemas/greeting.txt");
                let text = std::fs::read_to_string("schemas/greeting.txt").unwrap();
                std::fs::write(format!("{}/greeting", std::env::var("OUT_DIR").unwrap()), text).unwrap();
            }"#,
        )
        .main_rs(
            r#"use zbus as _;
            fn main() {
                print!("{}", include_str!(concat!(env!("OUT_DIR"), "/greeting")));
                eprintln!("{} {}", std::env::args().nth(1).unwrap(), std::env::var("FIXTURE").unwrap());
            }"#,
        )
        .env("FIXTURE", "set");
    let output = user.run(&["argument"]).success();
    assert_eq!(output.stdout, "hello from a schema\n");
    assert!(output.stderr.ends_with("argument set\n"), "{}", output.stderr);

    let broken = user.main_rs("fn main() { missing() }").build();
    assert!(!broken.status.success());
    assert!(broken.stderr.contains("cannot find function `missing`"), "{}", broken.stderr);
}
