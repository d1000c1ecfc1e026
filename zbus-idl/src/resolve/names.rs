//! Which names there are, and which one a name means. A file sees what it declares and what the files that it imports
//! itself declare.

use std::collections::HashMap;

use super::{Kind, Resolver, TypeEntry};
use crate::case;
use crate::diagnostic::{Ambiguity, Diagnostic, Fix, Help, Problem, Thing};
use crate::language::{MAP, builtin, builtin_names};
use crate::loader::relative;
use crate::source::Span;
use crate::tree::{Declaration, Item, Name};
use crate::{foreign, spelling};

/// How many comparisons a run spends on "did you mean": each unknown name is compared with every name in sight.
const COMPARISONS: usize = 500_000;

/// The types that each file sees.
#[derive(Default)]
pub(super) struct Scopes<'a> {
    /// For each file: name to the types that it could mean, those of the file itself before imported ones.
    visible: Vec<HashMap<&'a str, Vec<usize>>>,
    /// For each file: consts and objects, which are no types, for a better message.
    others: Vec<HashMap<&'a str, (Thing, Span)>>,
    /// The types of all files.
    everywhere: HashMap<&'a str, usize>,
    comparisons: usize,
}

/// The names of one scope: no two alike in any of the cases that languages write.
#[derive(Default)]
pub(super) struct Namespace {
    exact: HashMap<String, Span>,
    /// Each name in snake case and in camel case; capitals are another spelling of the first.
    folded: HashMap<String, (String, Span)>,
}

impl Namespace {
    /// Takes a name in, or says what is wrong with it.
    pub(super) fn declare(&mut self, thing: Thing, name: &str, span: Span) -> Result<(), Problem> {
        if let Some(first) = self.exact.get(name) {
            return Err(Problem::Duplicate { thing, name: name.to_owned(), first: *first });
        }
        self.exact.insert(name.to_owned(), span);
        let foldings = [case::snake(name), case::upper_camel(name)];
        for folded in &foldings {
            if let Some((other, first)) = self.folded.get(folded)
                && other != name
            {
                let (other, first, folded) = (other.clone(), *first, folded.clone());
                return Err(Problem::Collision { thing, name: name.to_owned(), other, folded, first });
            }
        }
        for folded in foldings {
            self.folded.insert(folded, (name.to_owned(), span));
        }
        Ok(())
    }

    /// Where a name was taken in.
    pub(super) fn exact(&self, name: &str) -> Option<Span> {
        self.exact.get(name).copied()
    }

    /// The name in this scope that would look the same, if there is one.
    pub(super) fn alike(&self, name: &str) -> Option<Span> {
        self.exact.get(name).copied().or_else(|| {
            let found = self.folded.get(&case::snake(name)).or_else(|| self.folded.get(&case::upper_camel(name)));
            found.map(|(_, span)| *span)
        })
    }
}

impl Scopes<'_> {
    /// The type that a name means in a file, if there is exactly one.
    pub(super) fn only(&self, file: usize, name: &str) -> Option<usize> {
        match self.visible.get(file)?.get(name).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        }
    }
}

impl<'a> Resolver<'a> {
    /// Gives every type of every file its place, and finds names that are declared twice.
    pub(super) fn declare(&mut self) {
        for (index, file) in self.files.iter().enumerate() {
            let mut namespace = Namespace::default();
            let mut consts = Namespace::default();
            let mut own: HashMap<&'a str, Vec<usize>> = HashMap::new();
            let mut others: HashMap<&'a str, (Thing, Span)> = HashMap::new();
            for item in &file.parsed.tree.items {
                let Some(declaration) = &item.node else { continue };
                let (name, kind) = match declaration {
                    Declaration::Alias(alias) => (&alias.name, Kind::Alias),
                    Declaration::Struct(one) => (&one.name, Kind::Struct),
                    Declaration::Enum(one) => (&one.name, Kind::Enum),
                    Declaration::Union(one) => (&one.name, Kind::Union),
                    Declaration::Error(one) => (&one.name, Kind::Error),
                    Declaration::PoisonedType(name) => (name, Kind::Poisoned),
                    Declaration::Const(one) => {
                        if let Some(first) = namespace.exact.get(&one.name.text) {
                            let problem =
                                Problem::Duplicate { thing: Thing::Const, name: one.name.text.clone(), first: *first };
                            self.report(one.name.span, problem);
                        } else {
                            self.declare_in(&mut consts, Thing::Const, &one.name);
                            others.entry(&one.name.text).or_insert((Thing::Const, one.name.span));
                        }
                        continue;
                    }
                    Declaration::Object(object) => {
                        others.entry(&object.name.text).or_insert((Thing::Object, object.name.span));
                        continue;
                    }
                    Declaration::Module(_) | Declaration::PoisonedModule | Declaration::Import(_) => continue,
                };
                let id = self.types.len();
                self.types.push(TypeEntry { name, file: index, kind, item });
                if name.text == MAP || builtin(&name.text).is_some() {
                    self.report(name.span, Problem::BuiltinName { name: name.text.clone() });
                    continue;
                }
                if let Some((Thing::Const, first)) = others.get(name.text.as_str()) {
                    let problem = Problem::Duplicate { thing: Thing::Type, name: name.text.clone(), first: *first };
                    self.report(name.span, problem);
                } else if kind == Kind::Poisoned {
                    // Its text is in doubt already.
                    namespace.exact.entry(name.text.clone()).or_insert(name.span);
                } else {
                    self.declare_in(&mut namespace, Thing::Type, name);
                }
                own.entry(&name.text).or_insert_with(|| vec![id]);
                self.scopes.everywhere.entry(&name.text).or_insert(id);
            }
            self.namespaces.push(namespace);
            self.scopes.others.push(others);
            self.scopes.visible.push(own);
        }
        self.see_imports();
        self.scopes.comparisons = COMPARISONS;
    }

