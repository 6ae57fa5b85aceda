//! `cargo bench --bench speed`: throughput of reading binaries, and the cost of starting processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use wasmlab_inspect as inspect;
use wasmlab_process::{self as process, Command, Input, Limits};

#[path = "../tests/common/large_module.rs"]
mod large_module;

fn main() {
    divan::main();
}

fn large() -> &'static [u8] {
    static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
    MODULE.get_or_init(large_module::thirty_megabytes)
}

/// Imports, exports, sections and sizes.
#[divan::bench]
fn outline(bencher: Bencher) {
    let bytes = large();
    bencher.counter(BytesCount::of_slice(bytes)).bench(|| inspect::outline(bytes).map(|f| f.sizes));
}

/// The same with validation and the minimal proposals.
#[divan::bench]
fn facts(bencher: Bencher) {
    let bytes = large();
    bencher.counter(BytesCount::of_slice(bytes)).bench(|| inspect::facts(bytes).map(|f| f.proposals));
}

const TRUE: &str = "/bin/true";

/// A bare spawn, for comparison.
#[divan::bench]
fn spawn_bare() -> bool {
    std::process::Command::new(TRUE).output().is_ok_and(|o| o.status.success())
}

/// The same under supervision.
#[divan::bench]
fn spawn_supervised() -> bool {
    let command = Command {
        program: PathBuf::from(TRUE),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: std::env::temp_dir(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(Duration::from_secs(10)),
    };
    process::run(&command).is_ok_and(|e| e.success())
}
