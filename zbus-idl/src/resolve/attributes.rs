//! The attributes: a closed set, each with the things it belongs on and the arguments it takes.

use std::time::Duration;

use super::Resolver;
use crate::diagnostic::{ArgumentProblem, Diagnostic, Fix, Help, Problem, Thing};
use crate::foreign;
use crate::language::AttributeName;
use crate::schema::{Lag, LagPolicy};
use crate::source::Span;
use crate::spelling;
use crate::tree::{Attribute, Literal, LiteralKind};

/// What the attributes of one thing say.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) wire: Option<(String, Span)>,
    pub(super) deprecated: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) idempotent: bool,
    pub(super) uninterruptible: bool,
    pub(super) lag: Option<Lag>,
}

impl Resolver<'_> {
    pub(super) fn attributes(&mut self, attributes: &[Attribute], on: Thing) -> Attributes {
        let mut said = Attributes::default();
        let mut seen: Vec<(AttributeName, Span)> = Vec::new();
        for attribute in attributes {
            let name = &attribute.name;
            let Some(known) = AttributeName::ALL.into_iter().find(|known| known.name() == name.text) else {
                let near = spelling::nearest(&name.text, AttributeName::ALL.iter().map(|known| known.name()));
                let fix = match near {
                    Some(near) => Some(Fix::replace(Help::DidYouMean(format!("@{near}")), name.span, near)),
                    None => foreign::attribute(&name.text).map(|known| Fix::words(Help::AttributeFor(known))),
                };
                let problem = Problem::UnknownAttribute { name: name.text.clone() };
                self.diagnostics.push(Diagnostic::new(attribute.span, problem).fix(fix));
                continue;
            };
            let first = seen.iter().find(|(one, _)| *one == known).map(|(_, span)| *span);
            if !known.belongs_on(on) {
                self.report(attribute.span, Problem::MisplacedAttribute { attribute: known, on });
            } else if let Some(first) = first {
                self.report(attribute.span, Problem::RepeatedAttribute { attribute: known, first });
            } else if let Err(problem) = said.take(known, attribute)
                && !attribute.arguments.iter().any(|argument| argument.kind == LiteralKind::Poisoned)
            {
                self.report(attribute.span, Problem::BadArguments { attribute: known, problem });
            }
            if first.is_none() {
                seen.push((known, attribute.span));
            }
        }
        said
    }
}

impl Attributes {
    fn take(&mut self, name: AttributeName, attribute: &Attribute) -> Result<(), ArgumentProblem> {
        let arguments = attribute.arguments.as_slice();
        match name {
            AttributeName::Wire => {
                let (text, span) = text(arguments)?;
                self.wire = Some((text.to_owned(), span));
            }
            AttributeName::Deprecated if arguments.is_empty() => return Err(ArgumentProblem::NeedsReason),
            AttributeName::Deprecated => self.deprecated = Some(text(arguments)?.0.to_owned()),
            AttributeName::Timeout => {
                let [Literal { kind: LiteralKind::Duration(nanoseconds), .. }] = arguments else {
                    return Err(ArgumentProblem::OneDuration);
                };
                let positive = u64::try_from(*nanoseconds).ok().filter(|nanoseconds| *nanoseconds > 0);
                self.timeout = Some(Duration::from_nanos(positive.ok_or(ArgumentProblem::NotPositive)?));
            }
            AttributeName::Idempotent | AttributeName::Uninterruptible if !arguments.is_empty() => {
                return Err(ArgumentProblem::TakesNone);
            }
            AttributeName::Idempotent => self.idempotent = true,
            AttributeName::Uninterruptible => self.uninterruptible = true,
            AttributeName::Lag => {
                let [
                    Literal { kind: LiteralKind::Word(policy), .. },
                    Literal { kind: LiteralKind::Integer(capacity), .. },
                ] = arguments
                else {
                    return Err(ArgumentProblem::PolicyAndCapacity);
                };
                let policy = match policy.as_str() {
                    "error" => LagPolicy::Error,
                    "drop_oldest" => LagPolicy::DropOldest,
                    other => return Err(ArgumentProblem::UnknownPolicy { policy: other.to_owned() }),
                };
                let capacity = u32::try_from(*capacity).ok().filter(|capacity| *capacity > 0);
                self.lag = Some(Lag { policy, capacity: capacity.ok_or(ArgumentProblem::Capacity)? });
            }
        }
        Ok(())
    }
}

fn text(arguments: &[Literal]) -> Result<(&str, Span), ArgumentProblem> {
    match arguments {
        [Literal { kind: LiteralKind::String(text), span }] if !text.is_empty() => Ok((text, *span)),
        [Literal { kind: LiteralKind::String(_), .. }] => Err(ArgumentProblem::EmptyString),
        _ => Err(ArgumentProblem::OneString),
    }
}
