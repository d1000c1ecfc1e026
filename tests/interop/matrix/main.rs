//! This library, the Go library in both its generations, and rbus on one bus, every server with every client. What was observed is the
//! table of `docs/interop.md`.

mod compatibility;
mod faults;
mod feature;
mod go;
mod matrix;
mod ours;
mod page;
mod queue;
mod rbus;
