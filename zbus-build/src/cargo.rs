//! What a build script has from cargo, a folder of its own, and what it tells cargo: when to run it again.
//!
//! A broken schema is not among it. Cargo repeats a failed script's whole output, so a `cargo::error=` would stand there
//! three times: by itself, in the output, and in the report that the script's `main` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;

/// Cargo's folder for what a build script generates.
pub(crate) fn out_dir() -> Option<PathBuf> {
    env::var_os("OUT_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Cargo runs this as a build script: it sets `OUT_DIR` for a program that it runs too, `HOST` for build scripts alone.
fn is_build_script() -> bool {
    [env::var_os("OUT_DIR"), env::var_os("HOST")].iter().all(Option::is_some)
}

/// The folders that this build script has written into, with what it was told to compile.
static WRITTEN: Mutex<BTreeMap<PathBuf, Vec<PathBuf>>> = Mutex::new(BTreeMap::new());

/// A second compilation into a folder would leave of the first one files that no `zbus_schemas.rs` takes in. Not so for other programs,
/// which may compile again and again as schemas come and go.
pub(crate) fn claim(out_dir: &Path, roots: &[PathBuf]) -> Result<(), Error> {
    if is_build_script() { claim_in(&WRITTEN, out_dir, roots) } else { Ok(()) }
}

fn claim_in(written: &Mutex<BTreeMap<PathBuf, Vec<PathBuf>>>, out_dir: &Path, roots: &[PathBuf]) -> Result<(), Error> {
    let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
    match written.insert(out_dir.to_owned(), roots.to_owned()) {
        Some(before) if before != roots => Err(Error::twice(out_dir)),
        _ => Ok(()),
    }
}

/// The directives for these inputs; none where it is not cargo that runs this as a build script.
pub(crate) fn rerun_directives(inputs: &[PathBuf], out_dir: &Path) -> Vec<String> {
    if !is_build_script() {
        return Vec::new();
    }
    let current = env::current_dir().unwrap_or_default();
    watched(inputs, &current, out_dir)
        .into_iter()
        .filter_map(|path| path.into_os_string().into_string().ok())
        .map(|path| format!("cargo::rerun-if-changed={path}"))
        .collect()
}

/// The paths for cargo to watch. A file that is missing counts as changed at every build, so in place of a file that
/// could appear its folder is watched; not one that holds the build's own output, which changes at every build too.
fn watched(inputs: &[PathBuf], current: &Path, out_dir: &Path) -> BTreeSet<PathBuf> {
    let changes_by_itself = |folder: &Path| {
        let folder = current.join(folder);
        let folder = folder.canonicalize().unwrap_or(folder);
        [current, out_dir].iter().any(|busy| {
            let busy = current.join(busy);
            busy.canonicalize().unwrap_or(busy).starts_with(&folder)
        })
    };
    inputs
        .iter()
        .filter_map(|input| {
            if current.join(input).exists() {
                return Some(input.clone());
            }
            let folder = input.ancestors().skip(1).find(|folder| current.join(folder).is_dir())?;
            let is_here = folder.as_os_str().is_empty();
            (!is_here && !changes_by_itself(folder)).then(|| folder.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_compilation_into_a_folder_is_refused_unless_it_is_the_same() {
        let written = Mutex::default();
        let claim = |folder: &str, root: &str| claim_in(&written, Path::new(folder), &[PathBuf::from(root)]);
        claim("out", "a.zbus").unwrap();
        claim("out", "a.zbus").unwrap();
        claim("other", "b.zbus").unwrap();
        let error = claim("out", "b.zbus").unwrap_err().to_string();
        assert!(error.contains("one `Builder`") && error.contains("`Builder::schemas`"), "{error}");
    }

    #[test]
    fn file_that_could_appear_is_watched_by_its_folder_unless_the_build_writes_there() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("target/out");
        std::fs::create_dir_all(&out).unwrap();
        std::fs::create_dir(root.path().join("schemas")).unwrap();
        std::fs::write(root.path().join("schemas/a.zbus"), "").unwrap();
        let inputs = ["schemas/a.zbus", "schemas/b.zbus", "schemas/deep/b.zbus", "b.zbus", "target/b.zbus"];
        let watched = watched(&inputs.map(PathBuf::from), root.path(), &out);
        assert_eq!(Vec::from_iter(watched), ["schemas", "schemas/a.zbus"].map(PathBuf::from));
    }
}
