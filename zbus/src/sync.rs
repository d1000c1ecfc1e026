//! The lock of the structures that `tests/model` runs in the orders that threads may take: it takes their files and has a `sync` of its own.

pub(crate) use parking_lot::Mutex;
