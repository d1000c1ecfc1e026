//! Every problem, with the data that its words are made of.

use super::{Absent, Expectation, Found};
use crate::language::AttributeName;
use crate::schema::Integer;
use crate::source::Span;

/// What a schema is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`noun` says what each is")]
pub enum Thing {
    Declaration,
    Module,
    Import,
    Type,
    Builtin,
    Alias,
    Struct,
    Enum,
    Union,
    Error,
    Const,
    Field,
    Spread,
    Member,
    Arm,
    Variant,
    Object,
    ObjectMember,
    Method,
    Stream,
    Param,
    Return,
}

impl Thing {
    /// The word for it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Declaration => "declaration",
            Self::Module => "module",
            Self::Import => "import",
            Self::Type => "type",
            Self::Builtin => "type of the language",
            Self::Alias => "alias",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Error => "error",
            Self::Const => "const",
            Self::Field => "field",
            Self::Spread => "spread",
            Self::Member => "member",
            Self::Arm => "arm",
            Self::Variant => "variant",
            Self::Object => "object",
            Self::ObjectMember => "method or stream",
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

/// A place on the way of a cycle, and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The place.
    pub span: Span,
    /// The name, or path, of what it leads to.
    pub name: String,
}

/// What a value is, as a literal or as what a place asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum ValueKind {
    Bool,
    Integer,
    Float,
    String,
    Duration,
    Name,
    Other,
}

/// What a type is, for a message about the place where it cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum TypeLooks {
    Optional,
    List,
    Map,
    Named { thing: Thing, name: String },
    Written(String),
}

/// A type whose values have bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Bounded {
    Integer(Integer),
    F32,
}

/// Why a text is no number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "its words say what each is")]
pub enum NumberProblem {
    Underscore,
    Hex,
    Base,
    LeadingZero,
    TooLarge,
    NotANumber,
    TypeSuffix,
    Suffix { suffix: String },
    NoUnit,
    Fraction,
    TooLong,
}

/// What is wrong with the arguments of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "its words say what each is")]
pub enum ArgumentProblem {
    OneString,
    EmptyString,
    NeedsReason,
    OneDuration,
    NotPositive,
    PolicyAndCapacity,
    UnknownPolicy { policy: String },
    Capacity,
    TakesNone,
}

/// What is wrong with documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocsProblem {
    /// It follows something on its line.
    AfterSomething,
    /// Nothing follows it.
    OfNothing,
}

/// What is wrong. The code of each variant, and a longer explanation, are in [`CODES`](super::CODES).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant, in `words`, says what it is and what its data are")]
pub enum Problem {
    // The text.
    Unexpected { expected: Expectation, found: Found },
    MissingSeparator { separator: char, after: Thing, found: Found },
    WrongSeparator { separator: char, found: char },
    UnclosedBrace { open: Span, found: Found, unfinished: Option<char> },
    StrayBrace,
    EarlyBrace,
    UnclosedString,
    UnclosedComment,
    BadCharacter { character: char },
    LoneReturn,
    TooDeep { limit: usize },
    UnknownWord { word: Found, expected: Thing },
    DanglingDocs(DocsProblem),
    MisplacedFileDocs,
    BadNumber { text: String, problem: NumberProblem },
    BadEscape { escape: String },
    ForeignType { text: String },
    NestedDeclaration,
    NoSuchThing(Absent),

    // Names.
    Duplicate { thing: Thing, name: String, first: Span },
    Collision { thing: Thing, name: String, other: String, folded: String, first: Span },
    UnknownType { name: String },
    Ambiguous { name: String, candidates: Vec<Ambiguity> },
    BuiltinName { name: String },
    BadName { name: String },
    NotAType { name: String, thing: Thing, declared: Span },

    // Types.
    Recursive { name: String, path: Vec<Step> },
    AliasCycle { name: String, path: Vec<Step> },
    SpreadOfOther { name: String, is: Thing, declared: Option<Span> },
    SpreadCycle { name: String, path: Vec<Step> },
    DuplicateWireName { wire: String, thing: Thing, first: Span, spread: Option<String> },
    BadMapKey { key: TypeLooks, declared: Option<Span> },
    OptionalOptional { alias: Option<(String, Span)> },
    OptionalAny { alias: Option<(String, Span)> },
    ErrorAsType { name: String, declared: Span },
    ThrowsOther { name: String, is: Thing, declared: Option<Span> },
    EnumValueRange { value: i128, repr: Integer },
    EnumValueClash { value: String, name: String, first: Span },
    EnumValueKind { expected: ValueKind, found: ValueKind },
    EnumRepr { found: TypeLooks },
    Empty { thing: Thing, name: String, of: Thing },
    ConstType { found: TypeLooks },
    ConstRange { value: String, ty: Bounded },
    ConstKind { expected: ValueKind, found: ValueKind },
    TooManyFields { limit: usize },

    // Objects.
    NoModule { object: String },
    SecondModule { first: Span },
    BadBusName { thing: Thing, name: String },
    BadVersion { version: String },
    SpaceAroundAt,
    ReservedObject,
    DuplicateObject { name: String, first: Span },
    ObjectTypeName { type_name: String, other: Thing, first: Span },
    VariadicNotLast { name: String },
    OnewayReturns,
    OnewayThrows,
    EmptyReturns,

    // Attributes.
    UnknownAttribute { name: String },
    MisplacedAttribute { attribute: AttributeName, on: Thing },
    BadArguments { attribute: AttributeName, problem: ArgumentProblem },
    RepeatedAttribute { attribute: AttributeName, first: Span },

    // Files.
    NotFound { path: String, searched: Vec<String> },
    AbsoluteImport { path: String },
    ImportEnding { path: String },
    IsDirectory { path: String },
    Unreadable { path: String, reason: String },
    TooLarge { path: String, size: u64, limit: u64 },
    NotUtf8 { path: String, offset: usize },
    ImportCycle { cycle: Vec<String>, path: Vec<Step> },
    SameStem { stem: String, path: String, other: String },
    BadFileName { path: String },
}
