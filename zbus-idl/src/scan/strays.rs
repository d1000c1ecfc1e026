//! Which marks that usually end a piece stand in the middle of one by mistake. To end it there would make one slip two
//! reports: of what is missing before the mark, and of what follows it. Only tokens on the same line
//! are looked at.

use super::{BodyKind, Scanner, TokenKind};
use crate::language::{DECLARATIONS, builtin};

/// How far a bracket's end is looked for: such a look starts at many places.
const MAX_AHEAD: usize = 64;

impl Scanner<'_> {
    /// Whether a `,` or `;` stands within the member that starts at `core`.
    pub(super) fn separates_nothing(&self, at: usize, core: usize, kind: BodyKind, brackets: usize) -> bool {
        let Some(next) = self.token(at + 1).filter(|next| !next.leads_line) else {
            return false;
        };
        if at == core || self.leads_line(at) {
            return at == core && self.goes_on(at + 1);
        }
        let open = self.is_open_ended(at - 1) || kind == BodyKind::Object && self.word_before_name(at - 1, core);
        let inside = || brackets > 0 && self.closes(at + 1, false);
        match next.kind {
            TokenKind::Punct(b',' | b';') => open || inside(),
            TokenKind::Punct(_) | TokenKind::Arrow => self.goes_on(at + 1),
            TokenKind::Doc | TokenKind::FileDoc | TokenKind::Bad => false,
            TokenKind::Number | TokenKind::String | TokenKind::Ellipsis if open => true,
            TokenKind::Word if kind == BodyKind::Object => {
                let starts = matches!(self.word(at + 1), Some("fn" | "stream" | "oneway"));
                !starts && (open || self.word(at + 1) == Some("throws") || inside())
            }
            TokenKind::Word | TokenKind::Number | TokenKind::String => {
                let starts = self.is(at + 2, b':') || self.is(at - 1, b'=');
                let in_map = self.is(core + 1, b':') && self.closes(at + 1, true);
                (open || self.is_colon(at, core, kind)) && !starts || inside() || in_map
            }
            TokenKind::Ellipsis => kind == BodyKind::Object && inside(),
        }
    }

    /// `Name; T` or `Name, string`.
    fn is_colon(&self, at: usize, core: usize, kind: BodyKind) -> bool {
        let type_follows = || self.word(at + 1).is_some_and(|word| builtin(word).is_some()) && !self.is(at + 2, b'=');
        kind == BodyKind::Fields && at == core + 1 && (self.is(at, b';') || type_follows())
    }

    /// Whether a `;` stands within the head of the declaration that starts at `core`.
    pub(super) fn ends_no_head(&self, at: usize, core: usize) -> bool {
        let Some(next) = self.token(at + 1).filter(|next| at > core && !next.leads_line && !self.leads_line(at)) else {
            return false;
        };
        let is_colon = self.word(core) == Some("const") && at == core + 2 && self.is(at + 2, b'=');
        let open = at == core + 1 || self.is_open_ended(at - 1) || is_colon;
        let mark = matches!(next.kind, TokenKind::Punct(_)) && !next.is(b'@') && !next.is(b'}') && !next.is(b';');
        mark || open && next.kind != TokenKind::Doc
    }

    /// Whether a `}` stands where another mark would: something of the same piece goes on behind it.
    pub(super) fn closes_no_body(&self, at: usize, brackets: usize) -> bool {
        let separated = |at: usize| {
            self.token(at).is_some_and(|next| !next.leads_line && (next.is(b',') || next.is(b';')))
                || self.word(at) == Some("throws")
        };
        let open = brackets > 0 || at > 0 && self.is_open_ended(at - 1);
        self.goes_on(at + 1) || open && separated(at + 1)
    }

    /// Whether another member of a body starts on a line of its own behind a `}`, where no declaration starts so.
    pub(super) fn members_go_on(&self, behind: usize, kind: BodyKind) -> bool {
        let mut at = behind;
        while let Some(token) = self.token(at).filter(|token| token.leads_line) {
            match token.kind {
                TokenKind::Doc => at += 1,
                TokenKind::Punct(b'@') => at = self.behind_attribute(at),
                TokenKind::Word => {
                    return match kind {
                        // A declaration may lack its name.
                        BodyKind::Fields => {
                            self.is(at + 1, b':') && !self.word(at).is_some_and(|word| DECLARATIONS.contains(&word))
                        }
                        BodyKind::Object => self.object_member_at(at),
                        BodyKind::Names | BodyKind::Variants | BodyKind::Unknown => false,
                    };
                }
                _ => return false,
            }
        }
        false
    }

    /// Whether a token stands on the line of the one before it, and is a mark that nothing starts with.
    fn goes_on(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            let mark =
                matches!(token.kind, TokenKind::Punct(b':' | b'=' | b'<' | b'>' | b'?' | b'(' | b')' | b'[' | b']'));
            !token.leads_line && (mark || token.kind == TokenKind::Arrow)
        })
    }

    /// Whether something has to follow a token.
    fn is_open_ended(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            matches!(token.kind, TokenKind::Arrow | TokenKind::Ellipsis)
                || matches!(token.kind, TokenKind::Punct(b':' | b'=' | b'<' | b'(' | b'[' | b'@'))
        })
    }

    /// Whether a token is the word before a method's or stream's name.
    fn word_before_name(&self, at: usize, core: usize) -> bool {
        at <= core + 1 && matches!(self.word(at), Some("fn" | "stream" | "oneway"))
    }

    /// Whether a bracket that was opened before `at` is closed on the line; with `angle`, one whose `<` is missing.
    fn closes(&self, at: usize, angle: bool) -> bool {
        let mut depth = 1_usize;
        for at in at..at + MAX_AHEAD {
            let Some(token) = self.token(at).filter(|token| !token.leads_line) else { return false };
            match token.kind {
                TokenKind::Punct(b'(' | b'[' | b'<') => depth += 1,
                TokenKind::Punct(b'>') if angle && depth == 1 => return true,
                TokenKind::Punct(b')' | b']') if angle && depth == 1 => return false,
                TokenKind::Punct(b')' | b']' | b'>') => depth -= 1,
                TokenKind::Punct(b'{' | b'}') => return false,
                TokenKind::Punct(b':' | b'=') | TokenKind::Arrow if angle => return false,
                TokenKind::Word if matches!(self.word(at), Some("fn" | "stream")) && self.word(at + 1).is_some() => {
                    return false;
                }
                _ => {}
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }
}
