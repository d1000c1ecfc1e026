//! Who is there: one sorted set for those who share a name, each member with the time, in Redis' own clock, until which it counts.
//!
//! A key a member would have to be looked for with `SCAN`, which walks over everybody's keys.

use std::time::Duration;

use redis::RedisResult;
use redis::aio::ConnectionManager;

use super::milliseconds;
use crate::broker::MOST_ANNOUNCED;

/// Plain commands: a script would ask for one more right, and nothing goes wrong where the two trips are torn apart.
pub(super) async fn announce(
    connection: &mut ConnectionManager,
    set: &str,
    member: &str,
    lasting: Duration,
) -> RedisResult<()> {
    let (seconds, microseconds): (i64, i64) = redis::cmd("TIME").query_async(connection).await?;
    let now = milliseconds(seconds, microseconds);
    let lasting = i64::try_from(lasting.as_millis()).unwrap_or(i64::MAX);
    redis::pipe()
        .zrembyscore(set, "-inf", now)
        .zadd(set, member, now.saturating_add(lasting))
        .pexpire(set, lasting)
        .exec_async(connection)
        .await
}

pub(super) async fn retract(connection: &mut ConnectionManager, set: &str, member: &str) -> RedisResult<()> {
    redis::cmd("ZREM").arg(set).arg(member).exec_async(connection).await
}

pub(super) async fn announced(connection: &mut ConnectionManager, set: &str) -> RedisResult<Vec<String>> {
    // The newest first, where there are more than are told.
    let mut newest = redis::cmd("ZREVRANGEBYSCORE");
    newest.arg(set).arg("+inf").arg("-inf").arg("WITHSCORES").arg("LIMIT").arg(0).arg(MOST_ANNOUNCED);
    let ((seconds, microseconds), members): ((i64, i64), Vec<(String, f64)>) =
        redis::pipe().cmd("TIME").add_command(newest).query_async(connection).await?;
    #[expect(clippy::cast_precision_loss, reason = "a score is a float; milliseconds fit in it exactly")]
    let now = milliseconds(seconds, microseconds) as f64;
    Ok(members.into_iter().filter(|(_, until)| *until > now).map(|(member, _)| member).collect())
}
