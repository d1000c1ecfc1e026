//! Which file a path means that leads nowhere: the one of the same name elsewhere, or in another case, or the nearest in letters.

use crate::spelling::{distance, nearest};

/// The path among those that are there which a misspelt one most likely means.
pub(super) fn meant<'p>(written: &str, available: &'p [String]) -> Option<&'p str> {
    let wanted = simplified(written);
    let (_, wanted_name) = split(&wanted);
    let simple: Vec<(String, &str)> =
        available.iter().filter(|path| *path != written).map(|path| (simplified(path), path.as_str())).collect();
    if let Some((_, same)) = simple.iter().find(|(path, _)| *path == wanted) {
        return Some(same);
    }
    // In another folder: in the one whose path is most like the one that was written.
    let moved = simple.iter().filter(|(path, _)| split(path).1 == wanted_name);
    if let Some((_, same)) = moved.min_by_key(|(path, _)| distance(path, &wanted)) {
        return Some(same);
    }
    let by = |part: for<'a> fn(&'a str) -> &'a str| {
        let near = nearest(part(&wanted), simple.iter().map(|(path, _)| part(path)))?;
        simple.iter().find(|(path, _)| part(path) == near).map(|(_, path)| *path)
    };
    by(|path| path).or_else(|| by(|path| split(path).1))
}

/// The path without what does not tell files apart: case, the kind of slash, a start at some root, `./`, and the ending.
fn simplified(path: &str) -> String {
    let path = path.trim().replace('\\', "/").to_lowercase();
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let path = parts.join("/");
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    // Behind the first character: `.zbus` is a name.
    match path.rfind('.').filter(|dot| *dot > start) {
        Some(dot) => path.get(..dot).unwrap_or_default().to_owned(),
        None => path,
    }
}

/// The folder and the name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(written: &str, expected: Option<&str>) {
        let available = ["geometry.zbus", "lib/shapes.zbus", "../lib/shapes.zbus", "../Common/units.zbus", "x.zbus"];
        let available: Vec<String> = available.map(str::to_owned).to_vec();
        assert_eq!(meant(written, &available), expected, "{written}");
    }

    #[test]
    fn letters_case_and_ending_are_mended() {
        for written in ["geomtry.zbus", "Geometry.zbus", "geometry", "geometry.proto", "geometri.zbus", "geometry.ZBUS"]
        {
            finds(written, Some("geometry.zbus"));
        }
        finds("../common/units.zbus", Some("../Common/units.zbus"));
    }

    #[test]
    fn a_file_is_found_in_another_folder() {
        finds("lib/geometry.zbus", Some("geometry.zbus"));
        finds("shapes.zbus", Some("lib/shapes.zbus"));
        finds("../libs/shapes.zbus", Some("../lib/shapes.zbus"));
        finds("shape.zbus", Some("lib/shapes.zbus"));
    }

    #[test]
    fn slashes_of_other_systems_are_understood() {
        for written in ["//lib/shapes.zbus", "/lib/shapes.zbus", "lib\\shapes.zbus", "./lib//shapes.zbus"] {
            finds(written, Some("lib/shapes.zbus"));
        }
    }

    #[test]
    fn what_is_like_nothing_means_nothing() {
        for written in ["", "/", "..", "circles.zbus", "y.zbus"] {
            finds(written, None);
        }
    }
}
