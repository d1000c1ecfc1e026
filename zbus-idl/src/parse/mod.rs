//! Pieces to syntax tree. pest parses each piece; a piece that fails becomes a poisoned node and one diagnostic.

mod expected;
mod literal;
mod types;

use pest::Parser as _;
use pest::iterators::{Pair, Pairs};
use pest_derive::Parser;

use crate::diagnostic::{Diagnostic, Fix, Problem};
use crate::scan::{Body, Ending, Outline, Piece, TokenKind, scan};
use crate::source::{SourceId, Span, offset};
use crate::tree::{
    Alias, Arm, Attribute, Const, Declaration, Entry, Enum, Error, Field, FieldOrSpread, Item, Literal, Member, Method,
    Name, Object, ObjectMember, Param, Return, Returns, Stream, Struct, Text, Throws, Tree, Union, Variant,
};
use crate::vocabulary::{self, DECLARATIONS, OBJECT_MEMBERS};

#[derive(Parser)]
#[grammar = "parse/grammar.pest"]
struct Grammar;

/// Parses a whole text. Whatever it holds, there is a tree.
pub(crate) fn parse(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Tree {
    let outline = scan(text, source, diagnostics);
    let mut parser = Parser { text, source, diagnostics, cut_short: outline.cut_short, incomplete: outline.cut_short };
    parser.file(outline)
}

struct Parser<'a> {
    text: &'a str,
    source: SourceId,
    diagnostics: &'a mut Vec<Diagnostic>,
    cut_short: bool,
    incomplete: bool,
}

/// A kind of piece: its rule, what it is called, and what stands behind it.
#[derive(Clone, Copy)]
struct Shape {
    rule: Rule,
    noun: &'static str,
    end: char,
}

const fn shape(rule: Rule, noun: &'static str, end: char) -> Shape {
    Shape { rule, noun, end }
}

const FIELD: Shape = shape(Rule::field_piece, "field", ',');
const MEMBER: Shape = shape(Rule::member_piece, "member", ',');
const ARM: Shape = shape(Rule::arm_piece, "arm", ',');
const VARIANT: Shape = shape(Rule::variant_piece, "variant", ',');
const OBJECT_MEMBER: Shape = shape(Rule::object_member_piece, "method or stream", ';');

