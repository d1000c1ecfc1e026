//! Schemas from the file system: an import is looked for beside the file that imports it, then in each include folder.
//!
//! A file is called by the path by which it was found first, with the links that are in it: what it imports is beside that path, as in a
//! forest of links that a build tool makes. Whether two paths are one file is said by what they lead to.

mod nearby;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use zbus_idl::{LoadError, Loaded, Loader, MAX_TEXT};

use nearby::Nearby;

/// A [`Loader`] that reads files, and remembers which: the inputs of a build.
#[derive(Debug, Default)]
pub struct FileLoader {
    includes: Vec<PathBuf>,
    inputs: RefCell<BTreeSet<PathBuf>>,
    /// By what a path leads to, the path by which it was found first.
    names: RefCell<HashMap<PathBuf, PathBuf>>,
}

impl FileLoader {
    /// A loader that looks for imports in these folders too, in this order.
    pub fn new(includes: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { includes: includes.into_iter().collect(), ..Self::default() }
    }

    /// Every file that was read, by each path by which it was found, and every place where a file would have been read if there were one.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.inputs.borrow().iter().cloned().collect()
    }

    fn candidates(&self, path: &str, importer: Option<&str>) -> Vec<PathBuf> {
        match importer {
            None => vec![PathBuf::from(path)],
            Some(importer) => {
                let beside = Path::new(importer).parent().unwrap_or(Path::new(""));
                let folders = std::iter::once(beside).chain(self.includes.iter().map(PathBuf::as_path));
                folders.map(|folder| folder.join(path)).collect()
            }
        }
    }
}

impl Loader for FileLoader {
    fn load(&self, path: &str, importer: Option<&str>) -> Result<Loaded, LoadError> {
        let candidates = self.candidates(path, importer);
        for candidate in &candidates {
            match fs::canonicalize(candidate) {
                Ok(real) => {
                    let given = as_written(candidate);
                    self.inputs.borrow_mut().insert(given.clone());
                    let name = self.names.borrow_mut().entry(real).or_insert(given).clone();
                    return read(&name);
                }
                Err(error) if is_absence(&error) => {
                    self.inputs.borrow_mut().insert(candidate.clone());
                }
                Err(error) => return Err(LoadError::Other(reason(&error))),
            }
        }
        Err(LoadError::NotFound { searched: candidates.iter().map(|path| path.display().to_string()).collect() })
    }

    /// The schemas of the folder that `path` leads to, of those where the look for it started, of those below, and of the
    /// importer's parent. At most some thousands of entries are looked at.
    fn available(&self, path: &str, importer: Option<&str>) -> Vec<String> {
        let mut nearby = Nearby::default();
        let asked = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let asked = if asked.is_empty() { String::new() } else { format!("{asked}/") };
        let Some(importer) = importer else {
            nearby.look(Path::new(&asked), &asked);
            nearby.look(Path::new(""), "");
            return nearby.into_paths();
        };
        let beside = Path::new(importer).parent().unwrap_or(Path::new(""));
        let folders = || std::iter::once(beside).chain(self.includes.iter().map(PathBuf::as_path));
        for folder in folders() {
            nearby.look(&folder.join(&asked), &asked);
        }
        for folder in folders() {
            nearby.look(folder, "");
        }
        nearby.look(&beside.join(".."), "../");
        let own = Path::new(importer).file_name().and_then(|name| name.to_str());
        nearby.into_paths().into_iter().filter(|path| Some(path.as_str()) != own).collect()
    }
}

/// The path as people write it: without `.`, without `..` behind a folder that is no link, and relative to the current folder if it is in
/// there.
fn as_written(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let mut written = PathBuf::new();
    for component in path.components() {
        let is_folder = matches!(written.components().next_back(), Some(Component::Normal(_)));
        match component {
            Component::CurDir => {}
            Component::ParentDir if is_folder && !written.is_symlink() => _ = written.pop(),
            component => written.push(component),
        }
    }
    // The current folder, too, may be known by a link.
    let real = || here.canonicalize().ok();
    match written.strip_prefix(&here).ok().or_else(|| written.strip_prefix(real()?).ok()) {
        Some(relative) if !relative.as_os_str().is_empty() => relative.to_owned(),
        _ => written,
    }
}

fn read(path: &Path) -> Result<Loaded, LoadError> {
    let Some(name) = path.to_str() else {
        return Err(LoadError::Other(format!("its path, {}, is not UTF-8", path.display())));
    };
    let other = |error: io::Error| LoadError::Other(reason(&error));
    let limit = MAX_TEXT as u64;
    let metadata = fs::metadata(path).map_err(other)?;
    if metadata.is_dir() {
        return Err(LoadError::IsDirectory { path: name.to_owned() });
    }
    if !metadata.is_file() {
        // A pipe would hang the build, a device feed it for ever.
        return Err(LoadError::Other("it is not a regular file".to_owned()));
    }
    if metadata.len() > limit {
        return Err(LoadError::TooLarge { size: metadata.len(), limit });
    }
    let mut bytes = Vec::new();
    // One byte more than the limit, so that a file that grows meanwhile is seen as too large.
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(other)?;
    Ok(Loaded { path: name.to_owned(), bytes })
}

