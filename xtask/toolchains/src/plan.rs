//! The complete build of a scenario: the toolchain's recipe and the steps after the compiler.

use crate::{Machine, PreflightError, Recipe, Task, Toolchain, componentize, wasm_opt};

/// A recipe and the tools it uses.
#[derive(Clone, Debug)]
pub struct BuildPlan {
    /// The complete recipe.
    pub recipe: Recipe,
    /// The tools with their versions, for provenance.
    pub version: String,
    /// Changes whenever one of the tools might produce a different result from the same source.
    pub fingerprint: String,
}

/// Plans the build of a scenario whose toolchain was found.
///
/// # Errors
/// If a tool that runs after the compiler is installed but broken.
pub fn plan(toolchain: &Toolchain, task: &Task, machine: &dyn Machine) -> Result<BuildPlan, PreflightError> {
    let mut recipe = (toolchain.recipe)(task);
    let (mut version, mut fingerprint) = (task.tool.version.clone(), task.tool.fingerprint.clone());
    let passes = &task.build().wasm_opt;
    if !passes.is_empty() {
        let pass = wasm_opt::find(machine)?;
        recipe = pass.append_to(recipe, passes, task.out);
        version += &format!(", {}", pass.tool);
        fingerprint += &pass.fingerprint;
    }
    if let Some(kind) = task.build().componentize {
        let tool = componentize::tool(kind);
        recipe.conversions.push(componentize::conversion(kind));
        version += &format!(", {tool}");
        fingerprint += &tool;
    }
    Ok(BuildPlan { recipe, version, fingerprint })
}
