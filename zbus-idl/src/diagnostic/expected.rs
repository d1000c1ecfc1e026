//! What could stand where something else stands, and what does.

use super::{Thing, article};

/// A piece of the grammar. The order is that of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`words` says what each is")]
pub enum Expected {
    Type,
    Name,
    Param,
    String,
    Value,
    Colon,
    Equals,
    ParenOpen,
    AngleOpen,
    ParenClose,
    AngleClose,
    BracketClose,
    Arrow,
    As,
    Fn,
    Throws,
    Comma,
    Semicolon,
    BraceOpen,
}

impl Expected {
    /// The mark that ends a piece.
    pub(crate) fn end(mark: char) -> Self {
        match mark {
            ',' => Self::Comma,
            ';' => Self::Semicolon,
            _ => Self::BraceOpen,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Type => "a type",
            Self::Name => "a name",
            Self::Param => "a parameter",
            Self::String => "a string in `\"`",
            Self::Value => "a value",
            Self::Colon => "`:`",
            Self::Equals => "`=`",
            Self::Comma => "`,`",
            Self::ParenOpen => "`(`",
            Self::AngleOpen => "`<`",
            Self::ParenClose => "`)`",
            Self::AngleClose => "`>`",
            Self::BracketClose => "`]`",
            Self::Arrow => "`->`",
            Self::As => "`as`",
            Self::Fn => "`fn`",
            Self::Throws => "`throws`",
            Self::Semicolon => "`;`",
            Self::BraceOpen => "`{`",
        }
    }
}

/// What was expected at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expectation {
    /// One of these, in the order of the message.
    OneOf(Vec<Expected>),
    /// A mark after a whole piece.
    After(Expected, Thing),
    /// A piece.
    Piece(Thing),
    /// The bracket before the arguments of an attribute.
    Arguments,
    /// The bracket before the parameters of a map.
    MapParameters,
}

impl Expectation {
    pub(super) fn words(&self) -> String {
        match self {
            Self::OneOf(list) => match list.as_slice() {
                [] => "something else".to_owned(),
                [one] => one.words().to_owned(),
                [first @ .., last] => {
                    let first: Vec<&str> = first.iter().map(|one| one.words()).collect();
                    format!("{} or {}", first.join(", "), last.words())
                }
            },
            Self::After(mark, thing) => format!("{} after the {}", mark.words(), thing.noun()),
            Self::Piece(thing) => format!("{} {}", article(thing.noun()), thing.noun()),
            Self::Arguments => "`(` after the attribute's name".to_owned(),
            Self::MapParameters => "`<` after `map`".to_owned(),
        }
    }
}

/// What was found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// The end of the text.
    End,
    /// This text, cut off if it is long.
    Text(String),
    /// `map`, without what it is a map of.
    MapAlone,
}

/// How many characters of a text are shown.
const MAX_SHOWN: usize = 40;

impl Found {
    /// What a text begins with.
    pub(crate) fn of(text: &str) -> Self {
        match text.char_indices().nth(MAX_SHOWN) {
            _ if text.is_empty() => Self::End,
            Some((cut, _)) => Self::Text(format!("{}…", text.get(..cut).unwrap_or_default())),
            None => Self::Text(text.to_owned()),
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::End => "the end of the file".to_owned(),
            Self::Text(text) if text == "`" => "a backtick".to_owned(),
            Self::Text(text) => format!("`{text}`"),
            Self::MapAlone => "`map` alone".to_owned(),
        }
    }
}