fn declaration_shape(keyword: &str) -> Option<Shape> {
    Some(match keyword {
        "module" => shape(Rule::module_piece, "module", ';'),
        "import" => shape(Rule::import_piece, "import", ';'),
        "const" => shape(Rule::const_piece, "const", ';'),
        "type" => shape(Rule::alias_piece, "type", ';'),
        "struct" => shape(Rule::struct_piece, "struct", '{'),
        "enum" => shape(Rule::enum_piece, "enum", '{'),
        "union" => shape(Rule::union_piece, "union", '{'),
        "error" => shape(Rule::error_piece, "error", '{'),
        "object" => shape(Rule::object_piece, "object", '{'),
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    fn file(&mut self, outline: Outline) -> Tree {
        let items = outline.pieces.into_iter().map(|piece| self.item(piece)).collect();
        Tree { docs: outline.docs, items, incomplete: self.incomplete }
    }

    fn report(&mut self, span: Span, problem: Problem) {
        self.diagnostics.push(Diagnostic::new(span, problem));
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { source: self.source, start: offset(start), end: offset(end) }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// A span as messages name what they found there.
    fn found(&self, span: Span) -> String {
        let text = self.slice(span);
        if text.is_empty() {
            return "the end of the file".to_owned();
        }
        match text.char_indices().nth(40) {
            Some((cut, _)) => format!("`{}…`", text.get(..cut).unwrap_or_default()),
            None => format!("`{text}`"),
        }
    }

    fn item(&mut self, mut piece: Piece) -> Item {
        let body = piece.body.take();
        let keyword = piece.keyword.filter(|token| token.kind == TokenKind::Word);
        let word = keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        let Some(shape) = declaration_shape(word) else {
            return self.unknown_item(piece, word, body.is_some());
        };
        let name_behind = self.word_behind(&piece);
        let mark = self.diagnostics.len();
        let parsed = self.pest(shape, &piece);
        if piece.broken {
            self.diagnostics.truncate(mark);
        }
        let (attributes, node) = if let Some((attributes, pairs)) = parsed {
            let node = self.declaration(shape, pairs, &piece, body);
            (attributes, node)
        } else {
            // The members of a declaration without a head still have mistakes worth showing.
            if let Some(body) = body {
                self.body_of(shape, body);
            }
            (Vec::new(), None)
        };
        let node = node.or_else(|| self.poisoned(shape, name_behind));
        Entry { span: piece.span, docs: piece.docs, attributes, node }
    }

    fn poisoned(&mut self, shape: Shape, name: Option<Name>) -> Option<Declaration> {
        match shape.rule {
            Rule::const_piece | Rule::object_piece => None,
            Rule::module_piece => Some(Declaration::PoisonedModule),
            Rule::import_piece => {
                self.incomplete = true;
                None
            }
            _ => {
                self.incomplete |= name.is_none();
                name.map(Declaration::PoisonedType)
            }
        }
    }

    /// A declaration that starts with no word of the language.
    fn unknown_item(&mut self, piece: Piece, word: &str, has_body: bool) -> Item {
        let at = piece.keyword.map(|token| self.span(token.start as usize, token.end as usize));
        let name = self.word_behind(&piece);
        match at {
            _ if piece.broken => {}
            Some(at) if !word.is_empty() => {
                let fix = vocabulary::foreign_declaration(word)
                    .filter(|own| has_body == matches!(*own, "struct" | "union" | "error" | "object"))
                    .map(|own| Fix::replace(format!("the word for it is `{own}`"), at, own))
                    .or_else(|| {
                        let own = vocabulary::nearest(word, DECLARATIONS)?;
                        Some(Fix::replace(format!("did you mean `{own}`?"), at, own))
                    });
                let words = Fix::words("there are module, import, const, type, struct, enum, union, error and object");
                let problem = Problem::UnknownWord { word: self.found(at), expected: "a declaration" };
                self.diagnostics.push(Diagnostic::new(at, problem).fix(fix.unwrap_or(words)));
            }
            at => {
                let at = at.unwrap_or(piece.next);
                let problem = Problem::Unexpected { expected: "a declaration".to_owned(), found: self.found(at) };
                let stray = self.slice(at) == ";" && piece.span.start == piece.span.end;
                let fix = stray.then(|| Fix::replace("remove it", at, ""));
                let fix = fix.or_else(|| expected::habit(self.slice(at)));
                self.diagnostics.push(Diagnostic::new(at, problem).fix(fix));
            }
        }
        self.incomplete |= name.is_none();
        Entry { span: piece.span, docs: piece.docs, attributes: Vec::new(), node: name.map(Declaration::PoisonedType) }
    }

    /// The word behind the keyword of a piece: what it declares, if it does.
    fn word_behind(&self, piece: &Piece) -> Option<Name> {
        let keyword = piece.keyword?;
        let rest = self.text.get(keyword.end as usize..piece.span.end as usize)?;
        let trimmed = rest.trim_start();
        let start = keyword.end as usize + (rest.len() - trimmed.len());
        let length = trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
        let text = trimmed.get(..length).filter(|text| text.starts_with(|c: char| c.is_ascii_alphabetic()))?;
        Some(Name { text: text.to_owned(), span: self.span(start, start + length) })
    }

    /// Lets pest parse a piece: its attributes, and the pairs behind them.
    fn pest(&mut self, shape: Shape, piece: &Piece) -> Option<(Vec<Attribute>, Pairs<'a, Rule>)> {
        let text = self.slice(piece.span);
        match Grammar::parse(shape.rule, text) {
            Ok(mut pairs) => {
                let mut pairs = pairs.next()?.into_inner();
                let attributes = pairs.next()?;
                Some((self.attributes(attributes, piece.span.start), pairs))
            }
            Err(error) => {
                let diagnostic = self.explain(shape, piece, &error);
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn declaration(
        &mut self,
        shape: Shape,
        mut pairs: Pairs<'a, Rule>,
        piece: &Piece,
        body: Option<Body>,
    ) -> Option<Declaration> {
        let base = piece.span.start;
        // The keyword.
        pairs.next()?;
        if shape.end == ';' {
            self.semicolon(shape, piece);
        } else if body.is_none() {
            let at = self.place_of_next(piece);
            self.report(
                at,
                Problem::Unexpected {
                    expected: format!("`{{` after the {}", shape.noun),
                    found: self.found(piece.next),
                },
            );
            return None;
        }
        let subject = pairs.next()?;
        Some(match shape.rule {
            Rule::module_piece => Declaration::Module(self.raw_name(&subject, base)),
            Rule::import_piece => Declaration::Import(self.text(&subject, base)),
            Rule::const_piece => {
                let name = self.name(&subject, base);
                let ty = self.type_ref(next(&mut pairs, Rule::type_ref)?, base);
                let value = self.literal(next(&mut pairs, Rule::literal)?, base);
                Declaration::Const(Const { name, ty, value })
            }
            Rule::alias_piece => {
                let name = self.name(&subject, base);
                let target = self.type_ref(next(&mut pairs, Rule::type_ref)?, base);
                Declaration::Alias(Alias { name, target })
            }
            Rule::struct_piece => {
                let name = self.name(&subject, base);
                Declaration::Struct(Struct { name, fields: self.fields(body?) })
            }
            Rule::enum_piece => {
                let name = self.name(&subject, base);
                let repr = next(&mut pairs, Rule::type_ref).map(|pair| self.type_ref(pair, base));
                Declaration::Enum(Enum { name, repr, members: self.members(body?) })
            }
            Rule::union_piece => {
                let name = self.name(&subject, base);
                Declaration::Union(Union { name, arms: self.arms(body?) })
            }
            Rule::error_piece => {
                let name = self.name(&subject, base);
                Declaration::Error(Error { name, variants: self.variants(body?) })
            }
            _ => {
                let (name, version) = self.object_name(&subject, base);
                let type_name = next(&mut pairs, Rule::name).map(|pair| self.name(&pair, base));
                Declaration::Object(Object { name, version, type_name, members: self.object_members(body?) })
            }
        })
    }

    /// Parses a body for its mistakes alone.
    fn body_of(&mut self, shape: Shape, body: Body) {
        match shape.rule {
            Rule::struct_piece => drop(self.fields(body)),
            Rule::enum_piece => drop(self.members(body)),
            Rule::union_piece => drop(self.arms(body)),
            Rule::error_piece => drop(self.variants(body)),
            Rule::object_piece => drop(self.object_members(body)),
            _ => {}
        }
    }

    /// Where to point for something that is missing before the token that follows a piece: at that token if it is on
    /// the same line, else right behind the piece.
    fn place_of_next(&self, piece: &Piece) -> Span {
        let between = self.text.get(piece.span.end as usize..piece.next.start as usize).unwrap_or_default();
        if between.contains('\n') || piece.next.start == piece.next.end { piece.span.after() } else { piece.next }
    }

    fn semicolon(&mut self, shape: Shape, piece: &Piece) {
        let behind = piece.behind;
        match piece.ending {
            Ending::Separator | Ending::WrongSeparator(_) => {}
            Ending::Body => {
                let expected = format!("`;` after the {}", shape.noun);
                self.report(piece.next, Problem::Unexpected { expected, found: "`{`".to_owned() });
            }
            Ending::Text if self.cut_short => {}
            Ending::Close | Ending::Missing | Ending::Text => {
                let found = self.found(piece.next);
                let problem = Problem::MissingSeparator { separator: ';', after: format!("the {}", shape.noun), found };
                let fix = Fix::replace("add it", behind, ";");
                self.diagnostics.push(Diagnostic::new(behind, problem).fix(fix));
            }
        }
    }

    /// Parses the members of a body. `build` makes a node of the pairs behind the attributes.
    fn entries<T>(
        &mut self,
        shape: Shape,
        body: Body,
        mut build: impl FnMut(&mut Self, Pairs<'a, Rule>, u32, Option<Body>) -> Option<T>,
    ) -> Vec<Entry<T>> {
        let mut entries = Vec::with_capacity(body.pieces.len());
        let count = body.pieces.len();
        for (index, mut piece) in body.pieces.into_iter().enumerate() {
            // Half a member before a missing brace: the brace is the mistake.
            let half = body.close.is_err() && index + 1 == count && piece.ending != Ending::Separator;
            let mark = self.diagnostics.len();
            let inner = piece.body.take();
            let parsed = self.pest(shape, &piece);
            let (attributes, node) = match parsed {
                Some((attributes, pairs)) => {
                    let node = build(self, pairs, piece.span.start, inner);
                    self.separator(shape, &piece);
                    (attributes, node)
                }
                None => (Vec::new(), None),
            };
            let mut entry = Entry { span: piece.span, docs: piece.docs, attributes, node };
            if half || piece.broken {
                self.diagnostics.truncate(mark);
                entry.node = None;
            }
            entries.push(entry);
        }
        if let Err(place) = body.close {
            let next = self.next_word(place);
            if !(self.cut_short && next.start == next.end) {
                let problem = Problem::UnclosedBrace { open: body.open, found: self.found(next) };
                self.report(place, problem);
            }
        }
        entries
    }

    /// The first word behind a place, past space, documentation and attributes; for the message alone.
    fn next_word(&self, place: Span) -> Span {
        let mut at = place.end as usize;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if let Some(end) = trimmed.starts_with("//").then(|| trimmed.find('\n').unwrap_or(trimmed.len())) {
                at += end;
            } else if trimmed.starts_with("/*") {
                at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else {
                let word = trimmed.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(trimmed.len());
                let first = trimmed.chars().next().map_or(0, char::len_utf8);
                return self.span(at, at + word.max(first));
            }
        }
    }

    fn separator(&mut self, shape: Shape, piece: &Piece) {
        let Shape { noun, end: separator, .. } = shape;
        let behind = piece.behind;
        match piece.ending {
            Ending::Separator | Ending::Body => {}
            Ending::Close if separator == ',' => {}
            Ending::WrongSeparator(span) => {
                let found = if separator == ',' { ';' } else { ',' };
                let problem = Problem::WrongSeparator { separator, found };
                let fix = Fix::replace(format!("write `{separator}`"), span, separator);
                self.diagnostics.push(Diagnostic::new(span, problem).fix(fix));
            }
            Ending::Close | Ending::Missing | Ending::Text => {
                let found = self.found(piece.follower);
                let problem = Problem::MissingSeparator { separator, after: format!("the {noun}"), found };
                let fix = Fix::replace("add it", behind, separator);
                self.diagnostics.push(Diagnostic::new(behind, problem).fix(fix));
            }
        }
    }

    fn fields(&mut self, body: Body) -> Vec<Entry<FieldOrSpread>> {
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

    fn members(&mut self, body: Body) -> Vec<Entry<Member>> {
        self.entries(MEMBER, body, |parser, mut pairs, base, _| {
            let name = parser.name(&pairs.next()?, base);
            let value = next(&mut pairs, Rule::literal).map(|pair| parser.literal(pair, base));
            Some(Member { name, value })
        })
    }

    fn arms(&mut self, body: Body) -> Vec<Entry<Arm>> {
        self.entries(ARM, body, |parser, mut pairs, base, _| {
            let name = parser.name(&pairs.next()?, base);
            let ty = next(&mut pairs, Rule::type_ref).map(|pair| parser.type_ref(pair, base));
            Some(Arm { name, ty })
        })
    }

    fn variants(&mut self, body: Body) -> Vec<Entry<Variant>> {
        self.entries(VARIANT, body, |parser, mut pairs, base, inner| {
            let name = parser.name(&pairs.next()?, base);
            let fields = inner.map(|inner| parser.fields(inner)).unwrap_or_default();
            Some(Variant { name, fields })
        })
    }

    fn object_members(&mut self, body: Body) -> Vec<Entry<ObjectMember>> {
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
        Returns { span, values }
    }

    fn attributes(&mut self, pair: Pair<'a, Rule>, base: u32) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for attribute in pair.into_inner() {
            let span = self.pair_span(&attribute, base);
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
    fn object_name(&mut self, pair: &Pair<'a, Rule>, base: u32) -> (Name, Option<Name>) {
        let whole = self.pair_span(pair, base);
        let Some((name, version)) = pair.as_str().split_once('@') else {
            return (Name { text: pair.as_str().to_owned(), span: whole }, None);
        };
        let start = whole.start as usize;
        let trimmed = (name.trim_end(), version.trim_start());
        let version_start = start + name.len() + 1 + (version.len() - trimmed.1.len());
        if trimmed != (name, version) {
            let fix = Fix::replace("write it as one word", whole, format!("{}@{}", trimmed.0, trimmed.1));
            let at = self.span(start + trimmed.0.len(), version_start);
            self.diagnostics.push(Diagnostic::new(at, Problem::SpaceAroundAt).fix(fix));
        }
        let name = Name { text: trimmed.0.to_owned(), span: self.span(start, start + trimmed.0.len()) };
        let end = version_start + trimmed.1.len();
        (name, Some(Name { text: trimmed.1.to_owned(), span: self.span(version_start, end) }))
    }

    fn pair_span(&self, pair: &Pair<'_, Rule>, base: u32) -> Span {
        let span = pair.as_span();
        self.span(base as usize + span.start(), base as usize + span.end())
    }

    fn raw_name(&self, pair: &Pair<'a, Rule>, base: u32) -> Name {
        Name { text: pair.as_str().to_owned(), span: self.pair_span(pair, base) }
    }

    /// A name that something is given or referred to by.
    fn name(&mut self, pair: &Pair<'a, Rule>, base: u32) -> Name {
        let name = self.raw_name(pair, base);
        if name.text.starts_with('_') {
            self.report(name.span, Problem::BadName { name: name.text.clone() });
        }
        name
    }

    fn text(&mut self, pair: &Pair<'a, Rule>, base: u32) -> Text {
        let span = self.pair_span(pair, base);
        let value = self.unescape(pair.as_str(), span);
        Text { value, span }
    }

    fn literal(&mut self, pair: Pair<'a, Rule>, base: u32) -> Literal {
        let span = self.pair_span(&pair, base);
        let kind = pair.into_inner().next().map(|inner| self.literal_kind(&inner, span));
        Literal { span, kind: kind.unwrap_or(crate::tree::LiteralKind::Poisoned) }
    }
}

/// The next pair of a rule, past the marks and keywords before it.
fn next<'a>(pairs: &mut Pairs<'a, Rule>, rule: Rule) -> Option<Pair<'a, Rule>> {
    pairs.find(|pair| pair.as_rule() == rule)
}

/// What an object can hold, for messages.
fn object_member_words() -> Fix {
    Fix::words(format!("an object holds {}", OBJECT_MEMBERS.map(|word| format!("`{word}`")).join(", ")))
}