fn is_absence(error: &io::Error) -> bool {
    // A file where a folder of the path should be is one way not to exist.
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An error of the system as a clause: `permission denied`, without the number.
fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(files: &[&str]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for file in files {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, file).unwrap();
            }
            Self(folder)
        }

        fn path(&self, file: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(file)
        }

        fn text(&self, file: &str) -> String {
            self.path(file).to_str().unwrap().to_owned()
        }
    }

    #[test]
    fn file_beside_the_importer_comes_before_the_includes() {
        let folder = Folder::with(&["a/main.zbus", "a/x.zbus", "inc/x.zbus", "inc/y.zbus"]);
        let loader = FileLoader::new([folder.path("inc")]);
        let importer = folder.text("a/main.zbus");
        assert_eq!(loader.load("x.zbus", Some(&importer)).unwrap().bytes, b"a/x.zbus");
        assert_eq!(loader.load("y.zbus", Some(&importer)).unwrap().bytes, b"inc/y.zbus");
        assert_eq!(loader.inputs(), [folder.path("a/x.zbus"), folder.path("a/y.zbus"), folder.path("inc/y.zbus")]);
    }

    #[test]
    fn every_spelling_of_a_path_is_one_identity() {
        let folder = Folder::with(&["a/main.zbus", "a/x.zbus"]);
        std::os::unix::fs::symlink(folder.path("a/x.zbus"), folder.path("link.zbus")).unwrap();
        let importer = folder.text("a/main.zbus");
        let loader = FileLoader::default();
        for spelling in ["x.zbus", "./x.zbus", "../a/x.zbus", "../link.zbus"] {
            assert_eq!(loader.load(spelling, Some(&importer)).unwrap().path, folder.text("a/x.zbus"));
        }
        let loader = FileLoader::default();
        for spelling in ["../link.zbus", "x.zbus"] {
            assert_eq!(loader.load(spelling, Some(&importer)).unwrap().path, folder.text("link.zbus"));
        }
        assert_eq!(loader.inputs(), [folder.path("a/x.zbus"), folder.path("link.zbus")]);
    }

    /// As a build tool makes it, which keeps its inputs elsewhere under other names.
    #[test]
    fn file_in_a_forest_of_links_has_the_name_of_its_link_and_finds_what_is_beside_it() {
        let folder = Folder::with(&["store/1", "store/2", "store/lib/3", "forest/readme"]);
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(folder.path(to), folder.path(name)).unwrap();
        link("store/1", "forest/main.zbus");
        link("store/2", "forest/x.zbus");
        link("store/lib", "forest/lib");
        let loader = FileLoader::default();
        let main = loader.load(&folder.text("forest/main.zbus"), None).unwrap();
        assert_eq!(
            (main.path.as_str(), main.bytes.as_slice()),
            (folder.text("forest/main.zbus").as_str(), &b"store/1"[..])
        );
        let import = |path: &str| loader.load(path, Some(&main.path));
        assert_eq!(import("x.zbus").unwrap().path, folder.text("forest/x.zbus"));
        assert_eq!(import("lib/3").unwrap().path, folder.text("forest/lib/3"));
        // `..` behind a link is the parent of what it leads to.
        assert_eq!(import("lib/../2").unwrap().bytes, b"store/2");
        assert!(import("lib/../main.zbus").is_err());
    }

    #[test]
    fn file_in_the_current_folder_is_named_from_there() {
        assert_eq!(FileLoader::default().load("./src/../Cargo.toml", None).unwrap().path, "Cargo.toml");
    }

    #[test]
    fn missing_file_says_where_it_was_looked_for() {
        let folder = Folder::with(&["a/main.zbus"]);
        let loader = FileLoader::new([folder.path("inc")]);
        let error = loader.load("x.zbus", Some(&folder.text("a/main.zbus"))).unwrap_err();
        assert_eq!(error, LoadError::NotFound { searched: vec![folder.text("a/x.zbus"), folder.text("inc/x.zbus")] });
    }

    #[test]
    fn schemas_around_a_missing_one_are_offered_as_they_would_be_imported() {
        let files =
            ["a/main.zbus", "a/x.zbus", "a/lib/y.zbus", "b/z.zbus", "inc/v.zbus", "a/.git/h.zbus", "a/notes.txt"];
        let folder = Folder::with(&files);
        let loader = FileLoader::new([folder.path("inc"), folder.path("gone")]);
        let offered = loader.available("x.zbs", Some(&folder.text("a/main.zbus")));
        let of_the_parent = ["../a/main.zbus", "../a/lib/y.zbus", "../a/x.zbus", "../b/z.zbus", "../inc/v.zbus"];
        for path in ["x.zbus", "lib/y.zbus", "v.zbus"].iter().chain(&of_the_parent) {
            assert!(offered.iter().any(|offer| offer == path), "{path} is not in {offered:?}");
        }
        assert_eq!(offered.len(), 3 + of_the_parent.len(), "{offered:?}");
        let offered = loader.available(&folder.text("a/X.zbus"), None);
        assert!(offered.contains(&folder.text("a/x.zbus")), "{offered:?}");
    }

    #[test]
    fn look_around_is_bounded_where_folders_are_many() {
        let files: Vec<String> = (0..3_000).map(|number| format!("a/f{number}.zbus")).collect();
        let folder = Folder::with(&files.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(FileLoader::default().available(&folder.text("a/x.zbus"), None).len() <= 2_000);
    }

    #[test]
    fn folder_large_file_and_device_are_told_apart() {
        let folder = Folder::with(&["a/main.zbus", "large.zbus"]);
        let load = |path: &str| FileLoader::default().load(path, None).unwrap_err();
        assert_eq!(load(&folder.text("a")), LoadError::IsDirectory { path: folder.text("a") });
        let size = MAX_TEXT as u64 + 1;
        File::options().write(true).open(folder.path("large.zbus")).unwrap().set_len(size).unwrap();
        assert_eq!(load(&folder.text("large.zbus")), LoadError::TooLarge { size, limit: MAX_TEXT as u64 });
        assert_eq!(load("/dev/zero"), LoadError::Other("it is not a regular file".into()));
    }
}
