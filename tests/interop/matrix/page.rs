//! `docs/interop.md`: written by hand, but for what stands between two marks, which a test observes.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Two tests write to the page.
static PAGE: Mutex<()> = Mutex::new(());

/// Compares what was observed with what the page says; with `BLESS=1` in the environment writes it there.
pub(crate) fn compare(mark: &str, observed: &str) {
    let _page = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/interop.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark}: begin -->\n"), format!("<!-- {mark}: end -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("docs/interop.md has no {begin}"));
    let (stated, after) = rest.split_once(&end).unwrap_or_else(|| panic!("docs/interop.md has no {end}"));
    if stated == observed {
        return;
    }
    if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&path, format!("{before}{begin}{observed}{end}{after}")).unwrap();
    } else {
        panic!("docs/interop.md says\n{stated}\nbut observed was\n{observed}\nBLESS=1 writes it there");
    }
}
