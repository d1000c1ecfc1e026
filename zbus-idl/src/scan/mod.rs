//! Text to pieces: declarations, and the members of their bodies. This comes before pest, which stops at its first error:
//! here a mistake costs the piece that it is in, and nothing behind it.
//!
//! Where something is missing, the layout of the text says where the writer thought it was: a line that starts like a
//! declaration, no deeper than the one that is open, is the next declaration, whatever the braces say.

mod lex;
mod starts;

pub(crate) use lex::{Lexed, Token, TokenKind, lex};

use crate::diagnostic::{Diagnostic, Problem};
use crate::source::{SourceId, Span};

/// A text, cut up.
pub(crate) struct Outline {
    pub(crate) docs: String,
    pub(crate) pieces: Vec<Piece>,
    /// The text ends in a comment or string that does not.
    pub(crate) cut_short: bool,
}

/// A declaration or a member, as far as the parser's head goes; its body is cut up further.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) docs: String,
    /// From the first attribute to the last token before the body or the end.
    pub(crate) span: Span,
    /// The first token behind the attributes.
    pub(crate) keyword: Option<Token>,
    pub(crate) body: Option<Body>,
    pub(crate) ending: Ending,
    /// Something in it was reported already.
    pub(crate) broken: bool,
    /// What stands behind the head, for messages: the `{` of its body, or what follows. Empty at the end of the text.
    pub(crate) next: Span,
    /// The place right behind the piece, its body included: where a separator would stand.
    pub(crate) behind: Span,
    /// What stands behind the whole piece.
    pub(crate) follower: Span,
}

#[derive(Debug)]
pub(crate) struct Body {
    /// The `{`; empty where it is missing.
    pub(crate) open: Span,
    /// The `}`, or else where it should have been.
    pub(crate) close: Result<Span, Span>,
    pub(crate) pieces: Vec<Piece>,
}

impl Body {
    /// Its members were found, but the `{` before them was not.
    pub(crate) fn lacks_open(&self) -> bool {
        self.open.start == self.open.end
    }
}

/// How a piece ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With its own `;` or `,`.
    Separator,
    /// With the other one of the two.
    WrongSeparator(Span),
    /// With a body.
    Body,
    /// With the `}` of what it is in.
    Close,
    /// It did not; the next piece starts.
    Missing,
    /// With the text.
    Text,
}

/// What a body holds, which decides how its members are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    /// Fields, members, arms: `,` between them.
    Commas,
    /// The same, and a member may have a body of fields.
    Variants,
    /// Methods and streams: `;` behind each.
    Object,
    /// No idea: skipped.
    Unknown,
}

