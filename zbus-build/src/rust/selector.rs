//! Selectors: which declarations of the schemas an option is for. `calculator.Reading.At` is the field `At` of the type
//! `Reading` of `calculator.zbus`; `*` stands for any one name.

use super::Spelling;
use crate::error::Error;

/// A selector of an option. Names are those of the schema, as written there.
pub(super) struct Selector<'a> {
    /// The option as it is shown, `Builder::type_attribute("…")`.
    option: String,
    words: Vec<&'a str>,
}

const ANY: &str = "*";

/// How many names an error lists at most.
const LISTED: usize = 6;

impl<'a> Selector<'a> {
    pub(super) fn parse(option: &str, text: &'a str, spelling: Spelling) -> Result<Self, Error> {
        let option = spelling.selecting(option, text);
        let words: Vec<_> = text.split('.').collect();
        let is_name = |word: &&str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        if words.iter().all(|word| *word == ANY || is_name(word)) {
            return Ok(Self { option, words });
        }
        Err(Error::option(format!(
            "{option}: a selector is names of the schema with `.` between them, as in `calculator.Reading`, or `*` for any one \
             whole name"
        )))
    }

    /// The error that names the option, as in "`Builder::…("a.B")` does not work".
    pub(super) fn error(&self, what: &str) -> Error {
        Error::option(format!("{} {what}", self.option))
    }

    pub(super) fn has_any(&self) -> bool {
        self.words.contains(&ANY)
    }

    /// It names this very thing.
    pub(super) fn matches(&self, path: &[&str]) -> bool {
        self.words.len() == path.len() && self.covers(path)
    }

    /// It names this thing, or what this thing is in.
    pub(super) fn covers(&self, path: &[&str]) -> bool {
        self.words.len() <= path.len() && self.words.iter().zip(path).all(|(word, name)| word == name || *word == ANY)
    }

    /// The error of a selector that matches nothing; `what` says what it could have matched.
    pub(super) fn unmatched(&self, what: &str, candidates: &[Vec<&str>]) -> Error {
        let could = match (self.nearest(candidates), candidates) {
            (Some(nearest), _) => format!("did you mean `{nearest}`?"),
            (None, []) => "the schemas have none".to_owned(),
            (None, _) => {
                let mut listed: Vec<_> = candidates.iter().map(|path| format!("`{}`", path.join("."))).collect();
                listed.dedup();
                let more = if listed.len() > LISTED { ", …" } else { "" };
                listed.truncate(LISTED);
                format!("there are {}{more}", listed.join(", "))
            }
        };
        self.error(&format!("matches no {what}; {could}"))
    }

    fn nearest(&self, candidates: &[Vec<&str>]) -> Option<String> {
        // With a name left out in front, which is the likely way to get it wrong, or misspelt.
        let ends = |path: &&Vec<&str>| path.ends_with(&self.words) && !self.has_any();
        if let Some(path) = candidates.iter().find(ends) {
            return Some(path.join("."));
        }
        let length: usize = self.words.iter().map(|word| word.len()).sum();
        let allowed = length.div_ceil(3).min(3);
        candidates
            .iter()
            .filter(|path| path.len() == self.words.len())
            .map(|path| {
                let pairs = self.words.iter().zip(path).filter(|(word, _)| **word != ANY);
                let distance: usize = pairs.map(|(word, name)| distance(word, name)).sum();
                (distance, path)
            })
            .filter(|(distance, _)| *distance <= allowed)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, path)| {
                let words = self.words.iter().zip(path).map(|(word, name)| if *word == ANY { ANY } else { name });
                words.collect::<Vec<_>>().join(".")
            })
    }
}

/// Of letters; their case does not count.
fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> Selector<'_> {
        Selector::parse("type_attribute", text, Spelling::Method).unwrap()
    }

    #[test]
    fn star_is_any_one_name() {
        assert!(selector("*.Reading").matches(&["calculator", "Reading"]));
        assert!(!selector("*.Reading").matches(&["calculator", "Reading", "At"]));
        assert!(!selector("*").matches(&["calculator", "Reading"]));
        assert!(selector("*").covers(&["calculator", "Reading"]));
        assert!(selector("a.*.c").matches(&["a", "b", "c"]));
    }

    #[test]
    fn part_of_a_name_is_no_selector() {
        for text in ["", ".", "a.", "a.B*", "a b", "a::B"] {
            assert!(Selector::parse("type_attribute", text, Spelling::Method).is_err(), "{text}");
        }
    }

    #[test]
    fn unmatched_selector_names_the_nearest() {
        let candidates = [vec!["calculator", "Reading"], vec!["calculator", "Entry"]];
        let error = |text| selector(text).unmatched("type", &candidates).to_string();
        assert_eq!(
            error("calculator.reading"),
            "`Builder::type_attribute(\"calculator.reading\", …)` matches no type; did you mean `calculator.Reading`?"
        );
        assert!(error("Entry").ends_with("did you mean `calculator.Entry`?"));
        assert!(error("*.Entri").ends_with("did you mean `*.Entry`?"));
        assert!(error("x.Other").ends_with("there are `calculator.Reading`, `calculator.Entry`"));
        assert!(selector("a.B").unmatched("type", &[]).to_string().ends_with("the schemas have none"));
    }
}
