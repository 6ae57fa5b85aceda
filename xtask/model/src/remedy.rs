//! Remedies as data: ways to change a cell's result. The sentences of `check`, `run-all` and `predict` are made from
//! it.

use serde::{Deserialize, Serialize};

/// One thing that would change a cell's result; any of several is enough.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remedy {
    /// Switches of the cell's own runtime.
    Switch {
        /// As in the cell: `-W exceptions=y`.
        switches: Vec<String>,
    },
    /// Another runtime, in which the same file passes.
    Runtime {
        /// Columns: `wasmtime-cli`.
        runtimes: Vec<String>,
    },
    /// A transformation of the finished file.
    Transform(Transform),
    /// Compile again with an option.
    CompilerOption {
        /// The toolchain that the file names: `Emscripten`, `clang`, `rustc`.
        toolchain: String,
        /// `-sWASM_LEGACY_EXCEPTIONS=0`.
        option: String,
    },
    /// Compile again for another target.
    Target {
        /// `wasm32-wasip2`.
        target: String,
    },
}

/// A program and its arguments, which transform the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Transform {
    /// The program.
    pub tool: TransformTool,
    /// Its arguments, in which `IN` and `OUT` stand for the files.
    pub args: Vec<String>,
}

/// Stands for the file that is transformed.
pub const INPUT_PLACEHOLDER: &str = "IN";
/// Stands for the result.
pub const OUTPUT_PLACEHOLDER: &str = "OUT";

/// Programs that transform a finished file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TransformTool {
    /// Binaryen's optimizer.
    WasmOpt,
    /// The tools of the Bytecode Alliance.
    WasmTools,
    /// Components to JavaScript.
    Jco,
}

impl TransformTool {
    /// The program's name: `wasm-opt`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::WasmOpt => "wasm-opt",
            Self::WasmTools => "wasm-tools",
            Self::Jco => "jco",
        }
    }
}

impl Transform {
    /// The whole command: `wasm-opt IN --signext-lowering -o OUT`.
    #[must_use]
    pub fn command(&self) -> String {
        format!("{} {}", self.tool.id(), self.args.join(" "))
    }

    /// The command without its files and without the features that it only has to accept: `wasm-opt
    /// --signext-lowering`.
    #[must_use]
    pub fn short(&self) -> String {
        let of_file = |arg: &&String| {
            matches!(arg.as_str(), INPUT_PLACEHOLDER | OUTPUT_PLACEHOLDER | "-o") || arg.starts_with("--enable-")
        };
        let args: Vec<&str> = self.args.iter().filter(|arg| !of_file(arg)).map(String::as_str).collect();
        format!("{} {}", self.tool.id(), args.join(" "))
    }
}

/// Whether a remedy's sentence is worth showing when there are columns in which the same guest passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemedyKind {
    /// It changes the result: a rebuild, a switch, a named program.
    #[default]
    Change,
    /// It asks for any runtime that has what this one lacks: the name of a column is more useful.
    SomeRuntime,
    /// It only explains how to learn more.
    Inspection,
}

#[cfg(test)]
mod tests {
    use super::{Remedy, Transform, TransformTool};

    #[test]
    fn a_transformation_is_a_command() {
        let args = "IN --enable-sign-ext --signext-lowering -o OUT".split(' ').map(str::to_owned).collect();
        let lower = Transform { tool: TransformTool::WasmOpt, args };
        assert_eq!(lower.command(), "wasm-opt IN --enable-sign-ext --signext-lowering -o OUT");
        assert_eq!(lower.short(), "wasm-opt --signext-lowering");
        let json = serde_json::to_value(Remedy::Transform(lower)).unwrap();
        assert_eq!((&json["kind"], &json["tool"]), (&"transform".into(), &"wasm-opt".into()));
    }
}
