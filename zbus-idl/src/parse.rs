//! Pieces to syntax tree. pest parses each piece; a piece that fails becomes a poisoned node and one diagnostic.

mod declarations;
mod expected;
mod literal;
mod members;
mod slips;
mod types;

use std::collections::HashSet;

use pest::Parser as _;
use pest::iterators::{Pair, Pairs};
use pest_derive::Parser;

use crate::diagnostic::{Diagnostic, Fix, Found, Help, Problem, Thing};
use crate::scan::{Body, Ending, Outline, Piece, Token, TokenKind, scan};
use crate::source::{SourceId, Span, offset};
use crate::tree::{Attribute, Entry, Literal, LiteralKind, Name, Text, Tree};

#[derive(Parser)]
#[grammar = "parse/grammar.pest"]
struct Grammar;

/// Parses a whole text. Whatever it holds, there is a tree.
pub(crate) fn parse(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Tree {
    let outline = scan(text, source, diagnostics);
    let mut parser = Parser {
        text,
        source,
        tokens: &outline.tokens,
        diagnostics,
        cut_short: outline.cut_short,
        incomplete: outline.cut_short,
        declared: HashSet::new(),
        has_imports: false,
    };
    parser.look_over(&outline.pieces);
    let pieces = outline.pieces.into_iter().enumerate();
    let mut items: Vec<_> = pieces.map(|(index, piece)| parser.item(piece, index == 0)).collect();
    // One that was found within another comes before that.
    items.sort_by_key(|item| item.extent.start);
    let incomplete = parser.incomplete;
    let Outline { docs, doc_span, tokens, comments, .. } = outline;
    Tree { docs, doc_span, items, tokens, comments, incomplete }
}

struct Parser<'a> {
    text: &'a str,
    source: SourceId,
    tokens: &'a [Token],
    diagnostics: &'a mut Vec<Diagnostic>,
    cut_short: bool,
    incomplete: bool,
    /// The names that this file declares, for suggestions: those are never translated.
    declared: HashSet<&'a str>,
    has_imports: bool,
}

/// A kind of piece: its rule, what it is called, and what ends it.
#[derive(Clone, Copy)]
struct Shape {
    rule: Rule,
    thing: Thing,
    end: char,
}

const fn shape(rule: Rule, thing: Thing, end: char) -> Shape {
    Shape { rule, thing, end }
}

impl<'a> Parser<'a> {
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
    fn found(&self, span: Span) -> Found {
        Found::of(self.slice(span))
    }

