//! Every server with every client, and the table of what was observed.

use std::fmt::{self, Display, Write};
use std::rc::Rc;
use std::time::Duration;

use futures::future::join_all;
use zbus::ReplyMode;
use zbus::server::RunningServer;
use zbus_tests::rbus::{Naming, ServerTask};
use zbus_tests::{Generation, GoServer, RedisServer, start_server};

use crate::feature::{Feature, Observed, Outcome};
use crate::{go, ours, page, rbus};

/// Far more than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(6);

/// For pairs that cannot speak to each other.
const IN_VAIN: Duration = Duration::from_millis(1200);

/// Enough that a panic leaves rbus some.
const WORKERS: u16 = 8;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Server {
    Ours,
    Go(Generation),
    Rbus,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Client {
    Ours(zbus::Generation, ReplyMode),
    Go(Generation),
    Rbus,
}

const SERVERS: [Server; 4] = [Server::Ours, Server::Go(Generation::Zero), Server::Go(Generation::One), Server::Rbus];

const CLIENTS: [Client; 8] = [
    Client::Ours(zbus::Generation::One, ReplyMode::Inbox),
    Client::Ours(zbus::Generation::Zero, ReplyMode::Inbox),
    Client::Ours(zbus::Generation::Auto, ReplyMode::Inbox),
    Client::Ours(zbus::Generation::One, ReplyMode::PerCall),
    Client::Ours(zbus::Generation::Auto, ReplyMode::PerCall),
    Client::Go(Generation::Zero),
    Client::Go(Generation::One),
    Client::Rbus,
];

impl Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ours => "this library",
            Self::Go(Generation::Zero) => "Go 0.1.4",
            Self::Go(Generation::One) => "Go 1.0.1",
            Self::Rbus => "rbus",
        })
    }
}

impl Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(generation, replies) => {
                write!(formatter, "this library, `{generation:?}`")?;
                if *replies == ReplyMode::PerCall { formatter.write_str(", `PerCall`") } else { Ok(()) }
            }
            Self::Go(generation) => write!(formatter, "{}", Server::Go(*generation)),
            Self::Rbus => write!(formatter, "{}", Server::Rbus),
        }
    }
}

/// Whether the two can speak to each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    /// But for some features.
    Partly,
    /// Events travel all the same: nobody asks for them.
    Never,
}

/// Why not every feature works between the two.
fn why(server: Server, client: Client) -> Option<(Reach, &'static str)> {
    use Generation::{One, Zero};
    use zbus::Generation as Ours;
    Some(match (server, client) {
        (Server::Ours | Server::Go(Zero), Client::Go(Zero)) | (Server::Ours | Server::Go(One), Client::Go(One)) => (
            Reach::Partly,
            "Go's client drops what a server says of a call that it could not run: its caller gets neither a reply nor an error, \
             whoever serves.",
        ),
        (Server::Go(Zero), Client::Ours(Ours::One, _)) => (
            Reach::Never,
            "The server finds no `Arguments` in the request. It refuses, or runs a method that takes none or any number; the client \
             takes no answer of another generation, and names the setting.",
        ),
        (Server::Go(One), Client::Ours(Ours::Zero, _)) => {
            (Reach::Never, "The same the other way round: the server finds no `Inputs` in the request.")
        }
        (Server::Go(Zero), Client::Go(One)) => (
            Reach::Never,
            "The server finds no `Arguments` in the request, and the client takes the empty `Error` of every answer for an error.",
        ),
        (Server::Go(One), Client::Go(Zero)) => (
            Reach::Never,
            "The server finds no `Inputs` in the request, and refuses or runs the method without; the client finds no `Arguments` in the answer.",
        ),
        (Server::Go(Zero), Client::Rbus) => (Reach::Never, "rbus cannot read a reply without `Output`."),
        (Server::Go(One), Client::Rbus) => (
            Reach::Partly,
            "Go writes a nil `Data` where a method returns nothing, or could not be run; rbus cannot read that. This library writes a \
             `Data` that holds a nil.",
        ),
        (Server::Rbus, Client::Ours(Ours::Zero, _) | Client::Go(Zero)) => {
            (Reach::Never, "rbus cannot read a request without `Inputs`: it drops it, and rests for two seconds.")
        }
        (Server::Rbus, Client::Ours(_, ReplyMode::Inbox)) => (
            Reach::Never,
            "rbus answers to the list named by the request's `ID`: the client has to be told to look there, with `ReplyMode::PerCall`.",
        ),
        (Server::Rbus, Client::Ours(..) | Client::Rbus) => (
            Reach::Partly,
            "rbus has no status object, and a method that panics takes its worker along without an answer.",
        ),
        (Server::Rbus, Client::Go(One)) => (
            Reach::Partly,
            "Beside an error rbus writes no value at all, not even a nil, on which Go's stubs panic. No status, no answer to a panic, and \
             no word of what could not be run, as above.",
        ),
        _ => return None,
    })
}

