//! clang of the machine with wasi-libc: C for WASI 0.1 from a distribution's packages.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::scenario::Scenario;
use wasmlab_model::version::version_in;

use crate::program::Program;
use crate::{FoundTool, Machine, MissingTool, Question, Recipe, Task, Toolchain, Trial, Variable};
use crate::{c, crates, install, linker};

const VARIABLE: &str = "WASMLAB_CLANG";
/// The variable that names wasi-libc's folder where it is not a usual one.
const SYSROOT_VARIABLE: &str = "WASI_SYSROOT";

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

/// The registry's entry: clang, lld, compiler-rt and wasi-libc.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "clang",
    makes: "C -> WASI 0.1, with the distribution's wasi-libc",
    example: "source = \"hello.c\"\nartifact = \"hello.wasm\"\nflags = [\"-O2\"]",
    variables: &[
        Variable { name: VARIABLE, meaning: "the clang to use, where it is not the one on PATH" },
        Variable { name: SYSROOT_VARIABLE, meaning: "the folder of wasi-libc for clang, where it is not a usual one" },
    ],
    own_code: true,
    check: c::check,
    preflight_error: |_, machine| clang(machine).preflight_error(),
    find,
    recipe,
    ..Toolchain::BASE
};

fn find(scenario: &Scenario, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    let all = &["clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32"];
    let (program, version) =
        clang(machine).or_missing(install::apt(machine, "clang", all, "install clang and lld, 14 or newer"))?;
    let rt = format!("libclang-rt-{}-dev-wasm32", major(&version));
    let Some(sysroot) = Sysroot::find(machine, &version) else {
        let otherwise = format!("install wasi-libc, or name its folder in {SYSROOT_VARIABLE}");
        return Err(install::apt(machine, "wasi-libc", &["wasi-libc", &rt], &otherwise));
    };
    // Helper functions (128-bit arithmetic and such) that clang links.
    let builtins = builtins(machine, &program, &sysroot).map_err(|file| {
        let otherwise = format!("install compiler-rt for WebAssembly: clang looks for {file}");
        install::apt(machine, "compiler-rt for wasm32", &[&rt], &otherwise)
    })?;
    machine.attempt(&link(&program, &sysroot)).map_err(|message| match linker::is_missing(&message) {
        true => {
            let otherwise = format!("install lld of clang's version; clang says: {message}");
            install::apt(machine, "wasm-ld", &[&format!("lld-{}", major(&version))], &otherwise)
        }
        false => MissingTool::new(
            format!("a clang that links for {} ({message})", sysroot.target),
            format!("repair `{}` or what it links with", program.display()),
        ),
    })?;
    let stamps = [&program, &sysroot.libc(), &builtins].map(|file| machine.stamp(file)).join(" ");
    let fingerprint = format!("{version} {stamps}");
    let found = FoundTool { program, version, fingerprint, ..FoundTool::default() };
    crates::with(sysroot.noted(found), &scenario.spec.build, machine)
}

fn recipe(task: &Task) -> Recipe {
    let name = c::driver(task.build(), "clang", "clang++");
    let program = c::sibling(&task.tool.program, "clang", name);
    let sysroot = Sysroot::noted_in(task.tool);
    let shown = format!("{name} {}", sysroot.shown_args());
    c::recipe(task, program, sysroot.args(), &shown, task.artifact_name())
}

fn clang(machine: &dyn Machine) -> Program {
    Program::named(machine, VARIABLE, NAMES, &["--version"])
}

/// `14` of `Debian clang version 14.0.6`.
fn major(version: &str) -> u32 {
    version_in(version).split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// wasi-libc, and the name of its target.
struct Sysroot {
    dir: PathBuf,
    /// The folder as a person types it: the variable, where that named it.
    shown: String,
    target: String,
}

impl Sysroot {
    fn find(machine: &dyn Machine, version: &str) -> Option<Self> {
        let named = machine.variable(SYSROOT_VARIABLE).map(|dir| (PathBuf::from(dir), format!("${SYSROOT_VARIABLE}")));
        let usual = SYSROOTS.iter().map(|&dir| (PathBuf::from(dir), dir.to_owned()));
        named.into_iter().chain(usual).find_map(|(dir, shown)| {
            let target = target(machine, &dir, major(version))?.to_owned();
            Some(Self { dir, shown, target })
        })
    }

    /// Carries it from [`find`] to [`recipe`].
    fn noted(&self, found: FoundTool) -> FoundTool {
        let found = found.with_detail("sysroot", &self.dir).with_detail("shown sysroot", &self.shown);
        found.with_detail("target", &self.target)
    }

    fn noted_in(found: &FoundTool) -> Self {
        let dir = found.path("sysroot").to_owned();
        Self { dir, shown: found.text("shown sysroot"), target: found.text("target") }
    }

    fn libc(&self) -> PathBuf {
        libc(&self.dir, &self.target)
    }

    fn args(&self) -> Vec<OsString> {
        let mut sysroot = OsString::from("--sysroot=");
        sysroot.push(&self.dir);
        vec![format!("--target={}", self.target).into(), sysroot]
    }

    fn shown_args(&self) -> String {
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

/// The library of clang's own that it links; its name where there is no such file.
fn builtins(machine: &dyn Machine, clang: &Path, sysroot: &Sysroot) -> Result<PathBuf, String> {
    let mut args = sysroot.args();
    args.extend(["--rtlib=compiler-rt", "-print-libgcc-file-name"].map(OsString::from));
    let file = PathBuf::from(machine.ask(&Question::new(clang, args))?);
    if machine.is_file(&file) { Ok(file) } else { Err(file.display().to_string()) }
}

/// Whether clang links. Where its linker is cannot be asked: with Debian's lld-14 alone, clang links with
/// `wasm-ld-14`, and `-print-prog-name=wasm-ld` finds nothing. With `-v` it names all that it links with.
fn link(clang: &Path, sysroot: &Sysroot) -> Trial {
    let (source, output) = ("trial.c", "trial.wasm");
    let mut args = sysroot.args();
    args.extend(["-v", source, "-o", output].map(OsString::from));
    Trial { question: Question::new(clang, args), source: (source, "int main(void) { return 0; }\n"), output }
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
