//! Type references to [`Type`], and aliases to what they stand for.

use super::{Kind, Resolver, steps};
use crate::diagnostic::{Diagnostic, Expectation, Fix, Found, Help, Problem, TypeLooks};
use crate::graph::{Edge, order};
use crate::language::{self, MAP};
use crate::schema::{Type, TypeId};
use crate::source::{Span, offset};
use crate::tree::{Declaration, Name, TypeRef, TypeRefKind};

impl Resolver<'_> {
    /// The type that a reference means, checked. `None` was reported, or is poisoned.
    pub(super) fn type_ref(&mut self, file: usize, reference: &TypeRef) -> Option<Type> {
        let ty = self.lower(file, reference)?;
        self.check(reference, &ty);
        Some(ty)
    }

    /// Names to ids. Recursion ends with the depth that the scan allows.
    fn lower(&mut self, file: usize, reference: &TypeRef) -> Option<Type> {
        Some(match &reference.kind {
            TypeRefKind::Poisoned => return None,
            TypeRefKind::Named(name) => return self.named(file, name),
            TypeRefKind::Optional(inner) => Type::Optional(Box::new(self.lower(file, inner)?)),
            TypeRefKind::List(item) => Type::List(Box::new(self.lower(file, item)?)),
            TypeRefKind::Map(key, value) => {
                let (key, value) = (self.lower(file, key), self.lower(file, value));
                Type::Map(Box::new(key?), Box::new(value?))
            }
        })
    }

    fn named(&mut self, file: usize, name: &Name) -> Option<Type> {
        if let Some(ty) = language::builtin(&name.text) {
            return Some(ty);
        }
        if name.text == MAP {
            let problem = Problem::Unexpected { expected: Expectation::MapParameters, found: Found::MapAlone };
            let fix = Fix::replace(Help::MapKeyAndValue, name.span, "map<string, any>");
            self.diagnostics.push(Diagnostic::new(name.span, problem).fix(fix));
            return None;
        }
        let id = self.find_type(file, name)?;
        match self.types[id].kind {
            Kind::Poisoned => None,
            Kind::Error => {
                let declared = self.types[id].name.span;
                self.report(name.span, Problem::ErrorAsType { name: name.text.clone(), declared });
                None
            }
            _ => Some(Type::Named(TypeId(offset(id)))),
        }
    }

    /// What a type is, once no alias is left at its outside. `None` if an alias on the way is not sound.
    pub(super) fn outermost<'t>(&'t self, ty: &'t Type) -> Option<&'t Type> {
        match ty {
            Type::Named(id) if self.types[id.index()].kind == Kind::Alias => self.outer[id.index()].as_ref(),
            ty => Some(ty),
        }
    }

    /// Finds optionals of what is optional, and keys that are none.
    fn check(&mut self, reference: &TypeRef, ty: &Type) {
        match (&reference.kind, ty) {
            (TypeRefKind::Optional(inner), Type::Optional(inner_type)) => {
                self.check(inner, inner_type);
                let alias = self.alias_place(inner_type);
                let problem = match self.outermost(inner_type) {
                    Some(Type::Optional(_)) => Problem::OptionalOptional { alias },
                    Some(Type::Any) => Problem::OptionalAny { alias },
                    _ => return,
                };
                let mark = inner.span.after().to(reference.span.after());
                let fix = Fix::replace(Help::RemoveOptional, mark, "");
                self.diagnostics.push(Diagnostic::new(reference.span, problem).fix(fix));
            }
            (TypeRefKind::List(item), Type::List(item_type)) => self.check(item, item_type),
            (TypeRefKind::Map(key, value), Type::Map(key_type, value_type)) => {
                self.check(key, key_type);
                self.check(value, value_type);
                let sound = match self.outermost(key_type) {
                    Some(Type::String | Type::Integer(_)) | None => true,
                    Some(Type::Named(id)) => matches!(self.types[id.index()].kind, Kind::Enum | Kind::Poisoned),
                    Some(_) => false,
                };
                if !sound {
                    let declared = match &**key_type {
                        Type::Named(id) => Some(self.types[id.index()].name.span),
                        _ => None,
                    };
                    self.report(key.span, Problem::BadMapKey { key: self.looks_of(key_type), declared });
                }
            }
            _ => {}
        }
    }

    /// Name and place of the alias that a type is.
    fn alias_place(&self, ty: &Type) -> Option<(String, Span)> {
        let Type::Named(id) = ty else { return None };
        let entry = &self.types[id.index()];
        Some((entry.name.text.clone(), entry.name.span))
    }

    /// A type as messages name it.
    pub(super) fn looks_of(&self, ty: &Type) -> TypeLooks {
        match ty {
            Type::Optional(_) => TypeLooks::Optional,
            Type::List(_) => TypeLooks::List,
            Type::Map(..) => TypeLooks::Map,
            Type::Named(id) => {
                let entry = &self.types[id.index()];
                TypeLooks::Named { thing: entry.kind.thing(), name: entry.name.text.clone() }
            }
            scalar => TypeLooks::Written(scalar.scalar_name().unwrap_or_default().to_owned()),
        }
    }

    /// Finds out what every alias stands for; those that stand for themselves are reported and poisoned.
    pub(super) fn resolve_aliases(&mut self) {
        let count = self.types.len();
        self.aliases = vec![None; count];
        self.outer = vec![None; count];
        let mut graph: Vec<Vec<Edge>> = vec![Vec::new(); count];
        for (id, edges) in graph.iter_mut().enumerate() {
            let (file, item) = (self.types[id].file, self.types[id].item);
            if let Some(Declaration::Alias(alias)) = &item.node {
                let target = self.lower(file, &alias.target);
                if let Some(target) = &target {
                    self.edges(target, alias.target.span, edges);
                }
                self.aliases[id] = target;
            }
        }
        let found = order(&graph);
        for cycle in &found.cycles {
            let Some((first, span)) = cycle.first() else { continue };
            let path = steps(cycle, |node| self.types[node].name.text.clone());
            let name = self.types[*first].name.text.clone();
            self.report(*span, Problem::AliasCycle { name, path });
        }
        for id in found.nodes {
            let sound = !found.cyclic[id];
            self.aliases[id] = self.aliases[id].take().filter(|_| sound);
            self.outer[id] = match &self.aliases[id] {
                Some(Type::Named(next)) if self.types[next.index()].kind == Kind::Alias => {
                    self.outer[next.index()].clone()
                }
                target => target.clone(),
            };
        }
        for id in 0..count {
            if let (Some(Declaration::Alias(alias)), Some(target)) =
                (&self.types[id].item.node, self.aliases[id].clone())
            {
                self.check(&alias.target, &target);
            }
        }
    }

    /// The aliases that a type mentions anywhere: an alias must not lead back to itself even through a list.
    fn edges(&self, ty: &Type, span: Span, edges: &mut Vec<Edge>) {
        match ty {
            Type::Named(id) if self.types[id.index()].kind == Kind::Alias => edges.push(Edge { to: id.index(), span }),
            Type::Optional(inner) | Type::List(inner) => self.edges(inner, span, edges),
            Type::Map(key, value) => {
                self.edges(key, span, edges);
                self.edges(value, span, edges);
            }
            _ => {}
        }
    }

    /// The struct or union that a value of this type holds directly.
    pub(super) fn held(&self, ty: &Type) -> Option<usize> {
        match self.outermost(ty)? {
            Type::Named(id) => Some(id.index()),
            _ => None,
        }
    }
}