pub(crate) fn scan(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Outline {
    let Lexed { tokens, cut_short } = lex(text, source, diagnostics);
    let mut scanner = Scanner { text, source, tokens, at: 0, pieces: Vec::new(), diagnostics };
    let docs = scanner.file_docs();
    scanner.declarations();
    Outline { docs, pieces: scanner.pieces, cut_short }
}

struct Scanner<'a> {
    text: &'a str,
    source: SourceId,
    tokens: Vec<Token>,
    at: usize,
    /// The declarations so far, those found within others among them.
    pieces: Vec<Piece>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// What stands before a piece: documentation and attributes.
struct Prelude {
    docs: String,
    doc_span: Option<Span>,
    /// The index of the first token of attributes or piece.
    first: usize,
}

impl Scanner<'_> {
    fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn word(&self, at: usize) -> Option<&str> {
        let token = self.token(at).filter(|token| token.kind == TokenKind::Word)?;
        self.text.get(token.start as usize..token.end as usize)
    }

    fn is(&self, at: usize, punct: u8) -> bool {
        self.token(at).is_some_and(|token| token.is(punct))
    }

    fn leads_line(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| token.leads_line)
    }

    fn span(&self, token: Token) -> Span {
        Span { source: self.source, start: token.start, end: token.end }
    }

    /// The span of a token, or the end of the text.
    fn span_at(&self, at: usize) -> Span {
        self.token(at).map_or_else(|| self.end_of_text(), |token| self.span(token))
    }

    fn end_of_text(&self) -> Span {
        let end = crate::source::offset(self.text.len());
        Span { source: self.source, start: end, end }
    }

    /// Right behind the token before `at`.
    fn behind(&self, at: usize) -> Span {
        match at.checked_sub(1).and_then(|before| self.token(before)) {
            Some(token) => self.span(token).after(),
            None => Span { source: self.source, start: 0, end: 0 },
        }
    }

    fn report(&mut self, span: Span, problem: Problem) {
        self.diagnostics.push(Diagnostic::new(span, problem));
    }

    /// How far into its line a token starts, in bytes.
    fn column(&self, at: usize) -> u32 {
        self.token(at).map_or(0, |token| token.start - token.line)
    }

    fn file_docs(&mut self) -> String {
        let mut lines = Vec::new();
        while let Some(token) = self.token(self.at).filter(|token| token.kind == TokenKind::FileDoc) {
            lines.push(doc_line(self.text, token));
            self.at += 1;
        }
        lines.join("\n")
    }

    fn declarations(&mut self) {
        while self.at < self.tokens.len() {
            if self.is(self.at, b'}') {
                let span = self.span_at(self.at);
                self.report(span, Problem::StrayBrace);
                self.at += 1;
            } else {
                let piece = self.declaration();
                self.pieces.extend(piece);
            }
        }
    }

    /// Takes documentation and attributes. Documentation that stands behind something on its line, or before nothing, is
    /// reported, for it would document the wrong thing in silence.
    fn prelude(&mut self) -> Prelude {
        let mut docs: Vec<&str> = Vec::new();
        let mut doc_span: Option<Span> = None;
        let mut first = None;
        while let Some(token) = self.token(self.at) {
            match token.kind {
                TokenKind::Doc => {
                    let span = self.span(token);
                    let after_something = self.at > 0 && !self.is(self.at - 1, b'{') && !token.leads_line;
                    if after_something {
                        self.report(span, Problem::DanglingDocs { trailing: true });
                    } else {
                        docs.push(doc_line(self.text, token));
                        doc_span = Some(doc_span.map_or(span, |docs: Span| docs.to(span)));
                    }
                    self.at += 1;
                }
                TokenKind::FileDoc => self.misplaced_file_docs(),
                TokenKind::Punct(b'@') => {
                    first.get_or_insert(self.at);
                    self.at = self.behind_attribute(self.at);
                }
                _ => break,
            }
        }
        Prelude { docs: docs.join("\n"), doc_span, first: first.unwrap_or(self.at) }
    }

    fn misplaced_file_docs(&mut self) {
        let mut span = self.span_at(self.at);
        while let Some(token) = self.token(self.at).filter(|token| token.kind == TokenKind::FileDoc) {
            span = span.to(self.span(token));
            self.at += 1;
        }
        self.report(span, Problem::MisplacedFileDocs);
    }

    fn declaration(&mut self) -> Option<Piece> {
        let column = self.column(self.at);
        let prelude = self.prelude();
        let core = self.at;
        let kind = match self.word(core) {
            Some("struct" | "enum" | "union") => BodyKind::Commas,
            Some("error") => BodyKind::Variants,
            Some("object") => BodyKind::Object,
            _ => BodyKind::Unknown,
        };
        if self.nothing_follows(&prelude, core, false) {
            return None;
        }
        let mut broken = false;
        let mut body = None;
        let mut head_end = core;
        let ending = loop {
            let Some(token) = self.token(self.at) else {
                break Ending::Text;
            };
            match token.kind {
                TokenKind::Punct(b';') => {
                    self.at += 1;
                    break Ending::Separator;
                }
                // `import { A } from "…"`
                TokenKind::Punct(b'{') if self.word(core) == Some("import") => {
                    self.skip_block(column);
                    head_end = self.at;
                }
                TokenKind::Punct(b'{') => {
                    body = Some(self.body(kind, column));
                    break Ending::Body;
                }
                TokenKind::Punct(b'}') => {
                    self.at += 1;
                    break Ending::Close;
                }
                // The members start, though no `{` does.
                _ if kind != BodyKind::Unknown
                    && self.at > core + 1
                    && token.leads_line
                    && self.word(self.at) != Some("as")
                    && self.word(self.at - 1) != Some("as")
                    && !self.is(self.at - 1, b':')
                    && !self.declaration_at(self.at) =>
                {
                    body = Some(self.body(kind, column));
                    break Ending::Body;
                }
                _ if self.at > core && self.declaration_at(self.at) => break Ending::Missing,
                TokenKind::Doc => self.docs_amid(),
                TokenKind::FileDoc => self.misplaced_file_docs(),
                kind => {
                    broken |= kind == TokenKind::Bad;
                    self.at += 1;
                    head_end = self.at;
                }
            }
        };
        Some(self.piece(prelude, core, head_end, body, ending, broken))
    }

    /// Documentation, or an attribute, at the end of what it stands in. In a body at the end of the text the missing `}` is
    /// the mistake.
    fn nothing_follows(&mut self, prelude: &Prelude, core: usize, in_body: bool) -> bool {
        let nothing = self.token(core).is_none_or(|token| token.is(b'}'));
        if let Some(span) = prelude.doc_span
            && nothing
            && !(in_body && self.token(core).is_none())
        {
            self.report(span, Problem::DanglingDocs { trailing: false });
        }
        nothing && prelude.first == core
    }

    fn docs_amid(&mut self) {
        let mut span = self.span_at(self.at);
        let trailing = !self.leads_line(self.at);
        while let Some(token) = self.token(self.at).filter(|token| token.kind == TokenKind::Doc) {
            span = span.to(self.span(token));
            self.at += 1;
        }
        self.report(span, Problem::DanglingDocs { trailing });
    }

    fn piece(
        &self,
        prelude: Prelude,
        core: usize,
        end: usize,
        body: Option<Body>,
        ending: Ending,
        broken: bool,
    ) -> Piece {
        let start = self.span_at(prelude.first).start;
        // An empty piece is a place before what follows.
        let end = if end > prelude.first { self.behind(end).end } else { start };
        let next = match (&body, end > start) {
            (Some(body), _) if !body.lacks_open() => body.open,
            _ => self.span_behind(end),
        };
        let keyword = self.token(core).filter(|token| token.start < end);
        let behind = match &body {
            Some(Body { close: Ok(close) | Err(close), .. }) => close.after(),
            None => Span { source: self.source, start: end.max(start), end: end.max(start) },
        };
        let follower = self.span_behind(behind.end);
        Piece {
            docs: prelude.docs,
            span: Span { source: self.source, start, end: end.max(start) },
            keyword,
            body,
            ending,
            broken,
            next,
            behind,
            follower,
        }
    }

    /// The first token that does not start before `end`: at or just before the current one.
    fn span_behind(&self, end: u32) -> Span {
        let mut at = self.at;
        while at > 0 && self.token(at - 1).is_some_and(|token| token.start >= end) {
            at -= 1;
        }
        while self.token(at).is_some_and(|token| matches!(token.kind, TokenKind::Doc | TokenKind::FileDoc)) {
            at += 1;
        }
        self.span_at(at)
    }

    /// A body, from its `{` or where that should be. `column` is that of the declaration it belongs to.
    fn body(&mut self, kind: BodyKind, column: u32) -> Body {
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

    fn skip_block(&mut self, column: u32) {
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
            // What stands behind a variant's body is no part of its head.
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
            match token.kind {
                TokenKind::Punct(b'}') => break Ending::Close,
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
                    body = Some(self.body(BodyKind::Commas, column));
                    continue;
                }
                TokenKind::Punct(b'{') if kind == BodyKind::Variants && body.is_none() && brackets == 0 => {
                    body = Some(self.body(BodyKind::Commas, column));
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

/// A line of documentation without its marks and the one space behind them.
fn doc_line(text: &str, token: Token) -> &str {
    let line = text.get(token.start as usize + 3..token.end as usize).unwrap_or_default();
    line.strip_prefix(' ').unwrap_or(line).trim_end()
}
