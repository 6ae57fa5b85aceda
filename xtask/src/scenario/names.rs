//! Validates the names in a `[[run.dir]]`: each stays inside the directory, and none collides with another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::is_inside;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Dir;

/// The errors of a directory.
pub fn check(dir: &Dir) -> Vec<KeyError> {
    let (files, generated, links) = (dir.files.keys(), dir.generated.keys(), dir.links.keys());
    let all = files.map(|n| ("files", n)).chain(generated.map(|n| ("generated", n))).chain(links.map(|n| ("links", n)));
    let mut errors = Vec::new();
    let mut seen: BTreeMap<PathBuf, (&str, &String)> = BTreeMap::new();
    for (key, name) in all {
        if !is_inside(Path::new(name)) {
            errors.push(KeyError::new(key, format!("`{name}` points outside the directory")));
        } else if let Some((other, first)) = seen.insert(Path::new(name).components().collect(), (key, name)) {
            errors.push(KeyError::new(key, format!("`{name}` is also in `{other}`, as `{first}`: remove one")));
        }
    }
    for (path, (key, name)) in &seen {
        // Below a link, the file would be created wherever the link leads.
        if let Some((other, above)) = path.ancestors().skip(1).find_map(|above| seen.get(above)) {
            errors.push(KeyError::new(
                *key,
                format!("`{name}` must be below `{above}`, but that is not a folder: it is in `{other}`"),
            ));
        }
    }
    errors
}
