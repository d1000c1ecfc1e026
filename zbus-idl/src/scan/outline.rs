//! What the scan makes of a text: pieces, each with all that the parser has to know of the text around it.

use super::{Comment, Token};
use crate::source::Span;

/// A text, cut up.
pub(crate) struct Outline {
    pub(crate) docs: String,
    pub(crate) doc_span: Option<Span>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    /// The text ends in a comment or string that does not.
    pub(crate) cut_short: bool,
}

/// A declaration or a member, as far as the parser's head goes; its body is cut up further.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) docs: String,
    pub(crate) doc_span: Option<Span>,
    /// All of it: documentation, attributes, body, and the separator that ends it.
    pub(crate) extent: Span,
    /// From the first attribute to the last token before the body or the end.
    pub(crate) span: Span,
    /// The first token behind the attributes.
    pub(crate) keyword: Option<Token>,
    pub(crate) body: Option<Body>,
    pub(crate) ending: Ending,
    /// Something in it was reported already.
    pub(crate) broken: bool,
    /// What follows the head, for messages: the `{` of its body, or what follows. Empty at the end of the text.
    pub(crate) next: Span,
    /// The place right behind the piece, its body included: where a separator would stand.
    pub(crate) behind: Span,
    /// What follows the whole piece.
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
