//! The syntax tree: what a file says, before anyone asks whether it makes sense. It mirrors the text, with a span wherever
//! a message or an edit may want to point. A piece that could not be parsed is in it, poisoned: it was reported, and
//! causes no further report.

use crate::scan::{Comment, Token};
use crate::source::Span;

#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) docs: String,
    pub(crate) doc_span: Option<Span>,
    /// In the order of the text.
    pub(crate) items: Vec<Item>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    /// A declaration may be missing from the tree, so a name that is not found may still be there.
    pub(crate) incomplete: bool,
}

/// Something with documentation and attributes; `node` is `None` if it is poisoned.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// From the first attribute to the end of the head, before a body or separator.
    pub(crate) span: Span,
    /// All of it: documentation, attributes, head, body and separator.
    pub(crate) extent: Span,
    pub(crate) docs: String,
    pub(crate) doc_span: Option<Span>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) node: Option<T>,
}

pub(crate) type Item = Entry<Declaration>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Declaration {
    Module(Name),
    /// Not understood; the file has a module, but its name is unknown.
    PoisonedModule,
    Import(Text),
    Const(Const),
    Alias(Alias),
    Struct(Struct),
    Enum(Enum),
    Union(Union),
    Error(Error),
    Object(Object),
    /// Not understood, but it declares a type of this name.
    PoisonedType(Name),
}

/// A string, its escapes resolved.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Name,
    pub(crate) arguments: Vec<Literal>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Literal {
    pub(crate) span: Span,
    pub(crate) kind: LiteralKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LiteralKind {
    String(String),
    Integer(i128),
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    Word(String),
    Poisoned,
}

#[derive(Debug)]
pub(crate) struct Const {
    pub(crate) name: Name,
    pub(crate) ty: TypeRef,
    pub(crate) value: Literal,
}

#[derive(Debug)]
pub(crate) struct Alias {
    pub(crate) name: Name,
    pub(crate) target: TypeRef,
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: Name,
    pub(crate) fields: Vec<Entry<FieldOrSpread>>,
}

#[derive(Debug)]
pub(crate) enum FieldOrSpread {
    Field(Field),
    Spread(Name),
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) ty: TypeRef,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: Name,
    pub(crate) repr: Option<TypeRef>,
    pub(crate) members: Vec<Entry<Member>>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) value: Option<Literal>,
}

#[derive(Debug)]
pub(crate) struct Union {
    pub(crate) name: Name,
    pub(crate) arms: Vec<Entry<Arm>>,
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) name: Name,
    pub(crate) ty: Option<TypeRef>,
}

#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) name: Name,
    pub(crate) variants: Vec<Entry<Variant>>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: Name,
    pub(crate) fields: Vec<Entry<FieldOrSpread>>,
}

#[derive(Debug)]
pub(crate) struct Object {
    /// The name on the bus.
    pub(crate) name: Name,
    pub(crate) version: Option<Name>,
    pub(crate) type_name: Option<Name>,
    pub(crate) members: Vec<Entry<ObjectMember>>,
}

#[derive(Debug)]
pub(crate) enum ObjectMember {
    Method(Method),
    Stream(Stream),
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: Name,
    pub(crate) oneway: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) returns: Option<Returns>,
    pub(crate) throws: Option<Throws>,
}

#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) name: Name,
    pub(crate) variadic: bool,
    pub(crate) ty: TypeRef,
}

/// From the arrow on.
#[derive(Debug)]
pub(crate) struct Returns {
    pub(crate) span: Span,
    /// With the space before it, to be removed together.
    pub(crate) with_space: Span,
    pub(crate) values: Vec<Return>,
}

#[derive(Debug)]
pub(crate) struct Return {
    pub(crate) name: Option<Name>,
    pub(crate) ty: TypeRef,
}

#[derive(Debug)]
pub(crate) struct Throws {
    pub(crate) span: Span,
    pub(crate) error: Option<Name>,
}

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) name: Name,
    pub(crate) ty: TypeRef,
}

#[derive(Debug)]
pub(crate) struct TypeRef {
    pub(crate) span: Span,
    pub(crate) kind: TypeRefKind,
}

#[derive(Debug)]
pub(crate) enum TypeRefKind {
    Named(Name),
    Optional(Box<TypeRef>),
    List(Box<TypeRef>),
    Map(Box<TypeRef>, Box<TypeRef>),
    Poisoned,
}
