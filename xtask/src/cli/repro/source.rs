//! The source of an embedded engine or browser driver, copied to a folder that cargo can build without the lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};

use crate::engines;
use crate::lab::Lab;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// Copies the source of `program`, an engine or driver, and everything it is built from into `into`, with the lab's
/// folder structure. Returns its manifest, relative to `into`.
pub fn copy(lab: &Lab, program: &str, into: &Path) -> Result<PathBuf> {
    let xtask = lab.xtask();
    let root = xtask.parent().unwrap_or(&xtask);
    let own = lab.engine(program);
    let sources = engines::source_folders(&xtask, &own).map_err(Error::msg)?;
    for folder in sources.into_iter().chain(test_dependencies(root, &own)?) {
        let folder = fs::canonicalize(&folder).with_context(|| format!("failed to find `{}`", folder.visible()))?;
        files::copy_folder(&folder, &into.join(folder.strip_prefix(fs::canonicalize(root)?)?), &["target"])?;
    }
    fs::write(into.join("Cargo.toml"), workspace(&fs::read_to_string(root.join("Cargo.toml"))?)?)?;
    Ok(own.join("Cargo.toml").strip_prefix(root)?.to_owned())
}

/// The crates of the lab that only the program's tests use, directly or indirectly: cargo reads their manifests, too.
fn test_dependencies(root: &Path, own: &Path) -> Result<Vec<PathBuf>> {
    let workspace = manifest(root)?;
    let mut found: Vec<PathBuf> = dependencies(&manifest(own)?, "dev-dependencies", &workspace, root, own);
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        let more = dependencies(&manifest(&folder)?, "dependencies", &workspace, root, &folder);
        found.extend(more.into_iter().filter(|folder| !found.contains(folder)).collect::<Vec<_>>());
        next += 1;
    }
    Ok(found)
}

fn manifest(folder: &Path) -> Result<toml::Table> {
    let file = folder.join("Cargo.toml");
    let failed = || format!("failed to read `{}`", file.visible());
    toml::from_str(&fs::read_to_string(&file).with_context(failed)?).with_context(failed)
}

/// The folders of the path dependencies in a table of a manifest, of its own or inherited from the workspace.
fn dependencies(
    manifest: &toml::Table,
    table: &str,
    workspace: &toml::Table,
    root: &Path,
    folder: &Path,
) -> Vec<PathBuf> {
    let inherited = |name: &str| workspace.get("workspace")?.get("dependencies")?.get(name)?.get("path")?.as_str();
    let all = manifest.get(table).and_then(toml::Value::as_table).into_iter().flatten();
    let path = |(name, value): (&String, &toml::Value)| match value.get("path") {
        Some(path) => Some(folder.join(path.as_str()?)),
        None if value.get("workspace").is_some() => Some(root.join(inherited(name)?)),
        None => None,
    };
    all.filter_map(path).collect()
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
    use super::workspace;

    #[test]
    fn only_what_crates_inherit_remains_of_the_workspace() {
        let text = "[workspace]\nmembers = [\"x\"]\n[workspace.package]\nedition = \"2024\"\n[package]\nname = \"a\"\n";
        assert_eq!(workspace(text).unwrap().trim(), "[workspace.package]\nedition = \"2024\"");
    }
}
