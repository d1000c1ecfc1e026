//! The table of codes: what `explain` shows and the documentation lists. A code keeps its meaning for ever.

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `E0103`. The hundreds are the group: text, names, types, objects, attributes, files.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Why it is a problem, in Markdown.
    pub explanation: &'static str,
    /// A schema, or a part of one, that has it.
    pub wrong: &'static str,
    /// The same, mended.
    pub right: &'static str,
}

/// What a code means.
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

const fn code(
    code: &'static str,
    title: &'static str,
    explanation: &'static str,
    wrong: &'static str,
    right: &'static str,
) -> Code {
    Code { code, title, explanation, wrong, right }
}

/// Every code, in order.
pub const CODES: &[Code] = &[
    code(
        "E0001",
        "unexpected text",
        "The text does not follow the grammar at this place; the message says what could stand there.",
        "struct A { Count i64 }",
        "struct A { Count: i64 }",
    ),
    code(
        "E0002",
        "missing separator",
        "A `,` separates the members of structs, enums, unions and errors. A `;` ends methods, streams and
declarations without a body.",
        "module calc",
        "module calc;",
    ),
    code(
        "E0003",
        "wrong separator",
        "A `,` separates the members of structs, enums, unions and errors. A `;` ends methods and streams.",
        "struct A { X: i8; Y: i8 }",
        "struct A { X: i8, Y: i8 }",
    ),
    code(
        "E0004",
        "missing `}`",
        "A body is not closed before the next declaration, or before the end of the file. The lines
tell where the missing brace belongs: a declaration starts a line, no deeper than the one before it.",
        "struct A { X: i8
struct B { Y: i8 }",
        "struct A { X: i8 }
struct B { Y: i8 }",
    ),
    code(
        "E0005",
        "`}` without `{`",
        "Either no `{` is open that this brace could close, or it closes a body whose members go on after it.",
        "struct A { X: i8 } }",
        "struct A { X: i8 }",
    ),
    code(
        "E0006",
        "string without end",
        r"A string ends on the line on which it starts. Write `\n` for a line break in it.",
        r#"const Greeting: string = "hello;"#,
        r#"const Greeting: string = "hello";"#,
    ),
    code(
        "E0007",
        "comment without end",
        "A comment that starts with `/*` ends with the next `*/`. Such comments do not nest.",
        "/* a note",
        "/* a note */",
    ),
    code(
        "E0008",
        "unexpected character",
        "Outside of strings and comments, a schema consists of ASCII characters. A field can have any name on the wire. Lines end with LF or CR LF;
a CR alone would let a comment swallow what some editors show as the next lines.",
        "struct A { Größe: i8 }",
        r#"struct A { @wire("Größe") Size: i8 }"#,
    ),
    code(
        "E0009",
        "nested too deeply",
        "Braces and brackets nest at most 64 deep. Give an inner type a name.",
        "struct A { X: [[[… [i8] …]]] }",
        "type Row = [i8];
struct A { X: [Row] }",
    ),
    code(
        "E0010",
        "unknown word",
        "A declaration starts with `module`, `import`, `const`, `type`, `struct`, `enum`, `union`, `error` or `object`;
what an object holds starts with `fn`, `oneway fn` or `stream`.",
        "message A { X: i8 }",
        "struct A { X: i8 }",
    ),
    code(
        "E0011",
        "documentation of nothing",
        "`///` documents the declaration or member on the lines below it. After that, or with nothing below, it would silently
document the wrong thing. `//` is a comment.",
        "struct A { X: i8, /// of X
}",
        "struct A {
    /// of X
    X: i8,
}",
    ),
    code(
        "E0012",
        "file documentation after something else",
        "`//!` documents the file and comes before everything else in it.",
        "module calc;
//! What this file is for.",
        "//! What this file is for.
module calc;",
    ),
    code(
        "E0013",
        "malformed number",
        "Numbers are integers (`10`, `1_000`, `0xff`), floats (`1.5`, `1e-9`) and durations (`2s`, `1m30s`).",
        "const Wait: duration = 1.5s;",
        "const Wait: duration = 1s500ms;",
    ),
    code(
        "E0014",
        "unknown escape",
        r#"The escapes of strings are `\"`, `\\`, `\n`, `\r`, `\t` and `\u{…}`."#,
        r#"const Path: string = "C:\dir";"#,
        r#"const Path: string = "C:\\dir";"#,
    ),
    code(
        "E0015",
        "type of another language",
        "Lists are written `[T]`, maps `map<K, V>`, optionals `T?`; other types have no parameters.",
        "struct A { Names: list<string> }",
        "struct A { Names: [string] }",
    ),
    code(
        "E0016",
        "declaration within a declaration",
        "Declarations go side by side on the outermost level. The order does not matter.",
        "struct A { X: i8,
    enum Level { Low, High }
}",
        "struct A { X: i8 }
