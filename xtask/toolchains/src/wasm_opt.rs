//! Runs Binaryen's wasm-opt after the compiler, for builds that give arguments for it. It is optional, because the
//! guest also works without it; provenance says whether it ran.

use std::path::{Path, PathBuf};

use crate::BuildCommand;
use crate::program::ProgramState;
use crate::{BuildStep, EnvVariable, Machine, PreflightError, Recipe};

/// The variable that names a wasm-opt other than the one on PATH.
const VARIABLE: &str = "WASMLAB_WASM_OPT";

/// The variables it reads.
pub const VARIABLES: &[EnvVariable] =
    &[EnvVariable { name: VARIABLE, meaning: "the wasm-opt to use, if not the one on PATH" }];

/// wasm-opt, installed or not.
#[derive(Debug, PartialEq, Eq)]
pub struct WasmOpt {
    /// The program; `None` if it is not installed, and the step is skipped.
    program: Option<PathBuf>,
    /// For provenance: `wasm-opt 124`, or that it was not installed.
    pub tool: String,
    /// Changes whenever it might produce a different result.
    pub fingerprint: String,
}

/// Looks for wasm-opt.
///
/// # Errors
/// If it is installed but broken: an unexpectedly large guest must have a stated reason.
pub fn find(machine: &dyn Machine) -> Result<WasmOpt, PreflightError> {
    let program = ProgramState::named(machine, VARIABLE, &["wasm-opt"], &["--version"]);
    if let Some(error) = program.preflight_error() {
        return Err(error);
    }
    Ok(match program {
        ProgramState::Works(program, answer) => WasmOpt {
            tool: short(&answer),
            fingerprint: format!("{answer} {}", machine.stamp(&program)),
            program: Some(program),
        },
        _ => WasmOpt { program: None, tool: "no wasm-opt".to_owned(), fingerprint: "no wasm-opt".to_owned() },
    })
}

/// `wasm-opt 130` from `wasm-opt version 130 (version_130)`.
fn short(answer: &str) -> String {
    let version = answer.strip_prefix("wasm-opt version ").unwrap_or(answer);
    format!("wasm-opt {}", version.split(' ').next().unwrap_or_default())
}

impl WasmOpt {
    /// The program, if it is installed.
    #[must_use]
    pub fn program(&self) -> Option<&Path> {
        self.program.as_deref()
    }

    /// Appends wasm-opt with `args` to the recipe. It writes to `out` directly and leaves cargo's output as it is,
    /// because cargo would otherwise rebuild it each time.
    #[must_use]
    pub fn append_to(&self, mut recipe: Recipe, args: &[String], out: &Path) -> Recipe {
        // Without steps, the recipe converts the source itself, which is not a module yet.
        let Some(program) = self.program.as_ref().filter(|_| !recipe.steps.is_empty()) else { return recipe };
        let name = PathBuf::from(recipe.artifact.file_name().unwrap_or_default());
        let artifact = out.join(&name);
        let command = BuildCommand::new(program, out).args(args).arg(&recipe.artifact).arg("-o").arg(&artifact);
        let shown = format!("wasm-opt {} {} -o {}", args.join(" "), name.display(), name.display());
        recipe.steps.push(BuildStep::Run(command.shown(shown)));
        Recipe { artifact, ..recipe }
    }
}

#[cfg(test)]
mod tests {
    use super::{WasmOpt, short};
    use crate::BuildCommand;
    use crate::{BuildStep, Recipe};
    use std::path::Path;

    fn cargo() -> Recipe {
        BuildCommand::new("cargo".as_ref(), "/lab".as_ref())
            .shown("cargo build")
            .into_recipe("/out/release/a.wasm".into())
    }

    #[test]
    fn wasm_opt_writes_to_the_output_and_is_shown() {
        let pass = WasmOpt { program: Some("/bin/wasm-opt".into()), tool: String::new(), fingerprint: String::new() };
        let recipe = pass.append_to(cargo(), &["-Oz".to_owned()], Path::new("/out"));
        assert_eq!(recipe.shown_command(), "cargo build && wasm-opt -Oz a.wasm -o a.wasm");
        assert_eq!(recipe.artifact, Path::new("/out/a.wasm"));
        let [_, BuildStep::Run(opt)] = &recipe.steps[..] else { panic!("two commands") };
        assert_eq!(opt.argv, ["/bin/wasm-opt", "-Oz", "/out/release/a.wasm", "-o", "/out/a.wasm"]);
    }

    #[test]
    fn version_text_is_shortened() {
        assert_eq!(short("wasm-opt version 130 (version_130)"), "wasm-opt 130");
        assert_eq!(short("wasm-opt version 108"), "wasm-opt 108");
    }

    #[test]
    fn without_wasm_opt_the_recipe_is_unchanged() {
        let pass = WasmOpt { program: None, tool: String::new(), fingerprint: String::new() };
        assert_eq!(pass.append_to(cargo(), &["-Oz".to_owned()], Path::new("/out")).shown_command(), "cargo build");
    }
}
