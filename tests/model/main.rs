//! The structures whose races matter, run in the orders that their threads may take: loom does that where all that threads share is a
//! lock and wakers. Their files are taken from the library as they are, with a lock of loom's in place of its own.

mod sync;

#[allow(dead_code, unreachable_pub, reason = "the model needs a part of it")]
#[path = "../../zbus/src/client/slots.rs"]
mod slots;

mod calls;