enum Level { Low, High }",
    ),
    code(
        "E0017",
        "something that the language does not have",
        "Other languages have it: defaults and numbers of fields, options, pointers, tuples, lists of a fixed length, inheritance,
bodies of methods. Here a field that is missing has the zero value of its type, what may be absent is of a type `T?`, and spreads
share fields.",
        "struct A { Retries: i8 = 5 }",
        "struct A { Retries: i8? }",
    ),
    code(
        "E0101",
        "name declared twice",
        "Types and consts of a file share one set of names, together with the types of the files that it imports. So do the
members of each declaration, methods and streams together.",
        "struct A { X: i8, X: i16 }",
        "struct A { X: i8, Y: i16 }",
    ),
    code(
        "E0102",
        "names too much alike",
        "Each target language writes names in its own case. Two names that become one there would not compile.",
        "struct A { userId: i8, user_id: i8 }",
        "struct A { userId: i8, otherUserId: i8 }",
    ),
    code(
        "E0103",
        "unknown type",
        "A file knows its own types and those of the files that it imports itself; what these import is not seen.",
        "struct A { Name: strin }",
        "struct A { Name: string }",
    ),
    code(
        "E0104",
        "ambiguous name",
        "Two imported files declare a type of this name. That is an error only where it is used.",
        r#"import "a.zbus";  // declares Point
import "b.zbus";  // declares Point
struct A { At: Point }"#,
        r#"import "a.zbus";
struct A { At: Point }"#,
    ),
    code(
        "E0105",
        "name of a type of the language",
        "The types of the language cannot be declared again. Fields and methods may have their names.",
        "struct string { X: i8 }",
        "struct Text { string: i8 }",
    ),
    code(
        "E0106",
        "malformed name",
        "A name starts with a letter, so that it can be written in each language's own case.",
        "struct A { _id: i64 }",
        r#"struct A { @wire("_id") Id: i64 }"#,
    ),
    code(
        "E0107",
        "not a type",
        "Consts and objects are no types.",
        "const Max: u32 = 1;
struct A { X: Max }",
        "const Max: u32 = 1;
struct A { X: u32 }",
    ),
    code(
        "E0201",
        "type that contains itself",
        "A struct or union that holds itself directly, or through others, has no finite value. Optionals, lists and maps may
be empty, so they end it.",
        "struct Node { Next: Node }",
        "struct Node { Next: Node? }",
    ),
    code(
        "E0202",
        "alias that stands for itself",
        "An alias is another name of a type, and no type of its own; lists and maps do not make it one.",
        "type Tree = [Tree];",
        "struct Tree { Children: [Tree] }",
    ),
    code(
        "E0203",
        "spread of something other than a struct",
        "`...Name` puts the fields of a struct in its place; other types have none.",
        "enum Level { Low }
struct A { ...Level }",
        "enum Level { Low }
struct A { Level: Level }",
    ),
    code(
        "E0204",
        "spread that leads back",
        "The fields of a struct would include all fields of that same struct.",
        "struct A { ...B, X: i8 }
struct B { ...A, Y: i8 }",
        "struct A { ...B, X: i8 }
struct B { Y: i8 }",
    ),
    code(
        "E0205",
        "two of one name on the wire",
        "Each field, arm, variant, method and stream needs its own name on the wire. The fields of a spread count.",
        "struct A { Id: i8 }
struct B { ...A, Id: i16 }",
        r#"struct A { Id: i8 }
struct B { ...A, @wire("Id2") OtherId: i16 }"#,
    ),
    code(
        "E0206",
        "malformed key of a map",
        "The keys of a map are strings, integers or enums: every language can compare and sort them.",
        "struct A { Names: map<f64, string> }",
        "struct A { Names: map<string, string> }",
    ),
    code(
        "E0207",
        "optional of an optional",
        "None and a present none are both nil on the wire, so a reader could not tell them apart.",
        "struct A { X: i8?? }",
        "struct A { X: i8? }",
    ),
    code(
        "E0208",
        "optional `any`",
        "`any` can be nil already, so a reader could not tell none from it.",
        "struct A { X: any? }",
        "struct A { X: any }",
    ),
    code(
        "E0209",
        "error used as a value",
        "An error is what a method fails with, and travels with the failure alone.",
        "error Failed { Badly }
struct A { Last: Failed }",
        "union Failed { Badly }
struct A { Last: Failed }",
    ),
    code(
        "E0210",
        "`throws` without an error",
        "What a method throws is declared with `error`; `throws` alone fails with a message.",
        "struct Failed { Why: string }
object o { fn Run() throws Failed; }",
        "error Failed { Badly { Why: string } }
object o { fn Run() throws Failed; }",
    ),
    code(
        "E0211",
        "enum value out of range",
        "The value of a member fits into the enum's integer type. One without a value is one more than the one before.",
        "enum A: u8 { X = 255, Y }",
        "enum A: u16 { X = 255, Y }",
    ),
    code(
        "E0212",
        "enum value given twice",
        "A value that arrives has to be one member.",
        "enum A: u8 { X = 1, Y = 1 }",
        "enum A: u8 { X = 1, Y = 2 }",
    ),
    code(
        "E0213",
        "enum value of the wrong kind",
        "Without a type, an enum travels as strings, with an integer type as integers.",
        "enum Color { Red = 1 }",
        "enum Color: u8 { Red = 1 }",
    ),
    code(
        "E0214",
        "enum type that is no integer",
        "An enum travels as a string, if it names no type, or as the integer type that it names.",
        r#"enum Level: string { Low = "low" }"#,
        r#"enum Level { Low = "low" }"#,
    ),
    code(
        "E0215",
        "nothing in it",
        "An enum, union or error without members would have no value. A struct may be empty.",
        "enum Level {}",
        "enum Level { Low }",
    ),
    code(
        "E0216",
        "const of another type",
        "The type of a const is `bool`, an integer or float type, `string` or `duration`: what every language can write down.",
        "const Start: timestamp = 0;",
        "const Start: i64 = 0;  // Unix seconds",
    ),
    code(
        "E0217",
        "const out of range",
        "The value of a const fits into its type.",
        "const Max: u8 = 256;",
        "const Max: u16 = 256;",
    ),
    code(
        "E0218",
        "const of the wrong kind",
        "The value of a const is a literal of its type.",
        "const Wait: duration = 5;",
        "const Wait: duration = 5s;",
    ),
    code(
        "E0219",
        "too many fields by spreads",
        "Each spread copies fields. Together they bring at most 200000 into the files of a run, so that a short text cannot
fill the memory.",
        "// struct Wide has 1000 fields; 300 structs spread it
struct S300 { ...Wide }",
        "struct S300 { Wide: Wide }",
    ),
    code(
        "E0301",
        "object without a module",
        "An object is reached as `module.object@version`; the file says which module serves its objects.",
        "object calculator@1.0 { fn Reset(); }",
        "module calc;
object calculator@1.0 { fn Reset(); }",
    ),
    code(
        "E0302",
        "second module",
        "A file belongs to one module.",
        "module a;
module b;",
        "module a;",
    ),
    code(
        "E0303",
        "malformed name on the bus",
        "The names of modules and objects become parts of Redis keys, in which `.` and `@` have a meaning: a letter, then letters,
digits, `_` and `-`.",
        "module calc.core;",
        "module calc-core;",
    ),
    code(
        "E0304",
        "malformed version",
        "A version consists of letters, digits, `.`, `_`, `+` and `-`. It may be left out, together with the `@`.",
        "object calculator@1/0 { }",
        "object calculator@1.0 { }",
    ),
    code(
        "E0305",
        "space around `@`",
        "An object's name and version are one word.",
        "object calculator @ 1.0 { }",
        "object calculator@1.0 { }",
    ),
    code(
        "E0306",
        "reserved object",
        "Every server answers requests for its status as `zbus@1.0`.",
        "object zbus@1.0 { fn Status(); }",
        "object monitor@1.0 { fn Status(); }",
    ),
    code(
        "E0307",
        "object declared twice",
        "A module serves one object of each name and version, even if they are declared in several files.",
        "object a@1.0 { fn X(); }
object a@1.0 { fn Y(); }",
        "object a@1.0 { fn X(); fn Y(); }",
    ),
    code(
        "E0308",
        "object named like another thing",
        "An object's generated types are called after its `as` name, or else after its bus name without the version.",
        "object a@1.0 { fn X(); }
object a@2.0 { fn X(); }",
        "object a@1.0 { fn X(); }
object a@2.0 as A2 { fn X(); }",
    ),
    code(
        "E0309",
        "variadic parameter before others",
        "A variadic parameter takes all arguments that are left, so it is the last.",
        "object o { fn Sum(values: ...f64, scale: f64); }",
        "object o { fn Sum(scale: f64, values: ...f64); }",
    ),
    code(
        "E0310",
        "`oneway` method with an answer",
        "The caller of a `oneway` method awaits no reply: neither a value nor a failure would arrive.",
        "object o { oneway fn Log(line: string) throws; }",
        "object o { fn Log(line: string) throws; }",
    ),
    code(
        "E0311",
        "empty return values",
        "A method that returns nothing has no `->`.",
        "object o { fn Reset() -> (); }",
        "object o { fn Reset(); }",
    ),
    code(
        "E0401",
        "unknown attribute",
        "The attributes are `@wire`, `@deprecated`, `@timeout`, `@idempotent`, `@uninterruptible` and `@lag`.",
        r#"struct A { @wir("x") X: i8 }"#,
        r#"struct A { @wire("x") X: i8 }"#,
    ),
    code(
        "E0402",
        "attribute on the wrong thing",
        "An attribute that would change nothing is an error, because the writer relies on it.",
        r#"enum Level { @wire("low") Low }"#,
        r#"enum Level { Low = "low" }"#,
    ),
    code(
        "E0403",
        "wrong arguments of an attribute",
        "Each attribute takes arguments of its own.",
        "object o { @timeout(2) fn Run(); }",
        "object o { @timeout(2s) fn Run(); }",
    ),
    code(
        "E0404",
        "attribute given twice",
        "Which of the two should count?",
        r#"struct A { @wire("a") @wire("b") X: i8 }"#,
        r#"struct A { @wire("a") X: i8 }"#,
    ),
    code(
        "E0501",
        "file not found",
        "An import is looked up relative to the file that it is in, then in the include paths.",
        r#"import "geomtry.zbus";"#,
        r#"import "geometry.zbus";"#,
    ),
    code(
        "E0502",
        "file not readable",
        "Something of that name exists, but it is not a file that can be read.",
        r#"import "lib.zbus";"#,
        r#"import "lib/geometry.zbus";"#,
    ),
    code(
        "E0503",
        "file too large",
        "A schema has at most 16 MiB. A larger file is hardly one.",
        r#"import "dump.zbus";"#,
        r#"import "geometry.zbus";"#,
    ),
    code(
        "E0504",
        "file not UTF-8",
        "Schemas are UTF-8 text. An editor that saved it in another encoding can save it as UTF-8.",
        "// saved as Latin-1",
        "// saved as UTF-8",
    ),
    code(
        "E0505",
        "files that import each other",
        "A file comes after what it imports, so imports must not form a cycle. Move what both files need into a third.",
        r#"// a.zbus
import "b.zbus";
// b.zbus
import "a.zbus";"#,
        r#"// a.zbus
import "shared.zbus";
// b.zbus
import "shared.zbus";"#,
    ),
    code(
        "E0506",
        "two files of one name",
        "Each file becomes a module called after it, next to the others, wherever the files are.",
        r#"import "a/types.zbus";
import "b/types.zbus";"#,
        r#"import "a/a_types.zbus";
import "b/b_types.zbus";"#,
    ),
    code(
        "E0507",
        "malformed file name",
        "A file becomes a module called after it: its name starts with a letter, then letters, digits, `_` and `-`.",
        r#"import "1st schema.zbus";"#,
        r#"import "first_schema.zbus";"#,
    ),
    code(
        "E0508",
        "malformed path of an import",
        "An import names a file that ends in `.zbus`. The path is relative to the file that the import is in, or to a folder of the
include paths, with `/` between folders. No other file is opened, so a schema from somebody else cannot read yours.",
        r#"import "/schemas/geometry";"#,
        r#"import "geometry.zbus";"#,
    ),
];
