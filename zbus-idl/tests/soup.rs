//! Soup of tokens and bytes as schemas, through the very function that the fuzz target calls.

use std::time::{Duration, Instant};

#[path = "../fuzz/any_bytes.rs"]
mod any_bytes;

/// A generator of numbers that needs no crate and gives the same ones everywhere (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

const TOKENS: [&str; 66] = [
    "module",
    "import",
    "const",
    "type",
    "struct",
    "enum",
    "union",
    "error",
    "object",
    "as",
    "fn",
    "oneway",
    "stream",
    "throws",
    "map",
    "map<",
    "list<",
    "string",
    "i8",
    "u64",
    "any",
    "A",
    "B",
    "Point",
    "x",
    "_",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "[]",
    "?",
    ":",
    ";",
    ",",
    "=",
    "->",
    "...",
    "..",
    "@",
    "@wire(\"x\")",
    "@lag(error, 1)",
    "@1.0",
    "\"a\"",
    "\"",
    "'",
    "/*",
    "*/",
    "//",
    "///",
    "//!",
    "\n",
    "\r\n",
    "1",
    "-1",
    "2s",
    "0x",
    "1.5",
    "#",
    "é",
    "，",
    "\\",
];

/// How long each kind of soup is cooked: bounded by time, since machines differ.
const TIME: Duration = Duration::from_secs(1);
/// How long one text may take. Far more than any needs; what hangs would take for ever.
const ONE: Duration = Duration::from_secs(5);

fn survives(text: &[u8]) {
    let start = Instant::now();
    any_bytes::hold(text);
    assert!(start.elapsed() < ONE, "{}", String::from_utf8_lossy(text));
}

#[test]
fn soup_of_tokens_is_no_panic_and_no_hang() {
    let (mut random, start) = (Random(0x5eed), Instant::now());
    while start.elapsed() < TIME {
        let count = random.below(60);
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(TOKENS[random.below(TOKENS.len())]);
            text.push_str(["", " ", "\n"][random.below(3)]);
        }
        survives(text.as_bytes());
    }
}

#[test]
fn soup_of_bytes_is_no_panic_and_no_hang() {
    let (mut random, start) = (Random(0xb17e5), Instant::now());
    while start.elapsed() < TIME {
        let count = random.below(200);
        survives(&(0..count).map(|_| u8::try_from(random.below(256)).unwrap()).collect::<Vec<u8>>());
    }
}

#[test]
fn a_schema_with_soup_in_it_is_no_panic_and_no_hang() {
    let text = include_str!("corpus/valid/calculator.zbus").as_bytes();
    let (mut random, start) = (Random(0xca1c), Instant::now());
    while start.elapsed() < TIME {
        let (mut a, mut b) = (random.below(text.len()), random.below(text.len()));
        (a, b) = (a.min(b), b.max(a).min(a + random.below(20)));
        let token = TOKENS[random.below(TOKENS.len())].as_bytes();
        survives(&[&text[..a], token, &text[b.max(a)..]].concat());
    }
}
