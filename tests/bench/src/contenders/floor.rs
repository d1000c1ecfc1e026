//! The floor: what Redis itself allows. Two blocking programs that issue the commands of zbus (batched `RPUSH` of requests, `BLMPOP` of
//! many, batched `RPUSH` and `EXPIRE` of replies) with payloads that nobody encodes or looks at.

use std::error::Error;
use std::time::{Duration, Instant};

use redis::{Commands, Connection, Direction};

use super::ready;
use crate::load::{Load, histogram};

const REQUESTS: &str = "floor.requests";
const REPLIES: &str = "floor.replies";

/// As many as there can be.
const BATCH: usize = 2048;

/// What an envelope of zbus takes beside the payload.
const ENVELOPE: usize = 200;

fn connect(address: &str) -> redis::RedisResult<Connection> {
    redis::Client::open(address)?.get_connection()
}

fn pop(connection: &mut Connection, list: &str) -> redis::RedisResult<Vec<Vec<u8>>> {
    let popped: Option<(String, Vec<Vec<u8>>)> = connection.blmpop(0.0, 1, list, Direction::Left, BATCH)?;
    Ok(popped.map(|(_, messages)| messages).unwrap_or_default())
}

pub fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = connect(address)?;
    ready();
    loop {
        let messages = pop(&mut connection, REQUESTS)?;
        redis::pipe().rpush(REPLIES, messages).expire(REPLIES, 300).exec(&mut connection)?;
    }
}

pub fn load(address: &str, in_flight: usize, payload: usize, time: Duration) -> Result<Load, Box<dyn Error>> {
    let mut connection = connect(address)?;
    let _: () = connection.del(REPLIES)?;
    let message = vec![7_u8; payload + ENVELOPE];
    let mut latencies = histogram();
    // When each call under way was begun, oldest first: the lists keep the order.
    let mut begun = std::collections::VecDeque::with_capacity(in_flight);
    let started = Instant::now();
    let mut counted = started;
    let warm = started + time / 10;
    while counted.duration_since(started) < time + time / 10 {
        let missing = in_flight - begun.len();
        let now = Instant::now();
        if missing > 0 {
            let _: () = connection.rpush(REQUESTS, vec![&message[..]; missing])?;
            begun.extend(std::iter::repeat_n(now, missing));
        }
        let replies = pop(&mut connection, REPLIES)?;
        counted = Instant::now();
        for asked in begun.drain(..replies.len()) {
            if counted > warm {
                latencies
                    .saturating_record(u64::try_from(counted.duration_since(asked).as_nanos()).unwrap_or(u64::MAX));
            }
        }
    }
    // What is left would be answered to the next.
    while !begun.is_empty() {
        let replies = pop(&mut connection, REPLIES)?;
        begun.drain(..replies.len());
    }
    let rate = latencies.len() as f64 / counted.duration_since(warm).as_secs_f64();
    Ok(Load { rate, latencies })
}
