//! Schemas from the file system: an import is looked for beside the file that imports it, then in each include folder.

mod nearby;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zbus_idl::{LoadError, Loaded, Loader, MAX_TEXT};

use nearby::Nearby;

/// A [`Loader`] that reads files, and remembers which: the inputs of a build.
#[derive(Debug, Default)]
pub struct FileLoader {
    includes: Vec<PathBuf>,
    inputs: RefCell<BTreeSet<PathBuf>>,
}

impl FileLoader {
    /// One that looks for imports in these folders too, in this order.
    pub fn new(includes: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { includes: includes.into_iter().collect(), inputs: RefCell::default() }
    }

    /// Every file that was read, and every place where a file would have been read, had there been one.
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
                Ok(found) => {
                    let found = from_here(&found);
                    self.inputs.borrow_mut().insert(found.clone());
                    return read(&found);
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

/// The one spelling of a path: relative to the current folder, where it is in there, as people write it.
fn from_here(canonical: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    match here.ok().and_then(|here| canonical.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(relative) if !relative.as_os_str().is_empty() => relative,
        _ => canonical.to_owned(),
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
        let loader = FileLoader::default();
        let importer = folder.text("a/main.zbus");
        for spelling in ["x.zbus", "./x.zbus", "../a/x.zbus", "../link.zbus"] {
            assert_eq!(loader.load(spelling, Some(&importer)).unwrap().path, folder.text("a/x.zbus"));
        }
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
