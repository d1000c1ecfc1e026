//! The words of every problem, its related places and its help beside them; its code.

use std::borrow::Cow;

use super::{ArgumentProblem, Bounded, DocsProblem, Label, NumberProblem, Problem, Thing, TypeLooks, ValueKind};
use crate::language::AttributeName;
use crate::source::Span;

/// A problem in words.
pub(super) struct Words {
    pub(super) message: String,
    /// Under the place itself.
    pub(super) label: String,
    pub(super) related: Vec<Label>,
    pub(super) help: Option<Cow<'static, str>>,
}

impl Words {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), label: String::new(), related: Vec::new(), help: None }
    }

    fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    fn also(mut self, span: impl Into<Option<Span>>, text: impl Into<String>) -> Self {
        self.related.extend(span.into().map(|span| Label { span, text: text.into() }));
        self
    }

    fn help(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(text.into());
        self
    }
}

impl Problem {
    /// The stable code, such as `E0103`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unexpected { .. } => "E0001",
            Self::MissingSeparator { .. } => "E0002",
            Self::WrongSeparator { .. } => "E0003",
            Self::UnclosedBrace { .. } => "E0004",
            Self::StrayBrace | Self::EarlyBrace => "E0005",
            Self::UnclosedString => "E0006",
            Self::UnclosedComment => "E0007",
            Self::BadCharacter { .. } | Self::LoneReturn => "E0008",
            Self::TooDeep { .. } => "E0009",
            Self::UnknownWord { .. } => "E0010",
            Self::DanglingDocs(_) => "E0011",
            Self::MisplacedFileDocs => "E0012",
            Self::BadNumber { .. } => "E0013",
            Self::BadEscape { .. } => "E0014",
            Self::ForeignType { .. } => "E0015",
            Self::NestedDeclaration => "E0016",
            Self::NoSuchThing(_) => "E0017",
            Self::Duplicate { .. } => "E0101",
            Self::Collision { .. } => "E0102",
            Self::UnknownType { .. } => "E0103",
            Self::Ambiguous { .. } => "E0104",
            Self::BuiltinName { .. } => "E0105",
            Self::BadName { .. } => "E0106",
            Self::NotAType { .. } => "E0107",
            Self::Recursive { .. } => "E0201",
            Self::AliasCycle { .. } => "E0202",
            Self::SpreadOfOther { .. } => "E0203",
            Self::SpreadCycle { .. } => "E0204",
            Self::DuplicateWireName { .. } => "E0205",
            Self::BadMapKey { .. } => "E0206",
            Self::OptionalOptional { .. } => "E0207",
            Self::OptionalAny { .. } => "E0208",
            Self::ErrorAsType { .. } => "E0209",
            Self::ThrowsOther { .. } => "E0210",
            Self::EnumValueRange { .. } => "E0211",
            Self::EnumValueClash { .. } => "E0212",
            Self::EnumValueKind { .. } => "E0213",
            Self::EnumRepr { .. } => "E0214",
            Self::Empty { .. } => "E0215",
            Self::ConstType { .. } => "E0216",
            Self::ConstRange { .. } => "E0217",
            Self::ConstKind { .. } => "E0218",
            Self::TooManyFields { .. } => "E0219",
            Self::NoModule { .. } => "E0301",
            Self::SecondModule { .. } => "E0302",
            Self::BadBusName { .. } => "E0303",
            Self::BadVersion { .. } => "E0304",
            Self::SpaceAroundAt => "E0305",
            Self::ReservedObject => "E0306",
            Self::DuplicateObject { .. } => "E0307",
            Self::ObjectTypeName { .. } => "E0308",
            Self::VariadicNotLast { .. } => "E0309",
            Self::OnewayReturns | Self::OnewayThrows => "E0310",
            Self::EmptyReturns => "E0311",
            Self::UnknownAttribute { .. } => "E0401",
            Self::MisplacedAttribute { .. } => "E0402",
            Self::BadArguments { .. } => "E0403",
            Self::RepeatedAttribute { .. } => "E0404",
            Self::NotFound { .. } => "E0501",
            Self::IsDirectory { .. } | Self::Unreadable { .. } => "E0502",
            Self::TooLarge { .. } => "E0503",
            Self::NotUtf8 { .. } => "E0504",
            Self::ImportCycle { .. } => "E0505",
            Self::SameStem { .. } => "E0506",
            Self::BadFileName { .. } => "E0507",
            Self::AbsoluteImport { .. } | Self::ImportEnding { .. } => "E0508",
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each problem, and nothing else")]
    pub(super) fn describe(&self) -> Words {
        match self {
            Self::Unexpected { expected, found } => {
                let expected = expected.words();
                Words::new(format!("expected {expected}, found {}", found.words())).label(format!("expected {expected}"))
            }
            Self::MissingSeparator { separator, after, found } => {
                Words::new(format!("expected `{separator}` after the {}, found {}", after.noun(), found.words()))
                    .label(format!("expected `{separator}`"))
            }
            Self::WrongSeparator { separator, found } => {
                Words::new(format!("expected `{separator}`, found `{found}`")).label(match separator {
                    ',' => "a `,` separates members",
                    _ => "a `;` ends each method and stream",
                })
            }
            Self::UnclosedBrace { open, found, unfinished } => {
                let label = match unfinished {
                    Some(separator) => format!("expected `{separator}` or `}}`"),
                    None => "expected `}`".to_owned(),
                };
                Words::new(format!("expected `}}`, found {}", found.words()))
                    .label(label)
                    .also(*open, "this `{` is never closed")
            }
            Self::StrayBrace => Words::new("unexpected `}`").label("there is no open `{` that it could close"),
            Self::EarlyBrace => Words::new("unexpected `}`").label("this closes the body too early"),
            Self::UnclosedString => Words::new("the string does not end")
                .label("expected a `\"` before the end of the line")
                .help("a string ends on its own line; `\\n` is a line break in it"),
            Self::UnclosedComment => Words::new("the comment does not end").label("this comment has no `*/`"),
            Self::BadCharacter { character } => bad_character(*character),
            Self::LoneReturn => Words::new("a carriage return without a line feed")
                .label("some editors show a new line here, others do not")
                .help("save the file with line ends of LF or CR LF"),
            Self::TooDeep { limit } => Words::new(format!("nested more than {limit} deep"))
                .label("this bracket is too deep")
                .help("give the inner type a name of its own"),
            Self::UnknownWord { word, expected } => {
                let expected = format!("{} {}", article(expected.noun()), expected.noun());
                Words::new(format!("expected {expected}, found {}", word.words())).label(format!("expected {expected}"))
            }
            Self::DanglingDocs(DocsProblem::AfterSomething) => Words::new("documentation after what it documents")
                .label("this would document what follows")
                .help("put it on the lines before, or write `//` for a comment"),
            Self::DanglingDocs(DocsProblem::OfNothing) => Words::new("documentation of nothing")
                .label("nothing follows that could be documented")
                .help("write `//` for a comment"),
            Self::MisplacedFileDocs => Words::new("documentation of the file after something else")
                .label("`//!` must come first")
                .help("move it to the top; `///` documents what follows"),
            Self::BadNumber { text, problem } => {
                Words::new(format!("`{text}` is not a number")).label(number(problem))
            }
            Self::BadEscape { escape } => Words::new(format!("unknown escape `{escape}`"))
                .label("not an escape")
                .help("the escapes are `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{…}`"),
            Self::ForeignType { text } => Words::new(format!("`{text}` is not how this type is written")),
            Self::NestedDeclaration => Words::new("a declaration within another")
                .label("declarations go side by side, on the outermost level")
                .help("move it out; every declaration of a file can be used everywhere in it"),
            Self::NoSuchThing(absent) => {
                let (what, instead) = absent.words();
                Words::new(what).label(instead)
            }

            Self::Duplicate { thing, name, first } => Words::new(format!("the name `{name}` is declared twice"))
                .label(format!("a second {} of this name", thing.noun()))
                .also(*first, "the first is here"),
            Self::Collision { thing, name, other, folded, first } => {
                Words::new(format!("the names `{name}` and `{other}` are too much alike"))
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
            Self::UnknownType { name } => Words::new(format!("unknown type `{name}`"))
                .label("declared neither here nor in a file imported here"),
            Self::Ambiguous { name, candidates } => {
                let words = Words::new(format!("`{name}` could mean two types")).label("which one?");
                let words =
                    candidates.iter().fold(words, |words, one| words.also(one.span, format!("one is in {}", one.path)));
                words.help("rename one, or import only the file that is meant")
            }
            Self::BuiltinName { name } => Words::new(format!("`{name}` is a type of the language"))
                .label("this name is taken")
                .help("choose another name"),
            Self::BadName { name } => Words::new(format!("`{name}` cannot be a name"))
                .label("a name starts with a letter")
                .help("`@wire(\"…\")` gives a field any name on the wire"),
            Self::NotAType { name, thing, declared } => Words::new(format!("`{name}` is not a type"))
                .label("expected a type")
                .also(*declared, format!("it is declared as {} {}", article(thing.noun()), thing.noun())),

            Self::Recursive { name, path } => {
                let words =
                    Words::new(format!("`{name}` contains itself")).label("a value of this type would have no end");
                let words = path.iter().fold(words, |words, step| words.also(step.span, format!("through `{}`", step.name)));
                words.help("make a field on the way optional (`T?`), or a list or map")
            }
            Self::AliasCycle { name, path } => {
                let words = Words::new(format!("the alias `{name}` stands for itself"))
                    .label("what it stands for leads back here");
                let words = path.iter().fold(words, |words, step| words.also(step.span, on_the_way(&step.name)));
                words.help("an alias is another name of a type; a struct can contain lists of itself")
            }
            Self::SpreadOfOther { name, is, declared } => {
                let is = match is {
                    Thing::Alias => "alias of something else",
                    is => is.noun(),
                };
                Words::new(format!("`...{name}` needs a struct, but `{name}` is {} {is}", article(is)))
                    .label("not a struct")
                    .also(*declared, "declared here")
            }
            Self::SpreadCycle { name, path } => {
                let words = Words::new(format!("the fields of `{name}` include themselves"))
                    .label("this spread leads back to its own struct");
                path.iter().fold(words, |words, step| words.also(step.span, on_the_way(&step.name)))
            }
            Self::DuplicateWireName { wire, thing, first, spread } => {
                let words = Words::new(format!("two {}s are called \"{wire}\" on the wire", thing.noun()));
                let words = match spread {
                    Some(name) => words.label(format!("`...{name}` brings a second \"{wire}\"")),
                    None => words.label(format!("a second \"{wire}\"")),
                };
                words.also(*first, "the first is here")
            }
            Self::BadMapKey { key, declared } => Words::new(format!("{} cannot be the key of a map", looks(key)))
                .label("not a key")
                .also(*declared, "declared here")
                .help("keys are strings, integers or enums"),
            Self::OptionalOptional { alias: None } => Words::new("an optional of an optional")
                .label("one `?` too many")
                .help("on the wire, none and a present none are both nil"),
            Self::OptionalOptional { alias: Some((name, declared)) } => {
                Words::new(format!("`{name}` is optional already"))
                    .label("an optional of an optional")
                    .also(*declared, "declared here")
                    .help("on the wire, none and a present none are both nil")
            }
            Self::OptionalAny { alias: None } => Words::new("`any` is optional already")
                .label("it needs no `?`")
                .help("`any` can be nil, so nothing could tell none from it"),
            Self::OptionalAny { alias: Some((name, declared)) } => {
                Words::new(format!("`{name}` is `any`, which is optional already"))
                    .label("it needs no `?`")
                    .also(*declared, "declared here")
                    .help("`any` can be nil, so nothing could tell none from it")
            }
            Self::ErrorAsType { name, declared } => Words::new(format!("`{name}` is an error, not a value"))
                .label("errors come after `throws`")
                .also(*declared, "declared here")
                .help("to carry its data in a value, declare a union"),
            Self::ThrowsOther { name, is, declared } => {
                let words = Words::new(format!("`throws` needs an error, but `{name}` is {} {}", article(is.noun()), is.noun()))
                    .label("not an error")
                    .also(*declared, "declared here");
                match is {
                    Thing::Alias => words.help("an alias cannot be thrown; write the name of an error"),
                    _ => words.help(format!("declare it as `error {name} {{ … }}`")),
                }
            }
            Self::EnumValueRange { value, repr } => {
                let (min, max) = repr.range();
                Words::new(format!("{value} does not fit into `{}`", repr.name()))
                    .label("out of range")
                    .help(format!("`{}` goes from {min} to {max}", repr.name()))
            }
            Self::EnumValueClash { value, name, first } => Words::new(format!("two members have the value {value}"))
                .label(format!("{value} again"))
                .also(*first, format!("`{name}` has it")),
            Self::EnumValueKind { expected, found } => {
                Words::new(format!("expected {} as the member's value, found {}", expected.wanted(), found.words()))
                    .label(format!("expected {}", expected.wanted()))
                    .help("`enum Name { … }` travels as strings, `enum Name: u8 { … }` as integers")
            }
            Self::EnumRepr { found } => Words::new(format!("an enum cannot travel as {}", looks(found)))
                .label("expected an integer type")
                .help("leave it out for an enum of strings, or name one of i8 to i64, u8 to u64"),
            Self::Empty { thing, name, of } => Words::new(format!("the {} `{name}` is empty", thing.noun()))
                .label(format!("it needs at least one {}", of.noun())),
            Self::ConstType { found } => Words::new(format!("{} cannot be the type of a const", looks(found)))
                .label("not a type for a const")
                .help("a const is a bool, an integer, a float, a string or a duration"),
            Self::ConstRange { value, ty } => {
                let (name, range) = match ty {
                    Bounded::Integer(integer) => {
                        let (min, max) = integer.range();
                        (integer.name(), format!("goes from {min} to {max}"))
                    }
                    Bounded::F32 => ("f32", format!("holds at most {:e}", f32::MAX)),
                };
                Words::new(format!("{value} does not fit into `{name}`"))
                    .label("out of range")
                    .help(format!("`{name}` {range}"))
            }
            Self::ConstKind { expected, found } => {
                Words::new(format!("expected {}, found {}", expected.wanted(), found.words()))
                    .label(format!("expected {}", expected.wanted()))
            }
            Self::TooManyFields { limit } => {
                Words::new(format!("spreads bring more than {limit} fields into these files"))
                    .label("this one is too many")
                    .help("a field of the struct's type holds its fields without copying them")
            }

            Self::NoModule { object } => Words::new(format!("the object `{object}` belongs to no module"))
                .label("which process serves it?")
                .help("say so at the top of the file: `module name;`"),
            Self::SecondModule { first } => Words::new("a second `module`")
                .label("a file belongs to one module")
                .also(*first, "the first is here"),
            Self::BadBusName { thing, name } => {
                Words::new(format!("`{name}` cannot be the name of {} {}", article(thing.noun()), thing.noun()))
                    .label("not a name on the bus")
                    .help("it starts with a letter, then letters, digits, `_` and `-`")
            }
            Self::BadVersion { version } if version.is_empty() => Words::new("no version after the `@`")
                .label("expected a version")
                .help("`name@1.0`, or `name` alone"),
            Self::BadVersion { version } => Words::new(format!("`{version}` cannot be a version"))
                .label("not a version")
                .help("a version consists of letters, digits, `.`, `_`, `+` and `-`"),
            Self::SpaceAroundAt => Words::new("space around the `@` of an object").label("`name@version` is one word"),
            Self::ReservedObject => Words::new("`zbus@1.0` is reserved")
                .label("every module serves an object of this name already")
                .help("it answers the status request; choose another name or version"),
            Self::DuplicateObject { name, first } => {
                Words::new(format!("the object `{name}` is declared twice in this module"))
                    .label("a second one")
                    .also(*first, "the first is here")
            }
            Self::ObjectTypeName { type_name, other, first } => {
                Words::new(format!("two things would be called `{type_name}` in generated code"))
                    .label(format!("this object becomes `{type_name}`"))
                    .also(*first, format!("and so does this {}", other.noun()))
                    .help("name the object's type: `object name@version as OtherName`")
            }
            Self::VariadicNotLast { name } => {
                Words::new(format!("`{name}` is variadic, but not the last parameter"))
                    .label("`...` takes all arguments that are left")
                    .help("move it to the end, or take a list: `[T]`")
            }
            Self::OnewayReturns => oneway("a `oneway` method cannot return anything"),
            Self::OnewayThrows => oneway("a `oneway` method cannot throw"),
            Self::EmptyReturns => Words::new("an empty list of return values").label("nothing is returned"),

            Self::UnknownAttribute { name } => {
                let names: Vec<String> = AttributeName::ALL.iter().map(|one| format!("@{}", one.name())).collect();
                let known = match names.as_slice() {
                    [first @ .., last] => format!("the attributes are {} and {last}", first.join(", ")),
                    [] => String::new(),
                };
                Words::new(format!("unknown attribute `@{name}`")).label("not an attribute").help(known)
            }
            Self::MisplacedAttribute { attribute, on } => {
                let on = match on {
                    Thing::Member => "member of an enum",
                    on => on.noun(),
                };
                Words::new(format!("`@{}` does not belong on {} {on}", attribute.name(), article(on)))
                    .label("not here")
                    .help(format!("it belongs on {}", attribute.belongs()))
            }
            Self::BadArguments { attribute, problem: ArgumentProblem::NeedsReason } => {
                Words::new(format!("`@{}` needs a reason", attribute.name()))
                    .label("expected one string")
                    .help(format!("write `{}`", attribute.usage()))
            }
            Self::BadArguments { attribute, problem } => {
                Words::new(format!("wrong arguments for `@{}`", attribute.name()))
                    .label(arguments(problem))
                    .help(format!("write `{}`", attribute.usage()))
            }
            Self::RepeatedAttribute { attribute, first } => {
                Words::new(format!("`@{}` is given twice", attribute.name()))
                    .label("the second one")
                    .also(*first, "the first one")
            }

            Self::NotFound { path, .. } if path.is_empty() => Words::new("a path that names no file")
                .label("expected the path of a schema")
                .help("such as `import \"geometry.zbus\";`"),
            Self::NotFound { path, searched } => {
                let words = Words::new(format!("there is no file `{path}`")).label("not found");
                if searched.is_empty() { words } else { words.help(format!("looked for {}", searched.join(", "))) }
            }
            Self::AbsoluteImport { path } => Words::new(format!("`{path}` is not a relative path"))
                .label("an import is relative, with `/` between folders")
                .help("write the path from this file's folder, or from a folder of the include paths"),
            Self::ImportEnding { path } => {
                Words::new(format!("`{path}` does not end in `.zbus`")).label("expected the path of a schema")
            }
            Self::IsDirectory { path } => {
                Words::new(format!("cannot read `{path}`: it is a directory")).label("cannot be read")
            }
            Self::Unreadable { path, reason } => {
                Words::new(format!("cannot read `{path}`: {reason}")).label("cannot be read")
            }
            Self::TooLarge { path, size, limit } => {
                Words::new(format!("`{path}` is too large: {size} bytes, the limit is {limit}")).label("too large")
            }
            Self::NotUtf8 { path, offset } => Words::new(format!("`{path}` is not UTF-8 text"))
                .label(format!("byte {offset} is not"))
                .help("save it as UTF-8"),
            Self::ImportCycle { cycle, path } => {
                let words = Words::new("files import each other").label(cycle.join(" → "));
                let words =
                    path.iter().fold(words, |words, step| words.also(step.span, format!("this imports {}", step.name)));
                words.help("move what both need into a file of its own")
            }
            Self::SameStem { stem, path, other } => {
                Words::new(format!("`{path}` and `{other}` would both become the module `{stem}`"))
                    .label("the second of this name")
                    .help("rename one of the files")
            }
            Self::BadFileName { path } => Words::new(format!("`{path}` cannot become a module"))
                .label("the name of this file")
                .help("a schema's file is called `name.zbus`; the name starts with a letter, then letters, digits, `_` and `-`"),
        }
    }
}

fn bad_character(character: char) -> Words {
    let words = Words::new(format!("unexpected character `{}`", character.escape_debug()))
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
        character if character.is_numeric() => words.help("numbers consist of the digits 0 to 9"),
        character if character.is_alphabetic() => {
            words.help("names consist of the letters a to z, digits and `_`; `@wire(\"…\")` can hold any text")
        }
        _ => words,
    }
}

