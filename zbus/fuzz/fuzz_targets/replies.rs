#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| zbus::any_bytes::replies(bytes));
