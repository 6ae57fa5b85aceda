//! Binaryen's wasm-opt after the compiler, for a build that names its arguments: where it is present, since a
//! guest runs the same without it. Provenance says which of the two it was.

use std::path::{Path, PathBuf};

use crate::BuildCommand;
use crate::program::Program;
use crate::{Machine, PreflightError, Recipe, Step, Variable};

/// The variable that names another wasm-opt than that on PATH.
const VARIABLE: &str = "WASMLAB_WASM_OPT";

/// The variables that it heeds.
pub const VARIABLES: &[Variable] =
    &[Variable { name: VARIABLE, meaning: "the wasm-opt to use, if not the one on PATH" }];

/// What is done after the compiler.
#[derive(Debug, PartialEq, Eq)]
pub struct Pass {
    /// The program; `None` where there is none, and nothing is done.
    program: Option<PathBuf>,
    /// For provenance: `wasm-opt 124`, or that it was not there.
    pub tool: String,
    /// Changes whenever it may make something else.
    pub fingerprint: String,
}

/// Looks for wasm-opt.
///
/// # Errors
/// When it is here and does not answer: a guest that is larger than it should be must have its reason.
pub fn find(machine: &dyn Machine) -> Result<Pass, PreflightError> {
    let program = Program::named(machine, VARIABLE, &["wasm-opt"], &["--version"]);
    if let Some(error) = program.preflight_error() {
        return Err(error);
    }
    Ok(match program {
        Program::Works(program, said) => Pass {
            tool: short(&said),
            fingerprint: format!("{said} {}", machine.stamp(&program)),
            program: Some(program),
        },
        _ => Pass { program: None, tool: "no wasm-opt".to_owned(), fingerprint: "no wasm-opt".to_owned() },
    })
}

/// `wasm-opt 130` of `wasm-opt version 130 (version_130)`.
fn short(said: &str) -> String {
    let version = said.strip_prefix("wasm-opt version ").unwrap_or(said);
    format!("wasm-opt {}", version.split(' ').next().unwrap_or_default())
}

impl Pass {
    /// `recipe`, and then wasm-opt with `args` on what it leaves; the result goes to `out` itself, so that what cargo
    /// left in a folder of its own stays as it is: it would otherwise be made anew each time.
    #[must_use]
    pub fn after(&self, mut recipe: Recipe, args: &[String], out: &Path) -> Recipe {
        // Without steps the source itself is what is converted, and that is no module yet.
        let Some(program) = self.program.as_ref().filter(|_| !recipe.steps.is_empty()) else { return recipe };
        let name = PathBuf::from(recipe.artifact.file_name().unwrap_or_default());
        let artifact = out.join(&name);
        let command = BuildCommand::new(program, out).args(args).arg(&recipe.artifact).arg("-o").arg(&artifact);
        let shown = format!("wasm-opt {} {} -o {}", args.join(" "), name.display(), name.display());
        recipe.steps.push(Step::Run(command.shown(shown)));
        Recipe { artifact, ..recipe }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pass, short};
    use crate::BuildCommand;
    use crate::{Recipe, Step};
    use std::path::Path;

    fn cargo() -> Recipe {
        BuildCommand::new("cargo".as_ref(), "/lab".as_ref())
            .shown("cargo build")
            .into_recipe("/out/release/a.wasm".into())
    }

    #[test]
    fn it_works_on_a_copy_and_says_so() {
        let pass = Pass { program: Some("/bin/wasm-opt".into()), tool: String::new(), fingerprint: String::new() };
        let recipe = pass.after(cargo(), &["-Oz".to_owned()], Path::new("/out"));
        assert_eq!(recipe.shown_command(), "cargo build && wasm-opt -Oz a.wasm -o a.wasm");
        assert_eq!(recipe.artifact, Path::new("/out/a.wasm"));
        let [_, Step::Run(opt)] = &recipe.steps[..] else { panic!("two commands") };
        assert_eq!(opt.argv, ["/bin/wasm-opt", "-Oz", "/out/release/a.wasm", "-o", "/out/a.wasm"]);
    }

    #[test]
    fn its_version_is_a_number() {
        assert_eq!(short("wasm-opt version 130 (version_130)"), "wasm-opt 130");
        assert_eq!(short("wasm-opt version 108"), "wasm-opt 108");
    }

    #[test]
    fn without_it_the_compilers_own_is_the_guest() {
        let pass = Pass { program: None, tool: String::new(), fingerprint: String::new() };
        assert_eq!(pass.after(cargo(), &["-Oz".to_owned()], Path::new("/out")).shown_command(), "cargo build");
    }
}
