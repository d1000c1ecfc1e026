//! Every problem, with the data that its words are made of.

use super::Label;
use crate::source::Span;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thing {
    /// A struct, enum, union, error or alias.
    Type,
    /// A constant.
    Const,
    /// A field of a struct or variant.
    Field,
    /// A member of an enum.
    Member,
    /// An arm of a union.
    Arm,
    /// A variant of an error.
    Variant,
    /// An object.
    Object,
    /// A method of an object.
    Method,
    /// A stream of an object.
    Stream,
    /// A parameter of a method.
    Param,
    /// A return of a method.
    Return,
}

impl Thing {
    /// The word for it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Const => "const",
            Self::Field => "field",
            Self::Member => "member",
            Self::Arm => "arm",
            Self::Variant => "variant",
            Self::Object => "object",
            Self::Method => "method",
            Self::Stream => "stream",
            Self::Param => "parameter",
            Self::Return => "return value",
        }
    }
}

/// A place that a name could mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// The declaration.
    pub span: Span,
    /// The file that it is in.
    pub path: String,
}

/// What is wrong. The code of each variant, and a longer explanation, are in [`CODES`](super::CODES).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant, in `words`, says what it is and what its data are")]
pub enum Problem {
    // The text.
    Unexpected { expected: String, found: String },
    MissingSeparator { separator: char, after: String, found: String },
    WrongSeparator { separator: char, found: char },
    UnclosedBrace { open: Span, found: String, unfinished: Option<char> },
    StrayBrace,
    EarlyBrace,
    UnclosedString,
    UnclosedComment,
    BadCharacter { character: char },
    LoneReturn,
    TooDeep { limit: usize },
    UnknownWord { word: String, expected: &'static str },
    DanglingDocs { trailing: bool },
    MisplacedFileDocs,
    BadNumber { text: String, reason: &'static str },
    BadEscape { escape: String },
    ForeignType { text: String },
    NestedDeclaration,
    NoSuchThing { what: &'static str, instead: &'static str },

    // Names.
    Duplicate { thing: Thing, name: String, first: Span },
    Collision { thing: Thing, name: String, other: String, folded: String, first: Span },
    UnknownType { name: String },
    Ambiguous { name: String, candidates: Vec<Ambiguity> },
    BuiltinName { name: String },
    BadName { name: String },
    NotAType { name: String, thing: Thing, declared: Span },

    // Types.
    Recursive { name: String, path: Vec<Label> },
    AliasCycle { name: String, path: Vec<Label> },
    SpreadOfOther { name: String, is: &'static str, declared: Option<Span> },
    SpreadCycle { name: String, path: Vec<Label> },
    DuplicateWireName { wire: String, thing: Thing, first: Span },
    BadMapKey { key: String, declared: Option<Span> },
    OptionalOptional { alias: Option<(String, Span)> },
    OptionalAny { alias: Option<(String, Span)> },
    ErrorAsType { name: String, declared: Span },
    ThrowsOther { name: String, is: &'static str, declared: Option<Span> },
    EnumValueRange { value: String, repr: &'static str, min: i128, max: i128 },
    EnumValueClash { value: String, name: String, first: Span },
    EnumValueKind { expected: &'static str, found: &'static str },
    EnumRepr { found: String },
    Empty { what: &'static str, name: String, of: &'static str },
    ConstType { found: String },
    ConstRange { value: String, ty: &'static str, range: String },
    ConstKind { expected: String, found: &'static str },
    TooManyFields { limit: usize },

    // Objects.
    NoModule { object: String },
    SecondModule { first: Span },
    BadBusName { what: &'static str, name: String },
    BadVersion { version: String },
    SpaceAroundAt,
    ReservedObject,
    DuplicateObject { name: String, first: Span },
    ObjectTypeName { type_name: String, other: &'static str, first: Span },
    VariadicNotLast { name: String },
    OnewayReturns { what: &'static str },
    EmptyReturns,

    // Attributes.
    UnknownAttribute { name: String },
    MisplacedAttribute { name: String, on: &'static str, belongs: &'static str },
    BadArguments { name: String, usage: &'static str, reason: String },
    RepeatedAttribute { name: String, first: Span },

    // Files.
    NotFound { path: String, searched: Vec<String> },
    AbsoluteImport { path: String },
    ImportEnding { path: String },
    Unreadable { path: String, reason: String },
    TooLarge { path: String, size: u64, limit: u64 },
    NotUtf8 { path: String, offset: usize },
    ImportCycle { cycle: Vec<String>, related: Vec<Label> },
    SameStem { stem: String, path: String, other: String },
    BadFileName { path: String },
}
