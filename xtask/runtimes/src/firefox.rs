//! A page of Firefox, in the same ways as Chromium's: another engine (SpiderMonkey) below the same page.

use crate::{Program, Runtime, page};

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version_args: &["--version"],
        how_to_get: "install Firefox",
    };
    page::columns("firefox", program).into_iter().map(|column| Runtime { in_ci: true, ..column }).collect()
}
