//! A page in Firefox, like Chromium's: the same page on another engine (SpiderMonkey).

use crate::{PortAccess, Program, Runtime, page};

pub fn columns() -> Vec<Runtime> {
    let program = Program {
        names: &["firefox-esr", "firefox"],
        variable: "WASMLAB_FIREFOX",
        version_args: &["--version"],
        install_hint: "install Firefox",
    };
    // No Firefox was available here to test the sandbox's port rules with, so only the page's policy limits it to the
    // cell.
    let port_access = PortAccess::Unrestricted;
    page::columns("firefox", program).into_iter().map(|column| Runtime { in_ci: true, port_access, ..column }).collect()
}
