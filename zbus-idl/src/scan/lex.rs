//! Text to tokens, in one pass. It knows strings, comments and depth, and nothing of the grammar.

use crate::diagnostic::{Diagnostic, Problem};
use crate::source::{SourceId, Span, offset};

/// How deep braces and brackets may nest. Parsers recurse; a text must not choose how far.
pub(crate) const MAX_DEPTH: usize = 64;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// A name or a keyword.
    Word,
    /// An integer, a float or a duration.
    Number,
    /// A string, with its quotes.
    String,
    /// `///`
    Doc,
    /// `//!`
    FileDoc,
    /// `->`
    Arrow,
    /// `...`
    Ellipsis,
    /// One ASCII character.
    Punct(u8),
    /// Text that a diagnostic already speaks about.
    Bad,
}

/// A word, a mark, or a line of documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
    /// What it is.
    pub kind: TokenKind,
    /// Only space and comments come before it on its line.
    pub leads_line: bool,
    /// There is a blank line between it and what comes before, be that a comment.
    pub after_blank: bool,
    /// The first byte of its line.
    pub line: u32,
}

/// A comment that documents nothing: `// …` or `/* … */`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its first byte.
    pub start: u32,
    /// The byte after its last, a line break not included.
    pub end: u32,
    /// Only space and comments come before it on its line.
    pub own_line: bool,
    /// There is a blank line between it and what comes before.
    pub after_blank: bool,
    /// The index of the token that follows; the number of tokens, if none does.
    pub before_token: u32,
}

impl Token {
    pub(crate) fn is(self, punct: u8) -> bool {
        self.kind == TokenKind::Punct(punct)
    }
}

/// The tokens of a text. `cut_short` is true if the text ends in a comment or string that does not: then whatever
/// is missing at the end is no mistake of its own.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) cut_short: bool,
}

