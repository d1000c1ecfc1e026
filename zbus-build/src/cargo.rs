//! What a build script tells cargo: when to run it again.
//!
//! A broken schema is not among it. Cargo repeats a failed script's whole output, so a `cargo::error=` would stand there
//! three times: by itself, in the output, and in the report that the script's `main` prints.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

/// Cargo's folder for what a build script generates.
pub(crate) fn out_dir() -> Option<PathBuf> {
    env::var_os("OUT_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The directives for these inputs; none where it is not cargo that runs this as a build script.
pub(crate) fn rerun_directives(inputs: &[PathBuf], out_dir: &Path) -> Vec<String> {
    // Cargo sets OUT_DIR for a program that it runs too; HOST for build scripts alone.
    let is_build_script = [env::var_os("OUT_DIR"), env::var_os("HOST")].iter().all(Option::is_some);
    if !is_build_script {
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
