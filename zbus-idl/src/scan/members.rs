//! Bodies, and how their members are told apart.

use super::{Body, BodyKind, Ending, Piece, Scanner, TokenKind};
use crate::diagnostic::{Diagnostic, Fix, Help, Problem};

impl Scanner<'_> {
    /// A body, from its `{` or where that should be. `column` is that of the declaration it belongs to.
    pub(super) fn body(&mut self, kind: BodyKind, column: u32) -> Body {
        let open = if self.is(self.at, b'{') {
            self.at += 1;
            self.span_at(self.at - 1)
        } else {
            self.behind(self.at)
        };
        let mut pieces = Vec::new();
        let close = loop {
            if self.at >= self.tokens.len() {
                break Err(self.behind(self.at));
            }
            if self.is(self.at, b'}') {
                let close = self.span_at(self.at);
                self.at += 1;
                if self.members_go_on(self.at, kind) {
                    let fix = Fix::replace(Help::RemoveIt, close, "");
                    self.diagnostics.push(Diagnostic::new(close, Problem::EarlyBrace).fix(fix));
                    continue;
                }
                break Ok(close);
            }
            if self.declaration_at(self.at) && self.column(self.at) <= column {
                break Err(self.behind(self.at));
            }
            if kind != BodyKind::Unknown && self.declaration_at(self.at) {
                let inner = self.declaration();
                if let Some(inner) = inner {
                    let at = inner.keyword.map_or(inner.span, |keyword| self.span(keyword));
                    self.report(at, Problem::NestedDeclaration);
                    self.pieces.push(inner);
                }
            } else if kind == BodyKind::Unknown {
                self.skip_unknown(column);
            } else {
                let piece = self.member(kind, column);
                pieces.extend(piece);
            }
        };
        Body { open, close, pieces }
    }

    /// One token, or a balanced block, of a body that is not understood.
    fn skip_unknown(&mut self, column: u32) {
        if self.is(self.at, b'{') {
            self.skip_block(column);
        } else {
            self.at += 1;
        }
    }

    pub(super) fn skip_block(&mut self, column: u32) {
        let mut depth = 0_usize;
        while let Some(token) = self.token(self.at) {
            if token.is(b'{') {
                depth += 1;
            } else if token.is(b'}') {
                depth -= 1;
                if depth == 0 {
                    self.at += 1;
                    return;
                }
            } else if self.declaration_at(self.at) && self.column(self.at) <= column {
                return;
            }
            self.at += 1;
        }
    }

    fn member(&mut self, kind: BodyKind, column: u32) -> Option<Piece> {
        let prelude = self.prelude();
        let core = self.at;
        if self.nothing_follows(&prelude, core, true) {
            return None;
        }
        let (own, other) = if kind == BodyKind::Object { (b';', b',') } else { (b',', b';') };
        let mut broken = false;
        let mut body = None;
        let mut head_end = core;
        let mut brackets = 0_usize;
        let ending = loop {
            let Some(token) = self.token(self.at) else {
                break Ending::Text;
            };
            // What follows a variant's body is no part of its head.
            if body.is_some() && !(token.is(b'}') || token.is(own) || token.is(other)) {
                break Ending::Missing;
            }
            let starts_next = self.at > core
                && (self.declaration_at(self.at)
                    || if kind == BodyKind::Object {
                        let after_oneway = self.at == core + 1 && self.word(core) == Some("oneway");
                        self.object_member_at(self.at)
                            && (brackets == 0 || token.kind != TokenKind::Doc)
                            && !(after_oneway && self.word(self.at) == Some("fn"))
                    } else {
                        self.comma_member_at(self.at, brackets)
                    });
            if starts_next {
                break Ending::Missing;
            }
            let is_separator = token.is(b',') || token.is(b';');
            match token.kind {
                TokenKind::Punct(b'}') if !self.closes_no_body(self.at, brackets) => break Ending::Close,
                TokenKind::Punct(_) if is_separator && self.separates_nothing(self.at, core, kind, brackets) => {
                    self.at += 1;
                }
                TokenKind::Punct(punct) if punct == own && (punct == b';' || brackets == 0) => {
                    self.at += 1;
                    break Ending::Separator;
                }
                // A comma behind a method on its line is rather part of that: `throws A, B`.
                TokenKind::Punct(b',')
                    if other == b','
                        && !(self.leads_line(self.at + 1) || self.is(self.at + 1, b'}') || self.at == core) =>
                {
                    self.at += 1;
                }
                TokenKind::Punct(punct) if punct == other && (punct == b';' || brackets == 0) => {
                    self.at += 1;
                    break Ending::WrongSeparator(self.span(token));
                }
                // The fields of a variant start, though no `{` does.
                TokenKind::Word
                    if kind == BodyKind::Variants
                        && body.is_none()
                        && self.at == core + 1
                        && self.is(self.at + 1, b':') =>
                {
                    body = Some(self.body(BodyKind::Fields, column));
                    continue;
                }
                TokenKind::Punct(b'{') if kind == BodyKind::Variants && body.is_none() && brackets == 0 => {
                    body = Some(self.body(BodyKind::Fields, column));
                    continue;
                }
                TokenKind::Punct(b'{') => self.skip_block(column),
                TokenKind::Doc => {
                    self.docs_amid();
                    continue;
                }
                TokenKind::FileDoc => {
                    self.misplaced_file_docs();
                    continue;
                }
                kind => {
                    match kind {
                        TokenKind::Punct(b'(' | b'[' | b'<') => brackets += 1,
                        TokenKind::Punct(b')' | b']' | b'>') => brackets = brackets.saturating_sub(1),
                        _ => {}
                    }
                    broken |= kind == TokenKind::Bad;
                    self.at += 1;
                }
            }
            head_end = self.at;
        };
        Some(self.piece(prelude, core, head_end, body, ending, broken))
    }
}
