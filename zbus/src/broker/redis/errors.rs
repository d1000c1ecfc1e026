//! What Redis' errors, and those of the way to it, are to the bus.

use redis::{ErrorKind, RedisError};

use crate::broker::{BrokerError, BrokerErrorKind};

/// Redis' errors that say nothing of the command, and pass.
const UNREADY: [&str; 7] = ["BUSY", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY"];

/// What Redis says, without a code of its own, to a connection beyond its `maxclients`.
const CROWDED: &str = "max number of clients reached";

fn kind_of(error: &RedisError) -> BrokerErrorKind {
    match error.kind() {
        _ if error.code().is_some_and(|code| UNREADY.contains(&code)) => BrokerErrorKind::Unready,
        _ if error.detail().is_some_and(|detail| detail.contains(CROWDED)) => BrokerErrorKind::Unready,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => BrokerErrorKind::Refused,
        ErrorKind::InvalidClientConfig => BrokerErrorKind::Address,
        // Also a refusal, with which a connection may end as well as not begin.
        _ => BrokerErrorKind::Lost,
    }
}

fn told(place: &str, kind: BrokerErrorKind, error: RedisError) -> BrokerError {
    let message = match kind {
        BrokerErrorKind::Unready => format!("the broker at {place} takes no writes for now: {error}"),
        BrokerErrorKind::Refused => format!("the broker at {place} refused: {error}"),
        BrokerErrorKind::Address => format!("the broker address {place} cannot be used: {error}"),
        BrokerErrorKind::Unreachable => format!("no broker at {place}: {error}"),
        _ => format!("lost the broker at {place}: {error}"),
    };
    BrokerError::new(kind, message).with_source(error)
}

pub(super) fn broker_error(place: &str, error: RedisError) -> BrokerError {
    told(place, kind_of(&error), error)
}

/// The like where there is no connection yet: whatever else went wrong, there was none to be lost.
pub(super) fn connection_error(place: &str, error: RedisError) -> BrokerError {
    match kind_of(&error) {
        // Redis says why, and closes: whether that arrives is left to chance.
        BrokerErrorKind::Lost if error.is_connection_dropped() && !error.is_connection_refusal() => {
            let message = format!(
                "the broker at {place} closes new connections, as one that has reached its `maxclients`: {error}"
            );
            BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(error)
        }
        BrokerErrorKind::Lost => told(place, BrokerErrorKind::Unreachable, error),
        kind => told(place, kind, error),
    }
}

/// The like for another entry of the same batch.
pub(super) fn again(error: &BrokerError) -> BrokerError {
    BrokerError::new(error.kind(), error.to_string())
}

/// The broker has not answered in time.
pub(super) fn no_answer() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// The broker has closed the connection, or sent what nobody has asked for.
pub(super) fn closed() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::resp::Reply;
    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_does_not() {
        for (said, expected) in [
            ("-ERR max number of clients reached\r\n", BrokerErrorKind::Unready),
            ("-LOADING Redis is loading the dataset in memory\r\n", BrokerErrorKind::Unready),
            ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", BrokerErrorKind::Unready),
            ("-ERR unknown command 'BLMPOP'\r\n", BrokerErrorKind::Refused),
            ("-NOPERM User x has no permissions\r\n", BrokerErrorKind::Refused),
        ] {
            let line = said.strip_prefix('-').unwrap().trim_end();
            let error = Reply::Error(Bytes::from_static(line.as_bytes())).checked().unwrap_err();
            assert_eq!(kind_of(&error), expected, "{said}");
        }
    }

    #[test]
    fn a_refusal_says_that_nothing_was_written_only_where_there_is_no_connection_yet() {
        let refused = || RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(connection_error("here", refused()).kind(), BrokerErrorKind::Unreachable);
        assert_eq!(broker_error("here", refused()).kind(), BrokerErrorKind::Lost);
    }
}
