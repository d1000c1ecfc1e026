//! The words of every problem, with its code, its related places and its help beside them.

use super::{Label, Problem, Thing};
use crate::source::Span;

/// A problem in words.
pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Under the place itself.
    pub(super) label: String,
    pub(super) related: Vec<Label>,
    pub(super) help: Option<String>,
}

impl Words {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), label: String::new(), related: Vec::new(), help: None }
    }

    fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    fn also(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        self.related.extend(span.into().map(|span| Label { span, text: text.into() }));
        self
    }

    fn also_all(mut self, labels: &[Label]) -> Self {
        self.related.extend_from_slice(labels);
        self
    }

    fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

impl Problem {
    pub(super) fn describe(&self) -> Words {
        self.describe_text()
            .or_else(|| self.describe_names())
            .or_else(|| self.describe_types())
            .or_else(|| self.describe_enums_and_consts())
            .or_else(|| self.describe_objects())
            .unwrap_or_else(|| self.describe_attributes_and_files())
    }

    fn describe_text(&self) -> Option<Words> {
        Some(match self {
            Self::Unexpected { expected, found } => {
                Words::new("E0001", format!("expected {expected}, found {found}")).label(format!("expected {expected}"))
            }
            Self::MissingSeparator { separator, after, found } => {
                Words::new("E0002", format!("expected `{separator}` after {after}, found {found}"))
                    .label(format!("expected `{separator}`"))
            }
            Self::WrongSeparator { separator, found } => {
                let rule = match separator {
                    ',' => "`,` stands between members",
                    _ => "`;` stands behind each method and stream",
                };
                Words::new("E0003", format!("expected `{separator}`, found `{found}`")).label(rule)
            }
            Self::UnclosedBrace { open, found, unfinished } => {
                let label = match unfinished {
                    Some(separator) => format!("expected `{separator}` or `}}`"),
                    None => "expected `}`".to_owned(),
                };
                Words::new("E0004", format!("expected `}}`, found {found}"))
                    .label(label)
                    .also(*open, "this `{` is never closed")
            }
            Self::StrayBrace => Words::new("E0005", "unexpected `}`").label("there is no open `{` that it could close"),
            Self::EarlyBrace => Words::new("E0005", "unexpected `}`").label("what it closes goes on behind it"),
            Self::UnclosedString => Words::new("E0006", "the string does not end")
                .label("expected a `\"` before the end of the line")
                .help("a string stands on one line; `\\n` is a line break in it"),
            Self::UnclosedComment => Words::new("E0007", "the comment does not end").label("this comment has no `*/`"),
            Self::BadCharacter { character } => {
                let words = Words::new("E0008", format!("unexpected character `{}`", character.escape_debug()))
                    .label("not a character of the language");
                match character {
                    '“' | '”' | '„' | '«' | '»' => words.help("strings are written with `\"`"),
                    '–' | '—' | '−' => words.help("a hyphen is written `-`"),
                    '，' => words.help("write `,`"),
                    '；' => words.help("write `;`"),
                    '：' => words.help("write `:`"),
                    '（' | '）' => words.help("write `(` and `)`"),
                    '→' | '⇒' => words.help("write `->`"),
                    '…' => words.help("write `...`"),
                    character if character.is_numeric() => words.help("numbers are of the digits 0 to 9"),
                    character if character.is_alphabetic() => {
                        words.help("names are of the letters a to z, digits and `_`; `@wire(\"…\")` can hold any text")
                    }
                    _ => words,
                }
            }
            Self::LoneReturn => Words::new("E0008", "a carriage return without a line feed")
                .label("some editors show a new line here, others do not")
                .help("save the file with line ends of LF or CR LF"),
            Self::TooDeep { limit } => Words::new("E0009", format!("nested more than {limit} deep"))
                .label("this bracket is too deep")
                .help("give the inner type a name of its own"),
            Self::UnknownWord { word, expected } => {
                Words::new("E0010", format!("expected {expected}, found {word}")).label(format!("expected {expected}"))
            }
            Self::DanglingDocs { trailing: true } => Words::new("E0011", "documentation behind what it documents")
                .label("this would document what follows")
                .help("put it on the lines before, or write `//` for a comment"),
            Self::DanglingDocs { trailing: false } => Words::new("E0011", "documentation of nothing")
                .label("nothing follows that could be documented")
                .help("write `//` for a comment"),
            Self::MisplacedFileDocs => Words::new("E0012", "documentation of the file within it")
                .label("`//!` stands before everything else")
                .help("move it to the top; `///` documents what follows"),
            Self::BadNumber { text, reason } => Words::new("E0013", format!("`{text}` is not a number")).label(*reason),
            Self::BadEscape { escape } => Words::new("E0014", format!("unknown escape `{escape}`"))
                .label("not an escape")
                .help("there are `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{…}`"),
            Self::ForeignType { text } => Words::new("E0015", format!("`{text}` is not how this type is written")),
            Self::NestedDeclaration => Words::new("E0016", "a declaration within another")
                .label("declarations stand on the outermost level")
                .help("move it out; every declaration of a file can be used everywhere in it"),
            Self::NoSuchThing { what, instead } => Words::new("E0017", *what).label(*instead),
            _ => return None,
        })
    }

