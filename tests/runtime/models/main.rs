//! Model checks: a part of the runtime under every order in which its threads may run, by loom. Such a part is taken in as a file, and
//! knows nothing of it: its locks and atomics are loom's here.

// What the files import as `parking_lot` is the locks below.
extern crate self as parking_lot;

mod calls;
mod lock;
mod workers;

pub use lock::Mutex;

#[allow(dead_code, reason = "the server uses more of it")]
#[path = "../../../zbus/src/server/workers/pool.rs"]
mod pool;

#[path = "../../../zbus/src/client/in_flight/deadlines.rs"]
mod deadlines;

#[path = "../../../zbus/src/client/in_flight/table.rs"]
mod table;

#[allow(dead_code, reason = "the client uses more of it")]
#[path = "../../../zbus/src/client/in_flight/slots.rs"]
mod slots;
