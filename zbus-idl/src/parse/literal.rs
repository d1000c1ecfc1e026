//! The values of strings and numbers.

use pest::iterators::Pair;

use super::{Parser, Rule};
use crate::diagnostic::{NumberProblem, Problem};
use crate::schema::Type;
use crate::source::Span;
use crate::tree::LiteralKind;

impl Parser<'_> {
    pub(super) fn literal_kind(&mut self, pair: &Pair<'_, Rule>, span: Span) -> LiteralKind {
        let text = pair.as_str();
        match pair.as_rule() {
            Rule::string => LiteralKind::String(self.unescape(text, span)),
            Rule::number => number(text).unwrap_or_else(|problem| {
                self.report(span, Problem::BadNumber { text: text.to_owned(), problem });
                LiteralKind::Poisoned
            }),
            _ => LiteralKind::Word(text.to_owned()),
        }
    }

    /// The text between the quotes, its escapes resolved; an unknown escape is reported and left out.
    pub(super) fn unescape(&mut self, quoted: &str, span: Span) -> String {
        let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
        let mut value = String::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(at) = rest.find('\\') {
            value.push_str(rest.get(..at).unwrap_or_default());
            let escape = rest.get(at..).unwrap_or_default();
            let (character, length) = escaped(escape);
            if let Some(character) = character {
                value.push(character);
            } else {
                let start = span.start as usize + 1 + (inner.len() - rest.len()) + at;
                let escape = escape.get(..length).unwrap_or_default().to_owned();
                self.report(self.span(start, start + length), Problem::BadEscape { escape });
            }
            rest = escape.get(length..).unwrap_or_default();
        }
        value.push_str(rest);
        value
    }
}

/// The character that an escape stands for, and the escape's length.
fn escaped(escape: &str) -> (Option<char>, usize) {
    let Some(second) = escape.chars().nth(1) else {
        return (None, escape.len());
    };
    let simple = match second {
        '"' | '\\' => Some(second),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let digits = escape.strip_prefix("\\u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
            let Some(digits) = digits.filter(|digits| (1..=6).contains(&digits.len())) else {
                return (None, 2);
            };
            return (u32::from_str_radix(digits, 16).ok().and_then(char::from_u32), digits.len() + 4);
        }
        _ => None,
    };
    (simple, 1 + second.len_utf8())
}

/// An integer (decimal or `0x`), a float or a duration (`1m30s`).
fn number(text: &str) -> Result<LiteralKind, NumberProblem> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if digits.ends_with('_') || digits.contains("__") {
        return Err(NumberProblem::Underscore);
    }
    let plain = digits.replace('_', "");
    let decimal = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(hex) = plain.strip_prefix("0x") {
        let value = i128::from_str_radix(hex, 16).map_err(|_| NumberProblem::Hex);
        return value.map(|value| LiteralKind::Integer(if negative { -value } else { value }));
    }
    if plain.starts_with("0b") || plain.starts_with("0o") {
        return Err(NumberProblem::Base);
    }
    if decimal {
        if plain.len() > 1 && plain.starts_with('0') {
            return Err(NumberProblem::LeadingZero);
        }
        let value: i128 = plain.parse().map_err(|_| NumberProblem::TooLarge)?;
        return Ok(LiteralKind::Integer(if negative { -value } else { value }));
    }
    if plain.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte)) {
        let value: f64 = plain.parse().map_err(|_| NumberProblem::NotANumber)?;
        if !value.is_finite() {
            return Err(NumberProblem::TooLarge);
        }
        return Ok(LiteralKind::Float(if negative { -value } else { value }));
    }
    if is_typed(&plain) {
        return Err(NumberProblem::TypeSuffix);
    }
    let value = duration(&plain)?;
    Ok(LiteralKind::Duration(if negative { -value } else { value }))
}

/// Whether a number ends in the name of its type, as Rust's do.
fn is_typed(text: &str) -> bool {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    matches!(Type::scalar(text.get(digits..).unwrap_or_default()), Some(Type::Integer(_) | Type::F32 | Type::F64))
}

/// Nanoseconds.
fn duration(text: &str) -> Result<i64, NumberProblem> {
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (amount, behind) = rest.split_at_checked(digits).ok_or(NumberProblem::NoUnit)?;
        if behind.starts_with('.') {
            return Err(NumberProblem::Fraction);
        }
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters).ok_or(NumberProblem::NoUnit)?;
        let scale: i64 = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "" => return Err(NumberProblem::NoUnit),
            suffix => return Err(NumberProblem::Suffix { suffix: suffix.to_owned() }),
        };
        let amount: i64 = amount.parse().map_err(|_| NumberProblem::NoUnit)?;
        let part = amount.checked_mul(scale).ok_or(NumberProblem::TooLong)?;
        total = total.checked_add(part).ok_or(NumberProblem::TooLong)?;
        rest = behind;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_look_like() {
        assert_eq!(number("-0x10"), Ok(LiteralKind::Integer(-16)));
        assert_eq!(number("1_000"), Ok(LiteralKind::Integer(1000)));
        assert_eq!(number("1.5e-3"), Ok(LiteralKind::Float(0.0015)));
        assert_eq!(number("1m30s"), Ok(LiteralKind::Duration(90_000_000_000)));
        assert_eq!(number("-2ms"), Ok(LiteralKind::Duration(-2_000_000)));
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for text in ["007", "1__0", "1_", "0x", "1e999", "1.5s", "3w", "99999d99999999999d", "0xg", "1x2"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_stand_for_one_character() {
        assert_eq!(escaped("\\u{e9}x"), (Some('é'), 6));
        assert_eq!(escaped("\\n"), (Some('\n'), 2));
        assert_eq!(escaped("\\é"), (None, 3));
        assert_eq!(escaped("\\u{110000}"), (None, 10));
    }
}
