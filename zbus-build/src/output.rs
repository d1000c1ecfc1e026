//! Writing generated files: only what changed, and each whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use crate::error::Error;

/// A file that a backend made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub content: String,
}

/// Writes the files into a folder, which is created. A file that has its content already is not touched, so that nothing
/// that depends on it is built again.
pub fn write(folder: &Path, files: &[GeneratedFile]) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
    for file in files {
        let path = folder.join(&file.name);
        if fs::read(&path).is_ok_and(|old| old == file.content.as_bytes()) {
            continue;
        }
        replace(&path, file.content.as_bytes()).map_err(|error| Error::write(&path, error))?;
    }
    Ok(())
}

/// By a file beside it and a rename: a full disk leaves the old content.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // The process id, since two builds may share a folder.
    let mut temporary = OsString::from(path);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let done = fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The first error is the one to tell.
        _ = fs::remove_file(&temporary);
    }
    done
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
}
