//! Embeds the measured results (`snapshots/`) in the program, so that it predicts and explains without a checkout.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders, and the extension of what is embedded of each.
const FOLDERS: &[(&str, &str)] = &[
    ("snapshots", "toml"),
    ("snapshots/profiles", "json"),
    ("snapshots/matrix", "snap"),
    ("snapshots/guests", "snap"),
];

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let xtask = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = xtask.parent().unwrap_or(&xtask);
    println!("cargo::rerun-if-changed=build.rs");
    // A fixed address: otherwise the loader changes 187,000 pointers whenever the lab or its reader starts.
    if variable("CARGO_CFG_TARGET_OS")? == "linux" && variable("CARGO_CFG_TARGET_ENV")? == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    let mut code = String::from("/// Paths and contents.\npub const FILES: &[(&str, &str)] = &[\n");
    for (folder, extension) in FOLDERS {
        for file in files(&root.join(folder), extension)? {
            // Not the folders: each run that finds a difference writes a file there, and would compile the lab again.
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let _ = writeln!(code, "    (\"{folder}/{name}\", include_str!({:?})),", file.display().to_string());
        }
    }
    code.push_str("];\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("embedded.rs"), code)
}

/// The files with this extension, sorted; none if there is no such folder.
fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == extension));
    files.sort();
    Ok(files)
}
