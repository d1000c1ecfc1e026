//! The way back: replies and events.

mod address;
mod tracker;

pub(super) use self::address::{ReplyLists, ReplyTo};
pub(super) use self::tracker::{ReplyTracker, Sent};
