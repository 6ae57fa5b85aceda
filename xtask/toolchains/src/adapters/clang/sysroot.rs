//! Finds a distribution's wasi-libc, and the target name under which clang links it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{FoundTool, Machine};

/// The variable that names wasi-libc's folder, if it is not in a usual place.
pub const SYSROOT_VARIABLE: &str = "WASI_SYSROOT";

/// Where distributions install wasi-libc: Debian, Arch and Alpine, Fedora, Homebrew.
const SYSROOTS: &[&str] = &[
    "/usr",
    "/usr/share/wasi-sysroot",
    "/usr/wasm32-wasi",
    "/opt/homebrew/opt/wasi-libc/share/wasi-sysroot",
    "/usr/local/opt/wasi-libc/share/wasi-sysroot",
];

/// A wasi-libc and its target name.
pub struct Sysroot {
    dir: PathBuf,
    /// The folder as a user would write it: the variable, if that is set.
    shown: String,
    /// The name by which clang and its libraries know WASI 0.1.
    pub target: String,
}

impl Sysroot {
    /// The first folder that contains a libc: for the target `wanted`, else for WASI 0.1 under the name that clang of
    /// this major version knows.
    pub fn find(machine: &dyn Machine, clang: u32, wanted: Option<&str>) -> Option<Self> {
        let named = machine.variable(SYSROOT_VARIABLE).map(|dir| (PathBuf::from(dir), format!("${SYSROOT_VARIABLE}")));
        let usual = SYSROOTS.iter().map(|&dir| (PathBuf::from(dir), dir.to_owned()));
        named.into_iter().chain(usual).find_map(|(dir, shown)| {
            let target = match wanted {
                Some(wanted) => machine.is_file(&libc(&dir, wanted)).then_some(wanted)?,
                None => target(machine, &dir, clang)?,
            };
            let target = target.to_owned();
            Some(Self { dir, shown, target })
        })
    }

    /// Stores it among the details of a found tool.
    pub fn store_in(&self, found: FoundTool) -> FoundTool {
        let found = found.with_detail("sysroot", &self.dir).with_detail("shown sysroot", &self.shown);
        found.with_detail("target", &self.target)
    }

    /// Reads what [`Sysroot::store_in`] stored.
    pub fn load_from(found: &FoundTool) -> Self {
        let dir = found.path("sysroot").to_owned();
        Self { dir, shown: found.text("shown sysroot"), target: found.text("target") }
    }

    /// The C library that guests are linked with.
    pub fn libc(&self) -> PathBuf {
        libc(&self.dir, &self.target)
    }

    /// Compiler arguments that select it.
    pub fn args(&self) -> Vec<OsString> {
        let mut sysroot = OsString::from("--sysroot=");
        sysroot.push(&self.dir);
        vec![format!("--target={}", self.target).into(), sysroot]
    }

    /// These arguments as a user would write them.
    pub fn shown_args(&self) -> String {
        format!("--target={} --sysroot={}", self.target, self.shown)
    }
}

fn libc(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib").join(target).join("libc.a")
}

/// The target name that both this wasi-libc and this clang know. `wasm32-wasi` was renamed to `wasm32-wasip1` in 2024;
/// clang accepts the new name since version 19 and looks for libraries under the name it is given.
fn target(machine: &dyn Machine, sysroot: &Path, clang: u32) -> Option<&'static str> {
    let has = |target: &'static str| machine.is_file(&libc(sysroot, target)).then_some(target);
    let renamed = if clang >= 19 { has("wasm32-wasip1") } else { None };
    renamed.or_else(|| has("wasm32-wasi")).or_else(|| has("wasm32-wasip1"))
}

#[cfg(test)]
mod tests {
    use super::target;
    use crate::tests::FakeMachine;

    #[test]
    fn target_name_depends_on_clang_and_sysroot() {
        let with = |targets: &[&str]| {
            let files = targets.iter().map(|target| format!("/libc/lib/{target}/libc.a"));
            FakeMachine { files: files.map(|file| (file, String::new())).collect(), ..FakeMachine::default() }
        };
        for (targets, clang, expected) in [
            (&[][..], 20, None),
            (&["wasm32-wasi"], 14, Some("wasm32-wasi")),
            (&["wasm32-wasi"], 20, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 14, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 18, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 19, Some("wasm32-wasip1")),
            (&["wasm32-wasip1"], 14, Some("wasm32-wasip1")),
        ] {
            assert_eq!(target(&with(targets), "/libc".as_ref(), clang), expected, "{targets:?} {clang}");
        }
    }
}
