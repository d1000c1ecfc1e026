//! Constants.

use super::Resolver;
use super::types::scalar_name;
use crate::diagnostic::{Diagnostic, Fix, Problem};
use crate::schema::{Const, ConstValue, FileId, Type};
use crate::source::offset;
use crate::tree::{self, LiteralKind};
use crate::vocabulary;

impl LiteralKind {
    /// What a literal is, for messages.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Duration(_) => "a duration",
            Self::Word(word) if word == "true" || word == "false" => "a bool",
            Self::Word(_) => "a name",
            Self::Poisoned => "a value",
        }
    }
}

impl Resolver<'_> {
    pub(super) fn constant(
        &mut self,
        file: usize,
        one: &tree::Const,
        docs: &str,
        deprecated: Option<String>,
    ) -> Option<Const> {
        let ty = self.type_ref(file, &one.ty)?;
        let scalar = self.outermost(&ty)?.clone();
        if one.value.kind == LiteralKind::Poisoned {
            return None;
        }
        let expected = match &scalar {
            Type::Bool => "`true` or `false`",
            Type::Integer(_) => "an integer",
            Type::F32 | Type::F64 => "a number",
            Type::String => "a string",
            Type::Duration => "a duration, as `1m30s`",
            other => {
                let found = self.noun_of(other);
                self.report(one.ty.span, Problem::ConstType { found });
                return None;
            }
        };
        let Some(value) = value(&scalar, &one.value.kind) else {
            let problem = Problem::ConstKind { expected: expected.to_owned(), found: one.value.kind.noun() };
            let fix = match &one.value.kind {
                LiteralKind::Word(word) if matches!(scalar, Type::Bool) => vocabulary::nearest(word, ["true", "false"])
                    .map(|near| Fix::replace(format!("did you mean `{near}`?"), one.value.span, near)),
                LiteralKind::Word(word) if matches!(scalar, Type::String) => {
                    Some(Fix::replace("a string stands in `\"`", one.value.span, format!("\"{word}\"")))
                }
                LiteralKind::Word(_) => {
                    Some(Fix::words("a const has a value of its own; it cannot be another const's"))
                }
                LiteralKind::Integer(value) if matches!(scalar, Type::Duration) => Some(Fix::replace(
                    "a duration has a unit: ns, us, ms, s, m, h or d",
                    one.value.span,
                    format!("{value}s"),
                )),
                _ => None,
            };
            self.diagnostics.push(Diagnostic::new(one.value.span, problem).fix(fix));
            return None;
        };
        let range = match (&scalar, &value) {
            (Type::Integer(integer), ConstValue::Integer(value)) => {
                let (min, max) = integer.range();
                (*value < min || *value > max).then(|| format!("from {min} to {max}"))
            }
            (Type::F32, ConstValue::Float(value)) if value.abs() > f64::from(f32::MAX) => {
                Some(format!("to {:e}", f32::MAX))
            }
            _ => None,
        };
        if let Some(range) = range {
            let value = match value {
                ConstValue::Float(value) => format!("{value:e}"),
                ConstValue::Integer(value) => value.to_string(),
                _ => String::new(),
            };
            self.report(one.value.span, Problem::ConstRange { value, ty: scalar_name(&scalar), range });
            return None;
        }
        let file = FileId(offset(file));
        Some(Const { name: one.name.text.clone(), docs: docs.to_owned(), deprecated, file, ty, value })
    }
}

/// A literal as a value of a scalar type; `None` if it is of another kind.
fn value(scalar: &Type, literal: &LiteralKind) -> Option<ConstValue> {
    Some(match (scalar, literal) {
        (Type::Bool, LiteralKind::Word(word)) => ConstValue::Bool(word.parse().ok()?),
        (Type::Integer(_), LiteralKind::Integer(value)) => ConstValue::Integer(*value),
        (Type::F32 | Type::F64, LiteralKind::Float(value)) => ConstValue::Float(*value),
        #[expect(clippy::cast_precision_loss, reason = "the nearest float is what a float's literal means")]
        (Type::F32 | Type::F64, LiteralKind::Integer(value)) => ConstValue::Float(*value as f64),
        (Type::String, LiteralKind::String(text)) => ConstValue::String(text.clone()),
        (Type::Duration, LiteralKind::Duration(nanoseconds)) => ConstValue::Duration(*nanoseconds),
        // Nothing needs no unit.
        (Type::Duration, LiteralKind::Integer(0)) => ConstValue::Duration(0),
        _ => return None,
    })
}
