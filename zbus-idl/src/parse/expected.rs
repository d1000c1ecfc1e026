//! Why a piece did not parse, in the user's words: what pest expected, and where.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::members::OBJECT_MEMBER;
use super::slips::Failure;
use super::{Parser, Rule, Shape};
use crate::diagnostic::{Diagnostic, Expectation, Expected, Fix, Help, Problem, Thing};
use crate::language::OBJECT_MEMBERS;
use crate::scan::{Piece, TokenKind};
use crate::source::{Span, offset};
use crate::{foreign, spelling};

impl Parser<'_> {
    /// The one diagnostic of a piece that failed.
    pub(super) fn explain(&self, shape: Shape, piece: &Piece, error: &Error<Rule>) -> Diagnostic {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        let found = self.token_from(piece.span.start as usize + at, piece);
        let behind_piece = found.start >= piece.span.end;
        let place = if behind_piece { self.place_of_next(piece) } else { found };
        let at_start = piece.keyword.is_none_or(|keyword| keyword.start == found.start);
        if at_start && shape.rule == OBJECT_MEMBER.rule {
            return self.unknown_member(piece, place, found);
        }
        let words = match &error.variant {
            ErrorVariant::ParsingError { positives, .. } => expected(positives, shape),
            ErrorVariant::CustomError { .. } => Vec::new(),
        };
        let end = Expected::end(shape.end);
        if !at_start && self.separator_is_missing(shape, &words, found, piece) {
            let behind = self.behind_text(found.start);
            let problem =
                Problem::MissingSeparator { separator: shape.end, after: shape.thing, found: self.found(found) };
            return Diagnostic::new(behind, problem).fix(Fix::replace(Help::AddIt, behind, shape.end));
        }
        let failure = Failure { shape, words: &words, found, piece, at_start };
        if let Some(absent) = self.absent(&failure) {
            return absent;
        }
        let expected = match words.as_slice() {
            _ if self.lacks_paren(found, piece) => Expectation::Arguments,
            words if at_start || words.is_empty() => Expectation::Piece(shape.thing),
            [only] if *only == end => Expectation::After(end, shape.thing),
            _ => Expectation::OneOf(words.clone()),
        };
        let fix = self.meant(&failure).and_then(|fix| self.sound(Some(shape), piece, fix));
        let problem = Problem::Unexpected { expected, found: self.found(found) };
        Diagnostic::new(place, problem).fix(fix)
    }

    fn unknown_member(&self, piece: &Piece, place: Span, found: Span) -> Diagnostic {
        let is_word = piece.keyword.is_some_and(|token| token.kind == TokenKind::Word);
        let word = if is_word { self.slice(found) } else { "" };
        let fix = foreign::object_member(word)
            .map(|own| Fix::replace(Help::CalledHere(own.to_owned()), found, own))
            .or_else(|| self.modifier(word, found))
            .or_else(|| {
                let own = spelling::nearest(word, OBJECT_MEMBERS)?;
                Some(Fix::replace(Help::DidYouMean(own.to_owned()), found, own))
            })
            .or_else(|| self.member_by_its_look(word, found, piece));
        let problem = Problem::UnknownWord { word: self.found(found), expected: Thing::ObjectMember };
        let fix = fix.and_then(|fix| self.sound(Some(OBJECT_MEMBER), piece, fix));
        Diagnostic::new(place, problem).fix(fix.unwrap_or(Fix::words(Help::ObjectMembers)))
    }

    /// The token at a place in a piece; what follows the piece, if there is none.
    fn token_from(&self, at: usize, piece: &Piece) -> Span {
        let index = self.token_at(offset(at));
        let Some(token) = self.tokens.get(index).filter(|token| token.start < piece.span.end) else {
            return piece.next;
        };
        let start = (token.start as usize).max(at);
        // Two tokens here, one mark elsewhere.
        let rest = self.text.get(start..piece.span.end as usize).unwrap_or_default();
        let foreign = ["=>", "::", ":="].iter().find(|mark| rest.starts_with(**mark));
        self.span(start, foreign.map_or(token.end as usize, |mark| start + mark.len()))
    }
}

/// What pest tried, each once, in the order of messages.
fn expected(rules: &[Rule], shape: Shape) -> Vec<Expected> {
    let mut list: Vec<Expected> = rules.iter().filter_map(|rule| expected_by(*rule, shape)).collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// `None` for what would only lengthen the message.
fn expected_by(rule: Rule, shape: Shape) -> Option<Expected> {
    Some(match rule {
        Rule::type_ref | Rule::list | Rule::generic | Rule::return_value | Rule::return_list => Expected::Type,
        Rule::name | Rule::bus_text | Rule::object_text | Rule::kw_as_ahead => Expected::Name,
        Rule::string => Expected::String,
        Rule::literal | Rule::argument | Rule::number => Expected::Value,
        Rule::param => Expected::Param,
        Rule::colon => Expected::Colon,
        Rule::equals => Expected::Equals,
        Rule::comma => Expected::Comma,
        Rule::paren_open | Rule::params => Expected::ParenOpen,
        Rule::paren_close => Expected::ParenClose,
        Rule::bracket_close => Expected::BracketClose,
        Rule::angle_close => Expected::AngleClose,
        Rule::arrow | Rule::returns => Expected::Arrow,
        Rule::throws | Rule::kw_throws => Expected::Throws,
        Rule::kw_as => Expected::As,
        Rule::kw_fn => Expected::Fn,
        Rule::EOI => Expected::end(shape.end),
        _ => return None,
    })
}
