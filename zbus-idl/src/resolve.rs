//! Syntax trees to [`Schema`]: names become ids, consts values, spreads fields, and mistakes are reported.
//! A name that is poisoned or was reported is not reported again.

mod attributes;
mod enums;
mod names;
mod objects;
mod places;
mod recursion;
mod structs;
mod types;
mod unions;
mod values;

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Fix, Help, Problem, Step, Thing};
use crate::files::ParsedFile;
use crate::index::Index;
use crate::schema::{ConstId, File, FileId, ObjectId, Schema, Struct, Type, TypeDef, TypeId, TypeKind};
use crate::source::{Span, offset};
use crate::tree::{Declaration, Item, Name};
use attributes::Attributes;
use names::{Namespace, Scopes};
use structs::Flat;

/// Resolves a closed set of files, an imported one before its importers. The schema is of use only if nothing was reported.
///
/// Without `indexed`, the index is empty.
pub(crate) fn resolve(files: &[ParsedFile], indexed: bool, diagnostics: &mut Vec<Diagnostic>) -> (Schema, Index) {
    let mut resolver = Resolver {
        files,
        types: Vec::new(),
        namespaces: Vec::new(),
        scopes: Scopes::default(),
        aliases: Vec::new(),
        outer: Vec::new(),
        flat: Vec::new(),
        spread_budget: structs::MAX_SPREAD_FIELDS,
        on_bus: HashMap::new(),
        diagnostics,
    };
    resolver.declare();
    resolver.resolve_aliases();
    resolver.flatten_structs();
    resolver.check_recursion();
    let mut schema = Schema::default();
    resolver.files(&mut schema);
    let index = if indexed { resolver.index() } else { Index::default() };
    (schema, index)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Alias,
    Struct,
    Enum,
    Union,
    Error,
    Poisoned,
}

impl Kind {
    fn thing(self) -> Thing {
        match self {
            Self::Alias => Thing::Alias,
            Self::Struct => Thing::Struct,
            Self::Enum => Thing::Enum,
            Self::Union => Thing::Union,
            Self::Error => Thing::Error,
            Self::Poisoned => Thing::Type,
        }
    }
}

/// A declared type; its index is its [`TypeId`].
struct TypeEntry<'a> {
    name: &'a Name,
    file: usize,
    kind: Kind,
    item: &'a Item,
}

