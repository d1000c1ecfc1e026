//! The chain of an error's causes, of which some may have been told already.

use std::error::Error;

/// The first of a chain of causes whose words a message does not hold.
pub(crate) fn unsaid<'a>(
    message: &str,
    mut cause: Option<&'a (dyn Error + 'static)>,
) -> Option<&'a (dyn Error + 'static)> {
    while let Some(error) = cause
        && message.contains(&error.to_string())
    {
        cause = error.source();
    }
    cause
}
