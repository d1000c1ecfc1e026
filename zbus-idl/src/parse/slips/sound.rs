//! An edit is offered only if what it makes of its piece parses.

use pest::Parser as _;

use super::super::declarations::declaration_shape;
use super::super::{Grammar, Parser, Shape};
use crate::diagnostic::Fix;
use crate::scan::Piece;

impl Parser<'_> {
    /// The fix; without its edit, if that leaves another mistake in the piece; nothing, if its words need the edit.
    pub(in crate::parse) fn sound(&self, shape: Option<Shape>, piece: &Piece, fix: Fix) -> Option<Fix> {
        if self.makes_sense(shape, piece, &fix) {
            return Some(fix);
        }
        (!fix.help.needs_edit()).then(|| Fix::words(fix.help))
    }

    fn makes_sense(&self, shape: Option<Shape>, piece: &Piece, fix: &Fix) -> bool {
        let Some(edit) = &fix.edit else { return true };
        let within = piece.span.start <= edit.span.start && edit.span.end <= piece.span.end;
        // An edit that opens a body, or ends the piece, is not a matter of the piece's grammar.
        if !within
            || edit.replacement.contains('{')
            || shape.is_some_and(|shape| edit.replacement == shape.end.to_string())
        {
            return true;
        }
        let part = |start: u32, end: u32| self.text.get(start as usize..end as usize).unwrap_or_default();
        let before = part(piece.span.start, edit.span.start);
        let text = [before, &edit.replacement, part(edit.span.end, piece.span.end)].concat();
        let keyword = piece.keyword.map_or(0, |token| (token.start - piece.span.start) as usize);
        let keyword = text.get(keyword..).unwrap_or_default();
        let word = keyword.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let shape = match shape {
            Some(shape) if shape.end == ',' || shape.rule == super::super::members::OBJECT_MEMBER.rule => Some(shape),
            _ => declaration_shape(word),
        };
        shape.is_some_and(|shape| Grammar::parse(shape.rule, text.trim_end()).is_ok())
    }
}
