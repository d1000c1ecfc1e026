//! Who may do what in Redis: with the rights that `zbus_build::acl` gives, all that a server and a client do works, and Redis refuses
//! the rest.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use futures::StreamExt;
use redis::aio::MultiplexedConnection;
use serde_with::Same;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use zbus::client::RemoteObject;
use zbus::server::RunningServer;
use zbus::{CallOptions, Client, Error, ObjectId, RejectionKind, ReplyMode};
use zbus_build::FileLoader;
use zbus_build::acl::Rights;
use zbus_tests::api::server::{CalculatorClient, UtilsClient, UtilsEvents};
use zbus_tests::{Generation, GoServer, RedisServer, expected_calls, go_client, start_server};

/// The module `server`, in two files.
const SCHEMAS: [&str; 2] = ["../schemas/server.zbus", "schemas/extras.zbus"];

fn schema() -> zbus_idl::Schema {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = SCHEMAS.map(|file| folder.join(file).display().to_string());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    zbus_idl::compile(&files, &FileLoader::new([])).unwrap_or_else(|report| panic!("{report}"))
}

fn server() -> Rights {
    Rights::new().server(&schema())
}

fn client() -> Rights {
    Rights::new().client(&schema())
}

async fn admin(redis: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(redis.address()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// A user of these rights; its address.
async fn user(redis: &RedisServer, name: &str, rights: &Rights) -> String {
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg(name).arg(">secret").arg(rights.rules().unwrap());
    let _: () = set.query_async(&mut admin(redis).await).await.unwrap();
    address(redis, name)
}

fn address(redis: &RedisServer, name: &str) -> String {
    redis.address().replace("redis://", &format!("redis://{name}:secret@"))
}

/// What Redis has refused, to whom: command or key, and user.
async fn refusals(redis: &RedisServer) -> Vec<String> {
    let log: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query_async(&mut admin(redis).await).await.unwrap();
    log.iter().map(|entry| format!("{entry:?}")).collect()
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap_or_else(|_| panic!("{what} does not come"));
}

async fn adds(calculator: &CalculatorClient) {
    assert_eq!(calculator.add_sub(3.0, 1.0).await.unwrap(), (4.0, 2.0));
}

/// Whether the one server of the module has so many busy workers.
async fn has_busy(client: &Client, count: usize) -> bool {
    let status = client.status("server").await.unwrap();
    status.workers.iter().filter(|worker| worker.state == "busy").count() == count
}

/// How many calls the server runs at once.
const WORKERS: u32 = 4;

/// Everything that a client does, and a server for it, which is stopped in the end.
async fn all_works(server: RunningServer, client: Client) {
    let (calculator, utils) = (CalculatorClient::new(client.clone()), UtilsClient::new(client.clone()));
    adds(&calculator).await;
    let error = calculator.divide(1.0, 0.0).await.unwrap_err();
    assert!(matches!(&error, Error::Remote { message, .. } if message == "division by zero"), "{error}");
    assert!(matches!(utils.panic().await, Err(Error::Rejected { .. })));

    let mut events = utils.tik_tok().await.unwrap();
    events.next().await.unwrap().unwrap();

    let limited = calculator.clone().with_options(CallOptions::new().queue_limit(100));
    adds(&limited).await;
    let eager = calculator.clone().with_options(CallOptions::new().fail_fast());
    adds(&eager).await;
    client.request("server", "calculator@1.0", "Add", (1.0, 2.0)).send().await.unwrap();
    let instances = client.instances("server").await.unwrap();
    assert_eq!(instances.iter().filter(|instance| instance.status.is_ok()).count(), 1, "{instances:?}");

    // A call that is given up where it runs.
    let long = utils.clone();
    let call = tokio::spawn(async move { long.sleep(zbus::types::Duration::from_secs(60)).await });
    eventually("the call", async || has_busy(&client, 1).await).await;
    call.abort();
    eventually("the end of the call", async || has_busy(&client, 0).await).await;

    when_the_queue_is_full(&client, &calculator, &utils).await;

    // And one that is withdrawn, as it is where no server is left.
    server.shutdown().await;
    let short = calculator.clone().with_timeout(Duration::from_millis(200));
    let error = short.add(1.0, 2.0).await.unwrap_err();
    assert!(matches!(error, Error::NoServer { .. }) && !error.may_have_run(), "{error}");
}

/// A call is refused, and one that may be tried again gets its turn when there is room.
async fn when_the_queue_is_full(client: &Client, calculator: &CalculatorClient, utils: &UtilsClient) {
    let sleep = |_| {
        let utils = utils.clone();
        tokio::spawn(async move { utils.sleep(zbus::types::Duration::from_secs(60)).await })
    };
    let busy: Vec<_> = (0..WORKERS).map(sleep).collect();
    eventually("a busy server", async || has_busy(client, WORKERS as usize).await).await;
    let patient = calculator.clone();
    let waiting = tokio::spawn(async move { patient.add(1.0, 2.0).await });
    let one = CallOptions::new().queue_limit(1);
    let limited = calculator.clone().with_options(one.clone().timeout(Duration::from_millis(100)));
    let overloaded = |error: &Error| matches!(error, Error::Rejected { kind: RejectionKind::Overloaded, .. });
    eventually("a full queue", async || overloaded(&limited.add(1.0, 2.0).await.unwrap_err())).await;

    let object = RemoteObject::new(client.clone(), "server", ObjectId::from_static("calculator", "1.0"));
    let tried_again = tokio::spawn(async move {
        let mut request = object.request("Add").options(one).idempotent();
        request.argument::<Same, f64>("a", &3.0)?;
        request.argument::<Same, f64>("b", &4.0)?;
        request.call(1).await?.value::<Same, f64>()
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!tried_again.is_finished() && !waiting.is_finished());
    busy.iter().for_each(JoinHandle::abort);
    assert_eq!(waiting.await.unwrap().unwrap().to_bits(), 3.0_f64.to_bits());
    assert_eq!(tried_again.await.unwrap().unwrap().to_bits(), 7.0_f64.to_bits());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_their_rights_a_server_and_a_client_do_all_they_do_and_are_refused_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("users.acl");
    let lines = [("calc-server", server()), ("calc-client", client())];
    let lines = lines.map(|(name, rights)| format!("{} >secret\n", rights.line(name).unwrap()));
    std::fs::write(&file, lines.concat()).unwrap();
    let redis = RedisServer::start_with(&["--aclfile", &file.display().to_string()]);
    let serving = start_server(&address(&redis, "calc-server"), WORKERS).await;
    let calling = Client::builder().timeout(Duration::from_secs(10));
    let calling = calling.connect(&address(&redis, "calc-client")).await.unwrap();
    all_works(serving, calling).await;
    assert_eq!(refusals(&redis).await, [""; 0]);
}

/// As `ACL SETUSER` takes the rules, and as a file of users and `redis.conf` hold the line.
#[tokio::test]
async fn names_full_of_wildcards_give_rights_to_themselves_alone() {
    const WIRE: &str = r"*?[a]\*#é";
    let text = format!("module m; object o@1.0 {{ @wire({WIRE:?}) stream S -> i64; fn A(); }}");
    let loader = zbus_idl::MemoryLoader::new().with("m.zbus", text);
    let rights = Rights::new().client(&zbus_idl::compile(&["m.zbus"], &loader).unwrap());
    let folder = TempDir::new().unwrap();
    let (users, config) = (folder.path().join("users.acl"), folder.path().join("redis.conf"));
    std::fs::write(&users, format!("{} >secret\n", rights.line("m-client").unwrap())).unwrap();
    std::fs::write(&config, format!("{} >secret\n", rights.line("m-client").unwrap())).unwrap();
    let given = |option: &str, file: &Path| RedisServer::start_with(&[option, &file.display().to_string()]);
    let redis = RedisServer::start();
    user(&redis, "m-client", &rights).await;
    for redis in [redis, given("--aclfile", &users), given("--include", &config)] {
        let dryrun = async |channel: &str| {
            let mut admin = admin(&redis).await;
            let mut command = redis::cmd("ACL");
            command.arg("DRYRUN").arg("m-client").arg("SUBSCRIBE").arg(channel);
            command.query_async::<String>(&mut admin).await.unwrap() == "OK"
        };
        assert!(dryrun(&format!("m.o@1.0.{WIRE}")).await);
        for other in [r"xx[a]\*#é", r"*xa\*#é", r"*?[a]\x#é", r"*?a\*#é", "x"] {
            assert!(!dryrun(&format!("m.o@1.0.{other}")).await, "{other}");
        }
        let client = redis::Client::open(address(&redis, "m-client")).unwrap();
        client.get_multiplexed_async_connection().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_serves_and_calls_has_both_and_publishes_from_anywhere() {
    let redis = RedisServer::start();
    let address = user(&redis, "calcd", &server().client(&schema())).await;
    // In another database, too.
    let address = format!("{address}/1");
    let client = Client::builder().timeout(Duration::from_secs(10)).connect(&address).await.unwrap();
    let mut events = UtilsClient::new(client.clone()).tik_tok().await.unwrap();
    UtilsEvents::new(client.clone()).tik_tok(zbus::types::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), zbus::types::Timestamp::UNIX_EPOCH);
    all_works(start_server(&address, WORKERS).await, client).await;
    assert_eq!(refusals(&redis).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_scripts_calls_but_withdraws_nothing() {
    let redis = RedisServer::start();
    let (serving, calling) = (user(&redis, "s", &server()).await, user(&redis, "c", &client().no_scripts()).await);
    let client = Client::connect(&calling).await.unwrap();
    let calculator = CalculatorClient::new(client);
    let serving = start_server(&serving, 4).await;
    adds(&calculator).await;
    let limited = calculator.clone().with_options(CallOptions::new().queue_limit(100));
    let error = limited.add(1.0, 2.0).await.unwrap_err();
    assert!(matches!(error, Error::Broker(_)) && !error.may_have_run(), "{error}");
    serving.shutdown().await;
    let error = calculator.clone().with_timeout(Duration::from_millis(100)).add(1.0, 2.0).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }) && error.may_have_run(), "{error}");
}

/// Go's programs are the user `default`: their addresses name none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_rights_for_go_peers_both_call_and_serve_each_other() {
    let redis = RedisServer::start_with(&["--user", "admin", "on", ">secret", "~*", "&*", "+@all"]);
    let admin = redis::Client::open(address(&redis, "admin")).unwrap();
    let mut admin = admin.get_multiplexed_async_connection().await.unwrap();
    let mut set = async |name: &str, rights: Rights| {
        let mut set = redis::cmd("ACL");
        set.arg("SETUSER")
            .arg(name)
            .arg(if name == "default" { "nopass" } else { ">secret" })
            .arg(rights.rules().unwrap());
        let _: () = set.query_async(&mut admin).await.unwrap();
    };
    set("ours-server", server().go_peers()).await;
    set("ours-client", client().go_peers()).await;
    set("default", client().go_peers()).await;

    let serving = start_server(&address(&redis, "ours-server"), 4).await;
    let go = redis.go_address();
    let lines = tokio::task::spawn_blocking(move || go_client(Generation::One, &go)).await.unwrap();
    let calls: Vec<_> = lines.iter().filter(|line| line.get("call").is_some()).cloned().collect();
    assert_eq!(calls, expected_calls());
    assert!(lines.iter().any(|line| line["event"] == "TikTok"));
    serving.shutdown().await;

    set("default", server().go_peers()).await;
    let _serving = GoServer::start(Generation::One, &redis.go_address(), 3);
    let client = Client::builder().timeout(Duration::from_secs(10));
    let client = client.connect(&address(&redis, "ours-client")).await.unwrap();
    let calculator = CalculatorClient::new(client.clone());
    adds(&calculator).await;
    UtilsClient::new(client).tik_tok().await.unwrap().next().await.unwrap().unwrap();
    let per_call = calculator.clone().with_options(CallOptions::new().reply_mode(ReplyMode::PerCall));
    adds(&per_call).await;
    let log: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query_async(&mut admin).await.unwrap();
    assert!(log.is_empty(), "{log:?}");
}

const UUID: &str = "7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52";

/// Nobody on the bus has any business with these.
const FOREIGN: [&str; 30] = [
    "GET session:1",
    "SET session:1 x",
    "RPUSH session:1 x",
    "EXPIRE session:1 1",
    "DEL session:1",
    "DEL server.calculator@1.0",
    "LRANGE server.calculator@1.0 0 -1",
    "RPUSH other.object@1.0 x",
    "BLMPOP 0.01 1 other.object@1.0 LEFT",
    "PUBLISH other.object@1.0.Event x",
    "PUBLISH server.utils@1.0.Other x",
    "PUBLISH session x",
    "SUBSCRIBE other.object@1.0.Event",
    "SUBSCRIBE __keyevent@0__:del",
    "PSUBSCRIBE *",
    "BLMPOP 0.01 1 zbus.inbox.x LEFT",
    "RPUSH zbus.inbox.x y",
    "ZADD zbus.instances.other 1 x",
    "ZREVRANGEBYSCORE zbus.instances.other +inf -inf",
    "KEYS *",
    "SCAN 0",
    "RANDOMKEY",
    "FLUSHALL",
    "CONFIG GET requirepass",
    "ACL LIST",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "MONITOR",
    "REPLICAOF NO ONE",
    "SHUTDOWN NOSAVE",
];

/// What only the other side may.
const CLIENTS: [&str; 5] = [
    "RPUSH server.calculator@1.0 x",
    "EVAL return#redis.call('LLEN',KEYS[1]) 1 server.calculator@1.0",
    "ZREVRANGEBYSCORE zbus.instances.server +inf -inf",
    "SUBSCRIBE server.utils@1.0.TikTok",
    "PUBLISH server.zbus@1.0.Cancel x",
];
const SERVERS: [&str; 6] = [
    "BLMPOP 0.01 1 server.calculator@1.0 LEFT",
    "BLMPOP 0.01 1 server.zbus@1.0 LEFT",
    "ZADD zbus.instances.server 1 x",
    "ZREM zbus.instances.server x",
    "PUBLISH server.utils@1.0.TikTok x",
    "SUBSCRIBE server.zbus@1.0.Cancel",
];

/// Beyond the rights of a client in one way or another.
const NOT_CLIENTS: [&str; 8] = [
    "EVAL return#redis.call('LPOP',KEYS[1]) 1 server.calculator@1.0",
    "EVAL return#redis.call('LRANGE',KEYS[1],0,-1) 1 server.calculator@1.0",
    "EVAL return#redis.call('GET','session:1') 0",
    "EVAL return#redis.call('KEYS','*') 0",
    "LPOP server.calculator@1.0",
    "BRPOP server.calculator@1.0 0.01",
    "EXPIRE server.calculator@1.0 1",
    "BLMPOP 0.01 2 zbus.inbox.UUID server.calculator@1.0 LEFT",
];

/// Whether Redis lets a user run a command; `#` stands for a space within an argument.
async fn may(address: &str, command: &str) -> bool {
    let connection = redis::Client::open(address).unwrap().get_multiplexed_async_connection().await;
    let mut words = command.split(' ').map(|word| word.replace('#', " ").replace("UUID", UUID));
    let mut asked = redis::cmd(&words.next().unwrap());
    asked.arg(words.collect::<Vec<_>>());
    match asked.query_async::<redis::Value>(&mut connection.unwrap()).await {
        Ok(_) => true,
        Err(error) if error.code() == Some("NOPERM") => false,
        // In a script, as Redis 7.0 says it, and as others do.
        Err(error)
            if ["The user executing the script can't", "ACL failure in script"]
                .iter()
                .any(|said| error.to_string().contains(said)) =>
        {
            false
        }
        Err(error) => panic!("{command}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_refuses_what_a_server_or_a_client_has_no_business_with() {
    let redis = RedisServer::start();
    let (server, client) = (user(&redis, "s", &server()).await, user(&redis, "c", &client()).await);
    let inbox = format!("zbus.inbox.{UUID}");
    for (address, allowed, refused) in [
        (&server, &SERVERS[..], [&FOREIGN[..], &CLIENTS]),
        (&client, &CLIENTS, [&[&FOREIGN[..], &NOT_CLIENTS].concat(), &SERVERS]),
    ] {
        for command in allowed {
            assert!(may(address, command).await, "{address} may not {command}");
        }
        for command in refused.concat() {
            assert!(!may(address, command).await, "{address} may {command}");
        }
        // Replies are read by one side and written by the other; those in lists with other names are for those who say so.
        let is_client = address == &client;
        for (list, known) in [(inbox.as_str(), true), (UUID, false)] {
            assert_eq!(may(address, &format!("RPUSH {list} x")).await, known && !is_client, "{address}: RPUSH {list}");
            let pop = format!("BLMPOP 0.01 1 {list} LEFT");
            assert_eq!(may(address, &pop).await, known && is_client, "{address}: {pop}");
        }
    }
}

/// The file system's rights are those of a socket: one who may not write to it does not get on the bus.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_write_to_the_socket_gets_on_the_bus() {
    const NOBODY: u32 = 65_534;
    let redis = RedisServer::start_with(&["--unixsocketperm", "700"]);
    let socket = redis.unix_address().replace("unix://", "");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(Path::new(&socket)), 0o700);
    assert!(Client::connect(&redis.unix_address()).await.is_ok());

    // Root may write to every socket, and so must be somebody else to be refused.
    let is_root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap().trim() == "0";
    let folder = TempDir::new().unwrap();
    let program = folder.path().join("server");
    std::fs::copy(env!("CARGO_BIN_EXE_slow-server"), &program).unwrap();
    for path in [folder.path(), Path::new(&socket).parent().unwrap()] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(&program);
    command.arg(redis.unix_address());
    if is_root {
        command.uid(NOBODY);
    } else {
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o500)).unwrap();
    }
    let refused = command.output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("Permission denied"), "{said}");
}
