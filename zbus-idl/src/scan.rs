//! Text to pieces: declarations, and the members of their bodies. This comes before pest, which stops at its first error:
//! here a mistake costs the piece that it is in, and nothing behind it.
//!
//! Where something is missing, the layout of the text says where the writer thought it was: a line that starts like a
//! declaration, no deeper than the one that is open, is the next declaration, even if the braces say otherwise.

mod lex;
mod members;
mod outline;
mod starts;
mod strays;

pub use lex::{Comment, Token, TokenKind};
pub(crate) use lex::{Lexed, lex};
pub(crate) use outline::{Body, Ending, Outline, Piece};

use crate::diagnostic::{Diagnostic, DocsProblem, Problem};
use crate::source::{SourceId, Span};

/// What a body holds, which decides how its members are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    /// Each a name and a type: `,` between them.
    Fields,
    /// Members or arms: the same, and a name may stand alone.
    Names,
    /// The same, and one may have a body of fields.
    Variants,
    /// Methods and streams: `;` behind each.
    Object,
    /// No idea: skipped.
    Unknown,
}

pub(crate) fn scan(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Outline {
    let Lexed { tokens, comments, cut_short } = lex(text, source, diagnostics);
    let mut scanner = Scanner { text, source, tokens, at: 0, pieces: Vec::new(), diagnostics };
    let (docs, doc_span) = scanner.file_docs();
    scanner.declarations();
    Outline { docs, doc_span, pieces: scanner.pieces, tokens: scanner.tokens, comments, cut_short }
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
    /// The index of the first token of all.
    start: usize,
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

    fn file_docs(&mut self) -> (String, Option<Span>) {
        let mut lines = Vec::new();
        let mut doc_span: Option<Span> = None;
        while let Some(token) = self.token(self.at).filter(|token| token.kind == TokenKind::FileDoc) {
            lines.push(doc_line(self.text, token));
            let span = self.span(token);
            doc_span = Some(doc_span.map_or(span, |docs| docs.to(span)));
            self.at += 1;
        }
        (lines.join("\n"), doc_span)
    }

    fn declarations(&mut self) {
        // Of a declaration whose `{` is missing, the `}` is no second mistake.
        let mut lacks_open = false;
        while self.at < self.tokens.len() {
            if self.is(self.at, b'}') {
                if !lacks_open {
                    let span = self.span_at(self.at);
                    self.report(span, Problem::StrayBrace);
                }
                lacks_open = false;
                self.at += 1;
            } else if let Some(piece) = self.declaration() {
                let word = piece.keyword.and_then(|token| self.text.get(token.start as usize..token.end as usize));
                let has_body = matches!(word, Some("struct" | "enum" | "union" | "error" | "object"));
                lacks_open |= has_body && piece.body.is_none();
                self.pieces.push(piece);
            }
        }
    }

    /// Takes documentation and attributes. Documentation that follows something on its line, or that nothing follows, is
    /// reported: it would silently document the wrong thing.
    fn prelude(&mut self) -> Prelude {
        let mut docs: Vec<&str> = Vec::new();
        let mut doc_span: Option<Span> = None;
        let mut first = None;
        let start = self.at;
        while let Some(token) = self.token(self.at) {
            match token.kind {
                TokenKind::Doc => {
                    let span = self.span(token);
                    let after_something = self.at > 0 && !self.is(self.at - 1, b'{') && !token.leads_line;
                    if after_something {
                        self.report(span, Problem::DanglingDocs(DocsProblem::AfterSomething));
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
        Prelude { docs: docs.join("\n"), doc_span, start, first: first.unwrap_or(self.at) }
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
            Some("struct") => BodyKind::Fields,
            Some("enum" | "union") => BodyKind::Names,
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
                TokenKind::Punct(b';') if !self.ends_no_head(self.at, core) => {
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
                _ if self.members_start(core, kind) => {
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
            self.report(span, Problem::DanglingDocs(DocsProblem::OfNothing));
        }
        nothing && prelude.first == core
    }

    fn docs_amid(&mut self) {
        let mut span = self.span_at(self.at);
        let problem = if self.leads_line(self.at) { DocsProblem::OfNothing } else { DocsProblem::AfterSomething };
        while let Some(token) = self.token(self.at).filter(|token| token.kind == TokenKind::Doc) {
            span = span.to(self.span(token));
            self.at += 1;
        }
        self.report(span, Problem::DanglingDocs(problem));
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
        let whole = self.span_at(prelude.start).start..self.behind(self.at).end;
        let extent = Span { source: self.source, start: whole.start, end: whole.end.max(whole.start) };
        Piece {
            docs: prelude.docs,
            doc_span: prelude.doc_span,
            extent,
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
}

/// A line of documentation without its marks and the one space behind them.
fn doc_line(text: &str, token: Token) -> &str {
    let line = text.get(token.start as usize + 3..token.end as usize).unwrap_or_default();
    line.strip_prefix(' ').unwrap_or(line).trim_end()
}
