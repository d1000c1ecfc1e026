//! Any bytes as a schema: no panic, no hang, whatever the report is rendered into.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zbus_idl::{Color, MemoryLoader, compile};

fuzz_target!(|bytes: &[u8]| {
    let loader = MemoryLoader::new()
        .with("geometry.zbus", "struct Point { X: f64, Y: f64 }")
        .with("fuzz.zbus", bytes);
    if let Err(report) = compile(&["fuzz.zbus"], &loader) {
        report.render(Color::Always);
    }
});
