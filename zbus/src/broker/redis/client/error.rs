//! What goes wrong on a link, as the `redis` crate's errors.

use redis::{ErrorKind, RedisError, Value};

/// Redis has not answered in time.
pub(crate) fn no_answer() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Redis has closed the connection, or sent what nobody has asked for.
pub(crate) fn closed() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()
}

/// What came is not Redis' protocol.
pub(crate) fn malformed(what: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Parse, "the broker does not answer as Redis does", what.to_owned()))
}

/// The error of a line that says one. The `redis` crate knows its kinds.
pub(super) fn of_line(line: &[u8]) -> RedisError {
    let reply = [b"-", line, b"\r\n"].concat();
    let error = redis::parse_redis_value(&reply).and_then(Value::extract_error).err();
    error.unwrap_or_else(|| malformed("an error that is none"))
}

/// Whether Redis has no room for another connection. It has no code of its own for that.
pub(crate) fn is_crowded(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("max number of clients reached"))
}
