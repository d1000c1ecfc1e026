//! The resolved schema: what backends read. Every name has become an index, every constant a value, every spread its
//! fields; nothing in here refers back to source text, and a backend needs no look-up by name.
//!
//! Items live in arenas of [`Schema`] and are reached by typed ids: `schema[type_id]`.

use std::ops::Index;
use std::time::Duration;

/// A closed set of files, resolved: every import of every file is in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The files, an imported one before its importers.
    pub files: Vec<File>,
    /// Every named type of every file.
    pub types: Vec<TypeDef>,
    /// Every constant of every file.
    pub consts: Vec<Const>,
    /// Every object of every file.
    pub objects: Vec<Object>,
}

macro_rules! arena_id {
    ($(#[$doc:meta])* $id:ident => $field:ident: $item:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(pub(crate) u32);

        impl $id {
            /// The position in its arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl Index<$id> for Schema {
            type Output = $item;

            fn index(&self, id: $id) -> &$item {
                &self.$field[id.index()]
            }
        }
    };
}

arena_id!(
    /// A file of a [`Schema`].
    FileId => files: File
);
arena_id!(
    /// A named type of a [`Schema`].
    TypeId => types: TypeDef
);
arena_id!(
    /// A constant of a [`Schema`].
    ConstId => consts: Const
);
arena_id!(
    /// An object of a [`Schema`].
    ObjectId => objects: Object
);

/// One `.zbus` file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The path under which the loader found it.
    pub path: String,
    /// The file's name without `.zbus`: the name of the generated module.
    pub stem: String,
    /// True for a file that the caller named, false for one that is here because it was imported.
    pub is_root: bool,
    /// The `//!` text.
    pub docs: Docs,
    /// The bus name of the process that serves the file's objects. `Some` wherever there are objects.
    pub module: Option<String>,
    /// The files that it imports itself, in the order of the text, each once.
    pub imports: Vec<FileId>,
    /// Its types, in the order of the text.
    pub types: Vec<TypeId>,
    /// Its constants, in the order of the text.
    pub consts: Vec<ConstId>,
    /// Its objects, in the order of the text.
    pub objects: Vec<ObjectId>,
}

/// Documentation, as written: lines joined by `\n`, the comment marks and one space behind them gone. Empty for none.
pub type Docs = String;

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDef {
    /// The name as written.
    pub name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// Where it is declared.
    pub file: FileId,
    /// What it is.
    pub kind: TypeKind,
}

/// What a named type is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `type Name = T;`: the same type under another name.
    Alias(Type),
    /// `struct`.
    Struct(Struct),
    /// `enum`.
    Enum(Enum),
    /// `union`.
    Union(Union),
    /// `error`.
    Error(ErrorType),
}

/// A struct: a map from wire name to value, written in this order.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// The fields; those of a spread struct stand in its place.
    pub fields: Vec<Field>,
}

/// A field of a struct or of an error's variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name as written.
    pub name: String,
    /// The key on the wire.
    pub wire_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// The type.
    pub ty: Type,
    /// The struct whose spread brought it here.
    pub spread_from: Option<TypeId>,
}

/// An enum. A decoder keeps a value that is not listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Enum {
    /// What travels.
    pub repr: EnumRepr,
    /// The members, in the order of the text; at least one.
    pub members: Vec<Member>,
}

/// What an enum travels as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnumRepr {
    /// A string.
    String,
    /// An integer of this type.
    Integer(Integer),
}

/// A member of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name as written.
    pub name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// What travels; a string or an integer as the enum's `repr` says, unique in its enum.
    pub value: MemberValue,
}

/// What an enum's member travels as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberValue {
    /// In an enum of strings.
    String(String),
    /// In an enum of integers; in the range of its `repr`.
    Integer(i128),
}

/// A union: exactly one of its arms.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// The arms, in the order of the text; at least one.
    pub arms: Vec<Arm>,
}

/// An arm of a union.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The name as written.
    pub name: String,
    /// The key (with a value) or string (without) on the wire.
    pub wire_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// The value that it carries, if any.
    pub ty: Option<Type>,
}

/// The errors that a method can declare.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorType {
    /// The variants, in the order of the text; at least one.
    pub variants: Vec<Variant>,
}

/// A variant of an error type.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// The name as written.
    pub name: String,
    /// The `Code` on the wire.
    pub wire_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// What it carries.
    pub fields: Vec<Field>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// The name as written.
    pub name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// Where it is declared.
    pub file: FileId,
    /// Its type: a scalar, or an alias of one.
    pub ty: Type,
    /// Its value, in the range of its type.
    pub value: ConstValue,
}

/// The value of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstValue {
    /// `true` or `false`.
    Bool(bool),
    /// For every integer type.
    Integer(i128),
    /// For `f32` and `f64`; always finite.
    Float(f64),
    /// For `string`.
    String(String),
    /// For `duration`, in nanoseconds.
    Duration(i64),
}

/// An object: what a module serves under one name and version.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The name on the bus.
    pub name: String,
    /// The version on the bus, if it has one.
    pub version: Option<String>,
    /// The name that generated types derive from: `as Name`, or the bus name in upper camel case.
    pub type_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// Where it is declared; that file's `module` serves it.
    pub file: FileId,
    /// Its methods, in the order of the text.
    pub methods: Vec<Method>,
    /// Its streams, in the order of the text.
    pub streams: Vec<Stream>,
}

