//! What a build script gets from cargo, a folder of its own, and what it tells cargo: when to run it again.
//!
//! It does not tell cargo of a broken schema. Cargo repeats the whole output of a script that fails, so a `cargo::error=` would be shown
//! three times: by itself, in the output, and in the report that the script's `main` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zbus_idl::case;

use crate::error::Error;
use crate::output::GeneratedFile;
use crate::rust::module::{ALL, STEMS, indexes};

/// Cargo's folder for what a build script generates.
pub(crate) fn out_dir() -> Option<PathBuf> {
    env::var_os("OUT_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Cargo runs this as a build script. It sets `OUT_DIR` for a program that it runs, too, but `HOST` for build scripts alone.
pub(crate) fn is_build_script() -> bool {
    [env::var_os("OUT_DIR"), env::var_os("HOST")].iter().all(Option::is_some)
}

/// By folder, the files that this build script has written there, without those of all schemas together.
type Written = BTreeMap<PathBuf, Vec<GeneratedFile>>;

static WRITTEN: Mutex<Written> = Mutex::new(BTreeMap::new());

/// The files, of which those of all schemas together take in what this build script has compiled into the folder before. Not so for other
/// programs, which may compile again and again as schemas come and go.
pub(crate) fn with_earlier(out_dir: &Path, files: Vec<GeneratedFile>) -> Result<Vec<GeneratedFile>, Error> {
    if is_build_script() { added(&WRITTEN, out_dir, files) } else { Ok(files) }
}

fn added(written: &Mutex<Written>, out_dir: &Path, files: Vec<GeneratedFile>) -> Result<Vec<GeneratedFile>, Error> {
    let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
    let earlier = written.entry(out_dir.to_owned()).or_default();
    let is_index = |file: &GeneratedFile| [ALL, STEMS].contains(&stem(file));
    let (mut made, _): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| !is_index(file));
    for file in &made {
        let module = |file| case::snake(stem(file));
        match earlier.iter().find(|before| module(before) == module(file)) {
            Some(before) if before != file => return Err(Error::differs(stem(file), out_dir)),
            Some(_) => {}
            None => earlier.push(file.clone()),
        }
    }
    let stems: Vec<_> = earlier.iter().map(stem).collect();
    made.extend(indexes(&stems));
    Ok(made)
}

fn stem(file: &GeneratedFile) -> &str {
    file.name.trim_end_matches(".rs")
}

/// The directives for these inputs; none if it is not cargo that runs this as a build script.
pub(crate) fn rerun_directives(inputs: &[PathBuf], out_dir: &Path) -> Vec<String> {
    if !is_build_script() {
        return Vec::new();
    }
    let current = env::current_dir().unwrap_or_default();
    watched(inputs, &current, out_dir)
        .into_iter()
        .filter_map(|path| path.into_os_string().into_string().ok())
        // A line break would begin another directive.
        .filter(|path| !path.contains(['\n', '\r']))
        .map(|path| format!("cargo::rerun-if-changed={path}"))
        .collect()
}

/// The paths for cargo to watch.
///
/// - A file that is missing counts as changed at every build, so the folder in which it could appear is watched instead.
/// - Cargo looks at what a link leads to. That the link itself leads elsewhere now shows in the folder that it is in alone.
///
/// A folder that holds the build's own output changes at every build, so it is not watched.
fn watched(inputs: &[PathBuf], current: &Path, out_dir: &Path) -> BTreeSet<PathBuf> {
    let changes_by_itself = |folder: &Path| {
        let folder = current.join(folder);
        let folder = folder.canonicalize().unwrap_or(folder);
        [current, out_dir].iter().any(|busy| {
            let busy = current.join(busy);
            busy.canonicalize().unwrap_or(busy).starts_with(&folder)
        })
    };
    let may_be_watched = |folder: &&Path| !folder.as_os_str().is_empty() && !changes_by_itself(folder);
    let mut watched = BTreeSet::new();
    for input in inputs {
        let is_link = |path: &&Path| current.join(path).is_symlink();
        let folders = input.ancestors().filter(is_link).filter_map(Path::parent);
        watched.extend(folders.filter(may_be_watched).map(Path::to_owned));
        if current.join(input).exists() {
            watched.insert(input.clone());
        } else {
            let folder = input.ancestors().skip(1).find(|folder| current.join(folder).is_dir());
            watched.extend(folder.filter(may_be_watched).map(Path::to_owned));
        }
    }
    watched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_compilation_into_a_folder_adds_to_the_earlier_unless_a_file_differs() {
        let written = Mutex::default();
        let file = |name: &str, content: &str| GeneratedFile { name: name.to_owned(), content: content.to_owned() };
        let add = |files: &[GeneratedFile]| {
            let indexes = indexes(&files.iter().map(stem).collect::<Vec<_>>());
            added(&written, Path::new("out"), [files, &indexes].concat())
        };
        let names = |files: &[GeneratedFile]| files.iter().map(stem).map(str::to_owned).collect::<Vec<_>>();
        add(&[file("shared.rs", "1"), file("a.rs", "2")]).unwrap();
        let files = add(&[file("shared.rs", "1"), file("b.rs", "3")]).unwrap();
        assert_eq!(names(&files), ["shared", "b", ALL, STEMS]);
        let included: Vec<_> = crate::rust::module::included(&files[2].content).collect();
        assert_eq!(included, ["shared", "a", "b"]);
        for differing in [file("shared.rs", "4"), file("Shared.rs", "1")] {
            let error = add(&[differing]).unwrap_err().to_string();
            assert!(error.contains("hared.rs") && error.contains("`Builder::schemas`"), "{error}");
        }
        assert_eq!(names(&added(&written, Path::new("other"), vec![file("shared.rs", "4")]).unwrap())[0], "shared");
    }

    #[test]
    fn folder_of_a_link_is_watched_wherever_the_link_is_in_the_path() {
        let root = tempfile::tempdir().unwrap();
        let path = |path: &str| root.path().join(path);
        std::fs::create_dir_all(path("schemas/v1")).unwrap();
        std::fs::write(path("schemas/v1/api.zbus"), "").unwrap();
        std::os::unix::fs::symlink("v1", path("schemas/current")).unwrap();
        std::os::unix::fs::symlink("schemas/v1/api.zbus", path("top.zbus")).unwrap();
        let inputs = ["schemas/current/api.zbus", "top.zbus"].map(PathBuf::from);
        let watched = watched(&inputs, root.path(), &path("target/out"));
        assert_eq!(Vec::from_iter(watched), ["schemas", "schemas/current/api.zbus", "top.zbus"].map(PathBuf::from));
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
