//! Enums and the values of their members.

use std::collections::HashMap;

use super::{Namespace, Resolver};
use crate::diagnostic::{Diagnostic, Fix, Help, Problem, Thing, TypeLooks, ValueKind};
use crate::schema::{Enum, EnumRepr, Integer, Member, MemberValue, Type};
use crate::source::Span;
use crate::tree::{self, LiteralKind, TypeRefKind};

impl Resolver<'_> {
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
