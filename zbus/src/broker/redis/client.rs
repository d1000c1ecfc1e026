//! A small Redis client: links, what goes over them, and how long that may take. It knows nothing of the bus.
//!
//! A [`Link`] is one connection: commands go out, and their replies come in, in the same order. A [`SharedLink`] is one that many tasks
//! use at once, and that comes back by itself.

mod busy_poll;
mod endpoint;
mod error;
mod link;
#[cfg(unix)]
mod quiet;
mod resp;
#[cfg(test)]
pub(super) mod scripted;
mod shared;
mod stall;
mod stream;

use std::time::Duration;

pub(super) use self::busy_poll::BusyPoll;
pub(super) use self::endpoint::Endpoint;
pub(super) use self::error::{closed, is_crowded, malformed, no_answer};
pub(super) use self::link::{Link, read};
#[cfg(any(test, fuzzing))]
pub(crate) use self::resp::any_replies;
pub(super) use self::resp::{Reply, WORD_OVERHEAD, command, number, word};
pub(super) use self::shared::{Exchanged, Failed, Observer, Priority, SharedLink, identify};
pub(super) use self::stall::Stall;

/// How long a connection may take to be made.
pub(super) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How long nothing may move on a link that has something to send or to receive.
pub(super) const STALLED: Duration = Duration::from_secs(10);
