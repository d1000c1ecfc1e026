//! Any bytes as a schema: no panic, no hang, no memory without bounds.
#![no_main]

#[path = "../any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| any_bytes::hold(bytes));