    /// Lets pest parse a piece: its attributes, and the pairs behind them.
    fn pest(&mut self, shape: Shape, piece: &Piece) -> Option<(Vec<Attribute>, Pairs<'a, Rule>)> {
        if piece.broken {
            // The scan has reported it, and a piece that nests too deep would overflow pest's stack.
            return None;
        }
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

    /// Where to point for something that is missing before the token that follows a piece: at that token if it is on
    /// the same line, else right behind the piece.
    fn place_of_next(&self, piece: &Piece) -> Span {
        let between = self.text.get(piece.span.end as usize..piece.next.start as usize).unwrap_or_default();
        if between.contains('\n') || piece.next.start == piece.next.end { piece.span.after() } else { piece.next }
    }

    /// Parses the members of a body. `build` makes a node of the pairs behind the attributes.
    fn entries<T>(
        &mut self,
        shape: Shape,
        body: Body,
        mut build: impl FnMut(&mut Self, Pairs<'a, Rule>, u32, Option<Body>) -> Option<T>,
    ) -> Vec<Entry<T>> {
        let mut entries = Vec::with_capacity(body.pieces.len());
        let (count, lacks_open) = (body.pieces.len(), body.lacks_open());
        let mut hidden_close = false;
        let mut unfinished = None;
        let mut half_typed = false;
        let mut failed_before: Option<(Span, bool)> = None;
        for (index, mut piece) in body.pieces.into_iter().enumerate() {
            // Half a member before a missing brace: the brace is the mistake.
            let last = index + 1 == count;
            let half = body.close.is_err() && !lacks_open && last && piece.ending != Ending::Separator;
            unfinished = half.then_some(shape.end);
            // What closes the body may be in what is broken: a string that does not end.
            hidden_close = last && piece.broken;
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
            half_typed = half && node.is_none();
            let silent = half || piece.broken || node.is_none() && self.is_remainder(&piece, failed_before);
            if silent {
                self.diagnostics.truncate(mark);
            }
            let failed = silent || self.diagnostics.len() > mark;
            failed_before = failed.then_some((piece.behind, piece.span.start == piece.span.end));
            let node = node.filter(|_| !silent);
            entries.push(Entry {
                span: piece.span,
                extent: piece.extent,
                docs: piece.docs,
                doc_span: piece.doc_span,
                attributes,
                node,
            });
        }
        if let Err(place) = body.close {
            let next = self.next_word(place);
            // Without its `{`, it was reported already.
            if !(lacks_open || hidden_close || self.cut_short && next.start == next.end) {
                let problem = Problem::UnclosedBrace { open: body.open, found: self.found(next), unfinished };
                let before = self.text.get(..body.open.start as usize).unwrap_or_default();
                let line = before.rsplit('\n').next().unwrap_or_default();
                let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
                let lines =
                    self.text.get(body.open.end as usize..place.end as usize).unwrap_or_default().contains('\n');
                let close = if lines { format!("\n{indent}}}") } else { " }".to_owned() };
                // What is half-typed does not become whole by a brace.
                let fix = (!half_typed).then(|| Fix::replace(Help::CloseIt, place, close));
                self.diagnostics.push(Diagnostic::new(place, problem).fix(fix));
            }
            // More may have been meant to stand in it.
            if entries.is_empty() {
                entries.push(Entry {
                    span: body.open,
                    extent: body.open,
                    docs: String::new(),
                    doc_span: None,
                    attributes: Vec::new(),
                    node: None,
                });
            }
        }
        entries
    }

    /// Whether a piece that failed is what is left of the one before it, which failed too: it stands on the same line, and
    /// starts like nothing, or follows a lone separator.
    fn is_remainder(&self, piece: &Piece, before: Option<(Span, bool)>) -> bool {
        let Some((before, was_empty)) = before else { return false };
        let between = self.text.get(before.end as usize..piece.span.start as usize).unwrap_or_default();
        let starts_like_nothing =
            self.slice(piece.span).starts_with([':', '=', '<', '>', '?', '(', ')', '[', ']', '-']);
        !between.contains('\n') && (was_empty || starts_like_nothing || piece.span.start == piece.span.end)
    }

    /// The index of the first token that does not end before a place.
    fn token_at(&self, at: u32) -> usize {
        self.tokens.partition_point(|token| token.end <= at)
    }

    /// The first token behind a place that documents nothing; for the message alone.
    fn next_word(&self, place: Span) -> Span {
        let behind = self.tokens.get(self.token_at(place.end)..).unwrap_or_default();
        let next = behind.iter().find(|token| !matches!(token.kind, TokenKind::Doc | TokenKind::FileDoc));
        match next {
            Some(token) => self.span(token.start as usize, token.end as usize),
            None => self.span(self.text.len(), self.text.len()),
        }
    }

    fn separator(&mut self, shape: Shape, piece: &Piece) {
        let Shape { thing, end: separator, .. } = shape;
        let behind = piece.behind;
        match piece.ending {
            Ending::Separator | Ending::Body => {}
            Ending::Close if separator == ',' => {}
            Ending::WrongSeparator(span) => {
                let found = if separator == ',' { ';' } else { ',' };
                let problem = Problem::WrongSeparator { separator, found };
                let fix = Fix::replace(Help::Write(separator.to_string()), span, separator);
                self.diagnostics.push(Diagnostic::new(span, problem).fix(fix));
            }
            Ending::Close | Ending::Missing | Ending::Text => {
                let found = self.found(piece.follower);
                let problem = Problem::MissingSeparator { separator, after: thing, found };
                let fix = Fix::replace(Help::AddIt, behind, separator);
                self.diagnostics.push(Diagnostic::new(behind, problem).fix(fix));
            }
        }
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
        Literal { span, kind: kind.unwrap_or(LiteralKind::Poisoned) }
    }
}

/// The next pair of a rule, past the marks and keywords before it.
fn next<'a>(pairs: &mut Pairs<'a, Rule>, rule: Rule) -> Option<Pair<'a, Rule>> {
    pairs.find(|pair| pair.as_rule() == rule)
}
