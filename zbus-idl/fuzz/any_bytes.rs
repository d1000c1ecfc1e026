//! What holds for any bytes as a schema, whoever makes them up: the fuzz target includes this file, and so do the tests,
//! which run it for a bounded time.

use zbus_idl::contract::Contracts;
use zbus_idl::{Color, MemoryLoader, compile, explain, model};

/// No panic, whatever comes out: a schema has a model and contracts; a report can be shown in every way, every code is in the
/// table, and every edit lies in its text.
pub(crate) fn hold(bytes: &[u8]) {
    let loader = MemoryLoader::new().with("geometry.zbus", "struct Point { X: f64, Y: f64 }").with("fuzz.zbus", bytes);
    match compile(&["fuzz.zbus"], &loader) {
        Ok(schema) => {
            let hashes: Vec<String> = Contracts::new(&schema).iter().map(|contract| contract.hash()).collect();
            assert_eq!(hashes.len(), schema.objects.len());
            model::to_json(&schema);
        }
        Err(report) => {
            assert!(!report.render(Color::Always).is_empty());
            report.to_json();
            for diagnostic in &report {
                assert!(explain(diagnostic.code()).is_some(), "{diagnostic:?}");
                diagnostic.one_line(report.sources());
                for label in diagnostic.labels() {
                    let source = report.sources().get(label.span.source).expect("a source of this report");
                    assert!(source.text.get(label.span.range()).is_some(), "{diagnostic:?}");
                }
                if let Some(edit) = diagnostic.fix.as_ref().and_then(|fix| fix.edit.as_ref()) {
                    let source = report.sources().get(edit.span.source).expect("a source of this report");
                    assert!(source.text.get(edit.span.range()).is_some(), "{diagnostic:?}");
                }
            }
        }
    }
}
