//! The build script of every engine: exports the version of its library, as locked in the engine's `Cargo.lock`, as
//! `ENGINE_VERSION`. The library's crate is the one after which the engine is called: `engine-wasmtime-36` embeds
//! `wasmtime`.
//!
//! The crate `cargo-lock`, which the lab uses, would add 28 crates and 20 s of CPU time to each engine's build.

use toml::{Table, Value};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let library = env!("CARGO_PKG_NAME").split('-').nth(1).unwrap_or_default();
    match version(library) {
        Ok(version) => println!("cargo::rustc-env=ENGINE_VERSION={version}"),
        Err(message) => println!("cargo::error=Cargo.lock: {message}"),
    }
}

fn version(library: &str) -> Result<String, String> {
    let text = std::fs::read_to_string("Cargo.lock").map_err(|e| e.to_string())?;
    let lock: Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let packages = lock.get("package").and_then(Value::as_array).into_iter().flatten();
    let mut of_library = packages.filter(|package| package.get("name").and_then(Value::as_str) == Some(library));
    let version = of_library.next().and_then(|package| package.get("version")?.as_str());
    version.map(str::to_owned).ok_or_else(|| format!("no package `{library}`"))
}
