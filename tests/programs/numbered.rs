//! A process that serves or makes the numbered calls of a test, and may be killed: what it notes stays in its journal.
//!
//! `numbered serve ADDRESS JOURNAL` or `numbered call ADDRESS JOURNAL FIRST COUNT`.

use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use zbus::Client;
use zbus_tests::ledger::{Journal, LIMIT, Numbered, make, object};

/// How many calls wait at once.
const AT_ONCE: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["serve", address, journal] => {
            let journal = Arc::new(Journal::open(Path::new(journal))?);
            let server = Numbered::server(journal, 8);
            println!("starts");
            server.serve(address).await?;
        }
        ["call", address, journal, first, count] => {
            let journal = Journal::open(Path::new(journal))?;
            let (first, count): (u64, u64) = (first.parse()?, count.parse()?);
            let object = object(Client::connect(address).await?);
            println!("starts");
            let calls = futures::stream::iter(first..first + count);
            calls.for_each_concurrent(AT_ONCE, |number| make(&journal, &object, number, LIMIT)).await;
        }
        _ => return Err("numbered serve ADDRESS JOURNAL | numbered call ADDRESS JOURNAL FIRST COUNT".into()),
    }
    Ok(())
}
