//! The floor: what Redis itself allows. Two blocking programs that issue the commands of zbus (batched `RPUSH` of requests, `BLMPOP` of
//! many, batched `RPUSH` and `EXPIRE` of replies, pipelined `PUBLISH`) with payloads that nobody encodes or looks at.

use std::collections::VecDeque;
use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use redis::{Commands, Connection, Direction};

use super::ready;
use crate::events::{BATCH as EVENTS, Pace, Progress};
use crate::figures::{Load, SMALL};
use crate::load::Latencies;

const REQUESTS: &str = "floor.requests";
const REPLIES: &str = "floor.replies";
const CHANNEL: &str = "floor.events";

/// Bytes of one push or pop at most, or one message. Larger ones are slower: client, broker and server would take turns.
const BATCH: usize = 64 << 10;

/// What an envelope of zbus takes beside the payload.
const ENVELOPE: usize = 200;

fn connect(address: &str) -> redis::RedisResult<Connection> {
    redis::Client::open(address)?.get_connection()
}

fn pop(connection: &mut Connection, list: &str, most: usize) -> redis::RedisResult<Vec<Vec<u8>>> {
    let popped: Option<(String, Vec<Vec<u8>>)> = connection.blmpop(0.0, 1, list, Direction::Left, most)?;
    Ok(popped.map(|(_, messages)| messages).unwrap_or_default())
}

/// How many messages of a size make a batch.
fn fitting(size: usize) -> usize {
    (BATCH / size.max(1)).max(1)
}

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = connect(address)?;
    ready();
    let mut most = 1;
    loop {
        let messages = pop(&mut connection, REQUESTS, most)?;
        most = fitting(messages.first().map_or(1, Vec::len));
        redis::pipe().rpush(REPLIES, messages).expire(REPLIES, 300).exec(&mut connection)?;
    }
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let mut connection = connect(address)?;
    let _: () = connection.del(REPLIES)?;
    let message = vec![7_u8; payload + ENVELOPE];
    let most = fitting(message.len());
    let mut latencies = Latencies::new();
    // When each call under way was begun, oldest first: the lists keep the order.
    let mut begun = VecDeque::with_capacity(in_flight);
    let started = Instant::now();
    let warm = started + time / 10;
    let mut now = started;
    while now < warm + time {
        while begun.len() < in_flight {
            let some = most.min(in_flight - begun.len());
            let _: () = connection.rpush(REQUESTS, vec![&message[..]; some])?;
            begun.extend(std::iter::repeat_n(now, some));
        }
        let replies = pop(&mut connection, REPLIES, most)?;
        now = Instant::now();
        for asked in begun.drain(..replies.len()) {
            if now > warm {
                latencies.add(now.duration_since(asked));
            } else {
                latencies.warmed_up(1);
            }
        }
    }
    // What is left would be answered to the next.
    while !begun.is_empty() {
        let replies = pop(&mut connection, REPLIES, most)?;
        latencies.warmed_up(begun.drain(..replies.len()).count() as u64);
    }
    Ok(latencies.over(now.duration_since(warm))?)
}

/// Subscribes over a connection and in a thread of its own.
pub fn subscribe(address: &str, pace: &Arc<Pace>) -> Result<(), Box<dyn Error>> {
    let mut connection = connect(address)?;
    let pace = Arc::clone(pace);
    let (subscribed, there) = mpsc::channel();
    std::thread::spawn(move || {
        let listen = || -> redis::RedisResult<()> {
            let mut events = connection.as_pubsub();
            events.subscribe(CHANNEL)?;
            let _ = subscribed.send(());
            let mut progress = Progress::default();
            loop {
                events.get_message()?;
                pace.arrived(&mut progress);
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
    let mut connection = connect(address)?;
    let mut batch = redis::pipe();
    for _ in 0..EVENTS {
        batch.publish(CHANNEL, &[7_u8; SMALL]).ignore();
    }
    let mut grant = [0];
    while std::io::stdin().read(&mut grant)? > 0 {
        batch.exec(&mut connection)?;
    }
    Ok(())
}
