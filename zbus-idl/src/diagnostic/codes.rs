//! The table of codes.

/// A kind of problem, as `explain` and the documentation show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `E0103`. Never given to another problem.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Why it is a problem, with an example of wrong and right.
    pub explanation: &'static str,
}

/// What a code means.
pub fn explain(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code == code)
}

/// Every code, in order.
pub const CODES: &[Code] = &[];
