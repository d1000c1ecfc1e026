//! Type references; those of other languages are answered with a translation.

use pest::iterators::Pair;

use super::{Parser, Rule};
use crate::diagnostic::{Diagnostic, Fix, Found, Help, Problem};
use crate::tree::{TypeRef, TypeRefKind};
use crate::{foreign, spelling};

impl<'a> Parser<'a> {
    pub(super) fn type_ref(&mut self, pair: Pair<'a, Rule>, base: u32) -> TypeRef {
        let foreign = |pair: Pair<'_, Rule>| match pair.as_rule() {
            Rule::foreign_prefix | Rule::foreign_suffix => true,
            Rule::generic => !is_map(&pair),
            _ => false,
        };
        if !pair.clone().into_inner().flatten().any(foreign) {
            return self.own_type(pair, base);
        }
        let span = self.pair_span(&pair, base);
        let fix = match self.translate(pair.clone()) {
            Some(own) => Fix::replace(Help::Write(own.clone()), span, own),
            None if self.slice(span).starts_with("Result") => Fix::words(Help::MethodThatFails),
            None => Fix::words(Help::NoTypeParameters),
        };
        let problem = Problem::ForeignType { text: shown(self.slice(span)) };
        self.diagnostics.push(Diagnostic::new(span, problem).fix(fix));
        TypeRef { span, kind: TypeRefKind::Poisoned }
    }

    /// Recursion ends with the depth that the scan allows.
    fn own_type(&mut self, pair: Pair<'a, Rule>, base: u32) -> TypeRef {
        let span = self.pair_span(&pair, base);
        let mut ty = TypeRef { span, kind: TypeRefKind::Poisoned };
        let mut optional = false;
        for part in pair.into_inner() {
            let at = self.pair_span(&part, base);
            match part.as_rule() {
                Rule::name => ty = TypeRef { span: at, kind: TypeRefKind::Named(self.raw_name(&part, base)) },
                Rule::list => {
                    let item = part.into_inner().find(|inner| inner.as_rule() == Rule::type_ref);
                    if let Some(item) = item.map(|item| self.own_type(item, base)) {
                        ty = TypeRef { span: at, kind: TypeRefKind::List(Box::new(item)) };
                    }
                }
                Rule::generic => {
                    let mut inner = part.into_inner().filter(|inner| inner.as_rule() == Rule::type_ref);
                    if let (Some(key), Some(value)) = (inner.next(), inner.next()) {
                        let (key, value) = (self.own_type(key, base), self.own_type(value, base));
                        ty = TypeRef { span: at, kind: TypeRefKind::Map(Box::new(key), Box::new(value)) };
                    }
                }
                Rule::optional if optional => {
                    let problem = Problem::OptionalOptional { alias: None };
                    let rest = self.span(at.start as usize, span.end as usize);
                    self.diagnostics.push(Diagnostic::new(rest, problem).fix(Fix::replace(Help::RemoveIt, rest, "")));
                    break;
                }
                Rule::optional => {
                    optional = true;
                    ty = TypeRef { span: ty.span.to(at), kind: TypeRefKind::Optional(Box::new(ty)) };
                }
                _ => {}
            }
        }
        ty
    }
}

/// A type as messages quote it.
fn shown(text: &str) -> String {
    match Found::of(text) {
        Found::Text(text) => text,
        _ => String::new(),
    }
}

/// Longer rows of `[]` are not worth a translation.
const MAX_AFFIXES: usize = 8;

impl Parser<'_> {
    /// A type as it is written here. `None` if it has no counterpart.
    fn translate(&self, pair: Pair<'_, Rule>) -> Option<String> {
        let mut prefixes = Vec::new();
        let mut text = None;
        let mut affixes = 0;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::foreign_prefix => {
                    prefixes.push(if part.as_str().starts_with("optional") { "?" } else { "[]" });
                    affixes += 1;
                }
                Rule::foreign_suffix => {
                    text = text.map(|text: String| format!("[{text}]"));
                    affixes += 1;
                }
                Rule::optional => {
                    text = text.map(|text| format!("{text}?"));
                    affixes += 1;
                }
                Rule::name => {
                    text = Some(self.own_name(part.as_str()).to_owned());
                }
                Rule::list => text = Some(format!("[{}]", self.arguments(part)?.first()?)),
                Rule::generic => {
                    let name = part.clone().into_inner().next()?.as_str().to_owned();
                    let arguments = self.arguments(part)?;
                    text = match (name.as_str(), arguments.as_slice()) {
                        ("map", [key, value]) => Some(format!("map<{key}, {value}>")),
                        ("map", [value]) => Some(format!("map<string, {value}>")),
                        (name, [key, value]) if spelling::nearest(name, ["map"]).is_some() => {
                            Some(format!("map<{key}, {value}>"))
                        }
                        (name, arguments) => Some(foreign::generic(name, arguments)?),
                    };
                }
                _ => {}
            }
            if affixes > MAX_AFFIXES {
                return None;
            }
        }
        let inner = text?;
        Some(prefixes.iter().rev().fold(inner, |text, prefix| match (*prefix, text.as_str()) {
            ("?", _) => format!("{text}?"),
            // Go's bytes.
            (_, "u8") => "bytes".to_owned(),
            _ => format!("[{text}]"),
        }))
    }

    fn arguments(&self, pair: Pair<'_, Rule>) -> Option<Vec<String>> {
        pair.into_inner().filter(|inner| inner.as_rule() == Rule::type_ref).map(|pair| self.translate(pair)).collect()
    }
}

/// Whether a generic type is the language's own, and whole.
fn is_map(generic: &Pair<'_, Rule>) -> bool {
    let mut inner = generic.clone().into_inner();
    inner.next().is_some_and(|name| name.as_str() == "map")
        && inner.filter(|pair| pair.as_rule() == Rule::type_ref).count() == 2
}