async fn probe(server: Server, client: Client, redis: &RedisServer) -> Observed {
    let patience = match why(server, client) {
        Some((Reach::Never, _)) => IN_VAIN,
        _ => PATIENCE,
    };
    match client {
        Client::Ours(generation, replies) => ours::probe(&redis.address(), generation, replies, patience).await,
        Client::Go(generation) => go::probe(generation, redis.go_address(), patience).await,
        Client::Rbus => rbus::probe(&redis.address(), patience).await,
    }
}

/// A server that runs, and the broker that it serves at.
struct Running {
    redis: RedisServer,
    go: Option<GoServer>,
    rbus: Option<ServerTask>,
    ours: Option<RunningServer>,
}

async fn start(server: Server) -> Running {
    let redis = RedisServer::start();
    let address = redis.address();
    let mut running = Running { redis, go: None, rbus: None, ours: None };
    match server {
        Server::Ours => running.ours = Some(start_server(&address, WORKERS.into()).await),
        Server::Go(generation) => {
            running.go = Some(GoServer::start(generation, &running.redis.go_address(), WORKERS));
        }
        Server::Rbus => {
            let server = zbus_tests::rbus::start_server(&address, "server", WORKERS.into(), Naming::Go);
            running.rbus = Some(server.await);
        }
    }
    running
}

/// The table, and a note for each pair that has one.
fn table(observed: &[(Server, Client, Observed)]) -> String {
    let mut text = String::from("| server | client |");
    for feature in Feature::ALL {
        write!(text, " {} |", feature.heading()).unwrap();
    }
    text.push_str("\n|---|---|");
    text.push_str(&"---|".repeat(Feature::ALL.len()));
    text.push('\n');
    let mut notes: Vec<&str> = Vec::new();
    for (server, client, outcomes) in observed {
        write!(text, "| {server} | {client}").unwrap();
        if let Some((_, note)) = why(*server, *client) {
            let number = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                notes.push(note);
                notes.len() - 1
            });
            write!(text, " ({})", number + 1).unwrap();
        }
        text.push_str(" |");
        for (_, outcome) in outcomes {
            match outcome {
                Outcome::Yes => text.push_str(" yes |"),
                other => write!(text, " **{other}** |").unwrap(),
            }
        }
        text.push('\n');
    }
    text.push('\n');
    for (index, note) in notes.iter().enumerate() {
        writeln!(text, "{}. {note}", index + 1).unwrap();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_and_every_client_get_on_as_the_table_says() {
    let mut pairs = Vec::new();
    for server in SERVERS {
        // One client may leave rbus without the workers, or the time, that another needs: each has one of its own.
        let shared = if server == Server::Rbus { None } else { Some(Rc::new(start(server).await)) };
        for client in CLIENTS {
            let running = match &shared {
                Some(running) => Rc::clone(running),
                None => Rc::new(start(server).await),
            };
            pairs.push((server, client, running));
        }
    }
    let rows = pairs
        .iter()
        .map(|(server, client, running)| async { (*server, *client, probe(*server, *client, &running.redis).await) });
    let rows = join_all(rows).await;
    for (_, _, running) in pairs {
        if let Some(Running { ours: Some(ours), .. }) = Rc::into_inner(running) {
            ours.shutdown().await;
        }
    }

    for (server, client, outcomes) in &rows {
        let features: Vec<Feature> = outcomes.iter().map(|(feature, _)| *feature).collect();
        assert_eq!(features, Feature::ALL, "{server} {client}");
        // A call that runs with arguments missing may not pass for a success: no value is ever wrong.
        for (feature, outcome) in outcomes {
            assert!(!matches!(outcome, Outcome::Wrong(_)), "{server} {client} {feature:?}: {outcome}");
        }
        let whole = outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Yes);
        let yes = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Yes).count();
        match why(*server, *client) {
            None => assert!(whole, "{server} {client} needs a note: {outcomes:?}"),
            Some((Reach::Partly, _)) => assert!(!whole && yes > 1, "{server} {client}: {outcomes:?}"),
            Some((Reach::Never, _)) => assert!(yes <= 1, "{server} {client}: {outcomes:?}"),
        }
    }
    page::compare("matrix", &table(&rows));
}
