//! What is tried between a client and a server, and how it can end.

use std::fmt::{self, Display};

use serde::Deserialize;

/// A column of the table. The Go peers know them by the same names.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Feature {
    /// `Add`.
    Call,
    /// `AddSub`, and `Tuple` with an error that is none.
    Returns,
    /// `Divide`, with a value and with an error.
    Error,
    /// `Avg`.
    List,
    /// `Sum` of three values and of none, `Join`.
    Variadic,
    /// `Sleep`, which returns nothing.
    Duration,
    /// `Later`.
    Time,
    /// `TikTok`.
    Event,
    /// What the server tells of itself.
    Status,
    /// `Panic` is an error of its caller.
    Panic,
    /// A method that does not exist is one too.
    Refusal,
}

impl Feature {
    pub(crate) const ALL: [Self; 11] = [
        Self::Call,
        Self::Returns,
        Self::Error,
        Self::List,
        Self::Variadic,
        Self::Duration,
        Self::Time,
        Self::Event,
        Self::Status,
        Self::Panic,
        Self::Refusal,
    ];

    /// The heading of its column.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Returns => "several returns",
            Self::Error => "error",
            Self::List => "list",
            Self::Variadic => "variadic",
            Self::Duration => "duration",
            Self::Time => "time",
            Self::Event => "event",
            Self::Status => "status",
            Self::Panic => "panic",
            Self::Refusal => "refusal",
        }
    }
}

/// How a feature ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub(crate) enum Outcome {
    /// As it should.
    Yes,
    /// With no answer in the time that the test gives.
    NoReply,
    /// With a reply that the client cannot read.
    Unreadable,
    /// With neither a reply nor an error, which is how Go's client shows what the server could not run.
    Nothing,
    /// With our error that the server speaks another generation.
    OtherGeneration,
    /// With the server's word that it could not run what it can.
    Refused,
    /// With something else: never to be seen.
    Wrong(String),
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        match &*text {
            "yes" => Self::Yes,
            "no reply" => Self::NoReply,
            "unreadable" => Self::Unreadable,
            "nil, nil" => Self::Nothing,
            _ => Self::Wrong(text),
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Yes => "yes",
            Self::NoReply => "no reply",
            Self::Unreadable => "unreadable",
            Self::Nothing => "nil, nil",
            Self::OtherGeneration => "other generation",
            Self::Refused => "refused",
            Self::Wrong(what) => what,
        })
    }
}

/// What was observed of a pair.
pub(crate) type Observed = Vec<(Feature, Outcome)>;

/// A wrong value.
pub(crate) fn wrong(value: impl fmt::Debug) -> Outcome {
    Outcome::Wrong(format!("WRONG: {value:?}"))
}

/// That the value is the one expected.
pub(crate) fn expect<T: fmt::Debug + PartialEq>(value: T, expected: &T) -> Result<(), Outcome> {
    if value == *expected { Ok(()) } else { Err(wrong(value)) }
}

/// How a feature ended that gave this.
pub(crate) fn outcome(result: Result<(), Outcome>) -> Outcome {
    result.err().unwrap_or(Outcome::Yes)
}
