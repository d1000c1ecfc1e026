//! Why a piece did not parse, in the user's words: what pest expected, and where.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::habits::Failure;
use super::members::{OBJECT_MEMBER, object_member_words};
use super::{Parser, Rule, Shape};
use crate::diagnostic::{Diagnostic, Fix, Problem, article};
use crate::scan::{Piece, TokenKind};
use crate::source::Span;
use crate::vocabulary::{self, OBJECT_MEMBERS};

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
        let separator = format!("`{}`", shape.end);
        if !at_start && self.separator_is_missing(shape, &words, found, piece) {
            let behind = self.behind_text(found.start);
            let after = format!("the {}", shape.noun);
            let problem = Problem::MissingSeparator { separator: shape.end, after, found: self.found(found) };
            return Diagnostic::new(behind, problem).fix(Fix::replace("add it", behind, shape.end));
        }
        let failure = Failure { shape, words: &words, found, piece, at_start };
        if let Some(absent) = self.absent(&failure) {
            return absent;
        }
        let text = match words.as_slice() {
            _ if self.lacks_paren(found, piece) => "`(` after the attribute's name".to_owned(),
            words if at_start || words.is_empty() => format!("{} {}", article(shape.noun), shape.noun),
            [only] if *only == separator => format!("{separator} after the {}", shape.noun),
            words => alternatives(words),
        };
        let fix = self.meant(&failure);
        let problem = Problem::Unexpected { expected: text, found: self.found(found) };
        Diagnostic::new(place, problem).fix(fix)
    }

    fn unknown_member(&self, piece: &Piece, place: Span, found: Span) -> Diagnostic {
        let is_word = piece.keyword.is_some_and(|token| token.kind == TokenKind::Word);
        let word = if is_word { self.slice(found) } else { "" };
        let fix = vocabulary::foreign_member(word)
            .map(|own| Fix::replace(format!("the word for it is `{own}`"), found, own))
            .or_else(|| self.modifier(word, found))
            .or_else(|| {
                let own = vocabulary::nearest(word, OBJECT_MEMBERS)?;
                Some(Fix::replace(format!("did you mean `{own}`?"), found, own))
            })
            .or_else(|| self.member_by_its_look(word, found, piece));
        let problem = Problem::UnknownWord { word: self.found(found), expected: "a method or stream" };
        Diagnostic::new(place, problem).fix(fix.unwrap_or_else(object_member_words))
    }

    /// The token at a place in a piece, past space and comments; what follows the piece, if there is none.
    fn token_from(&self, at: usize, piece: &Piece) -> Span {
        let end = piece.span.end as usize;
        let mut at = at;
        loop {
            let rest = self.text.get(at..end).unwrap_or_default();
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if trimmed.is_empty() {
                return piece.next;
            }
            if trimmed.starts_with("//") {
                at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                at += trimmed.find("*/").map_or(trimmed.len(), |length| length + 2);
            } else {
                let length = token_length(trimmed);
                return self.span(at, at + length);
            }
        }
    }
}

fn token_length(text: &str) -> usize {
    let word = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if word > 0 {
        return word;
    }
    if text.starts_with('"') {
        let close = text.char_indices().skip(1).find(|(_, c)| matches!(c, '"' | '\n'));
        return close.map_or(text.len(), |(at, c)| if c == '"' { at + 1 } else { at });
    }
    let marks = ["...", "->", "=>", "::", ":="];
    let mark = marks.iter().find(|mark| text.starts_with(**mark)).map(|mark| mark.len());
    mark.unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

/// The words for what pest tried, each once, in a fixed order.
fn expected(rules: &[Rule], shape: Shape) -> Vec<String> {
    let mut words: Vec<(u8, String)> = rules.iter().filter_map(|rule| word(*rule, shape)).collect();
    words.sort();
    words.dedup();
    words.into_iter().map(|(_, word)| word).collect()
}

/// A rule in words, with its rank among others; `None` for what would only lengthen the message.
fn word(rule: Rule, shape: Shape) -> Option<(u8, String)> {
    let (rank, word) = match rule {
        Rule::type_ref | Rule::list | Rule::generic | Rule::return_value | Rule::return_list => (0, "a type"),
        Rule::name | Rule::bus_text | Rule::object_text | Rule::kw_as_ahead => (1, "a name"),
        Rule::string => (1, "a string in `\"`"),
        Rule::literal | Rule::argument | Rule::number => (1, "a value"),
        Rule::param => (1, "a parameter"),
        Rule::colon => (2, "`:`"),
        Rule::equals => (2, "`=`"),
        Rule::comma => (3, "`,`"),
        Rule::paren_open | Rule::params => (3, "`(`"),
        Rule::paren_close => (4, "`)`"),
        Rule::bracket_close => (4, "`]`"),
        Rule::angle_close => (4, "`>`"),
        Rule::arrow | Rule::returns => (5, "`->`"),
        Rule::throws | Rule::kw_throws => (6, "`throws`"),
        Rule::kw_as => (6, "`as`"),
        Rule::kw_fn => (6, "`fn`"),
        Rule::EOI => return Some((7, format!("`{}`", shape.end))),
        _ => return None,
    };
    Some((rank, word.to_owned()))
}

fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