    pub(super) fn declare_in(&mut self, namespace: &mut Namespace, thing: Thing, name: &Name) {
        if let Err(problem) = namespace.declare(thing, &name.text, name.span) {
            self.report(name.span, problem);
        }
    }

    /// Adds to what each file sees the types of its imports.
    fn see_imports(&mut self) {
        let mut by_file: Vec<Vec<(&'a str, usize)>> = vec![Vec::new(); self.files.len()];
        for (file, names) in self.scopes.visible.iter().enumerate() {
            by_file[file] = names.iter().filter_map(|(name, ids)| Some((*name, *ids.first()?))).collect();
        }
        for (index, file) in self.files.iter().enumerate() {
            let mut seen = vec![index];
            for import in file.imports.iter().flatten() {
                if seen.contains(import) {
                    continue;
                }
                seen.push(*import);
                for (name, id) in by_file.get(*import).into_iter().flatten() {
                    let known = self.scopes.visible[index].entry(name).or_default();
                    if let Some(own) = known.first().filter(|own| self.types[**own].file == index) {
                        let (own, first) = (self.types[*own].name, self.types[*id].name.span);
                        let problem = Problem::Duplicate { thing: Thing::Type, name: own.text.clone(), first };
                        self.diagnostics.push(Diagnostic::new(own.span, problem));
                    } else {
                        known.push(*id);
                    }
                }
            }
        }
    }

    /// The type that a name means in a file. `None` was reported, or is poisoned.
    pub(super) fn find_type(&mut self, file: usize, name: &Name) -> Option<usize> {
        let found = self.scopes.visible[file].get(name.text.as_str()).map(Vec::as_slice);
        match found {
            Some([id]) => Some(*id),
            Some([]) | None => {
                self.unknown_type(file, name);
                None
            }
            Some(ids) => {
                let candidate = |id: &usize| {
                    let entry = &self.types[*id];
                    Ambiguity { span: entry.name.span, path: self.files[entry.file].path.clone() }
                };
                let candidates = ids.iter().take(2).map(candidate).collect();
                self.report(name.span, Problem::Ambiguous { name: name.text.clone(), candidates });
                None
            }
        }
    }

    fn unknown_type(&mut self, file: usize, name: &Name) {
        let text = name.text.as_str();
        if let Some((thing, declared)) = self.scopes.others[file].get(text) {
            let problem = Problem::NotAType { name: text.to_owned(), thing: *thing, declared: *declared };
            self.report(name.span, problem);
            return;
        }
        let translated =
            foreign::type_name(text).map(|own| Fix::replace(Help::CalledHere(own.to_owned()), name.span, own));
        if translated.is_none() && self.may_miss_names(file) {
            return;
        }
        let habit = match text {
            "void" | "nil" | "null" | "None" | "unit" | "Void" => Some(Help::ReturnsNothing),
            "error" | "Error" | "err" => Some(Help::FailsWithThrows),
            "self" | "Self" => Some(Help::TypeByName),
            _ => None,
        };
        let fix = translated.or_else(|| self.importable(file, text)).or_else(|| habit.map(Fix::words)).or_else(|| {
            let visible = &self.scopes.visible[file];
            let cost = visible.len() + builtin_names().count();
            self.scopes.comparisons = self.scopes.comparisons.checked_sub(cost)?;
            // A map has no order; the message has to have one.
            let mut candidates: Vec<&str> = visible.keys().copied().collect();
            candidates.extend(builtin_names().map(|name| -> &str { name }));
            candidates.sort_unstable();
            let near = spelling::nearest(text, candidates)?;
            Some(Fix::replace(Help::DidYouMean(near.to_owned()), name.span, near))
        });
        self.diagnostics.push(Diagnostic::new(name.span, Problem::UnknownType { name: text.to_owned() }).fix(fix));
    }

    /// Whether something that the file sees was not understood, so that a name may be missing for that reason alone.
    fn may_miss_names(&self, file: usize) -> bool {
        let incomplete = |file: usize| self.files.get(file).is_none_or(|file| file.parsed.tree.incomplete);
        incomplete(file) || self.files[file].imports.iter().any(|import| import.is_none_or(incomplete))
    }

    /// That a file of this run has it, and how to import that.
    fn importable(&self, file: usize, name: &str) -> Option<Fix> {
        let other = &self.files[self.types[*self.scopes.everywhere.get(name)?].file];
        let importer = &self.files[file];
        let path = relative(&importer.path, &other.path);
        let help = Help::ImportIt { name: name.to_owned(), path: path.clone() };
        // Imports stand at the top; a look through all of the file would be one for each unknown name.
        let leads = |item: &&Item| matches!(item.node, Some(Declaration::Import(_) | Declaration::Module(_)));
        let last = importer.parsed.tree.items.iter().take_while(leads).last();
        let first = importer.parsed.tree.items.first();
        let (at, text) = match (last, first) {
            (Some(last), _) => (last.extent.after(), format!("\nimport \"{path}\";")),
            (None, Some(first)) => (Span { end: first.extent.start, ..first.extent }, format!("import \"{path}\";\n")),
            (None, None) => return Some(Fix::words(help)),
        };
        Some(Fix::replace(help, at, text))
    }
}
