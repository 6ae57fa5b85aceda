//! Binaryen's `wasm-opt` after the compiler, for a build that names its arguments: where it is present, since a
//! guest runs the same without it. Provenance says which of the two it was.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::NotBuilt;
use crate::machine::Machine;
use crate::toolchain::Recipe;
use crate::toolchain::c::{self, Sought};

/// The variable that names another wasm-opt than that on PATH.
pub const VARIABLE: &str = "WASMLAB_WASM_OPT";

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
pub fn find(machine: &Machine) -> Result<Pass, NotBuilt> {
    let sought = c::ask(machine, c::look_for(machine, VARIABLE, &["wasm-opt"]), &["--version"], &BTreeMap::new());
    if let Some(obstacle) = sought.obstacle() {
        return Err(NotBuilt { code: obstacle.code, detail: obstacle.detail, how: Some(obstacle.how) });
    }
    Ok(match sought {
        Sought::Here(program, said) => Pass {
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
    pub fn after(&self, recipe: Recipe, args: &[String], out: &Path) -> Recipe {
        let (Some(program), Some(module)) = (&self.program, recipe.artifact().map(Path::to_owned)) else {
            return recipe;
        };
        let name = PathBuf::from(module.file_name().unwrap_or_default());
        let artifact = out.join(&name);
        let mut argv: Vec<OsString> = vec![program.clone().into()];
        argv.extend(args.iter().map(OsString::from));
        argv.extend([module.into(), "-o".into(), artifact.clone().into()]);
        let typed = format!("wasm-opt {} {} -o {}", args.join(" "), name.display(), name.display());
        let opt = Recipe::Command { argv, env: BTreeMap::new(), cwd: out.to_owned(), artifact, typed };
        Recipe::Then(Box::new(recipe), Box::new(opt))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pass, short};
    use crate::toolchain::Recipe;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn cargo() -> Recipe {
        Recipe::Command {
            argv: vec!["cargo".into()],
            env: BTreeMap::new(),
            cwd: "/lab".into(),
            artifact: "/out/release/a.wasm".into(),
            typed: "cargo build".to_owned(),
        }
    }

    #[test]
    fn it_works_on_a_copy_and_says_so() {
        let pass = Pass { program: Some("/bin/wasm-opt".into()), tool: String::new(), fingerprint: String::new() };
        let recipe = pass.after(cargo(), &["-Oz".to_owned()], Path::new("/out"));
        assert_eq!(recipe.typed(), "cargo build && wasm-opt -Oz a.wasm -o a.wasm");
        assert_eq!(recipe.artifact(), Some(Path::new("/out/a.wasm")));
        let Recipe::Then(_, opt) = recipe else { panic!("two commands") };
        let Recipe::Command { argv, .. } = *opt else { panic!("a command") };
        assert_eq!(argv, ["/bin/wasm-opt", "-Oz", "/out/release/a.wasm", "-o", "/out/a.wasm"]);
    }

    #[test]
    fn its_version_is_a_number() {
        assert_eq!(short("wasm-opt version 130 (version_130)"), "wasm-opt 130");
        assert_eq!(short("wasm-opt version 108"), "wasm-opt 108");
    }

    #[test]
    fn without_it_the_compilers_own_is_the_guest() {
        let pass = Pass { program: None, tool: String::new(), fingerprint: String::new() };
        assert_eq!(pass.after(cargo(), &["-Oz".to_owned()], Path::new("/out")).typed(), "cargo build");
    }
}
