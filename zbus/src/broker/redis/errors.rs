//! The border: what errors of Redis, and of the way to it, are to the bus.

use redis::{ErrorKind, RedisError};

use super::client::{Failed, is_crowded};
use crate::broker::{BrokerError, BrokerErrorKind};

/// Redis' errors that say nothing of the command, and pass.
const UNREADY: [&str; 9] =
    ["BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY", "UNBLOCKED"];

/// Those with which a server says that it is a replica, or has just become one: the master is elsewhere.
const DEMOTED: [&str; 3] = ["MASTERDOWN", "READONLY", "UNBLOCKED"];

/// Whether the address is to be asked again where the master is.
pub(super) fn is_demoted(error: &RedisError) -> bool {
    error.code().is_some_and(|code| DEMOTED.contains(&code))
}

fn kind_of(error: &RedisError) -> BrokerErrorKind {
    match error.kind() {
        _ if error.code().is_some_and(|code| UNREADY.contains(&code)) => BrokerErrorKind::Unready,
        _ if is_crowded(error) => BrokerErrorKind::Unready,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => BrokerErrorKind::Refused,
        ErrorKind::InvalidClientConfig => BrokerErrorKind::Address,
        // Also a refusal: a connection may end with it as well as not begin.
        _ => BrokerErrorKind::Lost,
    }
}

fn with_place(place: &str, kind: BrokerErrorKind, error: RedisError) -> BrokerError {
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
    with_place(place, kind_of(&error), error)
}

/// What an exchange over the shared link failed with.
pub(super) fn exchange_error(place: &str, failed: Failed) -> BrokerError {
    match failed {
        Failed::Unreachable(error) => connection_error(place, error),
        Failed::Unwritten(error) => {
            let message = format!("lost the broker at {place} before anything was written: {error}");
            BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(error)
        }
        Failed::Unanswered(error) => with_place(place, BrokerErrorKind::Lost, error),
        Failed::Ended => {
            let message = format!("the runtime that keeps the connection to the broker at {place} has ended");
            BrokerError::new(BrokerErrorKind::Unreachable, message)
        }
    }
}

/// The same if there is no connection yet: whatever else went wrong, none was lost.
pub(super) fn connection_error(place: &str, error: RedisError) -> BrokerError {
    match kind_of(&error) {
        // Redis says why, and closes the connection: the reason may not arrive.
        BrokerErrorKind::Lost if error.is_connection_dropped() && !error.is_connection_refusal() => {
            let message = format!(
                "the broker at {place} closes new connections, as one that has reached its `maxclients`: {error}"
            );
            BrokerError::new(BrokerErrorKind::Unreachable, message).with_source(error)
        }
        BrokerErrorKind::Lost => with_place(place, BrokerErrorKind::Unreachable, error),
        kind => with_place(place, kind, error),
    }
}

/// The same error for another entry of a batch.
pub(super) fn again(error: &BrokerError) -> BrokerError {
    BrokerError::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::client::Reply;
    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_does_not() {
        for (said, expected) in [
            ("-ERR max number of clients reached\r\n", BrokerErrorKind::Unready),
            ("-LOADING Redis is loading the dataset in memory\r\n", BrokerErrorKind::Unready),
            ("-OOM command not allowed when used memory > 'maxmemory'.\r\n", BrokerErrorKind::Unready),
            ("-CLUSTERDOWN The cluster is down\r\n", BrokerErrorKind::Unready),
            ("-UNBLOCKED force unblock from blocking operation\r\n", BrokerErrorKind::Unready),
            ("-ERR unknown command 'BLMPOP'\r\n", BrokerErrorKind::Refused),
            ("-NOPERM User x has no permissions\r\n", BrokerErrorKind::Refused),
        ] {
            let line = said.strip_prefix('-').unwrap().trim_end();
            let error = Reply::Error(Bytes::from_static(line.as_bytes())).checked().unwrap_err();
            assert_eq!(kind_of(&error), expected, "{said}");
        }
    }

    #[test]
    fn a_replica_says_that_the_master_is_elsewhere_and_a_busy_server_does_not() {
        for (said, expected) in [
            ("READONLY You can't write against a read only replica.", true),
            ("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", true),
            ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true),
            ("LOADING Redis is loading the dataset in memory", false),
            ("CLUSTERDOWN The cluster is down", false),
            ("OOM command not allowed when used memory > 'maxmemory'.", false),
        ] {
            let error = Reply::Error(Bytes::from_static(said.as_bytes())).checked().unwrap_err();
            assert_eq!(is_demoted(&error), expected, "{said}");
        }
    }

    #[test]
    fn a_refusal_says_that_nothing_was_written_only_where_there_is_no_connection_yet() {
        let refused = || RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(connection_error("here", refused()).kind(), BrokerErrorKind::Unreachable);
        assert_eq!(broker_error("here", refused()).kind(), BrokerErrorKind::Lost);
    }
}
