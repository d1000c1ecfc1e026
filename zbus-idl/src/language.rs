//! The words of the language: keywords, types, attributes.

use crate::diagnostic::Thing;
use crate::schema::{SCALARS, Type};

/// The words that open a declaration.
pub(crate) const DECLARATIONS: [&str; 9] =
    ["module", "import", "const", "type", "struct", "enum", "union", "error", "object"];

/// The words that open a member of an object.
pub(crate) const OBJECT_MEMBERS: [&str; 3] = ["fn", "oneway", "stream"];

/// The type of the language that has parameters.
pub(crate) const MAP: &str = "map";

/// The type of the language with this name.
pub(crate) fn builtin(name: &str) -> Option<Type> {
    Type::scalar(name)
}

/// The names that no type may be given.
pub(crate) fn builtin_names() -> impl Iterator<Item = &'static str> {
    SCALARS.iter().map(|(name, _)| *name).chain([MAP])
}

/// An attribute of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`docs/language.md` says what each does")]
pub enum AttributeName {
    Wire,
    Deprecated,
    Timeout,
    Idempotent,
    Uninterruptible,
    Lag,
}

impl AttributeName {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 6] =
        [Self::Wire, Self::Deprecated, Self::Timeout, Self::Idempotent, Self::Uninterruptible, Self::Lag];

    /// The name, without the `@`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Deprecated => "deprecated",
            Self::Timeout => "timeout",
            Self::Idempotent => "idempotent",
            Self::Uninterruptible => "uninterruptible",
            Self::Lag => "lag",
        }
    }

    /// Whether it can be put on such a thing.
    pub fn belongs_on(self, thing: Thing) -> bool {
        match self {
            Self::Wire => {
                matches!(thing, Thing::Field | Thing::Arm | Thing::Variant | Thing::Method | Thing::Stream)
            }
            Self::Deprecated => !matches!(thing, Thing::Module | Thing::Import | Thing::Spread | Thing::Param),
            Self::Timeout | Self::Idempotent | Self::Uninterruptible => thing == Thing::Method,
            Self::Lag => thing == Thing::Stream,
        }
    }
}
