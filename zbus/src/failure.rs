//! The failure that a server's method returns.

use std::fmt;

use crate::causes;

/// Why a method that `throws` failed.
///
/// `?` turns any error into one, and [`Failure::new`] turns a text into one. It is not itself an `Error`, as `?` could not do that then.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) data: Option<Vec<u8>>,
}

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: None, data: None }
    }

    /// Adds a code that callers can match on, and the fields of that code as a `MessagePack` map.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>, data: Option<Vec<u8>>) -> Self {
        Self { code: Some(code.into()), data, ..self }
    }

    /// What callers read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The code, if it has one.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
}

/// The error's message and those of its sources, as Go's wrapped errors print.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        while let Some(cause) = causes::unsaid(&message, error.source()) {
            message = format!("{message}: {cause}");
        }
        Self::new(message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(formatter, "{} ({code})", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_brings_its_sources() {
        #[derive(Debug, thiserror::Error)]
        #[error("no disk")]
        struct Outer(#[source] std::fmt::Error);
        let source = std::fmt::Error.to_string();
        let fails = || -> Result<(), Failure> { Err(Outer(std::fmt::Error))? };
        assert_eq!(fails().unwrap_err().message(), format!("no disk: {source}"));
    }
}
