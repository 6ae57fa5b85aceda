//! A scenario's whole build: the toolchain's recipe, and what comes after the compiler.

use crate::{Machine, PreflightError, Recipe, Task, Toolchain, componentize, wasm_opt};

/// What is to be carried out, and by what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// All of it.
    pub recipe: Recipe,
    /// The tools with their versions, for provenance.
    pub version: String,
    /// Changes whenever one of the tools may make something else of the same source.
    pub fingerprint: String,
}

/// The build of a scenario whose tool was found.
///
/// # Errors
/// A tool after the compiler is here and broken.
pub fn plan(toolchain: &Toolchain, task: &Task, machine: &dyn Machine) -> Result<Plan, PreflightError> {
    let mut recipe = (toolchain.recipe)(task);
    let (mut version, mut fingerprint) = (task.tool.version.clone(), task.tool.fingerprint.clone());
    let passes = &task.build().wasm_opt;
    if !passes.is_empty() {
        let pass = wasm_opt::find(machine)?;
        recipe = pass.after(recipe, passes, task.out);
        version += &format!(", {}", pass.tool);
        fingerprint += &pass.fingerprint;
    }
    if let Some(how) = task.build().componentize {
        let tool = componentize::tool(how);
        recipe.conversions.push(componentize::conversion(how));
        version += &format!(", {tool}");
        fingerprint += &tool;
    }
    Ok(Plan { recipe, version, fingerprint })
}
