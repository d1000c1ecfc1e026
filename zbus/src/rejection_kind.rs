//! Why a server did not run a method: what a reply says, and what callers match on.

use std::fmt;

/// Why a server did not run a method, or could not answer. Go's servers and rbus give no kind: theirs is `Other("")`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The module does not serve the object.
    UnknownObject,
    /// The object has no such method.
    UnknownMethod,
    /// Too few or too many arguments, or one of another type.
    BadArguments,
    /// The deadline passed before or while the method ran.
    Expired,
    /// The server has no room.
    Overloaded,
    /// The method panicked.
    Panicked,
    /// The server stopped before the method ended.
    Stopping,
    /// The reply is larger than the server sends.
    ReplyTooLarge,
    /// A returned value has no form on the wire.
    BadReply,
    /// A kind that this version does not know; empty where the peer gave none.
    Other(String),
}

impl RejectionKind {
    /// The kind on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnknownObject => "unknown_object",
            Self::UnknownMethod => "unknown_method",
            Self::BadArguments => "bad_arguments",
            Self::Expired => "expired",
            Self::Overloaded => "overloaded",
            Self::Panicked => "panicked",
            Self::Stopping => "stopping",
            Self::ReplyTooLarge => "reply_too_large",
            Self::BadReply => "bad_reply",
            Self::Other(kind) => kind,
        }
    }

    pub(crate) fn may_have_run(&self) -> bool {
        !matches!(self, Self::UnknownObject | Self::UnknownMethod | Self::BadArguments | Self::Overloaded)
    }
}

impl From<&str> for RejectionKind {
    fn from(kind: &str) -> Self {
        [
            Self::UnknownObject,
            Self::UnknownMethod,
            Self::BadArguments,
            Self::Expired,
            Self::Overloaded,
            Self::Panicked,
            Self::Stopping,
            Self::ReplyTooLarge,
            Self::BadReply,
        ]
        .into_iter()
        .find(|known| known.as_str() == kind)
        .unwrap_or_else(|| Self::Other(kind.to_owned()))
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
