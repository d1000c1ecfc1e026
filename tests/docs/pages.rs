//! The pages name the tests that show what they say: these are there.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// What a page writes as `file.rs::name`.
fn named(page: &str) -> HashSet<(&str, &str)> {
    page.split('`').filter_map(|word| word.split_once(".rs::").map(|_| word.split_once("::").unwrap())).collect()
}

/// Whether a file has a test of this name.
fn has_test(text: &str, name: &str) -> bool {
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && !line.starts_with("#[") {
            is_test = false;
            let function = line.strip_prefix("async ").unwrap_or(line);
            if function.strip_prefix("fn ").is_some_and(|rest| rest.starts_with(&format!("{name}("))) {
                return true;
            }
        }
    }
    false
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut count = 0;
    for page in fs::read_dir(root.join("docs")).unwrap() {
        let page = page.unwrap().path();
        // The plots have a folder.
        if page.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&page).unwrap();
        let named = named(&text);
        count += named.len();
        let missing: Vec<_> = named
            .iter()
            .filter(|(file, name)| !fs::read_to_string(root.join(file)).is_ok_and(|text| has_test(&text, name)))
            .collect();
        assert!(missing.is_empty(), "{} names tests that are not there: {missing:#?}", page.display());
    }
    assert!(count >= 80, "the pages name {count} tests");
}
