//! The contract of an object: what travels between those who serve it and those who call it, as one canonical text, and
//! a hash of that. `docs/contract-hash.md` is the specification, from the JSON model on.
//!
//! Two schemas give one text if, and only if, no message could tell them apart. So types are compared by what they are,
//! not by what they are called: those that are alike all the way down, cycles included, are one class, and the text is
//! written of classes.

mod classes;
mod line;
mod partition;

use std::collections::HashMap;
use std::fmt::Write as _;

#[cfg(not(feature = "sha2"))]
use hmac_sha256::Hash as Sha256;
#[cfg(feature = "sha2")]
use sha2::{Digest, Sha256};

use crate::schema::{Object, Schema};
use line::{Line, Quoted, by_wire_name};

/// The hexadecimal digits of a hash: 128 bits. It guards against mistakes, not against attackers, and it is shown to
/// people; among a million contracts, two that are equal by chance have odds of 1 in 10^26.
pub const DIGITS: usize = 32;

/// The contracts of a schema's objects. All that is asked of them is asked of an object of this schema.
///
/// ```
/// use zbus_idl::MemoryLoader;
/// use zbus_idl::contract::Contracts;
///
/// let hash = |text: &str| {
///     let schema = zbus_idl::compile(&["a.zbus"], &MemoryLoader::new().with("a.zbus", text)).unwrap();
///     Contracts::new(&schema).iter().next().unwrap().hash()
/// };
/// let written = hash("module m; struct Point { X: f64, Y: f64 } object o { fn Move(to: Point); }");
/// let renamed = hash("module m; struct P { Y: f64, X: f64 } object o { fn Move(target: P); }");
/// let changed = hash("module m; struct P { Y: f32, X: f64 } object o { fn Move(target: P); }");
/// assert_eq!(written, renamed);
/// assert_ne!(written, changed);
/// ```
#[derive(Clone, Debug)]
pub struct Contracts<'a> {
    schema: &'a Schema,
    /// What each type is, by its index.
    lines: Vec<Line>,
    /// The class of each type, by its index.
    classes: Vec<usize>,
    /// For each class, a type of it, by its index.
    representatives: Vec<usize>,
}

impl<'a> Contracts<'a> {
    /// Compares the types of a schema.
    pub fn new(schema: &'a Schema) -> Self {
        let lines: Vec<Line> = schema.types.iter().map(|def| Line::of_type(schema, def)).collect();
        let (classes, count) = classes::classes(&lines);
        let mut representatives = vec![0; count];
        for (index, class) in classes.iter().enumerate() {
            representatives[*class] = index;
        }
        Self { schema, lines, classes, representatives }
    }

    /// The name of each class: the first, in the order of the alphabet, of those of its types. Where two classes have one name, with
    /// the stem of the file before it.
    fn names(&self) -> Vec<String> {
        let mut named: Vec<(&str, &str)> = vec![("", ""); self.representatives.len()];
        for (def, class) in self.schema.types.iter().zip(&self.classes) {
            let name = (def.name.as_str(), self.schema[def.file].stem.as_str());
            if named[*class].0.is_empty() || name < named[*class] {
                named[*class] = name;
            }
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (name, _) in &named {
            *counts.entry(name).or_default() += 1;
        }
        let qualified = |(name, stem): &(&str, &str)| {
            if counts.get(name).is_some_and(|count| *count > 1) { format!("{stem}.{name}") } else { (*name).to_owned() }
        };
        named.iter().map(qualified).collect()
    }

    /// The contracts of the objects, in the order of [`Schema::objects`].
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Contract<'_>> {
        self.schema.objects.iter().map(|object| Contract { contracts: self, object })
    }
}

/// The contract of one object.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'a> {
    contracts: &'a Contracts<'a>,
    object: &'a Object,
}

