//! Exports the versions of crates that serve as toolchains, read from the lock file.

/// Crate, and the variable for its version.
const CRATES: &[(&str, &str)] = &[
    ("wat", "WASMLAB_WAT_VERSION"),
    ("wit-component", "WASMLAB_WIT_COMPONENT_VERSION"),
    ("wasi-preview1-component-adapter-provider", "WASMLAB_PREVIEW1_ADAPTER_VERSION"),
];

fn main() {
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    let lock = std::fs::read_to_string("../../Cargo.lock").unwrap_or_default();
    for (name, variable) in CRATES {
        let wanted = format!("name = \"{name}\"");
        let mut lines = lock.lines().skip_while(|l| *l != wanted);
        let version = lines.nth(1).and_then(|l| l.split('"').nth(1)).unwrap_or("of an unknown version");
        println!("cargo::rustc-env={variable}={version}");
    }
}