fn oneway(message: &str) -> Words {
    Words::new(message)
        .label("the caller would never see it")
        .help("a caller of a `oneway` method awaits no reply; remove this or `oneway`")
}

fn on_the_way(name: &str) -> String {
    format!("`{name}` is on the way")
}

fn looks(ty: &TypeLooks) -> String {
    match ty {
        TypeLooks::Optional => "an optional".to_owned(),
        TypeLooks::List => "a list".to_owned(),
        TypeLooks::Map => "a map".to_owned(),
        TypeLooks::Named { thing, name } => format!("the {} `{name}`", thing.noun()),
        TypeLooks::Written(text) => format!("`{text}`"),
    }
}

fn number(problem: &NumberProblem) -> Cow<'static, str> {
    Cow::Borrowed(match problem {
        NumberProblem::Underscore => "a `_` goes between two digits",
        NumberProblem::Hex => "not a hexadecimal number, or too large",
        NumberProblem::Base => "numbers are decimal, or hexadecimal after `0x`",
        NumberProblem::LeadingZero => "a number does not start with 0",
        NumberProblem::TooLarge => "too large",
        NumberProblem::NotANumber => "neither an integer nor a float",
        NumberProblem::TypeSuffix => "a number has no type of its own; the const states it",
        NumberProblem::Suffix { suffix } => {
            return format!("unknown suffix `{suffix}`; units of time are ns, us, ms, s, m, h and d").into();
        }
        NumberProblem::NoUnit => "units of time are ns, us, ms, s, m, h and d",
        NumberProblem::Fraction => "a duration has no fraction; `1.5s` is `1s500ms`",
        NumberProblem::TooLong => "longer than 292 years",
    })
}

