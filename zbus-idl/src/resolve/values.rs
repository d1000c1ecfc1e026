//! Constants.

use super::Resolver;
use crate::diagnostic::{Bounded, Diagnostic, Fix, Help, Problem, ValueKind};
use crate::schema::{Const, ConstValue, FileId, Type};
use crate::source::offset;
use crate::spelling;
use crate::tree::{self, LiteralKind};

impl LiteralKind {
    pub(super) fn kind(&self) -> ValueKind {
        match self {
            Self::String(_) => ValueKind::String,
            Self::Integer(_) => ValueKind::Integer,
            Self::Float(_) => ValueKind::Float,
            Self::Duration(_) => ValueKind::Duration,
            Self::Word(word) if word == "true" || word == "false" => ValueKind::Bool,
            Self::Word(_) => ValueKind::Name,
            Self::Poisoned => ValueKind::Other,
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
            Type::Bool => ValueKind::Bool,
            Type::Integer(_) => ValueKind::Integer,
            Type::F32 | Type::F64 => ValueKind::Float,
            Type::String => ValueKind::String,
            Type::Duration => ValueKind::Duration,
            other => {
                let found = self.looks_of(other);
                self.report(one.ty.span, Problem::ConstType { found });
                return None;
            }
        };
        let Some(value) = value(&scalar, &one.value.kind) else {
            let problem = Problem::ConstKind { expected, found: one.value.kind.kind() };
            let fix = match &one.value.kind {
                LiteralKind::Word(word) if matches!(scalar, Type::Bool) => spelling::nearest(word, ["true", "false"])
                    .map(|near| Fix::replace(Help::DidYouMean(near.to_owned()), one.value.span, near)),
                LiteralKind::Word(word) if matches!(scalar, Type::String) => {
                    Some(Fix::replace(Help::QuoteString, one.value.span, format!("\"{word}\"")))
                }
                LiteralKind::Word(_) => Some(Fix::words(Help::ConstOwnValue)),
                LiteralKind::Integer(value) if matches!(scalar, Type::Duration) => {
                    Some(Fix::replace(Help::DurationUnit, one.value.span, format!("{value}s")))
                }
                _ => None,
            };
            self.diagnostics.push(Diagnostic::new(one.value.span, problem).fix(fix));
            return None;
        };
        let outside = match (&scalar, &value) {
            (Type::Integer(integer), ConstValue::Integer(value)) => {
                let (min, max) = integer.range();
                (*value < min || *value > max).then(|| (value.to_string(), Bounded::Integer(*integer)))
            }
            (Type::F32, ConstValue::Float(value)) => {
                (value.abs() > f64::from(f32::MAX)).then(|| (format!("{value:e}"), Bounded::F32))
            }
            _ => None,
        };
        if let Some((value, ty)) = outside {
            self.report(one.value.span, Problem::ConstRange { value, ty });
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
