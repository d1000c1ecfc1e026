//! Where everything of a schema is: definitions, documentation, references and imports. It stands beside the
//! [`Schema`](crate::Schema), which knows no places, so that equal schemas mean the same.

use crate::diagnostic::Thing;
use crate::schema::{FileId, TypeId};
use crate::source::Span;

/// The places of a run.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Index {
    /// Everything that has a name, file by file in the order of [`Schema::files`](crate::Schema::files), and in the order of the
    /// text; what a declaration holds follows it.
    pub definitions: Vec<Definition>,
    /// Every place that names a type, in the same order.
    pub references: Vec<Reference>,
    /// Every import.
    pub imports: Vec<Import>,
    /// For each file, the lines of its documentation.
    pub file_docs: Vec<Option<Span>>,
    /// For each type, its definition.
    pub(crate) types: Vec<usize>,
}

/// A place where something gets its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What it is.
    pub thing: Thing,
    /// The file that it is in.
    pub file: FileId,
    /// What holds it, by the position in [`Index::definitions`]: the struct of a field, the object of a method, the method of a parameter.
    pub owner: Option<usize>,
    /// The type, if it is one.
    pub ty: Option<TypeId>,
    /// The name.
    pub name: Span,
    /// All of it: documentation, attributes, body and separator.
    pub extent: Span,
    /// The lines of its documentation.
    pub docs: Option<Span>,
}

/// A place that names a type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// The name.
    pub span: Span,
    /// The type.
    pub ty: TypeId,
}

/// An import, and whether anything needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The file that it is in.
    pub file: FileId,
    /// All of it, with the `;`.
    pub extent: Span,
    /// The path in its quotes.
    pub path: Span,
    /// The file that it names, if that was found.
    pub to: Option<FileId>,
    /// Whether the file names a type of the imported one.
    pub used: bool,
}

impl Index {
    /// Where a type is declared.
    pub fn of_type(&self, ty: TypeId) -> Option<&Definition> {
        self.definitions.get(*self.types.get(ty.index())?)
    }

    /// What gets its name, or is named, at a place: for "go to definition" and "rename".
    pub fn at(&self, source: crate::SourceId, offset: u32) -> Option<&Definition> {
        let holds = |span: Span| span.source == source && span.start <= offset && offset <= span.end;
        let reference = self.references.iter().find(|one| holds(one.span));
        match reference {
            Some(reference) => self.of_type(reference.ty),
            None => self.definitions.iter().find(|one| holds(one.name)),
        }
    }

    /// The places that name a type.
    pub fn references_to(&self, ty: TypeId) -> impl Iterator<Item = Span> {
        self.references.iter().filter(move |one| one.ty == ty).map(|one| one.span)
    }
}
