//! What stands in bodies: fields, members, arms, variants, methods and streams; attributes on any of it.

use pest::iterators::Pair;

use super::{Parser, Rule, Shape, next, shape};
use crate::diagnostic::{Diagnostic, Expectation, Expected, Fix, Help, Problem, Thing};
use crate::scan::Body;
use crate::tree::{
    Arm, Attribute, Entry, Field, FieldOrSpread, Member, Method, Name, ObjectMember, Param, Return, Returns, Stream,
    Throws, Variant,
};

pub(super) const FIELD: Shape = shape(Rule::field_piece, Thing::Field, ',');
pub(super) const MEMBER: Shape = shape(Rule::member_piece, Thing::Member, ',');
pub(super) const ARM: Shape = shape(Rule::arm_piece, Thing::Arm, ',');
pub(super) const VARIANT: Shape = shape(Rule::variant_piece, Thing::Variant, ',');
pub(super) const OBJECT_MEMBER: Shape = shape(Rule::object_member_piece, Thing::ObjectMember, ';');

impl<'a> Parser<'a> {
    pub(super) fn fields(&mut self, body: Body) -> Vec<Entry<FieldOrSpread>> {
        self.entries(FIELD, body, |parser, mut pairs, base, _| {
            let first = pairs.next()?;
            if first.as_rule() == Rule::spread {
                let name = next(&mut first.into_inner(), Rule::name)?;
                return Some(FieldOrSpread::Spread(parser.name(&name, base)));
            }
            let name = parser.name(&first, base);
            let ty = parser.type_ref(next(&mut pairs, Rule::type_ref)?, base);
            Some(FieldOrSpread::Field(Field { name, ty }))
        })
    }

    pub(super) fn members(&mut self, body: Body) -> Vec<Entry<Member>> {
        self.entries(MEMBER, body, |parser, mut pairs, base, _| {
            let name = parser.name(&pairs.next()?, base);
            let value = next(&mut pairs, Rule::literal).map(|pair| parser.literal(pair, base));
            Some(Member { name, value })
        })
    }

    pub(super) fn arms(&mut self, body: Body) -> Vec<Entry<Arm>> {
        self.entries(ARM, body, |parser, mut pairs, base, _| {
            let name = parser.name(&pairs.next()?, base);
            let ty = next(&mut pairs, Rule::type_ref).map(|pair| parser.type_ref(pair, base));
            Some(Arm { name, ty })
        })
    }

    pub(super) fn variants(&mut self, body: Body) -> Vec<Entry<Variant>> {
        self.entries(VARIANT, body, |parser, mut pairs, base, inner| {
            let name = parser.name(&pairs.next()?, base);
            if let Some(inner) = inner.as_ref().filter(|inner| inner.lacks_open()) {
                let found = parser.next_word(inner.open);
                let expected = Expectation::After(Expected::BraceOpen, Thing::Variant);
                let problem = Problem::Unexpected { expected, found: parser.found(found) };
                parser.diagnostics.push(Diagnostic::new(found, problem).fix(Fix::replace(
                    Help::AddIt,
                    inner.open,
                    " {",
                )));
            }
            let fields = inner.map(|inner| parser.fields(inner)).unwrap_or_default();
            Some(Variant { name, fields })
        })
    }

    pub(super) fn object_members(&mut self, body: Body) -> Vec<Entry<ObjectMember>> {
        self.entries(OBJECT_MEMBER, body, |parser, mut pairs, base, _| {
            let member = pairs.next()?;
            if member.as_rule() == Rule::stream {
                let mut inner = member.into_inner();
                let name = parser.name(&next(&mut inner, Rule::name)?, base);
                let ty = parser.type_ref(next(&mut inner, Rule::type_ref)?, base);
                return Some(ObjectMember::Stream(Stream { name, ty }));
            }
            parser.method(member, base).map(ObjectMember::Method)
        })
    }

