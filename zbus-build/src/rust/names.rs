//! The names of generated Rust: every wire name's Rust form, allocated once, so that templates never ask whether a name
//! is a keyword or taken. A [`Scope`] is one place where names must differ.

use std::collections::HashSet;
use std::rc::Rc;

use proc_macro2::{Ident, Span};
use zbus_idl::case;
use zbus_idl::schema::{ConstId, Object, ObjectId, Schema, TypeId, TypeKind};

/// What a client stub has of its own. `clone` is here because an inherent `clone` would hide [`Clone::clone`].
const OF_THE_STUB: [&str; 5] = ["new", "with_module", "with_timeout", "with_options", "clone"];

/// Reserved in some edition, and legal as `r#…`.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Never legal, as `r#…` either.
const UNESCAPABLE: [&str; 5] = ["self", "Self", "super", "crate", "_"];

/// The names of one place, of which no two are equal.
#[derive(Clone, Default)]
pub(super) struct Scope {
    taken: HashSet<String>,
}

impl Scope {
    /// A scope in which these names are taken from the start.
    pub(super) fn reserving(names: &[impl AsRef<str>]) -> Self {
        Self { taken: names.iter().map(|name| name.as_ref().to_owned()).collect() }
    }

    /// The name is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// The wanted name, with as many `_` behind it as it takes to be legal and free.
    pub(super) fn allocate(&mut self, wanted: &str) -> Ident {
        let name = self.free(wanted);
        let ident = ident(&name);
        self.taken.insert(name);
        ident
    }

    fn free(&self, wanted: &str) -> String {
        let mut name = legal(wanted);
        while self.has(&name) {
            name.push('_');
        }
        name
    }

    /// The first of these names that is free; else the last one, made free.
    pub(super) fn first_free(&mut self, wanted: &[&str]) -> Ident {
        let free = wanted.iter().find(|name| !self.taken.contains(**name));
        self.allocate(free.or(wanted.last()).copied().unwrap_or_default())
    }

    /// For fields, methods, parameters and modules.
    pub(super) fn snake(&mut self, wire: &str) -> Ident {
        self.allocate(&case::snake(wire))
    }

    /// For types and variants.
    pub(super) fn camel(&mut self, wire: &str) -> Ident {
        self.allocate(&case::upper_camel(wire))
    }
}

/// A name as an identifier can be spelt, keywords aside.
fn legal(wanted: &str) -> String {
    match wanted.chars().next() {
        Some('0'..='9') => format!("_{wanted}"),
        Some(_) if !UNESCAPABLE.contains(&wanted) => wanted.to_owned(),
        _ => format!("{wanted}_"),
    }
}

