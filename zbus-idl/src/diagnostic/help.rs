//! What to do about a problem, as data, and its words.

use std::borrow::Cow;

use crate::language::AttributeName;

macro_rules! helps {
    ($($name:ident: $words:literal,)*) => {
        /// What to do about a problem.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Help {
            $(#[doc = $words] $name,)*
            /// Another word was meant.
            DidYouMean(String),
            /// What other languages call otherwise.
            CalledHere(String),
            /// What other languages write otherwise.
            Write(String),
            /// The attribute of this language that another language's may stand for.
            AttributeFor(AttributeName),
            /// A value that no other member has.
            FreeValue(i128),
            /// The file that declares a name.
            ImportIt {
                /// The name.
                name: String,
                /// The file, as an import of it is written.
                path: String,
            },
        }

        impl Help {
            /// What to do, in words.
            pub fn words(&self) -> Cow<'static, str> {
                match self {
                    $(Self::$name => Cow::Borrowed($words),)*
                    Self::DidYouMean(word) => format!("did you mean `{word}`?").into(),
                    Self::CalledHere(word) => format!("zbus calls it `{word}`").into(),
                    Self::Write(text) => format!("write `{text}`").into(),
                    Self::AttributeFor(name) => format!("the attribute for it may be `{}`", name.usage()).into(),
                    Self::FreeValue(value) => format!("{value} is free").into(),
                    Self::ImportIt { name, path } => format!("`{name}` is declared in {path}: import it").into(),
                }
            }

            /// Whether the words say nothing without the change that they are about.
            pub(crate) fn needs_edit(&self) -> bool {
                matches!(self, Self::AddIt | Self::RemoveIt | Self::CloseIt | Self::ClosesOtherBracket)
            }
        }
    };
}

