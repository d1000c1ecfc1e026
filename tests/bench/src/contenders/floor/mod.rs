//! The floor: what Redis itself allows. Two blocking programs that issue the commands of zbus (batched `RPUSH` of requests, `BLMPOP` of
//! many, batched `RPUSH` and `EXPIRE` of replies, pipelined `PUBLISH`) with payloads that nobody encodes or looks at.

mod raw;

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use self::raw::{Raw, command, framed};
use super::ready;
use crate::events::{BATCH as EVENTS, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::Latencies;

/// As long as zbus' own names, which Redis hashes, compares and answers.
const REQUESTS: &str = "bench.echo@1.0";
const REPLIES: &str = "zbus.inbox.7f1d3b0a-3c55-4b0e-9a51-0c9a4f3f6f52";
const CHANNEL: &str = "floor.events";

/// Bytes of one push or pop at most, or one message. Larger ones are slower: client, broker and server would take turns.
const BATCH: usize = 64 << 10;

/// What an envelope of zbus takes beside the payload.
const ENVELOPE: usize = 200;

/// How many seconds a pop waits, as in zbus: Redis has a clock for each that does not wait for ever.
const WAIT: &[u8] = b"5";

fn pop_of(list: &str, most: usize) -> Vec<u8> {
    let most = most.to_string();
    command(&[b"BLMPOP", WAIT, b"1", list.as_bytes(), b"LEFT", b"COUNT", most.as_bytes()])
}

fn push_of(list: &str, size: usize, count: usize) -> Vec<u8> {
    let message = vec![7; size];
    let mut words: Vec<&[u8]> = vec![b"RPUSH", list.as_bytes()];
    words.extend(std::iter::repeat_n(&message[..], count));
    command(&words)
}

/// Sends a pop; how many messages came, and of what size each.
fn pop(connection: &mut Raw, list: &str, pop: &[u8]) -> io::Result<(usize, usize)> {
    loop {
        connection.send(pop)?;
        // Otherwise nothing came for as long as it waits.
        if connection.number()? > 0 {
            break;
        }
    }
    connection.skip(framed(list.len()))?;
    let count = usize::try_from(connection.number()?).unwrap_or_default();
    let size = usize::try_from(connection.number()?).unwrap_or_default();
    connection.skip(size + 2 + count.saturating_sub(1) * framed(size))?;
    Ok((count, size))
}

/// How many messages of a size make a batch.
fn fitting(size: usize) -> usize {
    (BATCH / size.max(1)).max(1)
}

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = Raw::connect(address)?;
    ready();
    let expire = command(&[b"EXPIRE", REPLIES.as_bytes(), b"300"]);
    let mut pushes: HashMap<(usize, usize), Vec<u8>> = HashMap::new();
    let mut pops: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut most = 1;
    loop {
        let request = pops.entry(most).or_insert_with(|| pop_of(REQUESTS, most));
        let (count, size) = pop(&mut connection, REQUESTS, request)?;
        most = fitting(size);
        let push = pushes.entry((size, count)).or_insert_with(|| {
            let mut push = push_of(REPLIES, size, count);
            push.extend_from_slice(&expire);
            push
        });
        connection.send(push)?;
        connection.number()?;
        connection.number()?;
    }
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let mut connection = Raw::connect(address)?;
    connection.send(&command(&[b"DEL", REPLIES.as_bytes()]))?;
    connection.number()?;
    let size = payload + ENVELOPE;
    let most = fitting(size);
    let request = pop_of(REPLIES, most);
    let mut pushes: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut latencies = Latencies::new();
    // When each call under way was begun, oldest first: the lists keep the order.
    let mut begun = VecDeque::with_capacity(in_flight);
    let started = Instant::now();
    let warm = started + time / 10;
    let mut now = started;
    while now < warm + time {
        while begun.len() < in_flight {
            let some = most.min(in_flight - begun.len());
            connection.send(pushes.entry(some).or_insert_with(|| push_of(REQUESTS, size, some)))?;
            connection.number()?;
            begun.extend(std::iter::repeat_n(now, some));
        }
        let (replies, _) = pop(&mut connection, REPLIES, &request)?;
        now = Instant::now();
        for asked in begun.drain(..replies) {
            if now > warm {
                latencies.add(now.duration_since(asked));
            } else {
                latencies.warmed_up(1);
            }
        }
    }
    // What is left would be answered to the next.
    while !begun.is_empty() {
        let (replies, _) = pop(&mut connection, REPLIES, &request)?;
        latencies.warmed_up(begun.drain(..replies).count() as u64);
    }
    Ok(latencies.over(now.duration_since(warm))?)
}

/// Subscribes over a connection and in a thread of its own.
pub fn subscribe(address: &str, pace: &Arc<Pace>) -> Result<(), Box<dyn Error>> {
    let mut connection = Raw::connect(address)?;
    let pace = Arc::clone(pace);
    let (subscribed, there) = mpsc::channel();
    std::thread::spawn(move || {
        let listen = || -> io::Result<()> {
            connection.send(&command(&[b"SUBSCRIBE", CHANNEL.as_bytes()]))?;
            connection.skip("*3\r\n".len() + framed("subscribe".len()) + framed(CHANNEL.len()) + ":1\r\n".len())?;
            let _ = subscribed.send(());
            let event = "*3\r\n".len() + framed("message".len()) + framed(CHANNEL.len()) + framed(SMALL);
            let mut progress = Progress::default();
            let mut bytes = 0;
            loop {
                bytes += connection.skip_all()?;
                for _ in 0..bytes / event {
                    pace.arrived(&mut progress);
                }
                bytes %= event;
            }
        };
        // The process ends before its connections do.
        if let Err(error) = { listen }() {
            pace.failed(error);
        }
    });
    Ok(there.recv_timeout(Duration::from_secs(10))?)
}

pub fn publish(address: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = Raw::connect(address)?;
    let batch = command(&[b"PUBLISH", CHANNEL.as_bytes(), &[7; SMALL]]).repeat(EVENTS);
    let mut grant = [0];
    while io::stdin().read(&mut grant)? > 0 {
        connection.send(&batch)?;
        connection.skip_lines(EVENTS)?;
    }
    Ok(())
}