    fn describe_names(&self) -> Option<Words> {
        Some(match self {
            Self::Duplicate { thing, name, first } => {
                Words::new("E0101", format!("the name `{name}` is declared twice"))
                    .label(format!("a second {} of this name", thing.noun()))
                    .also(*first, "the first is here")
            }
            Self::Collision { thing, name, other, folded, first } => {
                Words::new("E0102", format!("the names `{name}` and `{other}` are too much alike"))
                    .label(format!("this {} becomes `{folded}` in generated code", thing.noun()))
                    .also(*first, "and so does this")
                    .help(match thing {
                        Thing::Field | Thing::Arm | Thing::Variant | Thing::Method | Thing::Stream => {
                            "rename one; `@wire(\"…\")` keeps a name on the wire"
                        }
                        Thing::Member => "rename one; `Name = \"…\"` keeps what travels",
                        _ => "rename one; these names do not travel",
                    })
            }
            Self::UnknownType { name } => Words::new("E0103", format!("unknown type `{name}`"))
                .label("neither declared here nor in a file imported here"),
            Self::Ambiguous { name, candidates } => {
                let words = Words::new("E0104", format!("`{name}` could mean two types")).label("which one?");
                candidates
                    .iter()
                    .fold(words, |words, one| words.also(one.span, format!("one is in {}", one.path)))
                    .help("rename one, or import only the file that is meant")
            }
            Self::BuiltinName { name } => Words::new("E0105", format!("`{name}` is a type of the language"))
                .label("this name is taken")
                .help("choose another name"),
            Self::BadName { name } => Words::new("E0106", format!("`{name}` cannot be a name"))
                .label("a name starts with a letter")
                .help("`@wire(\"…\")` gives a field any name on the wire"),
            Self::NotAType { name, thing, declared } => Words::new("E0107", format!("`{name}` is not a type"))
                .label("expected a type")
                .also(*declared, format!("it is declared as {} {}", article(thing.noun()), thing.noun())),
            _ => return None,
        })
    }

    fn describe_types(&self) -> Option<Words> {
        Some(match self {
            Self::Recursive { name, path } => Words::new("E0201", format!("`{name}` contains itself"))
                .label("a value of this type would have no end")
                .also_all(path)
                .help("make a field on the way optional (`T?`), or a list or map"),
            Self::AliasCycle { name, path } => Words::new("E0202", format!("the alias `{name}` stands for itself"))
                .label("what it stands for leads back here")
                .also_all(path)
                .help("an alias is another name of a type; a struct can contain lists of itself"),
            Self::SpreadOfOther { name, is, declared } => {
                Words::new("E0203", format!("`...{name}` needs a struct, but `{name}` is {} {is}", article(is)))
                    .label("not a struct")
                    .also(*declared, "declared here")
            }
            Self::SpreadCycle { name, path } => {
                Words::new("E0204", format!("the fields of `{name}` include themselves"))
                    .label("this spread leads back to its own struct")
                    .also_all(path)
            }
            Self::DuplicateWireName { wire, thing, first } => {
                Words::new("E0205", format!("two {}s are called \"{wire}\" on the wire", thing.noun()))
                    .label(format!("a second \"{wire}\""))
                    .also(*first, "the first is here")
            }
            Self::BadMapKey { key, declared } => Words::new("E0206", format!("{key} cannot be the key of a map"))
                .label("not a key")
                .also(*declared, "declared here")
                .help("keys are strings, integers or enums"),
            Self::OptionalOptional { alias: None } => Words::new("E0207", "an optional of an optional")
                .label("one `?` too many")
                .help("on the wire, none and a present none are both nil"),
            Self::OptionalOptional { alias: Some((name, declared)) } => {
                Words::new("E0207", format!("`{name}` is optional already"))
                    .label("an optional of an optional")
                    .also(*declared, "declared here")
                    .help("on the wire, none and a present none are both nil")
            }
            Self::OptionalAny { alias: None } => Words::new("E0208", "`any` is optional already")
                .label("it needs no `?`")
                .help("`any` can be nil, so nothing could tell none from it"),
            Self::OptionalAny { alias: Some((name, declared)) } => {
                Words::new("E0208", format!("`{name}` is `any`, which is optional already"))
                    .label("it needs no `?`")
                    .also(*declared, "declared here")
                    .help("`any` can be nil, so nothing could tell none from it")
            }
            Self::ErrorAsType { name, declared } => Words::new("E0209", format!("`{name}` is an error, not a value"))
                .label("errors stand behind `throws`")
                .also(*declared, "declared here")
                .help("to carry its data in a value, declare a union"),
            Self::ThrowsOther { name, is, declared } => {
                Words::new("E0210", format!("`throws` needs an error, but `{name}` is {} {is}", article(is)))
                    .label("not an error")
                    .also(*declared, "declared here")
                    .help(format!("declare it as `error {name} {{ … }}`"))
            }
            Self::TooManyFields { limit } => {
                Words::new("E0219", format!("spreads bring more than {limit} fields into these files"))
                    .label("this one is too many")
                    .help("a field of the struct's type holds its fields without copying them")
            }
            _ => return None,
        })
    }

