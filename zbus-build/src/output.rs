//! Writing generated files: only what changed, and all of it or nothing.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::rust::module::{ALL, included};

/// A file that a backend made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its text.
    pub content: String,
}

/// Writes the files into a folder, which is created: all of them, or none if one cannot be written. A file that has its content already is
/// not touched, so nothing that depends on it is built again.
///
/// # Errors
/// A file cannot be written, on a full disk for example. Then every file is as it was.
pub fn write(folder: &Path, files: &[GeneratedFile]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
    let mut replacements = Replacements::default();
    for file in files {
        let path = folder.join(&file.name);
        if !fs::read(&path).is_ok_and(|old| old == file.content.as_bytes()) {
            let content = file.content.as_bytes();
            replacements.prepare(path.clone(), content).map_err(|error| Error::write(&path, error))?;
        }
    }
    replacements.make()
}

/// Refuses a folder in which an earlier run has left the code of a schema that is not among these files: the new `zbus_schemas.rs` would
/// leave it out.
///
/// # Errors
/// The folder has such code, which the error names.
pub fn check_others(folder: &Path, files: &[GeneratedFile]) -> Result<(), Error> {
    // What cannot be read has nothing to lose.
    let all = fs::read_to_string(folder.join(format!("{ALL}.rs"))).unwrap_or_default();
    let is_lost = |stem: &&str| {
        let name = format!("{stem}.rs");
        files.iter().all(|file| file.name != name) && folder.join(name).exists()
    };
    included(&all).find(is_lost).map_or(Ok(()), |stem| Err(Error::other(stem, folder)))
}

/// New files beside old ones, which they then replace. Those that are not used are removed.
#[derive(Default)]
struct Replacements(Vec<Replacement>);

struct Replacement {
    new: PathBuf,
    path: PathBuf,
}

impl Replacements {
    fn prepare(&mut self, path: PathBuf, content: &[u8]) -> io::Result<()> {
        if path.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // The process id, since two builds may share a folder.
        let mut new = OsString::from(&path);
        new.push(format!(".{}.tmp", std::process::id()));
        let new = PathBuf::from(new);
        self.0.push(Replacement { new: new.clone(), path });
        fs::write(new, content)
    }

    /// Renames, which takes no room on the disk.
    fn make(mut self) -> Result<(), Error> {
        while let Some(Replacement { new, path }) = self.0.first() {
            fs::rename(new, path).map_err(|error| Error::write(path, error))?;
            drop(self.0.remove(0));
        }
        Ok(())
    }
}

impl Drop for Replacements {
    fn drop(&mut self) {
        for Replacement { new, .. } in &self.0 {
            // The first error is the one to report.
            _ = fs::remove_file(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> [GeneratedFile; 1] {
        [GeneratedFile { name: "a.rs".into(), content: content.into() }]
    }

    #[test]
    fn folder_is_created_and_nothing_else_is_left_in_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("b/c");
        write(&folder, &file("x")).unwrap();
        write(&folder, &file("y")).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a.rs")).unwrap(), "y");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn unchanged_file_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &file("x")).unwrap();
        let path = root.path().join("a.rs");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        write(root.path(), &file("x")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn file_that_cannot_be_replaced_keeps_its_content_and_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a.rs")).unwrap();
        let error = write(root.path(), &file("x")).unwrap_err();
        assert!(error.to_string().contains("a.rs"), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn one_file_that_cannot_be_written_leaves_all_as_they_were() {
        let root = tempfile::tempdir().unwrap();
        let files = |content: &str| {
            ["a.rs", "b.rs", "c.rs"].map(|name| GeneratedFile { name: name.into(), content: content.into() })
        };
        write(root.path(), &files("old")).unwrap();
        fs::remove_file(root.path().join("c.rs")).unwrap();
        fs::create_dir(root.path().join("c.rs")).unwrap();
        assert!(write(root.path(), &files("new")).unwrap_err().to_string().contains("c.rs"));
        let mut texts: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        texts.retain(|path| path.is_file());
        assert_eq!(texts.len(), 2);
        assert!(texts.iter().all(|path| fs::read_to_string(path).unwrap() == "old"));
    }

    #[test]
    fn code_of_another_run_is_refused_until_its_file_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let of = |stem: &str| {
            let code = GeneratedFile { name: format!("{stem}.rs"), content: String::new() };
            [[code].as_slice(), &crate::rust::module::indexes(&[stem])].concat()
        };
        check_others(root.path(), &of("a")).unwrap();
        write(root.path(), &of("a")).unwrap();
        check_others(root.path(), &of("a")).unwrap();
        let error = check_others(root.path(), &of("b")).unwrap_err().to_string();
        assert!(error.contains("has code of a.zbus") && error.contains("remove a.rs"), "{error}");
        fs::remove_file(root.path().join("a.rs")).unwrap();
        check_others(root.path(), &of("b")).unwrap();
    }
}
