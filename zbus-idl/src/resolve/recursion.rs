//! That no struct or union contains itself.

use std::collections::HashSet;

use super::{Resolver, TypeEntry, steps};
use crate::diagnostic::{Diagnostic, Fix, Help, Problem};
use crate::graph::{Edge, order};
use crate::schema::{Type, TypeId};
use crate::source::{Span, offset};
use crate::tree::{Declaration, TypeRefKind};

impl Resolver<'_> {
    /// Finds structs and unions whose values would have no end. Optionals, lists and maps are the ends that they need.
    pub(super) fn check_recursion(&mut self) {
        let found = order(&self.holdings());
        let flat = self.flat.iter().flatten().flat_map(|flat| flat.fields.iter().zip(&flat.spans));
        let spreads: HashSet<Span> =
            flat.filter(|(field, _)| field.spread_from.is_some()).map(|(_, span)| *span).collect();
        for cycle in &found.cycles {
            let Some((first, span)) = cycle.first() else { continue };
            let path = steps(cycle, |node| self.types[node].name.text.clone());
            let name = self.types[*first].name.text.clone();
            let fix = Fix::replace(Help::MakeOptional, span.after(), "?");
            let fix = (!spreads.contains(span)).then_some(fix);
            self.diagnostics.push(Diagnostic::new(*span, Problem::Recursive { name, path }).fix(fix));
        }
    }

    /// What each struct and union holds directly, with the place in its text that says so.
    fn holdings(&self) -> Vec<Vec<Edge>> {
        let edges = |(id, entry): (usize, &TypeEntry<'_>)| {
            let flat = self.flat[id].iter().flat_map(|flat| flat.fields.iter().zip(&flat.spans));
            // A spread struct's own fields are found with it; the spread itself is an edge to it.
            let fields = flat.filter_map(|(field, span)| {
                let to = field.spread_from.map(TypeId::index).or_else(|| self.held(&field.ty))?;
                Some(Edge { to, span: *span })
            });
            let arms = match &entry.item.node {
                Some(Declaration::Union(union)) => union.arms.as_slice(),
                _ => &[],
            };
            let arms = arms.iter().filter_map(|arm| {
                let ty = arm.node.as_ref()?.ty.as_ref()?;
                let TypeRefKind::Named(name) = &ty.kind else {
                    return None;
                };
                let id = self.scopes.only(entry.file, &name.text)?;
                let to = self.held(&Type::Named(TypeId(offset(id))))?;
                Some(Edge { to, span: name.span })
            });
            fields.chain(arms).collect()
        };
        self.types.iter().enumerate().map(edges).collect()
    }
}