struct Resolver<'a> {
    files: &'a [ParsedFile],
    types: Vec<TypeEntry<'a>>,
    /// For each file, the names of its types.
    namespaces: Vec<Namespace>,
    scopes: Scopes<'a>,
    /// For each type that is an alias: what it stands for, if that is sound.
    aliases: Vec<Option<Type>>,
    /// For each such type: what that is, once no alias is left at its outside.
    outer: Vec<Option<Type>>,
    /// For each type that is a struct: its fields, those of spreads among them.
    flat: Vec<Option<Flat>>,
    /// How many more fields spreads may bring.
    spread_budget: usize,
    /// Where each object of each module is declared.
    on_bus: HashMap<(String, String), Span>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Resolver<'_> {
    fn report(&mut self, span: Span, problem: Problem) {
        self.diagnostics.push(Diagnostic::new(span, problem));
    }

    /// The entries of a schema, in the order of files and text: the order in which the types were given their ids.
    fn files(&mut self, schema: &mut Schema) {
        let mut next_type = 0;
        for (index, file) in self.files.iter().enumerate() {
            let id = FileId(offset(index));
            let mut imports = Vec::new();
            for import in file.imports.iter().flatten().map(|import| FileId(offset(*import))) {
                if !imports.contains(&import) {
                    imports.push(import);
                }
            }
            let mut entry = File {
                path: file.path.clone(),
                stem: ParsedFile::stem(&file.path).to_owned(),
                is_root: file.is_root,
                docs: file.parsed.tree.docs.clone(),
                module: None,
                imports,
                types: Vec::new(),
                consts: Vec::new(),
                objects: Vec::new(),
            };
            let module = self.module(index);
            entry.module = module.as_ref().map(|name| name.text.clone());
            self.objects_of(index, module.is_some(), schema, &mut entry);
            for item in &file.parsed.tree.items {
                match &item.node {
                    None
                    | Some(
                        Declaration::Module(_)
                        | Declaration::PoisonedModule
                        | Declaration::Import(_)
                        | Declaration::Object(_),
                    ) => {}
                    Some(Declaration::Const(one)) => {
                        let said = self.attributes(&item.attributes, Thing::Const);
                        if let Some(resolved) = self.constant(index, one, &item.docs, said.deprecated) {
                            entry.consts.push(ConstId(offset(schema.consts.len())));
                            schema.consts.push(resolved);
                        }
                    }
                    Some(declaration) => {
                        let resolved = self.type_def(next_type, declaration, item, id);
                        entry.types.push(TypeId(offset(next_type)));
                        schema.types.push(resolved);
                        next_type += 1;
                    }
                }
            }
            schema.files.push(entry);
        }
    }

    /// The `module` of a file, where there is one; a second one, and attributes on what takes none, are reported.
    fn module(&mut self, file: usize) -> Option<Name> {
        let mut module: Option<Name> = None;
        for item in &self.files[file].parsed.tree.items {
            match &item.node {
                Some(Declaration::Module(name)) => {
                    self.attributes(&item.attributes, Thing::Module);
                    if let Some(first) = &module {
                        self.report(item.span, Problem::SecondModule { first: first.span });
                    } else {
                        self.check_bus_name(Thing::Module, name);
                        module = Some(name.clone());
                    }
                }
                Some(Declaration::PoisonedModule) => {
                    module.get_or_insert(Name { text: String::new(), span: item.span });
                }
                Some(Declaration::Import(_)) => {
                    self.attributes(&item.attributes, Thing::Import);
                }
                _ => {}
            }
        }
        module
    }

    fn objects_of(&mut self, file: usize, has_module: bool, schema: &mut Schema, entry: &mut File) {
        let mut homeless = false;
        for item in &self.files[file].parsed.tree.items {
            if let Some(Declaration::Object(object)) = &item.node {
                // One such message a file is enough: one line mends them all.
                if !has_module && !homeless {
                    homeless = true;
                    let problem = Problem::NoModule { object: object.name.text.clone() };
                    let first = self.files[file].parsed.tree.items.first().map_or(item.extent, |first| first.extent);
                    let place = Span { end: first.start, ..first };
                    let fix = Fix::replace(Help::AddModule, place, format!("module {};\n\n", entry.stem));
                    self.diagnostics.push(Diagnostic::new(object.name.span, problem).fix(fix));
                }
                let resolved = self.object(file, item, object);
                entry.objects.push(ObjectId(offset(schema.objects.len())));
                schema.objects.push(resolved);
            }
        }
        let module = entry.module.as_deref();
        self.check_objects(file, module);
    }

    fn type_def(&mut self, id: usize, declaration: &Declaration, item: &Item, file: FileId) -> TypeDef {
        let index = file.index();
        let (target, kind) = match declaration {
            Declaration::Struct(_) => {
                let fields = self.flat[id].take().map(|flat| flat.fields).unwrap_or_default();
                (Thing::Struct, TypeKind::Struct(Struct { fields }))
            }
            Declaration::Enum(one) => (Thing::Enum, TypeKind::Enum(self.enumeration(index, one))),
            Declaration::Union(one) => (Thing::Union, TypeKind::Union(self.union(index, one))),
            Declaration::Error(one) => (Thing::Error, TypeKind::Error(self.error(index, one))),
            // A poisoned one stands in its place; a schema with one is never shown.
            _ => (Thing::Type, TypeKind::Alias(self.aliases[id].clone().unwrap_or(Type::Any))),
        };
        let said = self.attributes(&item.attributes, target);
        let name = self.types[id].name.text.clone();
        TypeDef { name, docs: item.docs.clone(), deprecated: said.deprecated, file, kind }
    }
}

/// How many steps of a long cycle a message shows.
const MAX_STEPS: usize = 6;

/// The steps of a cycle behind its first, as related places.
fn steps(cycle: &[(usize, Span)], name: impl Fn(usize) -> String) -> Vec<Step> {
    let behind_first = cycle.iter().skip(1).take(MAX_STEPS);
    behind_first.map(|(node, span)| Step { span: *span, name: name(*node) }).collect()
}
