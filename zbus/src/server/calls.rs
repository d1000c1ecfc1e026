//! From a request to its reply.

mod cancellations;
mod dispatch;
mod execution;
mod objects;
mod spawn;

pub(super) use self::cancellations::Cancellations;
pub(super) use self::dispatch::Dispatcher;
pub(super) use self::objects::{Objects, Registered};
pub(super) use self::spawn::AnyObject;
