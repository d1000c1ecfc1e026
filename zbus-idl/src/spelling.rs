//! Which word a misspelt one may mean.

/// Names longer than this are not compared: the distance costs their product.
const MAX_COMPARED: usize = 64;

/// How many letters differ. Words that are too long to be compared are as far apart as they could be.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let longest = one.len().max(other.len());
    if longest > MAX_COMPARED { longest } else { strsim::damerau_levenshtein(one, other) }
}

/// The candidate that a misspelt word most likely means: near in letters, or the same but for case.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_COMPARED {
        return None;
    }
    let allowed = word.len().div_ceil(3).min(3);
    let lower = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_COMPARED && candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len().max(word.len()).max(2) - 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::builtin_names;

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("strin", builtin_names()), Some("string"));
        assert_eq!(nearest("String", builtin_names()), Some("string"));
        assert_eq!(nearest("Reading", builtin_names()), None);
        assert_eq!(nearest("X", builtin_names()), None);
    }
}
