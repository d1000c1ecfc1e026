//! How a server starts, shows that it is there, and stops.

mod presence;
mod running;
mod signals;
mod start;
mod streams;

pub use self::running::RunningServer;
pub(super) use self::signals::StopSignals;
pub(super) use self::start::{Plan, start};
