//! The packages of a WIT folder, without their comments.

use std::path::Path;

use anyhow::Result;
use wit_component::WitPrinter;
use wit_parser::Resolve;

use crate::format::WitPackages;

/// The packages of a folder, all of one version; a package that only collects others is left out.
pub fn packages(specification: &str, source: String, folder: &Path) -> Result<WitPackages> {
    let mut resolve = Resolve { all_features: false, ..Resolve::default() };
    resolve.push_path(folder)?;
    let mut version = String::new();
    let mut wit = Vec::new();
    for id in resolve.topological_packages() {
        let package = &resolve.packages[id];
        let Some(of) = package.name.version.as_ref().filter(|_| !package.interfaces.is_empty()) else { continue };
        version = of.to_string();
        let mut printer = WitPrinter::default();
        printer.emit_docs(false);
        printer.print(&resolve, id, &[])?;
        let text = String::from(printer.output);
        wit.push(without_worlds(&text).lines().map(str::to_owned).collect());
    }
    Ok(WitPackages { specification: specification.to_owned(), source, version, wit })
}

/// Worlds say nothing about an interface, and may name packages that are not here.
fn without_worlds(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("world ") {
            inside = true;
            // Its comment precedes it.
            while lines.last().is_some_and(|line| line.starts_with('@')) {
                lines.pop();
            }
        }
        if !inside {
            lines.push(line);
        }
        inside &= line != "}";
    }
    lines.join("\n")
}
