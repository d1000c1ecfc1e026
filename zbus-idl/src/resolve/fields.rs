//! What has members: structs with their spreads, enums, unions and errors; and that none contains itself.

use std::collections::{HashMap, HashSet};

use super::cycle::{Edge, order};
use super::{Attributes, Kind, Namespace, Resolver, steps};
use crate::diagnostic::{Diagnostic, Fix, Help, Problem, Thing, TypeLooks, ValueKind};
use crate::language;
use crate::schema::{
    Arm, Enum, EnumRepr, ErrorType, Field, Integer, Member, MemberValue, Type, TypeId, Union, Variant,
};
use crate::source::{Span, offset};
use crate::tree::{self, Declaration, Entry, FieldOrSpread, LiteralKind, Name, TypeRefKind};

/// How many fields spreads may bring into all files together: a line of schema must not cost a megabyte of fields.
pub(super) const MAX_SPREAD_FIELDS: usize = 200_000;

/// The fields of a struct, and where its text says their types: for those of a spread, the spread.
#[derive(Clone, Default)]
pub(super) struct Flat {
    pub(super) fields: Vec<Field>,
    spans: Vec<Span>,
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
    fn fields(&mut self, file: usize, entries: &[Entry<FieldOrSpread>], cyclic: bool) -> Flat {
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

    pub(super) fn enumeration(&mut self, file: usize, one: &tree::Enum) -> Enum {
        let repr = match &one.repr {
            None => Some(EnumRepr::String),
            Some(reference) => match self.type_ref(file, reference) {
                Some(ty) => match self.outermost(&ty) {
                    Some(Type::Integer(integer)) => Some(EnumRepr::Integer(*integer)),
                    Some(_) => {
                        let found = match &reference.kind {
                            TypeRefKind::Named(name) => TypeLooks::Written(name.text.clone()),
                            _ => self.looks_of(&ty),
                        };
                        self.report(reference.span, Problem::EnumRepr { found });
                        None
                    }
                    None => None,
                },
                None => None,
            },
        };
        if one.members.is_empty() {
            self.report(
                one.name.span,
                Problem::Empty { thing: Thing::Enum, name: one.name.text.clone(), of: Thing::Member },
            );
        }
        let mut names = Namespace::default();
        let mut values: HashMap<MemberValue, (String, Span)> = HashMap::new();
        // The value of the next member that says none; unknown behind one that was reported.
        let mut next = Some(0_i128);
        let mut numbered = false;
        let mut members = Vec::new();
        let largest = match repr {
            Some(EnumRepr::Integer(integer)) => integer.range().1,
            _ => i128::MAX,
        };
        let mut free = free_value(one).filter(|value| *value <= largest);
        for (index, entry) in one.members.iter().enumerate() {
            let last = index + 1 == one.members.len();
            let Some(member) = &entry.node else {
                next = None;
                continue;
            };
            let said = self.attributes(&entry.attributes, Thing::Member);
            self.declare_in(&mut names, Thing::Member, &member.name);
            let value = match repr {
                Some(EnumRepr::String) => self.string_value(one, member, &mut numbered),
                Some(EnumRepr::Integer(integer)) => {
                    let value = self.integer_value(member, integer, next);
                    next = value.and_then(|value| value.checked_add(1));
                    value.map(MemberValue::Integer)
                }
                None => None,
            };
            let Some(value) = value else { continue };
            let at = member.value.as_ref().map_or(member.name.span, |literal| literal.span);
            match values.get(&value) {
                // Two members of one name clash by that.
                Some((name, first)) if *name != member.name.text => {
                    let shown = match &value {
                        MemberValue::String(text) => format!("\"{text}\""),
                        MemberValue::Integer(integer) => integer.to_string(),
                    };
                    let problem = Problem::EnumValueClash { value: shown, name: name.clone(), first: *first };
                    let fix = free.filter(|_| matches!(repr, Some(EnumRepr::Integer(_)))).and_then(|value| {
                        free = value.checked_add(1).filter(|next| *next <= largest);
                        let help = Help::FreeValue(value);
                        match &member.value {
                            Some(literal) => Some(Fix::replace(help, literal.span, value.to_string())),
                            // Those behind it count on.
                            None => last.then(|| Fix::replace(help, member.name.span.after(), format!(" = {value}"))),
                        }
                    });
                    self.diagnostics.push(Diagnostic::new(at, problem).fix(fix));
                }
                Some(_) => {}
                None => {
                    values.insert(value.clone(), (member.name.text.clone(), at));
                }
            }
            let (name, docs) = (member.name.text.clone(), entry.docs.clone());
            members.push(Member { name, docs, deprecated: said.deprecated, value });
        }
        Enum { repr: repr.unwrap_or(EnumRepr::String), members }
    }

    /// An integer in an enum of strings is said once an enum: one word mends them all.
    fn string_value(&mut self, one: &tree::Enum, member: &tree::Member, numbered: &mut bool) -> Option<MemberValue> {
        let Some(literal) = &member.value else {
            return Some(MemberValue::String(member.name.text.clone()));
        };
        match &literal.kind {
            LiteralKind::String(text) => Some(MemberValue::String(text.clone())),
            LiteralKind::Poisoned => None,
            LiteralKind::Integer(_) => {
                if !std::mem::replace(numbered, true) {
                    let fits = |value: i128| (0..=i128::from(u8::MAX)).contains(&value);
                    let small = one.members.iter().filter_map(|entry| entry.node.as_ref()?.value.as_ref());
                    let small =
                        small.clone().all(|value| !matches!(value.kind, LiteralKind::Integer(value) if !fits(value)));
                    let repr = if small { "u8" } else { "i64" };
                    let help = Help::EnumStatesType;
                    let fix = Fix::replace(help, one.name.span.after(), format!(": {repr}"));
                    let problem = Problem::EnumValueKind { expected: ValueKind::String, found: literal.kind.kind() };
                    self.diagnostics.push(Diagnostic::new(literal.span, problem).fix(fix));
                }
                None
            }
            other => {
                let problem = Problem::EnumValueKind { expected: ValueKind::String, found: other.kind() };
                self.report(literal.span, problem);
                None
            }
        }
    }

    /// The member's own value, or one more than that of the member before, as in Rust.
    fn integer_value(&mut self, member: &tree::Member, repr: Integer, next: Option<i128>) -> Option<i128> {
        let (value, at) = match &member.value {
            None => (next?, member.name.span),
            Some(literal) => match &literal.kind {
                LiteralKind::Integer(value) => (*value, literal.span),
                LiteralKind::Poisoned => return None,
                other => {
                    let problem = Problem::EnumValueKind { expected: ValueKind::Integer, found: other.kind() };
                    self.report(literal.span, problem);
                    return None;
                }
            },
        };
        let (min, max) = repr.range();
        if value < min || value > max {
            self.report(at, Problem::EnumValueRange { value, repr });
            return None;
        }
        Some(value)
    }

    pub(super) fn union(&mut self, file: usize, one: &tree::Union) -> Union {
        if one.arms.is_empty() {
            self.report(
                one.name.span,
                Problem::Empty { thing: Thing::Union, name: one.name.text.clone(), of: Thing::Arm },
            );
        }
        let mut names = Namespace::default();
        let mut wires = HashMap::new();
        let mut arms = Vec::new();
        for entry in &one.arms {
            let Some(arm) = &entry.node else { continue };
            let said = self.attributes(&entry.attributes, Thing::Arm);
            let ty = arm.ty.as_ref().map(|ty| self.type_ref(file, ty).unwrap_or(Type::Any));
            let wire_name = self.unique(&mut names, &mut wires, Thing::Arm, &arm.name, &said);
            let (name, docs) = (arm.name.text.clone(), entry.docs.clone());
            arms.push(Arm { name, wire_name, docs, deprecated: said.deprecated, ty });
        }
        Union { arms }
    }

    pub(super) fn error(&mut self, file: usize, one: &tree::Error) -> ErrorType {
        if one.variants.is_empty() {
            self.report(
                one.name.span,
                Problem::Empty { thing: Thing::Error, name: one.name.text.clone(), of: Thing::Variant },
            );
        }
        let mut names = Namespace::default();
        let mut wires = HashMap::new();
        let mut variants = Vec::new();
        for entry in &one.variants {
            let Some(variant) = &entry.node else { continue };
            let said = self.attributes(&entry.attributes, Thing::Variant);
            let fields = self.fields(file, &variant.fields, false).fields;
            let wire_name = self.unique(&mut names, &mut wires, Thing::Variant, &variant.name, &said);
            let (name, docs) = (variant.name.text.clone(), entry.docs.clone());
            variants.push(Variant { name, wire_name, docs, deprecated: said.deprecated, fields });
        }
        ErrorType { variants }
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
        let edges = |(id, entry): (usize, &super::TypeEntry<'_>)| {
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

/// The first of the values that no member has, nor counts up to.
fn free_value(one: &tree::Enum) -> Option<i128> {
    let members = || one.members.iter().filter_map(|entry| entry.node.as_ref());
    let written = members().filter_map(|one| match one.value.as_ref()?.kind {
        LiteralKind::Integer(value) => Some(value),
        _ => None,
    });
    let counted = members().filter(|one| one.value.is_none()).count();
    written.max()?.checked_add(i128::try_from(counted).ok()?)?.checked_add(1)
}

/// The name on the wire, and where the text says so.
fn wire(said: &Attributes, name: &Name) -> (String, Span) {
    match &said.wire {
        Some((wire, span)) => (wire.clone(), *span),
        None => (name.text.clone(), name.span),
    }
}