    fn method(&mut self, pair: Pair<'a, Rule>, base: u32) -> Option<Method> {
        let mut name = None;
        let mut method_params = Vec::new();
        let (mut oneway, mut returns, mut throws) = (false, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_oneway => oneway = true,
                Rule::name => name = Some(self.name(&part, base)),
                Rule::params => {
                    for param in part.into_inner().filter(|inner| inner.as_rule() == Rule::param) {
                        method_params.extend(self.param(param, base));
                    }
                }
                Rule::returns => returns = Some(self.returns(part, base)),
                Rule::throws => {
                    let span = self.pair_span(&part, base);
                    let error = next(&mut part.into_inner(), Rule::name).map(|pair| self.name(&pair, base));
                    throws = Some(Throws { span, error });
                }
                _ => {}
            }
        }
        Some(Method { name: name?, oneway, params: method_params, returns, throws })
    }

    fn param(&mut self, pair: Pair<'a, Rule>, base: u32) -> Option<Param> {
        let mut inner = pair.into_inner();
        let attributes = self.attributes(inner.next()?, base);
        let name = self.name(&inner.next()?, base);
        let variadic = inner.clone().any(|pair| pair.as_rule() == Rule::ellipsis);
        let ty = self.type_ref(next(&mut inner, Rule::type_ref)?, base);
        Some(Param { attributes, name, variadic, ty })
    }

    fn returns(&mut self, pair: Pair<'a, Rule>, base: u32) -> Returns {
        let span = self.pair_span(&pair, base);
        let with_space = self.behind_text(span.start).to(span);
        let mut values = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::type_ref => values.push(Return { name: None, ty: self.type_ref(part, base) }),
                Rule::return_list => {
                    for value in part.into_inner().filter(|inner| inner.as_rule() == Rule::return_value) {
                        let mut inner = value.into_inner();
                        let name = inner.peek().filter(|pair| pair.as_rule() == Rule::name);
                        let name = name.map(|pair| self.name(&pair, base));
                        if let Some(ty) = next(&mut inner, Rule::type_ref) {
                            values.push(Return { name, ty: self.type_ref(ty, base) });
                        }
                    }
                }
                _ => {}
            }
        }
        Returns { span, with_space, values }
    }

    pub(super) fn attributes(&mut self, pair: Pair<'a, Rule>, base: u32) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for attribute in pair.into_inner() {
            // Without arguments, the pair ends with the space in which they were looked for.
            let start = base as usize + attribute.as_span().start();
            let span = self.span(start, start + attribute.as_str().trim_end().len());
            let mut inner = attribute.into_inner();
            let Some(name) = inner.next().map(|pair| self.raw_name(&pair, base)) else {
                continue;
            };
            let mut arguments = Vec::new();
            for argument in inner.flat_map(Pair::into_inner).filter(|pair| pair.as_rule() == Rule::argument) {
                arguments.push(self.literal(argument, base));
            }
            attributes.push(Attribute { name, arguments, span });
        }
        attributes
    }

    /// `name`, `name@version`, and what people write in their place.
    pub(super) fn object_name(&mut self, pair: &Pair<'a, Rule>, base: u32) -> (Name, Option<Name>) {
        let whole = self.pair_span(pair, base);
        let Some((name, version)) = pair.as_str().split_once('@') else {
            return (Name { text: pair.as_str().to_owned(), span: whole }, None);
        };
        let start = whole.start as usize;
        let trimmed = (name.trim_end(), version.trim_start());
        let version_start = start + name.len() + 1 + (version.len() - trimmed.1.len());
        if trimmed != (name, version) {
            let fix = Fix::replace(Help::OneWord, whole, format!("{}@{}", trimmed.0, trimmed.1));
            let at = self.span(start + trimmed.0.len(), version_start);
            self.diagnostics.push(Diagnostic::new(at, Problem::SpaceAroundAt).fix(fix));
        }
        let name = Name { text: trimmed.0.to_owned(), span: self.span(start, start + trimmed.0.len()) };
        let end = version_start + trimmed.1.len();
        (name, Some(Name { text: trimmed.1.to_owned(), span: self.span(version_start, end) }))
    }
}
