//! The attributes: a closed set, each with the things it belongs on and the arguments it takes.

use std::time::Duration;

use super::Resolver;
use crate::diagnostic::{Diagnostic, Fix, Problem};
use crate::schema::{Lag, LagPolicy};
use crate::source::Span;
use crate::tree::{Attribute, Literal, LiteralKind};
use crate::vocabulary;

/// What an attribute can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Module,
    Import,
    Const,
    Alias,
    Struct,
    Enum,
    Union,
    Error,
    Object,
    Field,
    Spread,
    Member,
    Arm,
    Variant,
    Method,
    Stream,
    Param,
}

impl Target {
    fn noun(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Import => "import",
            Self::Const => "const",
            Self::Alias => "type",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Error => "error",
            Self::Object => "object",
            Self::Field => "field",
            Self::Spread => "spread",
            Self::Member => "member of an enum",
            Self::Arm => "arm",
            Self::Variant => "variant",
            Self::Method => "method",
            Self::Stream => "stream",
            Self::Param => "parameter",
        }
    }
}

/// An attribute of the language.
struct Known {
    name: &'static str,
    usage: &'static str,
    belongs: &'static str,
    on: fn(Target) -> bool,
}

const KNOWN: [Known; 6] = [
    Known {
        name: "wire",
        usage: "@wire(\"name\")",
        belongs: "fields, arms, variants, methods and streams; an enum's member has `= \"value\"`",
        on: |target| matches!(target, Target::Field | Target::Arm | Target::Variant | Target::Method | Target::Stream),
    },
    Known {
        name: "deprecated",
        usage: "@deprecated(\"what to use in its place\")",
        belongs: "types, consts, objects and their members",
        on: |target| !matches!(target, Target::Module | Target::Import | Target::Spread | Target::Param),
    },
    Known { name: "timeout", usage: "@timeout(2s)", belongs: "methods", on: |target| target == Target::Method },
    Known { name: "idempotent", usage: "@idempotent", belongs: "methods", on: |target| target == Target::Method },
    Known {
        name: "uninterruptible",
        usage: "@uninterruptible",
        belongs: "methods",
        on: |target| target == Target::Method,
    },
    Known {
        name: "lag",
        usage: "@lag(error, 100)` or `@lag(drop_oldest, 100)",
        belongs: "streams",
        on: |target| target == Target::Stream,
    },
];

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
    pub(super) fn attributes(&mut self, attributes: &[Attribute], target: Target) -> Attributes {
        let mut said = Attributes::default();
        let mut seen: [Option<Span>; KNOWN.len()] = [None; KNOWN.len()];
        for attribute in attributes {
            let name = &attribute.name;
            let Some(index) = KNOWN.iter().position(|known| known.name == name.text) else {
                let near = vocabulary::nearest(&name.text, KNOWN.iter().map(|known| known.name));
                let fix =
                    near.map(|near| Fix::replace(format!("did you mean `@{near}`?"), name.span, near)).or_else(|| {
                        let known = vocabulary::foreign_attribute(&name.text)?;
                        let usage = KNOWN.iter().find(|one| one.name == known)?.usage;
                        Some(Fix::words(format!("the attribute for it may be `{usage}`")))
                    });
                let problem = Problem::UnknownAttribute { name: name.text.clone() };
                self.diagnostics.push(Diagnostic::new(attribute.span, problem).fix(fix));
                continue;
            };
            let known = &KNOWN[index];
            if !(known.on)(target) {
                let (on, belongs) = (target.noun(), known.belongs);
                self.report(attribute.span, Problem::MisplacedAttribute { name: name.text.clone(), on, belongs });
            } else if let Some(first) = seen[index] {
                self.report(attribute.span, Problem::RepeatedAttribute { name: name.text.clone(), first });
            } else if let Err(reason) = said.take(known.name, attribute)
                && !attribute.arguments.iter().any(|argument| argument.kind == LiteralKind::Poisoned)
            {
                let problem = Problem::BadArguments { name: name.text.clone(), usage: known.usage, reason };
                self.report(attribute.span, problem);
            }
            seen[index].get_or_insert(attribute.span);
        }
        said
    }
}

impl Attributes {
    fn take(&mut self, name: &str, attribute: &Attribute) -> Result<(), String> {
        match (name, attribute.arguments.as_slice()) {
            ("wire", arguments) => {
                let (text, span) = text(arguments)?;
                self.wire = Some((text.to_owned(), span));
            }
            ("deprecated", arguments) => self.deprecated = Some(text(arguments)?.0.to_owned()),
            ("timeout", [Literal { kind: LiteralKind::Duration(nanoseconds), .. }]) => {
                let positive = u64::try_from(*nanoseconds).ok().filter(|nanoseconds| *nanoseconds > 0);
                self.timeout = Some(Duration::from_nanos(positive.ok_or("a timeout is longer than nothing")?));
            }
            ("timeout", _) => return Err("expected one duration".to_owned()),
            ("idempotent", []) => self.idempotent = true,
            ("uninterruptible", []) => self.uninterruptible = true,
            (
                "lag",
                [Literal { kind: LiteralKind::Word(policy), .. }, Literal { kind: LiteralKind::Integer(n), .. }],
            ) => {
                let policy = match policy.as_str() {
                    "error" => LagPolicy::Error,
                    "drop_oldest" => LagPolicy::DropOldest,
                    other => return Err(format!("`{other}` is neither `error` nor `drop_oldest`")),
                };
                let capacity = u32::try_from(*n).ok().filter(|n| *n > 0);
                let capacity = capacity.ok_or("the number of events goes from 1 to 4294967295")?;
                self.lag = Some(Lag { policy, capacity });
            }
            ("lag", _) => return Err("expected a policy and a number of events".to_owned()),
            _ => return Err("it takes no arguments".to_owned()),
        }
        Ok(())
    }
}

fn text(arguments: &[Literal]) -> Result<(&str, Span), String> {
    match arguments {
        [Literal { kind: LiteralKind::String(text), span }] if !text.is_empty() => Ok((text, *span)),
        [Literal { kind: LiteralKind::String(_), .. }] => Err("the text is empty".to_owned()),
        _ => Err("expected one text in quotes".to_owned()),
    }
}