impl<'a> Contract<'a> {
    /// Whose it is.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    /// The first [`DIGITS`] hexadecimal digits of the SHA-256 of [`text`](Self::text).
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        self.write(|text| digest.update(text));
        let digest = digest.finalize();
        digest.iter().take(DIGITS / 2).fold(String::with_capacity(DIGITS), |mut digits, byte| {
            // Writing to a string does not fail.
            _ = write!(digits, "{byte:02x}");
            digits
        })
    }

    /// The contract as the canonical text: where two hashes differ, a comparison of the texts shows why.
    pub fn text(&self) -> String {
        let mut all = String::new();
        self.write(|text| all.push_str(text));
        all
    }

    /// The contract with the names of types in place of their numbers, sorted: a change of one line of a schema changes the lines
    /// that it is about and no others, so that two of these can be compared line by line. It is not what is hashed.
    pub fn named_text(&self) -> String {
        let Self { contracts, object } = *self;
        let names = contracts.names();
        let mut text = Text::new(contracts, Labels::Names(&names));
        text.head(object);
        let mut lines = Vec::new();
        let mut next = 0;
        while let Some(class) = text.order.get(next).copied() {
            let head = std::mem::take(&mut text.written);
            text.push("#");
            text.push(&names[class]);
            text.push(" ");
            text.line(&contracts.lines[contracts.representatives[class]]);
            lines.push((class, std::mem::replace(&mut text.written, head)));
            next += 1;
        }
        lines.sort_by(|(one, _), (other, _)| names[*one].cmp(&names[*other]));
        for (_, line) in &lines {
            text.push(line);
        }
        text.written
    }

    /// Gives the text to `take`, some lines at a time: all of it can be long.
    fn write(&self, mut take: impl FnMut(&str)) {
        const SOME: usize = 4 << 10;
        let Self { contracts, object } = *self;
        let mut text = Text::new(contracts, Labels::Numbers);
        text.head(object);
        let mut next = 0;
        while let Some(class) = text.order.get(next).copied() {
            text.push("#");
            text.number(next);
            text.push(" ");
            text.line(&contracts.lines[contracts.representatives[class]]);
            next += 1;
            if text.written.len() > SOME {
                take(&text.written);
                text.written.clear();
            }
        }
        take(&text.written);
    }
}

/// What a reference to a class looks like.
#[derive(Clone, Copy)]
enum Labels<'a> {
    /// Its number, in the order of the references.
    Numbers,
    /// By the class.
    Names(&'a [String]),
}

/// A text in the making. A class gets its number where it is first referred to.
struct Text<'a> {
    contracts: &'a Contracts<'a>,
    labels: Labels<'a>,
    written: String,
    /// By the class.
    numbers: Vec<Option<usize>>,
    /// The classes, in the order of their numbers.
    order: Vec<usize>,
}

impl<'a> Text<'a> {
    fn new(contracts: &'a Contracts<'a>, labels: Labels<'a>) -> Self {
        let numbers = vec![None; contracts.representatives.len()];
        Self { contracts, labels, written: String::new(), numbers, order: Vec::new() }
    }

    /// The lines of the object, its methods and its streams.
    fn head(&mut self, object: &Object) {
        self.push(&format!("zbus contract 1\nobject {}\n", Quoted(&object.bus_name())));
        for method in by_wire_name(&object.methods, |method| &method.wire_name) {
            self.line(&Line::of_method(self.contracts.schema, method));
        }
        for stream in by_wire_name(&object.streams, |stream| &stream.wire_name) {
            self.line(&Line::of_stream(self.contracts.schema, stream));
        }
    }

    fn push(&mut self, text: &str) {
        self.written.push_str(text);
    }

    fn number(&mut self, number: usize) {
        // Writing to a string does not fail.
        _ = write!(self.written, "{number}");
    }

    fn line(&mut self, line: &Line) {
        let mut written = 0;
        for (at, id) in &line.references {
            let class = self.contracts.classes[id.index()];
            let number = *self.numbers[class].get_or_insert_with(|| {
                self.order.push(class);
                self.order.len() - 1
            });
            self.push(&line.text[written..*at]);
            match self.labels {
                Labels::Numbers => self.number(number),
                Labels::Names(names) => self.push(&names[class]),
            }
            written = *at;
        }
        self.push(&line.text[written..]);
        self.push("\n");
    }
}
