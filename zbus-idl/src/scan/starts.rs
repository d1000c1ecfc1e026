//! Where something starts though nothing before it has ended: how the scan finds its way back after a missing `;`, `,`
//! or `}`. All of it goes by the first tokens of a line, and is strict, since every word of the language can be a name.

use super::{BodyKind, Scanner, Token, TokenKind};

/// How many attributes and tokens of one are looked past for what they stand on: such a look starts at many places.
const MAX_ATTRIBUTES: usize = 16;

impl Scanner<'_> {
    /// The index behind an attribute that starts at `at`. An attribute is short: a look further would find the bracket of
    /// something else.
    pub(super) fn behind_attribute(&self, at: usize) -> usize {
        let mut behind = at + 1;
        if self.word(behind).is_some() {
            behind += 1;
        }
        if self.is(behind, b'(') {
            for end in behind + 1..behind + MAX_ATTRIBUTES {
                match self.token(end) {
                    Some(token) if token.is(b')') => return end + 1,
                    Some(Token { kind: TokenKind::Punct(b'(' | b'{' | b'}' | b';'), .. }) | None => break,
                    Some(_) => {}
                }
            }
        } else if self.is(behind, b'=') && self.token(behind + 1).is_some() {
            behind += 2;
        } else if self.token(behind).is_some_and(|token| matches!(token.kind, TokenKind::String | TokenKind::Number)) {
            // Its `(` was forgotten.
            behind += 1 + usize::from(self.is(behind + 1, b')'));
        }
        behind
    }

    /// Whether a declaration starts here, at the start of a line. Strict, since every word of the language can be a name.
    pub(super) fn declaration_at(&self, at: usize) -> bool {
        if !self.leads_line(at) {
            return false;
        }
        let doc = |at: usize| self.token(at).is_some_and(|token| token.kind == TokenKind::Doc);
        // Asked at the start of a run of lines of documentation; within it, the answer costs another walk to its end.
        if doc(at) && at > 0 && doc(at - 1) {
            return false;
        }
        let mut at = at;
        let mut attributes = 0;
        while let Some(token) = self.token(at) {
            match token.kind {
                TokenKind::Doc => at += 1,
                TokenKind::Punct(b'@') if attributes < MAX_ATTRIBUTES => {
                    attributes += 1;
                    at = self.behind_attribute(at);
                }
                _ => break,
            }
        }
        let Some(keyword) = self.word(at) else { return false };
        let named = self.word(at + 1).is_some() && !self.leads_line(at + 1);
        // Its `;` or `{` was forgotten.
        let alone = named && self.token(at + 2).is_none_or(|next| next.leads_line);
        match keyword {
            "import" => self.token(at + 1).is_some_and(|token| token.kind == TokenKind::String),
            "module" => named && (self.is(at + 2, b';') || alone),
            "const" => named && (self.is(at + 2, b':') || self.is(at + 2, b'=')),
            "type" => named && self.is(at + 2, b'='),
            // Other brackets are a slip, and nothing else could start so.
            "struct" | "union" | "error" | "enum" if named && (self.is(at + 2, b'(') || self.is(at + 2, b'[')) => true,
            "struct" | "union" | "error" => named && (self.is(at + 2, b'{') || alone),
            "enum" => named && (self.is(at + 2, b'{') || self.is(at + 2, b':') || alone),
            "object" => {
                let behind = self.is(at + 2, b'{') || self.is(at + 2, b'@') || self.is(at + 2, b'-');
                named && (behind || alone || self.word(at + 2) == Some("as"))
            }
            _ => false,
        }
    }

    /// Whether the members of the declaration at `core` start here, though no `{` does.
    pub(super) fn members_start(&self, core: usize, kind: BodyKind) -> bool {
        let at = self.at;
        if kind == BodyKind::Unknown || at < core + 2 || self.declaration_at(at) {
            return false;
        }
        if self.leads_line(at) {
            let named_next = self.word(at) == Some("as") || self.word(at - 1) == Some("as");
            // Behind a `:` stands the type of an enum, or the first member as in Python.
            let type_next = kind == BodyKind::Names && self.is(at - 1, b':') && self.is(at + 1, b'{');
            return !named_next && !type_next;
        }
        let in_name = self.word(at - 1) == Some("as") || self.is(at - 1, b'-') || self.is(at - 1, b'@');
        match kind {
            BodyKind::Object => {
                let word = matches!(self.word(at), Some("fn" | "stream" | "oneway"));
                word && !in_name && self.word(at + 1).is_some()
            }
            BodyKind::Fields => at == core + 2 && self.word(at).is_some() && self.is(at + 1, b':'),
            _ => false,
        }
    }

    /// Whether a method or stream starts here, at the start of a line.
    pub(super) fn object_member_at(&self, at: usize) -> bool {
        let Some(token) = self.token(at).filter(|token| token.leads_line) else {
            return false;
        };
        match (token.kind, self.word(at)) {
            (TokenKind::Doc, _) => true,
            (TokenKind::Punct(b'@'), _) => self.word(at + 1).is_some(),
            (_, Some("oneway")) => self.word(at + 1) == Some("fn"),
            (_, Some("fn" | "rpc" | "func" | "def")) => self.word(at + 1).is_some() && !self.leads_line(at + 1),
            (_, Some("stream")) => {
                self.word(at + 1).is_some() && self.token(at + 2).is_some_and(|token| token.kind == TokenKind::Arrow)
            }
            _ => false,
        }
    }

    /// Whether a field, member, arm or variant starts here, at the start of a line, though no comma stands before it.
    pub(super) fn comma_member_at(&self, at: usize, brackets: usize) -> bool {
        let Some(token) = self.token(at).filter(|token| token.leads_line) else {
            return false;
        };
        if self.word(at).is_some() && self.is(at + 1, b':') {
            return true;
        }
        let complete = at.checked_sub(1).and_then(|before| self.token(before)).is_some_and(|before| {
            matches!(before.kind, TokenKind::Word | TokenKind::Number | TokenKind::String)
                || matches!(before.kind, TokenKind::Punct(b']' | b'>' | b'?' | b')' | b'}'))
        });
        let starts = matches!(token.kind, TokenKind::Word | TokenKind::Ellipsis | TokenKind::Punct(b'@'));
        brackets == 0 && (token.kind == TokenKind::Doc || (complete && starts))
    }
}