/// A method of an object.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the language, and any of them can stand with any")]
pub struct Method {
    /// The name as written.
    pub name: String,
    /// The name on the wire.
    pub wire_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// The parameters, in the order of the arguments on the wire.
    pub params: Vec<Param>,
    /// The last parameter takes any number of arguments, each an argument of its own on the wire; its `ty` is the type
    /// of one.
    pub variadic: bool,
    /// What it gives: none, one bare value, or several at once.
    pub returns: Vec<Return>,
    /// How it fails.
    pub throws: Throws,
    /// No reply is awaited; then there are no returns and it does not throw.
    pub oneway: bool,
    /// `@timeout(d)`: the deadline of a call that says no other.
    pub timeout: Option<Duration>,
    /// `@idempotent`: running it twice is as good as once.
    pub idempotent: bool,
    /// `@uninterruptible`: it runs to its end, even after its deadline.
    pub uninterruptible: bool,
}

/// A parameter of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// The name as written; it does not travel.
    pub name: String,
    /// The type; of a variadic parameter, that of one argument.
    pub ty: Type,
}

/// A returned value of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// The name as written, where it has one; it does not travel.
    pub name: Option<String>,
    /// The type.
    pub ty: Type,
}

/// How a method fails by its own will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throws {
    /// It does not.
    Never,
    /// `throws`: with a message alone.
    Message,
    /// `throws E`: with a variant of this [`TypeKind::Error`].
    Typed(TypeId),
}

/// A stream of events of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// The name as written.
    pub name: String,
    /// The name on the wire.
    pub wire_name: String,
    /// The `///` text.
    pub docs: Docs,
    /// The text of `@deprecated("…")`.
    pub deprecated: Option<String>,
    /// The type of one event.
    pub ty: Type,
    /// `@lag(…)`: what a subscriber that is too slow gets.
    pub lag: Option<Lag>,
}

/// `@lag(policy, n)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// What happens to the event that does not fit.
    pub policy: LagPolicy,
    /// How many events wait for a subscriber before that.
    pub capacity: u32,
}

/// What happens when a subscriber is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagPolicy {
    /// The subscription gives what waits, then an error with the number of events that are lost, and ends.
    Error,
    /// The oldest events are dropped, and the subscriber is told how many.
    DropOldest,
}

/// A type as used in a field, a parameter, a return.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `i8` to `u64`
    Integer(Integer),
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `timestamp`
    Timestamp,
    /// `duration`
    Duration,
    /// `ip`
    Ip,
    /// `cidr`
    Cidr,
    /// `mac`
    Mac,
    /// `any`
    Any,
    /// `T?`; never of an optional or of `any`, through aliases either.
    Optional(Box<Type>),
    /// `[T]`
    List(Box<Type>),
    /// `map<K, V>`; K is a string, an integer or an enum (or an alias of one).
    Map(Box<Type>, Box<Type>),
    /// A named type; never a [`TypeKind::Error`].
    Named(TypeId),
}

/// The types without parts, by their names in schemas.
pub const SCALARS: [(&str, Type); 19] = [
    ("bool", Type::Bool),
    (Integer::I8.name(), Type::Integer(Integer::I8)),
    (Integer::I16.name(), Type::Integer(Integer::I16)),
    (Integer::I32.name(), Type::Integer(Integer::I32)),
    (Integer::I64.name(), Type::Integer(Integer::I64)),
    (Integer::U8.name(), Type::Integer(Integer::U8)),
    (Integer::U16.name(), Type::Integer(Integer::U16)),
    (Integer::U32.name(), Type::Integer(Integer::U32)),
    (Integer::U64.name(), Type::Integer(Integer::U64)),
    ("f32", Type::F32),
    ("f64", Type::F64),
    ("string", Type::String),
    ("bytes", Type::Bytes),
    ("timestamp", Type::Timestamp),
    ("duration", Type::Duration),
    ("ip", Type::Ip),
    ("cidr", Type::Cidr),
    ("mac", Type::Mac),
    ("any", Type::Any),
];

impl Type {
    /// The type of [`SCALARS`] with this name.
    pub fn scalar(name: &str) -> Option<Self> {
        SCALARS.into_iter().find(|(known, _)| *known == name).map(|(_, ty)| ty)
    }

    /// Its name, if it is one of [`SCALARS`].
    pub fn scalar_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Optional(_) | Self::List(_) | Self::Map(..) | Self::Named(_) => return None,
            Self::Integer(integer) => integer.name(),
            scalar => SCALARS.iter().find(|(_, ty)| ty == scalar)?.0,
        })
    }
}

/// The integer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integer {
    /// 8 bits, signed
    I8,
    /// 16 bits, signed
    I16,
    /// 32 bits, signed
    I32,
    /// 64 bits, signed
    I64,
    /// 8 bits, unsigned
    U8,
    /// 16 bits, unsigned
    U16,
    /// 32 bits, unsigned
    U32,
    /// 64 bits, unsigned
    U64,
}

impl Integer {
    /// The name in schemas, which is Rust's too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
        }
    }

    /// The smallest and the largest value.
    pub fn range(self) -> (i128, i128) {
        match self {
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::I64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }
}

impl Schema {
    /// The type behind any chain of aliases.
    pub fn resolve<'a>(&'a self, mut ty: &'a Type) -> &'a Type {
        while let Type::Named(id) = ty
            && let TypeKind::Alias(target) = &self[*id].kind
        {
            ty = target;
        }
        ty
    }

    /// The module that serves an object.
    pub fn module_of(&self, object: &Object) -> &str {
        self[object.file].module.as_deref().unwrap_or_default()
    }
}

impl Object {
    /// `name@version`, or the bare name where there is no version.
    pub fn bus_name(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.clone(),
        }
    }
}
