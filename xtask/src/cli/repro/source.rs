//! The source of an embedded engine or browser driver, copied to a folder that cargo can build without the lab.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::lab::Lab;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// Copies the source of `program`, an engine or driver, and everything it is built from into `into`, with the lab's
/// folder structure. Returns its manifest, relative to `into`.
pub fn copy(lab: &Lab, program: &str, into: &Path) -> Result<PathBuf> {
    let xtask = lab.xtask();
    let root = xtask.parent().unwrap_or(&xtask);
    let manifest = lab.engine(program).join("Cargo.toml");
    let mut left = vec![manifest.clone()];
    // The workspace crates that these crates use by name: protocol and harness.
    left.extend([xtask.join("protocol/Cargo.toml"), xtask.join("engines/harness/Cargo.toml")]);
    let mut seen = BTreeSet::new();
    while let Some(manifest) = left.pop() {
        let folder = manifest.parent().unwrap_or(&manifest);
        let folder = fs::canonicalize(folder).with_context(|| format!("failed to find `{}`", folder.visible()))?;
        if !seen.insert(folder.clone()) {
            continue;
        }
        files::copy_folder(&folder, &into.join(folder.strip_prefix(fs::canonicalize(root)?)?), &["target"])?;
        let text = fs::read_to_string(&manifest)?;
        left.extend(folders(&text)?.into_iter().map(|beside| folder.join(beside).join("Cargo.toml")));
    }
    fs::write(into.join("Cargo.toml"), workspace(&fs::read_to_string(root.join("Cargo.toml"))?)?)?;
    Ok(manifest.strip_prefix(root)?.to_owned())
}

/// The folders that a manifest refers to: path dependencies and included sources.
fn folders(manifest: &str) -> Result<Vec<PathBuf>> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let table = |keys: &[&str]| keys.iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table());
    let by_path = table(&["dependencies"]).into_iter().flatten().filter_map(|(_, dependency)| dependency.get("path"));
    let sources = table(&["package", "metadata", "wasmlab"]).and_then(|lab| lab.get("sources")?.as_array());
    let folders = by_path.chain(sources.into_iter().flatten()).filter_map(|folder| folder.as_str());
    // A shared engine source is given as its folder or the `src` folder in it.
    Ok(folders.map(|folder| PathBuf::from(folder.strip_suffix("/src").unwrap_or(folder))).collect())
}

/// The workspace manifest without members: only what crates inherit.
fn workspace(manifest: &str) -> Result<String> {
    let mut manifest: toml::Table = toml::from_str(manifest)?;
    manifest.retain(|key, _| key == "workspace");
    if let Some(workspace) = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        workspace.retain(|key, _| key != "members" && key != "exclude");
    }
    Ok(toml::to_string(&manifest)?)
}

#[cfg(test)]
mod tests {
    use super::{folders, workspace};

    #[test]
    fn everything_in_the_manifest_is_copied() {
        let manifest = "[package.metadata.wasmlab]\nsources = [\"../wasmtime/src\"]\n[dependencies]\na = \"1\"\n\
                        b = { path = \"../harness\" }\nc = { workspace = true }\n";
        assert_eq!(folders(manifest).unwrap(), ["../harness", "../wasmtime"].map(std::path::PathBuf::from));
        let text = "[workspace]\nmembers = [\"x\"]\n[workspace.package]\nedition = \"2024\"\n[package]\nname = \"a\"\n";
        assert_eq!(workspace(text).unwrap().trim(), "[workspace.package]\nedition = \"2024\"");
    }
}