    fn describe_enums_and_consts(&self) -> Option<Words> {
        Some(match self {
            Self::EnumValueRange { value, repr, min, max } => {
                Words::new("E0211", format!("{value} does not fit into `{repr}`"))
                    .label("out of range")
                    .help(format!("`{repr}` goes from {min} to {max}"))
            }
            Self::EnumValueClash { value, name, first } => {
                Words::new("E0212", format!("two members have the value {value}"))
                    .label(format!("{value} again"))
                    .also(*first, format!("`{name}` has it"))
            }
            Self::EnumValueKind { expected, found } => {
                Words::new("E0213", format!("expected {expected} as the member's value, found {found}"))
                    .label(format!("expected {expected}"))
                    .help("`enum Name { … }` travels as strings, `enum Name: u8 { … }` as integers")
            }
            Self::EnumRepr { found } => Words::new("E0214", format!("an enum cannot travel as {found}"))
                .label("expected an integer type")
                .help("leave it out for an enum of strings, or name one of i8 to i64, u8 to u64"),
            Self::Empty { what, name, of } => Words::new("E0215", format!("the {what} `{name}` is empty"))
                .label(format!("it needs at least one {of}")),
            Self::ConstType { found } => Words::new("E0216", format!("{found} cannot be the type of a const"))
                .label("not a type for a const")
                .help("consts are of bool, an integer or float type, string or duration"),
            Self::ConstRange { value, ty, range } => Words::new("E0217", format!("{value} does not fit into `{ty}`"))
                .label("out of range")
                .help(format!("`{ty}` goes {range}")),
            Self::ConstKind { expected, found } => {
                Words::new("E0218", format!("expected {expected}, found {found}")).label(format!("expected {expected}"))
            }
            _ => return None,
        })
    }

    fn describe_objects(&self) -> Option<Words> {
        Some(match self {
            Self::NoModule { object } => Words::new("E0301", format!("the object `{object}` belongs to no module"))
                .label("which process serves it?")
                .help("say so at the top of the file: `module name;`"),
            Self::SecondModule { first } => Words::new("E0302", "a second `module`")
                .label("a file belongs to one module")
                .also(*first, "the first is here"),
            Self::BadBusName { what, name } => {
                Words::new("E0303", format!("`{name}` cannot be the name of {} {what}", article(what)))
                    .label("not a name on the bus")
                    .help("it starts with a letter, then letters, digits, `_` and `-`")
            }
            Self::BadVersion { version } if version.is_empty() => Words::new("E0304", "no version behind the `@`")
                .label("expected a version")
                .help("`name@1.0`, or `name` alone"),
            Self::BadVersion { version } => Words::new("E0304", format!("`{version}` cannot be a version"))
                .label("not a version")
                .help("it is of letters, digits, `.`, `_`, `+` and `-`"),
            Self::SpaceAroundAt => {
                Words::new("E0305", "space around the `@` of an object").label("`name@version` is one word")
            }
            Self::ReservedObject => Words::new("E0306", "`zbus@1.0` is reserved")
                .label("every module serves an object of this name already")
                .help("it answers the status request; choose another name or version"),
            Self::DuplicateObject { name, first } => {
                Words::new("E0307", format!("the object `{name}` is declared twice in this module"))
                    .label("a second one")
                    .also(*first, "the first is here")
            }
            Self::ObjectTypeName { type_name, other, first } => {
                Words::new("E0308", format!("two things would be called `{type_name}` in generated code"))
                    .label(format!("this object becomes `{type_name}`"))
                    .also(*first, format!("and so does this {other}"))
                    .help("name the object's type: `object name@version as OtherName`")
            }
            Self::VariadicNotLast { name } => {
                Words::new("E0309", format!("`{name}` is variadic, but not the last parameter"))
                    .label("`...` takes all arguments that are left")
                    .help("move it to the end, or take a list: `[T]`")
            }
            Self::OnewayReturns { what } => Words::new("E0310", format!("a `oneway` method {what}"))
                .label("nobody would hear it")
                .help("a caller of a `oneway` method awaits no reply; remove this or `oneway`"),
            Self::EmptyReturns => Words::new("E0311", "an empty list of return values").label("nothing is returned"),
            _ => return None,
        })
    }

