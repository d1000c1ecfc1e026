//! Where built things of the tests go: folders inside of the workspace's target folder, which outlive one run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the workspace")
}

/// A folder of that name in the target folder that the running test was built into.
pub(crate) fn folder(name: &str) -> PathBuf {
    let executable = env::current_exe().expect("path of the running test");
    // Cargo marks its target folder with this file, wherever its settings put it.
    let target = executable
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .map_or_else(|| workspace().join("target"), Path::to_path_buf);
    let folder = target.join(name);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    folder
}