helps! {
    RemoveIt: "remove it",
    RemoveItNoNumbers: "remove it; fields have no numbers either, their names travel",
    AddIt: "add it",
    CloseIt: "close it",
    AddModule: "say which module serves this file's objects",
    NoSuchLine: "a schema has no such line; remove it",
    NoSuchWord: "zbus has no such word; remove it",
    Declarations: "a declaration starts with module, import, const, type, struct, enum, union, error or object",
    ObjectMembers: "an object holds `fn`, `oneway fn` and `stream`",
    ImportStart: "an import starts with `import`",
    ImportForm: "a file is imported with `import \"name.zbus\";`",
    ImportWholeFile: "an import names a file, and brings all of its types",
    QuotePath: "the path goes in `\"`",
    CommentForm: "a comment starts with `//`",
    StringForm: "strings are written with `\"`",
    OneWord: "write it as one word",
    NameStart: "a name starts with a letter",
    NameStartWire: "a name starts with a letter; `@wire(\"…\")` gives any name on the wire",
    NameFirst: "the name comes first, then a `:` and the type",
    NoHyphens: "only the names of modules and objects have hyphens; here write `_`, or capitals",
    NoDots: "a name has no dots; `@wire(\"…\")` gives any name on the wire",
    NameWithoutQuotes: "names have no quotes",
    NameWithoutQuotesWire: "names have no quotes; `@wire(\"…\")` gives any name on the wire",
    NameWithoutQuotesMember: "names have no quotes; the value that travels comes after a `=`",
    WireName: "`@wire(\"…\")` before the name gives it another name on the wire",
    AttributeForm: "an attribute is written `@name`",
    AttributeParens: "the arguments of an attribute go in `(…)`",
    AttributeBeforeName: "fields have no numbers; an attribute comes before the name",
    MembersInBraces: "the members go in `{ … }`",
    MembersWithoutEquals: "the members go in `{ … }`, without a `=`",
    MembersOfObjects: "methods and streams go in an `object`",
    ObjectHoldsNoData: "an object holds no data; fields go in a `struct`",
    VersionAfterAt: "the version comes after an `@`",
    VersionsOfObjects: "objects have versions, modules have none: `object name@1.0 { … }`",
    TypeNameAfterAs: "the name of the generated type comes after `as`",
    StructHasFields: "a type with fields is declared with `struct`",
    StructBeside: "declare a struct beside this one, and write its name here",
    UnionBeside: "declare a `union` beside this struct, and a field of that type",
    FieldForm: "a field has a name and a type: `Name: T`",
    NoFieldNumbers: "fields have no numbers, their names travel: `name: T`",
    NothingReserved: "fields have no numbers, so none is reserved; remove it",
    SpreadForm: "a spread is written `...`",
    SpreadPlaces: "only structs and the variants of errors take in the fields of another struct",
    TypeAfterColon: "the type comes after a `:`",
    TypeAfterOneColon: "the type comes after one `:`",
    BareTypeName: "a type is called by its bare name, whichever file it comes from",
    TypeByName: "a type is called by its name",
    NoTypeParameters: "types have no parameters of their own; there are `[T]`, `map<K, V>` and `T?`",
    OptionalForm: "the `?` comes after the type: `Name: T?`",
    RemoveOptional: "remove the `?`",
    MapForm: "a map is written `map<K, V>`",
    MapKeyAndValue: "a map has a key and a value",
    MakeOptional: "make it optional, or a list or map, which may be empty",
    ArmForm: "an arm has a name, then a `:` and its type: `Name: T`",
    ArmType: "the type of an arm comes after a `:`: `Circle: Circle`",
    ArmStruct: "declare a struct, and write its name after a `:`",
    VariantFields: "a variant carries fields: `Gone { Why: string }`",
    MemberValue: "the value of a member comes after `=`",
    MembersCarryNothing: "the members of an enum carry nothing; the arms of a `union` can",
    CommaBetweenMembers: "a `,` separates members",
    CommaBetweenParams: "a `,` separates parameters",
    EnumStatesType: "an enum of integers states their type",
    ConstNeedsType: "a const states its type",
    ConstTypes: "a const is a bool, an integer, a float, a string or a duration",
    ConstOwnValue: "a const has a value of its own; it cannot be another const's",
    QuoteString: "a string goes in `\"`",
    DurationUnit: "a duration has a unit: ns, us, ms, s, m, h or d",
    DigitsBeforePoint: "a float has digits before the point",
    DigitsAfterPoint: "a float has digits after the point",
    GroupDigits: "group digits with `_`",
    OneSign: "write one `-`, or none",
    MethodStart: "a method starts with `fn`",
    StreamStart: "an event starts with `stream`",
    StreamForm: "a stream is written `stream Name -> T;`",
    OnewayFn: "a `oneway` method is written `oneway fn`",
    ParamForm: "each parameter has a name and a type: `name: T`",
    ParamsInParens: "parameters go in `(…)`",
    NoParams: "a method without parameters has `()`",
    AddParens: "add `()`",
    EllipsisBeforeType: "`...` comes before the type: `values: ...T`",
    ArrowOneWord: "`->` has no space in it",
    ReturnsAfterArrow: "what a method returns comes after `->`",
    StreamsAfterArrow: "what a stream sends comes after `->`",
    ReturnsNothing: "a method that returns nothing has no `->`",
    ReturnListOrStream: "a method returns a list, `[T]`; for values over time, declare a `stream`",
    NamedReturns: "named values go in parentheses: `-> (name: T)`",
    SeveralReturns: "several values go in parentheses: `-> (a: T, b: U)`",
    LeaveOut: "leave it out",
    ThrowsAfterReturns: "`throws` comes after what is returned: `-> T throws E`",
    BareErrorName: "after `throws` comes the bare name of an error",
    MethodThatFails: "a method that can fail is written `-> T throws E`",
    ThrowsForms: "`throws` alone fails with a message, `throws E` with an `error E { … }`",
    FailsWithThrows: "how a method fails comes after `throws`: `-> T throws E`, or `throws` alone",
    ClosesOtherBracket: "this closes another bracket",
}