pub(crate) fn lex(text: &str, source: SourceId, diagnostics: &mut Vec<Diagnostic>) -> Lexed {
    let lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        source,
        leads_line: true,
        breaks: 0,
        line: 0,
        lone_return_reported: false,
        comments: Vec::new(),
        diagnostics,
    };
    lexer.run()
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    source: SourceId,
    leads_line: bool,
    /// The line breaks since the last token or comment.
    breaks: usize,
    line: usize,
    lone_return_reported: bool,
    comments: Vec<Comment>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Lexer<'_> {
    fn run(mut self) -> Lexed {
        let mut tokens = Vec::new();
        let mut depth = Depth::default();
        let mut cut_short = false;
        while let Some(byte) = self.peek(0) {
            let start = self.at;
            let kind = match byte {
                b'\n' => {
                    self.at += 1;
                    self.leads_line = true;
                    self.breaks += 1;
                    self.line = self.at;
                    continue;
                }
                b'\r' if self.peek(1) != Some(b'\n') => {
                    self.lone_return();
                    continue;
                }
                b' ' | b'\t' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.peek(1) == Some(b'/') => match self.line_comment() {
                    Some(kind) => kind,
                    None => {
                        self.comment(start, self.leads_line, tokens.len());
                        continue;
                    }
                },
                b'/' if self.peek(1) == Some(b'*') => {
                    let own_line = self.leads_line;
                    if self.block_comment() {
                        self.comment(start, own_line, tokens.len());
                        continue;
                    }
                    cut_short = true;
                    break;
                }
                b'"' => {
                    let kind = self.string();
                    // A string at the end hides what would have closed the rest.
                    cut_short |= kind == TokenKind::Bad && self.text[self.at..].trim_start().is_empty();
                    kind
                }
                b'-' if self.peek(1) == Some(b'>') => self.take(2, TokenKind::Arrow),
                b'.' if self.bytes[start..].starts_with(b"...") => self.take(3, TokenKind::Ellipsis),
                byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                    self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                    TokenKind::Word
                }
                byte if byte.is_ascii_digit() => self.number(),
                byte if byte.is_ascii_graphic() => self.take(1, TokenKind::Punct(byte)),
                _ => match self.foreign_characters() {
                    Some(kind) => kind,
                    None => continue,
                },
            };
            let token = Token {
                start: offset(start),
                end: offset(self.at),
                kind,
                leads_line: self.leads_line,
                after_blank: self.breaks > 1,
                line: offset(self.line),
            };
            self.leads_line = false;
            self.breaks = 0;
            match depth.step(kind) {
                Step::Keep => tokens.push(token),
                Step::Drop => {}
                Step::TooDeep => {
                    self.report(start, self.at, Problem::TooDeep { limit: MAX_DEPTH });
                    tokens.push(Token { kind: TokenKind::Bad, ..token });
                }
            }
        }
        Lexed { tokens, comments: self.comments, cut_short }
    }

    /// Takes in a comment that started at `start` and ends here.
    fn comment(&mut self, start: usize, own_line: bool, before_token: usize) {
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.comments.push(Comment {
            start: offset(start),
            end: offset(start + text.trim_end().len()),
            own_line,
            after_blank: self.breaks > 1,
            before_token: offset(before_token),
        });
        self.breaks = 0;
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn take(&mut self, bytes: usize, kind: TokenKind) -> TokenKind {
        self.at += bytes;
        kind
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn report(&mut self, start: usize, end: usize, problem: Problem) {
        let span = Span { source: self.source, start: offset(start), end: offset(end) };
        self.diagnostics.push(Diagnostic::new(span, problem));
    }

    /// A carriage return that no line feed follows. What an editor shows as a new line would still be of the comment before
    /// it, so such a file is refused, once; the rest is read as the editor shows it.
    fn lone_return(&mut self) {
        if !std::mem::replace(&mut self.lone_return_reported, true) {
            self.report(self.at, self.at + 1, Problem::LoneReturn);
        }
        self.at += 1;
        self.leads_line = true;
        self.breaks += 1;
        self.line = self.at;
    }

    /// `///` and `//!` are tokens; `//` and `////`, which people draw lines with, are not.
    fn line_comment(&mut self) -> Option<TokenKind> {
        let kind = match (self.peek(2), self.peek(3)) {
            (Some(b'/'), Some(b'/')) => None,
            (Some(b'/'), _) => Some(TokenKind::Doc),
            (Some(b'!'), _) => Some(TokenKind::FileDoc),
            _ => None,
        };
        // Some editors show the separators of Unicode as line ends; outside of a comment, they are no characters of the language.
        while let Some(byte) = self.peek(0).filter(|byte| !matches!(byte, b'\n' | b'\r')) {
            if byte == 0xe2 && matches!(self.bytes.get(self.at + 1..self.at + 3), Some([0x80, 0xa8 | 0xa9])) {
                break;
            }
            self.at += 1;
        }
        kind
    }

    /// Not nested, as in C and Go. False if it does not end.
    fn block_comment(&mut self) -> bool {
        let start = self.at;
        let Some(length) = self.text.get(start + 2..).and_then(|rest| rest.find("*/")) else {
            self.at = self.bytes.len();
            self.report(start, start + 2, Problem::UnclosedComment);
            return false;
        };
        self.at = start + 2 + length + 2;
        // Behind a comment of several lines, as behind a line break.
        if let Some(line) = self.text.get(start..self.at).and_then(|comment| comment.rfind('\n')) {
            self.leads_line = true;
            self.line = start + line + 1;
        }
        true
    }

    fn string(&mut self) -> TokenKind {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some(b'"') => {
                    self.at += 1;
                    return TokenKind::String;
                }
                Some(b'\\') if self.peek(1).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) => self.at += 2,
                None | Some(b'\n' | b'\r') => {
                    self.report(start, self.at, Problem::UnclosedString);
                    return TokenKind::Bad;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// Loosely: digits, letters, `_`, a point or an exponent's sign between them. What it means is decided later.
    fn number(&mut self) -> TokenKind {
        while let Some(byte) = self.peek(0) {
            let inner = match byte {
                b'.' => self.peek(1).is_some_and(|next| next.is_ascii_alphanumeric()),
                b'+' | b'-' => {
                    matches!(self.bytes.get(self.at - 1), Some(b'e' | b'E'))
                        && self.peek(1).is_some_and(|next| next.is_ascii_digit())
                }
                byte => byte.is_ascii_alphanumeric() || byte == b'_',
            };
            if !inner {
                break;
            }
            self.at += 1;
        }
        TokenKind::Number
    }

    /// A run of characters that the language has no use for is one problem.
    fn foreign_characters(&mut self) -> Option<TokenKind> {
        let start = self.at;
        let known = |c: char| c.is_ascii_graphic() || matches!(c, ' ' | '\t' | '\r' | '\n');
        let rest = self.text.get(start..).unwrap_or_default();
        let run = rest.find(known).unwrap_or(rest.len()).max(1);
        let characters = rest.get(..run).unwrap_or_default();
        self.at += run;
        // A byte order mark is how some editors open a file.
        if start == 0 && characters == "\u{feff}" {
            return None;
        }
        let first = characters.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
        self.report(start, start + run, Problem::BadCharacter { character: first });
        Some(TokenKind::Bad)
    }
}

enum Step {
    Keep,
    TooDeep,
    Drop,
}

/// Counts braces, and brackets within them: those never reach over a brace or a `;`, so a forgotten one costs a piece.
#[derive(Default)]
struct Depth {
    braces: usize,
    brackets: usize,
}

impl Depth {
    fn step(&mut self, kind: TokenKind) -> Step {
        let before = self.braces + self.brackets;
        match kind {
            TokenKind::Punct(b'{') => {
                self.braces += 1;
                self.brackets = 0;
            }
            TokenKind::Punct(b'}') => {
                self.braces = self.braces.saturating_sub(1);
                self.brackets = 0;
            }
            TokenKind::Punct(b';') => self.brackets = 0,
            TokenKind::Punct(b'(' | b'[' | b'<') => self.brackets += 1,
            TokenKind::Punct(b')' | b']' | b'>') => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let now = self.braces + self.brackets;
        match (before > MAX_DEPTH, now > MAX_DEPTH) {
            (false, false) => Step::Keep,
            (false, true) => Step::TooDeep,
            // The way back: a bracket closes what was dropped; a brace or `;` may end the piece.
            (true, false) if kind == TokenKind::Punct(b';') => Step::Keep,
            (true, false) if kind == TokenKind::Punct(b'}') && self.braces < MAX_DEPTH => Step::Keep,
            (true, _) => Step::Drop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn lexed(text: &str) -> (Vec<TokenKind>, Vec<Problem>) {
        let source = Sources::default().set("test.zbus", String::new());
        let mut diagnostics = Vec::new();
        let tokens = lex(text, source, &mut diagnostics).tokens;
        (tokens.iter().map(|token| token.kind).collect(), diagnostics.into_iter().map(|one| one.problem).collect())
    }

    #[test]
    fn comments_vanish_and_documentation_stays() {
        let (kinds, problems) = lexed("//! a\n// b\n/// c\n//// d\n/* e\n*/ x");
        assert_eq!(kinds, [TokenKind::FileDoc, TokenKind::Doc, TokenKind::Word]);
        assert_eq!(problems, []);
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line_and_is_refused_once() {
        let (kinds, problems) = lexed("// a\rx // b\r\"c\ry\r\n// d\r\nz");
        assert_eq!(kinds, [TokenKind::Word, TokenKind::Bad, TokenKind::Word, TokenKind::Word]);
        assert_eq!(problems, [Problem::LoneReturn, Problem::UnclosedString]);
    }

    #[test]
    fn a_separator_of_unicode_hides_nothing_in_a_comment() {
        let (kinds, problems) = lexed("// a\u{2028}x");
        assert_eq!(kinds, [TokenKind::Bad, TokenKind::Word]);
        assert_eq!(problems, [Problem::BadCharacter { character: '\u{2028}' }]);
    }

    #[test]
    fn comments_are_kept_with_their_places() {
        let text = "// a\n\n/* b */ x // c\n\n\n// d";
        let source = Sources::default().set("test.zbus", String::new());
        let lexed = lex(text, source, &mut Vec::new());
        let comments: Vec<_> = lexed
            .comments
            .iter()
            .map(|one| (&text[one.start as usize..one.end as usize], one.own_line, one.after_blank, one.before_token))
            .collect();
        let expected =
            [("// a", true, false, 0), ("/* b */", true, true, 0), ("// c", false, false, 1), ("// d", true, true, 1)];
        assert_eq!(comments, expected);
        assert!(!lexed.tokens[0].after_blank);
    }

    #[test]
    fn a_string_may_hold_what_looks_like_a_comment() {
        let (kinds, problems) = lexed(r#""a // \" /* b" x"#);
        assert_eq!(kinds, [TokenKind::String, TokenKind::Word]);
        assert_eq!(problems, []);
    }

    #[test]
    fn an_unclosed_string_ends_with_its_line() {
        let (kinds, problems) = lexed("\"a\nx");
        assert_eq!(kinds, [TokenKind::Bad, TokenKind::Word]);
        assert_eq!(problems, [Problem::UnclosedString]);
    }

    #[test]
    fn depth_is_refused_once_and_the_text_behind_it_is_read() {
        let text = format!("a {}x{}; b", "[".repeat(10_000), "]".repeat(10_000));
        let (kinds, problems) = lexed(&text);
        assert_eq!(problems, [Problem::TooDeep { limit: MAX_DEPTH }]);
        assert_eq!(kinds.iter().filter(|kind| **kind == TokenKind::Word).count(), 2);
    }

    #[test]
    fn numbers_keep_their_units_and_exponents() {
        let (kinds, _) = lexed("2s 1.5e-9 0xff 1_000 -1");
        let number = TokenKind::Number;
        assert_eq!(kinds, [number, number, number, number, TokenKind::Punct(b'-'), number]);
    }
}
