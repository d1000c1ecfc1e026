//! The language of zbus: texts in, a resolved [`Schema`] or diagnostics out.
//!
//! ```
//! use zbus_idl::{Color, MemoryLoader};
//!
//! let loader = MemoryLoader::new().with(
//!     "calc.zbus",
//!     "module calc;
//!
//!      error MathError { DivisionByZero }
//!
//!      object calculator@1.0 {
//!          /// Adds two numbers.
//!          fn Add(a: f64, b: f64) -> f64;
//!          fn Div(a: i64, b: i64) -> i64 throws MathError;
//!      }",
//! );
//! match zbus_idl::compile(&["calc.zbus"], &loader) {
//!     Ok(schema) => {
//!         let calculator = &schema.objects[0];
//!         assert_eq!(calculator.bus_name(), "calculator@1.0");
//!         assert_eq!(calculator.methods[0].docs, "Adds two numbers.");
//!     }
//!     Err(report) => panic!("{}", report.render(Color::Never)),
//! }
//! ```
//!
//! The way of a text: `scan` cuts it into pieces, `parse` makes a syntax tree of them, `resolve` makes the schema of
//! the trees. A mistake costs the piece that it is in, and what refers to that piece is not reported, so that every
//! problem of every file is reported in one run, once. No text makes this crate panic, and none takes it more than time and
//! memory in proportion to its length.

pub mod case;
mod compiled;
#[cfg(feature = "contract")]
pub mod contract;
mod diagnostic;
mod files;
mod foreign;
mod graph;
mod index;
mod language;
mod loader;
#[cfg(feature = "json")]
pub mod model;
mod parse;
mod printable;
mod resolve;
mod scan;
pub mod schema;
mod session;
mod source;
mod spelling;
mod tree;

pub use compiled::Compiled;
pub use diagnostic::{
    Absent, Ambiguity, ArgumentProblem, Bounded, CODES, Code, Color, Diagnostic, DocsProblem, Edit, Expectation,
    Expected, Fix, Found, Help, Label, NumberProblem, Problem, Report, Severity, Step, Thing, TypeLooks, ValueKind,
    explain,
};
pub use index::{Definition, Import, Index, Reference};
pub use language::AttributeName;
pub use loader::{LoadError, Loaded, Loader, MAX_TEXT, MemoryLoader};
pub use printable::printable;
pub use scan::{Comment, Token, TokenKind};
pub use schema::Schema;
pub use session::Session;
use session::Texts;
pub use source::{Location, Source, SourceId, Sources, Span};

/// Compiles files and all that they import: the schema, or what is wrong. Of one run, every type has one identity, and every
/// problem is reported.
///
/// A file is called by the path that the loader gives it; [`Schema::files`] lists those that were loaded.
pub fn compile(roots: &[&str], loader: &dyn Loader) -> Result<Schema, Report> {
    compiled::run(roots, loader, &mut Texts::default(), false).into_result()
}

/// The same, with everything that was learned: places, tokens and comments, and the schema also if there are errors.
pub fn analyze(roots: &[&str], loader: &dyn Loader) -> Compiled {
    compiled::run(roots, loader, &mut Texts::default(), true)
}
