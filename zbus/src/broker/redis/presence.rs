//! Who is there: one sorted set for those who share a name, each member with the time, in Redis' own clock, until which it counts.
//!
//! A key a member would have to be looked for with `SCAN`, which walks over everybody's keys.

use std::time::Duration;

use super::connection::Connection;
use super::link::read;
use super::milliseconds;
use super::resp::Reply;
use crate::broker::{BrokerError, MOST_ANNOUNCED};

/// Plain commands: a script would ask for one more right, and nothing goes wrong where the two trips are torn apart.
pub(super) async fn announce(
    connection: &Connection,
    set: &str,
    member: &str,
    lasting: Duration,
) -> Result<(), BrokerError> {
    let (seconds, microseconds): (i64, i64) = connection.query(&redis::cmd("TIME")).await?;
    let now = milliseconds(seconds, microseconds);
    let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
    let mut entry = redis::pipe();
    entry.zrembyscore(set, "-inf", now).zadd(set, member, now.saturating_add(lasting)).pexpire(set, lasting);
    connection.query_each(&entry).await?;
    Ok(())
}

pub(super) async fn retract(connection: &Connection, set: &str, member: &str) -> Result<(), BrokerError> {
    connection.query(redis::cmd("ZREM").arg(set).arg(member)).await
}

pub(super) async fn announced(connection: &Connection, set: &str) -> Result<Vec<String>, BrokerError> {
    // The newest first, where there are more than are told.
    let mut newest = redis::cmd("ZREVRANGEBYSCORE");
    newest.arg(set).arg("+inf").arg("-inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(MOST_ANNOUNCED);
    let replies = connection.query_each(redis::pipe().cmd("TIME").add_command(newest)).await?;
    let ((seconds, microseconds), members): ((i64, i64), Vec<(String, f64)>) =
        read(Reply::List(replies)).map_err(|error| connection.error(error))?;
    #[expect(clippy::cast_precision_loss, reason = "a score is a float; milliseconds fit in it exactly")]
    let now = milliseconds(seconds, microseconds) as f64;
    Ok(members.into_iter().filter(|(_, until)| *until > now).map(|(member, _)| member).collect())
}
