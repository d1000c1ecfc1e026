//! Which schemas are near a folder, for "did you mean": a look around that takes a bounded time, whatever the folder is.

use std::fs;
use std::path::Path;

/// How many entries of folders are looked at for one path.
const MAX_ENTRIES: usize = 2_000;
/// How many folders below the first are entered.
const MAX_DEPTH: usize = 2;

/// Schemas by their paths, each once.
#[derive(Default)]
pub(super) struct Nearby {
    paths: Vec<String>,
    entries: usize,
}

impl Nearby {
    /// Adds the schemas in a folder and below it; `written` is what the paths of this folder start with.
    pub(super) fn look(&mut self, folder: &Path, written: &str) {
        self.walk(folder, written, 0);
    }

    pub(super) fn into_paths(self) -> Vec<String> {
        self.paths
    }

    fn walk(&mut self, folder: &Path, written: &str, depth: usize) {
        // The folder of a bare file name is the empty path.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // What cannot be listed offers nothing.
        let Ok(listing) = fs::read_dir(folder) else { return };
        let left = MAX_ENTRIES.saturating_sub(self.entries);
        let mut entries: Vec<_> = listing.take(left).flatten().collect();
        self.entries += entries.len();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in &entries {
            let (name, path) = (entry.file_name(), entry.path());
            let Some(name) = name.to_str() else { continue };
            // A link to a folder is not entered: it may lead round in a circle.
            let enters = depth < MAX_DEPTH && !name.starts_with('.') && name != "target" && name != "node_modules";
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if enters {
                    self.walk(&path, &format!("{written}{name}/"), depth + 1);
                }
            } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zbus")) {
                let path = format!("{written}{name}");
                if !self.paths.contains(&path) {
                    self.paths.push(path);
                }
            }
        }
    }
}