fn arguments(problem: &ArgumentProblem) -> Cow<'static, str> {
    Cow::Borrowed(match problem {
        ArgumentProblem::OneString | ArgumentProblem::NeedsReason => "expected one string",
        ArgumentProblem::EmptyString => "the string is empty",
        ArgumentProblem::OneDuration => "expected one duration",
        ArgumentProblem::NotPositive => "a timeout must be positive",
        ArgumentProblem::PolicyAndCapacity => "expected a policy and a number of events",
        ArgumentProblem::UnknownPolicy { policy } => {
            return format!("`{policy}` is neither `error` nor `drop_oldest`").into();
        }
        ArgumentProblem::Capacity => "the number of events goes from 1 to 4294967295",
        ArgumentProblem::TakesNone => "it takes no arguments",
    })
}

impl ValueKind {
    /// As a place asks for it.
    fn wanted(self) -> &'static str {
        match self {
            Self::Bool => "`true` or `false`",
            Self::Float => "a number",
            Self::Duration => "a duration, as `1m30s`",
            other => other.words(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::String => "a string",
            Self::Duration => "a duration",
            Self::Name => "a name",
            Self::Other => "a value",
        }
    }
}

impl AttributeName {
    /// How it is written.
    pub(super) fn usage(self) -> &'static str {
        match self {
            Self::Wire => "@wire(\"name\")",
            Self::Deprecated => "@deprecated(\"what to use in its place\")",
            Self::Timeout => "@timeout(2s)",
            Self::Idempotent => "@idempotent",
            Self::Uninterruptible => "@uninterruptible",
            Self::Lag => "@lag(error, 100)` or `@lag(drop_oldest, 100)",
        }
    }

    fn belongs(self) -> &'static str {
        match self {
            Self::Wire => "fields, arms, variants, methods and streams; an enum's member has `= \"value\"`",
            Self::Deprecated => "types, consts, objects and their members",
            Self::Timeout | Self::Idempotent | Self::Uninterruptible => "methods",
            Self::Lag => "streams",
        }
    }
}

pub(super) fn article(noun: &str) -> &'static str {
    // As it is spoken: a union.
    let begins_with_vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']) && !noun.starts_with("uni");
    if begins_with_vowel { "an" } else { "a" }
}
