//! wasi-libc of a distribution: where it is, and under which name of its target clang links it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{FoundTool, Machine};

/// The variable that names wasi-libc's folder where it is not a usual one.
pub const SYSROOT_VARIABLE: &str = "WASI_SYSROOT";

/// Where distributions put wasi-libc: Debian, Arch and Alpine, Fedora, Homebrew.
const SYSROOTS: &[&str] = &[
    "/usr",
    "/usr/share/wasi-sysroot",
    "/usr/wasm32-wasi",
    "/opt/homebrew/opt/wasi-libc/share/wasi-sysroot",
    "/usr/local/opt/wasi-libc/share/wasi-sysroot",
];

/// wasi-libc, and the name of its target.
pub struct Sysroot {
    dir: PathBuf,
    /// The folder as a person types it: the variable, where that named it.
    shown: String,
    /// The name under which clang and its libraries know WASI 0.1.
    pub target: String,
}

impl Sysroot {
    /// The first that has a libc for the target `wanted`, or else for WASI 0.1 under the name that clang of this major
    /// version knows.
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

    /// Carries it to the recipe.
    pub fn store_in(&self, found: FoundTool) -> FoundTool {
        let found = found.with_detail("sysroot", &self.dir).with_detail("shown sysroot", &self.shown);
        found.with_detail("target", &self.target)
    }

    /// What [`Sysroot::store_in`] carried.
    pub fn load_from(found: &FoundTool) -> Self {
        let dir = found.path("sysroot").to_owned();
        Self { dir, shown: found.text("shown sysroot"), target: found.text("target") }
    }

    /// The library that a guest is linked with.
    pub fn libc(&self) -> PathBuf {
        libc(&self.dir, &self.target)
    }

    /// The arguments by which clang is told.
    pub fn args(&self) -> Vec<OsString> {
        let mut sysroot = OsString::from("--sysroot=");
        sysroot.push(&self.dir);
        vec![format!("--target={}", self.target).into(), sysroot]
    }

    /// The same as a person types them.
    pub fn shown_args(&self) -> String {
        format!("--target={} --sysroot={}", self.target, self.shown)
    }
}

fn libc(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib").join(target).join("libc.a")
}

/// The name of WASI 0.1 that this wasi-libc and this clang know. `wasm32-wasi` was renamed to
/// `wasm32-wasip1` in 2024; clang took the new name in 19 and looks for libraries under the name it is given.
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
    fn the_name_of_wasi_follows_clang_and_its_library() {
        let with = |targets: &[&str]| {
            let files = targets.iter().map(|target| format!("/libc/lib/{target}/libc.a"));
            FakeMachine { files: files.map(|file| (file, String::new())).collect(), ..FakeMachine::default() }
        };
        for (targets, clang, wanted) in [
            (&[][..], 20, None),
            (&["wasm32-wasi"], 14, Some("wasm32-wasi")),
            (&["wasm32-wasi"], 20, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 14, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 18, Some("wasm32-wasi")),
            (&["wasm32-wasi", "wasm32-wasip1"], 19, Some("wasm32-wasip1")),
            (&["wasm32-wasip1"], 14, Some("wasm32-wasip1")),
        ] {
            assert_eq!(target(&with(targets), "/libc".as_ref(), clang), wanted, "{targets:?} {clang}");
        }
    }
}
