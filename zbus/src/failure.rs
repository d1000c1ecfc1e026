//! A method's own failure, as a server's method gives it.

use std::fmt;

/// Why a method that `throws` failed.
///
/// Any error becomes one with `?`; a text does with [`Failure::new`]. It is not itself an `Error`, which makes the former possible.
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

    /// The like with a code that callers can match on, and that code's fields as a `MessagePack` map.
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
        let mut source = error.source();
        while let Some(error) = source {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = error.source();
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
