//! Memory and work are in proportion to the text: of a compilation and its report, the most bytes that are held at once, and how often
//! memory is asked for, as the allocator counts them. Such counts are the same on a machine that has other things to do.

use allocation_counter::{AllocationInfo, measure};
use zbus_idl::{Color, MemoryLoader, compile};

/// A text of so many rows.
type Text = fn(usize) -> String;

fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect::<Vec<_>>().join("\n")
}

/// What the compilation of a text takes, its report's rendering included.
fn takes(text: String) -> AllocationInfo {
    let loader = MemoryLoader::new().with("big.zbus", text);
    measure(|| {
        if let Err(report) = compile(&["big.zbus"], &loader) {
            report.render(Color::Never);
        }
    })
}

/// The most bytes that were held at once, by the bytes of the text.
fn peak_of_a_byte(text: String) -> f64 {
    let size = text.len();
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let ratio = takes(text).bytes_max as f64 / size as f64;
    ratio
}

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

/// What goes over all of a text once for each of its parts makes something of it each time, as a rule: so a count of allocations tells.
#[test]
fn work_is_in_proportion_to_the_text() {
    let texts: [(&str, Text); 19] = [
        ("maps that are not closed", |n| {
            rows(n / 100, |i| format!("struct S{i} {{ A: {}i8 }}", "map<u8, ".repeat(60)))
        }),
        ("structs", |n| rows(n, |i| format!("struct S{i} {{ A: string, B: [i64]? }}"))),
        ("unknown types", |n| rows(n, |i| format!("struct S{i} {{ A: T{i} }}"))),
        ("aliases in a row", |n| rows(n, |i| format!("type A{i} = A{};", i + 1))),
        ("a cycle of aliases", |n| rows(n, |i| format!("type A{i} = A{};", (i + 1) % 1000))),
        ("spreads in a row", |n| rows(n, |i| format!("struct S{i} {{ ...S{}, F{i}: i8 }}", i + 1))),
        ("a cycle of structs", |n| rows(n, |i| format!("struct S{i} {{ f: S{} }}", (i + 1) % 1000))),
        ("braces", |n| "{".repeat(n)),
        ("brackets", |n| format!("struct S {{ A: {}", "[".repeat(n))),
        ("question marks", |n| format!("struct S {{ A: i8{} }}", "?".repeat(n))),
        ("prefixes", |n| format!("struct S {{ A: {}i8 }}", "[]".repeat(n))),
        ("attributes that do not end", |n| "@a(\n".repeat(n)),
        ("documentation of nothing", |n| format!("struct S {{ A: i8\n{}", "/// x\n".repeat(n))),
        ("strings that do not end", |n| "const A: string = \"\n".repeat(n)),
        ("unknown blocks", |n| format!("a {{\n{}", "/// x\n@b\n".repeat(n))),
        ("attributes in a row", |n| format!("struct S {{\n{}", "@b\n".repeat(n))),
        ("declarations on one line", |n| "struct S { A: T } ".repeat(n)),
        ("declarations that are not closed", |n| rows(n, |i| format!("struct S{i} {{\n    A: i8"))),
        ("one long line", |n| format!("struct S {{ {} }}", "A: b, ".repeat(n))),
    ];
    for (name, text) in texts {
        let (small, large) = (takes(text(500)), takes(text(2_000)));
        println!(
            "{name}: {} and {} allocations, {} and {} bytes",
            small.count_total, large.count_total, small.bytes_total, large.bytes_total
        );
        assert!(
            large.count_total < small.count_total * 5 && large.bytes_total < small.bytes_total * 6,
            "{name}: {small:?} for a text, {large:?} for one four times as long"
        );
    }
}
