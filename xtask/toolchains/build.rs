//! Exports the versions of crates that serve as toolchains, read from the lock file.

/// Crate, and the variable for its version.
const CRATES: &[(&str, &str)] = &[
    ("wat", "WASMLAB_WAT_VERSION"),
    ("wit-component", "WASMLAB_WIT_COMPONENT_VERSION"),
    ("wasi-preview1-component-adapter-provider", "WASMLAB_PREVIEW1_ADAPTER_VERSION"),
];

fn main() {
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    let packages = cargo_lock::Lockfile::load("../../Cargo.lock").map(|lock| lock.packages);
    for (name, variable) in CRATES {
        let packages = packages.as_ref().map_err(ToString::to_string);
        let package = packages.and_then(|packages| {
            packages.iter().find(|package| package.name.as_str() == *name).ok_or_else(|| format!("no package `{name}`"))
        });
        match package {
            Ok(package) => println!("cargo::rustc-env={variable}={}", package.version),
            Err(message) => println!("cargo::error=Cargo.lock: {message}"),
        }
    }
}
