//! clang of the machine with wasi-libc: C for WASI 0.1 from a distribution's packages.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::c::{self, Call, Sought};
use super::{Found, Missing, Obstacle, Recipe, Toolchain, crates, linker};
use crate::machine::{Machine, Question, Trial};
use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, Scenario};
use wasmlab_model::version::version_in;

/// The registry's entry.
pub const TOOLCHAIN: Clang = Clang;

/// The variable that names another clang than those on PATH.
pub const VARIABLE: &str = "WASMLAB_CLANG";
/// The variable that names wasi-libc's folder where it is not a usual one.
pub const SYSROOT_VARIABLE: &str = "WASI_SYSROOT";

/// Names under which distributions have it, the user's own choice first.
const NAMES: &[&str] =
    &["clang", "clang-20", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14"];

/// Where distributions put wasi-libc: Debian, Arch and Alpine, Fedora, Homebrew.
const SYSROOTS: &[&str] = &[
    "/usr",
    "/usr/share/wasi-sysroot",
    "/usr/wasm32-wasi",
    "/opt/homebrew/opt/wasi-libc/share/wasi-sysroot",
    "/usr/local/opt/wasi-libc/share/wasi-sysroot",
];

/// clang, lld, compiler-rt and wasi-libc.
pub struct Clang;

impl Toolchain for Clang {
    fn id(&self) -> &'static str {
        "clang"
    }

    fn makes(&self) -> &'static str {
        "C -> WASI 0.1, with the distribution's wasi-libc"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        c::check(build)
    }

    fn obstacle(&self, _: &Build, machine: &Machine) -> Option<Obstacle> {
        clang(machine).obstacle()
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let all = &["clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32"];
        let (program, version) =
            clang(machine).here(c::packages(machine, "clang", all, "install clang and lld, 14 or newer"))?;
        let rt = format!("libclang-rt-{}-dev-wasm32", major(&version));
        let Some(sysroot) = Sysroot::find(&version) else {
            let otherwise = format!("install wasi-libc, or name its folder in {SYSROOT_VARIABLE}");
            return Err(c::packages(machine, "wasi-libc", &["wasi-libc", &rt], &otherwise));
        };
        // Helper functions (128-bit arithmetic and such) that clang links.
        let builtins = builtins(machine, &program, &sysroot).map_err(|file| {
            let otherwise = format!("install compiler-rt for WebAssembly: clang looks for {file}");
            c::packages(machine, "compiler-rt for wasm32", &[&rt], &otherwise)
        })?;
        machine.attempt(&link(&program, &sysroot)).map_err(|words| match linker::is_missing(&words) {
            true => {
                let otherwise = format!("install lld of clang's version; clang says: {words}");
                c::packages(machine, "wasm-ld", &[&format!("lld-{}", major(&version))], &otherwise)
            }
            false => Missing {
                what: format!("a clang that links for {} ({words})", sysroot.target),
                how: format!("repair `{}` or what it links with", program.display()),
                command: None,
            },
        })?;
        let stamps = [&program, &sysroot.libc(), &builtins].map(|f| machine.stamp(f)).join(" ");
        let found = Found { program, fingerprint: format!("{version} {stamps}"), version, env: BTreeMap::new() };
        crates::with(found, build, machine)
    }

    fn missing(&self, build: &Build, machine: &Machine) -> Code {
        let without = Build { source_crate: None, ..build.clone() };
        crates::missing(build, self.find(&without, machine).is_ok())
    }

    fn may_be_prebuilt(&self, build: &Build) -> bool {
        super::is_own_file(build)
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let sysroot = Sysroot::find(&found.version);
        let name = if c::wants_cpp(&scenario.spec.build) { "clang++" } else { "clang" };
        let program = found.program.with_file_name(
            found.program.file_name().unwrap_or_default().to_string_lossy().replacen("clang", name, 1),
        );
        let args = sysroot.as_ref().map(Sysroot::args).unwrap_or_default();
        let shown = sysroot.map(|s| s.typed()).unwrap_or_default();
        Call { program, args, typed: format!("{name} {shown}"), env: found.env.clone() }.recipe(
            scenario,
            out,
            scenario.spec.build.artifact.as_deref().unwrap_or_default(),
        )
    }
}

fn clang(machine: &Machine) -> Sought {
    c::ask(machine, c::look_for(machine, VARIABLE, NAMES), &["--version"], &BTreeMap::new())
}

/// `14` of `Debian clang version 14.0.6`.
fn major(version: &str) -> u32 {
    version_in(version).split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// wasi-libc, and the name of its target.
struct Sysroot {
    dir: PathBuf,
    /// It was named by the variable: a path of this machine.
    named: bool,
    target: &'static str,
}

impl Sysroot {
    fn find(version: &str) -> Option<Self> {
        let named = std::env::var_os(SYSROOT_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
        let usual = SYSROOTS.iter().map(|dir| (PathBuf::from(dir), false));
        let mut dirs = named.map(|dir| (dir, true)).into_iter().chain(usual);
        dirs.find_map(|(dir, named)| Some(Self { target: target(&dir, major(version))?, dir, named }))
    }

    fn libc(&self) -> PathBuf {
        libc(&self.dir, self.target)
    }

    fn args(&self) -> Vec<OsString> {
        let mut sysroot = OsString::from("--sysroot=");
        sysroot.push(&self.dir);
        vec![format!("--target={}", self.target).into(), sysroot]
    }

    fn typed(&self) -> String {
        let dir = if self.named { format!("${SYSROOT_VARIABLE}") } else { self.dir.display().to_string() };
        format!("--target={} --sysroot={dir}", self.target)
    }
}

fn libc(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib").join(target).join("libc.a")
}

/// The name of WASI 0.1 that this wasi-libc and this clang know. `wasm32-wasi` was renamed to
/// `wasm32-wasip1` in 2024; clang took the new name in 19 and looks for libraries under the name it is given.
pub fn target(sysroot: &Path, clang: u32) -> Option<&'static str> {
    let has = |target: &'static str| libc(sysroot, target).is_file().then_some(target);
    let renamed = if clang >= 19 { has("wasm32-wasip1") } else { None };
    renamed.or_else(|| has("wasm32-wasi")).or_else(|| has("wasm32-wasip1"))
}

/// The library of clang's own that it links; its name where there is no such file.
fn builtins(machine: &Machine, clang: &Path, sysroot: &Sysroot) -> Result<PathBuf, String> {
    let mut args = sysroot.args();
    args.extend(["--rtlib=compiler-rt".into(), "-print-libgcc-file-name".into()]);
    let (program, witness) = (clang.to_owned(), clang.to_owned());
    let file = PathBuf::from(machine.ask(&Question { program, args, env: BTreeMap::new(), witness })?);
    if file.is_file() { Ok(file) } else { Err(file.display().to_string()) }
}

/// Whether clang links. Where its linker is cannot be asked: with Debian's lld-14 alone, clang links with
/// `wasm-ld-14`, and `-print-prog-name=wasm-ld` finds nothing. With `-v` it names all that it links with.
fn link(clang: &Path, sysroot: &Sysroot) -> Trial {
    let (source, output) = ("trial.c", "trial.wasm");
    let mut args = sysroot.args();
    args.extend(["-v", source, "-o", output].map(OsString::from));
    let (program, witness) = (clang.to_owned(), clang.to_owned());
    let question = Question { program, args, env: BTreeMap::new(), witness };
    Trial { question, source: (source, "int main(void) { return 0; }\n"), output }
}
