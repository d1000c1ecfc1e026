//! Memory is in proportion to the text: the peak of what a compilation and its report hold, as the allocator counts it.

use peak_alloc::PeakAlloc;
use zbus_idl::{Color, MemoryLoader, compile};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A text of so many rows.
type Text = fn(usize) -> String;

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect::<Vec<_>>().join("\n")
}

/// The most bytes that were held at once, over what was held before, by the bytes of the text.
fn peak_of_a_byte(text: String) -> f64 {
    let size = text.len();
    let loader = MemoryLoader::new().with("big.zbus", text);
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = compile(&["big.zbus"], &loader);
    if let Err(report) = &result {
        report.render(Color::Never);
    }
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = (MEMORY.peak_usage() - before) as f64 / size as f64;
    ratio
}

/// One test, for the allocator counts those of all threads.
#[test]
fn memory_is_in_proportion_to_the_text() {
    let texts: [(&str, Text); 9] = [
        ("structs", |n| rows(n, |i| format!("/// One.\nstruct S{i} {{ A: string, B: [i64]? }}"))),
        ("unions, enums and errors", |n| {
            rows(n, |i| format!("union U{i} {{ A, B: i8 }} enum E{i} {{ A, B }} error R{i} {{ A {{ B: i8 }} }}"))
        }),
        ("methods", |n| format!("module m; object o {{ {} }}", rows(n, |i| format!("fn F{i}(a: i64) -> [string];")))),
        ("unknown types", |n| rows(n, |i| format!("struct S{i} {{ A: T{i} }}"))),
        ("missing separators", |n| rows(n, |i| format!("struct S{i} {{ A: i8; B i8 }}"))),
        ("names twice", |n| rows(n, |_| "struct S { A: i8, A: i8 }".to_owned())),
        ("braces", |n| "{".repeat(n * 20)),
        ("brackets", |n| format!("struct S {{ A: {}", "[".repeat(n * 20))),
        ("strings that do not end", |n| "const A: string = \"\n".repeat(n)),
    ];
    for (name, text) in texts {
        let (small, large) = (peak_of_a_byte(text(100)), peak_of_a_byte(text(400)));
        println!("{name}: {small:.0} and {large:.0} bytes of memory a byte of text");
        assert!(
            large < small * 1.5 && large < 250.0,
            "{name}: {small:.0} bytes a byte, {large:.0} of a text four times as long"
        );
    }
}
