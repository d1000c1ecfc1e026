//! Which servers are there: a sorted set for each name, and for each member the time, in Redis' own clock, until which it counts.
//!
//! With a key for each member, `SCAN` would have to look for them among all keys.

use std::time::Duration;

use super::client::{Reply, read};
use super::links::Links;
use super::milliseconds;
use crate::broker::{BrokerError, MOST_ANNOUNCED};

/// Plain commands: a script would need one more right, and nothing goes wrong if only the first of the two round trips is made.
pub(super) async fn announce(links: &Links, set: &str, member: &str, lasting: Duration) -> Result<(), BrokerError> {
    let (seconds, microseconds): (i64, i64) = links.query(&redis::cmd("TIME")).await?;
    let now = milliseconds(seconds, microseconds);
    let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
    let mut entry = redis::pipe();
    entry.zrembyscore(set, "-inf", now).zadd(set, member, now.saturating_add(lasting)).pexpire(set, lasting);
    links.query_each(&entry).await?;
    Ok(())
}

pub(super) async fn retract(links: &Links, set: &str, member: &str) -> Result<(), BrokerError> {
    links.query(redis::cmd("ZREM").arg(set).arg(member)).await
}

pub(super) async fn announced(links: &Links, set: &str) -> Result<Vec<String>, BrokerError> {
    // The newest first, in case there are more than the limit.
    let mut newest = redis::cmd("ZREVRANGEBYSCORE");
    newest.arg(set).arg("+inf").arg("-inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(MOST_ANNOUNCED);
    let replies = links.query_each(redis::pipe().cmd("TIME").add_command(newest)).await?;
    let ((seconds, microseconds), members): ((i64, i64), Vec<(String, f64)>) =
        read(Reply::List(replies)).map_err(|error| links.error(error))?;
    #[expect(clippy::cast_precision_loss, reason = "a score is a float; milliseconds fit in it exactly")]
    let now = milliseconds(seconds, microseconds) as f64;
    Ok(members.into_iter().filter(|(_, until)| *until > now).map(|(member, _)| member).collect())
}
