//! Structs, and the fields of variants: spreads become the fields that they bring.

use std::collections::HashMap;

use super::{Attributes, Kind, Namespace, Resolver, steps};
use crate::diagnostic::{Problem, Thing};
use crate::graph::{Edge, order};
use crate::language;
use crate::schema::{Field, Type, TypeId};
use crate::source::{Span, offset};
use crate::tree::{Declaration, Entry, FieldOrSpread, Name};

/// How many fields spreads may bring into all files together: a line of schema must not cost a megabyte of fields.
pub(super) const MAX_SPREAD_FIELDS: usize = 200_000;

/// The fields of a struct, and where its text says their types: for those of a spread, the spread.
#[derive(Clone, Default)]
pub(super) struct Flat {
    pub(super) fields: Vec<Field>,
    pub(super) spans: Vec<Span>,
}

impl Resolver<'_> {
    /// The fields of every struct, a spread one before those that spread it.
    pub(super) fn flatten_structs(&mut self) {
        let count = self.types.len();
        self.flat = vec![None; count];
        let mut graph: Vec<Vec<Edge>> = vec![Vec::new(); count];
        for (id, edges) in graph.iter_mut().enumerate() {
            let (file, item) = (self.types[id].file, self.types[id].item);
            if let Some(Declaration::Struct(one)) = &item.node {
                for field in &one.fields {
                    if let Some(FieldOrSpread::Spread(name)) = &field.node
                        && let Some(to) = self.visible_struct(file, name)
                    {
                        edges.push(Edge { to, span: name.span });
                    }
                }
            }
        }
        let found = order(&graph);
        for cycle in &found.cycles {
            let Some((first, span)) = cycle.first() else { continue };
            let path = steps(cycle, |node| self.types[node].name.text.clone());
            let name = self.types[*first].name.text.clone();
            self.report(*span, Problem::SpreadCycle { name, path });
        }
        for id in found.nodes {
            let (file, item) = (self.types[id].file, self.types[id].item);
            if let Some(Declaration::Struct(one)) = &item.node {
                let flat = self.fields(file, &one.fields, found.cyclic[id]);
                self.flat[id] = Some(flat);
            }
        }
    }

    /// The struct that a spread names, if it does; what else it names is reported where the fields are made.
    fn visible_struct(&self, file: usize, name: &Name) -> Option<usize> {
        let id = self.scopes.only(file, &name.text)?;
        let id = self.held(&Type::Named(TypeId(offset(id))))?;
        (self.types[id].kind == Kind::Struct).then_some(id)
    }

    /// Fields as the wire has them. On a cycle of spreads, without those.
    pub(super) fn fields(&mut self, file: usize, entries: &[Entry<FieldOrSpread>], cyclic: bool) -> Flat {
        let mut flat = Flat::default();
        let mut names = Namespace::default();
        let mut wires: HashMap<String, (Span, bool)> = HashMap::new();
        for entry in entries {
            match &entry.node {
                None => {}
                Some(FieldOrSpread::Field(field)) => {
                    let said = self.attributes(&entry.attributes, Thing::Field);
                    let ty = self.type_ref(file, &field.ty).unwrap_or(Type::Any);
                    let (wire_name, wire_span) = wire(&said, &field.name);
                    let Attributes { deprecated, .. } = said;
                    let docs = entry.docs.clone();
                    let name = field.name.text.clone();
                    let (field_span, ty_span) = (field.name.span, field.ty.span);
                    let field = Field { name, wire_name, docs, deprecated, ty, spread_from: None };
                    let before = flat.spans.len();
                    self.take_field(&mut flat, &mut names, &mut wires, field, (field_span, wire_span));
                    flat.spans.get_mut(before..).unwrap_or_default().fill(ty_span);
                }
                Some(FieldOrSpread::Spread(name)) => {
                    self.attributes(&entry.attributes, Thing::Spread);
                    let Some(from) = self.spread(file, name).filter(|_| !cyclic) else {
                        continue;
                    };
                    let Some(inner) = &self.flat[from] else { continue };
                    let Some(left) = self.spread_budget.checked_sub(inner.fields.len()) else {
                        self.report(name.span, Problem::TooManyFields { limit: MAX_SPREAD_FIELDS });
                        continue;
                    };
                    self.spread_budget = left;
                    for field in inner.fields.clone() {
                        let field = Field { spread_from: Some(TypeId(offset(from))), ..field };
                        self.take_field(&mut flat, &mut names, &mut wires, field, (name.span, name.span));
                    }
                }
            }
        }
        flat
    }

    /// Takes a field in, unless another one is in its way.
    fn take_field(
        &mut self,
        flat: &mut Flat,
        names: &mut Namespace,
        wires: &mut HashMap<String, (Span, bool)>,
        field: Field,
        (span, wire_span): (Span, Span),
    ) {
        let spread = field.spread_from.is_some();
        let problem = match wires.get(&field.wire_name) {
            // Two fields of one name say so below, unless a spread brought one.
            Some((first, first_spread)) if spread || *first_spread || names.exact(&field.name).is_none() => {
                let (wire, first) = (field.wire_name.clone(), *first);
                let spread = field.spread_from.map(|from| self.types[from.index()].name.text.clone());
                Some((wire_span, Problem::DuplicateWireName { wire, thing: Thing::Field, first, spread }))
            }
            _ => names.declare(Thing::Field, &field.name, span).err().map(|problem| (span, problem)),
        };
        if let Some((at, problem)) = problem {
            self.report(at, problem);
            return;
        }
        wires.insert(field.wire_name.clone(), (wire_span, spread));
        flat.fields.push(field);
        flat.spans.push(span);
    }

    /// The struct that a spread means. `None` was reported, or is poisoned.
    fn spread(&mut self, file: usize, name: &Name) -> Option<usize> {
        if language::builtin(&name.text).is_some() {
            let problem = Problem::SpreadOfOther { name: name.text.clone(), is: Thing::Builtin, declared: None };
            self.report(name.span, problem);
            return None;
        }
        let named = self.find_type(file, name)?;
        let declared = Some(self.types[named].name.span);
        let id = match self.types[named].kind {
            Kind::Poisoned => return None,
            Kind::Alias => {
                let target = self.outer[named].as_ref()?;
                if let Type::Named(id) = target {
                    id.index()
                } else {
                    let problem = Problem::SpreadOfOther { name: name.text.clone(), is: Thing::Alias, declared };
                    self.report(name.span, problem);
                    return None;
                }
            }
            _ => named,
        };
        match self.types[id].kind {
            Kind::Struct => Some(id),
            Kind::Poisoned => None,
            other => {
                let problem = Problem::SpreadOfOther { name: name.text.clone(), is: other.thing(), declared };
                self.report(name.span, problem);
                None
            }
        }
    }

    /// Checks a name and its name on the wire within their scopes; gives the latter.
    pub(super) fn unique(
        &mut self,
        names: &mut Namespace,
        wires: &mut HashMap<String, Span>,
        thing: Thing,
        name: &Name,
        said: &Attributes,
    ) -> String {
        let (wire, span) = wire(said, name);
        if let Err(problem) = names.declare(thing, &name.text, name.span) {
            self.report(name.span, problem);
        } else if let Some(first) = wires.get(&wire) {
            self.report(span, Problem::DuplicateWireName { wire: wire.clone(), thing, first: *first, spread: None });
        } else {
            wires.insert(wire.clone(), span);
        }
        wire
    }
}

/// The name on the wire, and where the text says so.
fn wire(said: &Attributes, name: &Name) -> (String, Span) {
    match &said.wire {
        Some((wire, span)) => (wire.clone(), *span),
        None => (name.text.clone(), name.span),
    }
}