    /// The rest: the last group has no way out, so that every problem has words.
    fn describe_attributes_and_files(&self) -> Words {
        match self {
            Self::UnknownAttribute { name } => Words::new("E0401", format!("unknown attribute `@{name}`"))
                .label("not an attribute")
                .help("there are @wire, @deprecated, @timeout, @idempotent, @uninterruptible and @lag"),
            Self::MisplacedAttribute { name, on, belongs } => {
                Words::new("E0402", format!("`@{name}` does not belong on {} {on}", article(on)))
                    .label("not here")
                    .help(format!("it belongs on {belongs}"))
            }
            Self::BadArguments { name, usage, reason } => {
                Words::new("E0403", format!("wrong arguments for `@{name}`")).label(reason).help(format!("write `{usage}`"))
            }
            Self::RepeatedAttribute { name, first } => {
                Words::new("E0404", format!("`@{name}` is given twice")).label("the second one").also(*first, "the first one")
            }
            Self::NotFound { path, .. } if path.is_empty() => Words::new("E0501", "a path that names no file")
                .label("expected the path of a schema")
                .help("such as `import \"geometry.zbus\";`"),
            Self::NotFound { path, searched } => {
                let words = Words::new("E0501", format!("there is no file `{path}`")).label("not found");
                if searched.is_empty() { words } else { words.help(format!("looked for {}", searched.join(", "))) }
            }
            Self::AbsoluteImport { path } => Words::new("E0508", format!("`{path}` is not a relative path"))
                .label("an import is relative, with `/` between folders")
                .help("write the path from this file's folder, or from a folder of the include paths"),
            Self::ImportEnding { path } => Words::new("E0508", format!("`{path}` does not end in `.zbus`"))
                .label("expected the path of a schema"),
            Self::Unreadable { path, reason } => {
                Words::new("E0502", format!("cannot read `{path}`: {reason}")).label("cannot be read")
            }
            Self::TooLarge { path, size, limit } => {
                Words::new("E0503", format!("`{path}` is too large: {size} bytes, the limit is {limit}")).label("too large")
            }
            Self::NotUtf8 { path, offset } => {
                Words::new("E0504", format!("`{path}` is not UTF-8 text")).label(format!("byte {offset} is not")).help("save it as UTF-8")
            }
            Self::ImportCycle { cycle, related } => Words::new("E0505", "files import each other")
                .label(cycle.join(" → "))
                .also_all(related)
                .help("move what both need into a file of its own"),
            Self::SameStem { stem, path, other } => {
                Words::new("E0506", format!("`{path}` and `{other}` would both become the module `{stem}`"))
                    .label("the second of this name")
                    .help("rename one of the files")
            }
            Self::BadFileName { path } => Words::new("E0507", format!("`{path}` cannot become a module"))
                .label("the name of this file")
                .help("a schema's file is called `name.zbus`; the name starts with a letter, then letters, digits, `_` and `-`"),
            // Every other variant has its words above; a test walks the corpus to see that none falls through.
            other => Words::new("E0000", format!("{other:?}")),
        }
    }
}

pub(crate) fn article(noun: &str) -> &'static str {
    // As it is spoken: a union.
    let begins_with_vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']) && !noun.starts_with("uni");
    if begins_with_vowel { "an" } else { "a" }
}
