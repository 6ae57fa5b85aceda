//! The protocol of engines, as implemented by the driver for wasmtime's Python package. If no Python has the package,
//! the tests are ignored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../engines/common/conformance.rs"]
mod conformance;
#[path = "../engines/common/driver.rs"]
mod driver;

use std::process::{Command, ExitCode, Stdio};
use std::sync::LazyLock;

use conformance::{EngineTraits, EngineUnderTest};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/runtimes/src/py/driver.py");

/// A Python that has the package, if installed: the one named by its variable, or on PATH.
static PYTHON: LazyLock<Option<String>> = LazyLock::new(|| {
    let python = std::env::var("WASMLAB_WASMTIME_PY").unwrap_or_else(|_| "python3".to_owned());
    let imports = Command::new(&python).args(["-Ic", "import wasmtime"]).stderr(Stdio::null()).status();
    imports.is_ok_and(|status| status.success()).then_some(python)
});

const PY: EngineUnderTest = EngineUnderTest {
    command: || {
        let mut command = Command::new(PYTHON.as_deref().unwrap_or("python3"));
        command.args(["-IB", DRIVER]);
        command
    },
    engine: "wasmtime-py",
    mode: "cranelift",
    traits: EngineTraits {
        components: true,
        keeps_code: true,
        enables: &["custom-page-sizes"],
        v128_values: false,
        ..EngineTraits::EMBEDDED
    },
};

fn main() -> ExitCode {
    let missing: &[&str] = if PYTHON.is_some() { &[] } else { &[PY.engine] };
    driver::run(driver::tests("cranelift", PY, missing, conformance::conformance!(list)))
}
