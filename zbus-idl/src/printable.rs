//! Foreign text made fit to be shown. Strings of a schema, paths and reasons of the system may hold anything; a terminal
//! obeys some of it.

use std::borrow::Cow;

/// The text with every character escaped that a terminal would obey instead of showing it: control characters, line
/// breaks among them, and those that change the direction of text.
///
/// ```
/// assert_eq!(zbus_idl::printable("a\u{1b}[31mb\n"), r"a\u{1b}[31mb\n");
/// assert_eq!(zbus_idl::printable("café"), "café");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for character in
            ['\u{0}', '\u{7}', '\u{1b}', '\r', '\n', '\t', '\u{7f}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}']
        {
            let text = format!("a{character}b");
            let shown = printable(&text);
            assert!(!shown.contains(is_obeyed) && shown.starts_with('a') && shown.ends_with('b'), "{shown:?}");
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in ["", "a `b` \"c\" \\n", "é 漢 🎈"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text));
        }
    }
}