/// The identifier, raw where the name is a keyword.
fn ident(name: &str) -> Ident {
    if name == "_" {
        // What an empty name comes to; a lone underscore is no identifier.
        Ident::new("__", Span::call_site())
    } else if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// The names of everything that is reached by an id.
pub(super) struct Names {
    modules: Vec<Ident>,
    types: Vec<Ident>,
    consts: Vec<Ident>,
    objects: Vec<ObjectNames>,
    /// Of each type, the private structs that carry an error's variants.
    payloads: Vec<Vec<Ident>>,
    /// What is taken in each file's module.
    scopes: Vec<Rc<Scope>>,
}

/// The names of what an object becomes.
pub(super) struct ObjectNames {
    pub(super) service: Ident,
    pub(super) server: Ident,
    pub(super) client: Ident,
    pub(super) events: Ident,
    /// Of each method; the trait's and the client's are the same.
    pub(super) methods: Vec<Ident>,
    /// Of each stream; in one scope with the methods.
    pub(super) streams: Vec<Ident>,
    /// Of each method's parameters.
    pub(super) params: Vec<Vec<Ident>>,
    /// What no local variable of a generated body may be called.
    pub(super) locals: Scope,
}

impl Names {
    /// Allocates the names of a schema.
    pub(super) fn new(schema: &Schema) -> Self {
        // Schemas' own names come before generated ones, so that a name in a schema is the name in the code.
        let mut modules = Scope::default();
        let modules = schema.files.iter().map(|file| modules.snake(&file.stem)).collect();
        let mut scopes = vec![Scope::default(); schema.files.len()];
        let types: Vec<_> = schema.types.iter().map(|ty| scopes[ty.file.index()].camel(&ty.name)).collect();
        let consts = schema
            .consts
            .iter()
            .map(|constant| scopes[constant.file.index()].allocate(&case::upper_snake(&constant.name)))
            .collect();
        let services: Vec<_> =
            schema.objects.iter().map(|object| scopes[object.file.index()].camel(&object.type_name)).collect();
        let objects = schema
            .objects
            .iter()
            .zip(services)
            .map(|(object, service)| ObjectNames::new(object, service, &mut scopes[object.file.index()]))
            .collect();
        let payloads = schema.types.iter().zip(&types).map(|(ty, name)| match &ty.kind {
            TypeKind::Error(error) => {
                let scope = &mut scopes[ty.file.index()];
                error.variants.iter().map(|variant| scope.camel(&format!("{name} {}", variant.name))).collect()
            }
            _ => Vec::new(),
        });
        let payloads = payloads.collect();
        let scopes = scopes.into_iter().map(Rc::new).collect();
        Self { modules, types, consts, objects, payloads, scopes }
    }

    pub(super) fn module(&self, file: usize) -> &Ident {
        &self.modules[file]
    }

    pub(super) fn of_type(&self, id: TypeId) -> &Ident {
        &self.types[id.index()]
    }

    pub(super) fn of_const(&self, id: ConstId) -> &Ident {
        &self.consts[id.index()]
    }

    pub(super) fn payloads(&self, id: TypeId) -> &[Ident] {
        &self.payloads[id.index()]
    }

    pub(super) fn of_object(&self, id: ObjectId) -> &ObjectNames {
        &self.objects[id.index()]
    }

    /// What is taken in the module of a file.
    pub(super) fn scope(&self, file: usize) -> Rc<Scope> {
        Rc::clone(&self.scopes[file])
    }

    /// A name for something that lives inside a body of this module: a type parameter, a private helper type.
    pub(super) fn inner(&self, file: usize, wanted: &str) -> Ident {
        ident(&self.scopes[file].free(wanted))
    }
}

impl ObjectNames {
    fn new(object: &Object, service: Ident, module: &mut Scope) -> Self {
        let mut members = Scope::reserving(&OF_THE_STUB);
        let methods = object.methods.iter().map(|method| members.snake(&method.name)).collect();
        let streams = object.streams.iter().map(|stream| members.snake(&stream.name)).collect();
        let mut locals = Scope::default();
        let params: Vec<Vec<Ident>> = object
            .methods
            .iter()
            .map(|method| {
                let mut scope = Scope::default();
                let params: Vec<_> = method.params.iter().map(|param| scope.snake(&param.name)).collect();
                locals.taken.extend(scope.taken);
                params
            })
            .collect();
        Self {
            server: module.allocate(&format!("{service}Server")),
            client: module.allocate(&format!("{service}Client")),
            events: module.allocate(&format!("{service}Events")),
            service,
            methods,
            streams,
            params,
            locals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyword_is_escaped_and_stays_readable() {
        let mut scope = Scope::default();
        assert_eq!(scope.snake("Type").to_string(), "r#type");
        assert_eq!(scope.snake("gen").to_string(), "r#gen");
        assert_eq!(scope.snake("union").to_string(), "union");
    }

    #[test]
    fn word_that_cannot_be_raw_gets_an_underscore() {
        let mut scope = Scope::default();
        assert_eq!(scope.snake("Self").to_string(), "self_");
        assert_eq!(scope.camel("self").to_string(), "Self_");
        assert_eq!(scope.snake("super").to_string(), "super_");
        assert_eq!(scope.snake("crate").to_string(), "crate_");
    }

    #[test]
    fn taken_name_is_renamed() {
        let mut scope = Scope::reserving(&["new"]);
        assert_eq!(scope.snake("New").to_string(), "new_");
        assert_eq!(scope.snake("new_").to_string(), "new__");
        assert_eq!(scope.first_free(&["new", "fresh"]).to_string(), "fresh");
    }

    #[test]
    fn name_without_letters_is_still_an_identifier() {
        let mut scope = Scope::default();
        assert_eq!(scope.snake("_").to_string(), "__");
        assert_eq!(scope.snake("_1").to_string(), "_1");
    }
}
