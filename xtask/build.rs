//! Passes on the version of crate `wat`, which is a toolchain of the lab, from the lock file.

fn main() {
    println!("cargo::rerun-if-changed=../Cargo.lock");
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let mut lines = lock.lines().skip_while(|l| *l != "name = \"wat\"");
    let version = lines.nth(1).and_then(|l| l.split('"').nth(1)).unwrap_or("of an unknown version");
    println!("cargo::rustc-env=WASMLAB_WAT_VERSION={version}");
}
