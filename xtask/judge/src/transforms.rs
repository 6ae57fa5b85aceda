//! Remedies that need no other runtime, as data: a transformation of the finished file, an option of its compiler.
//!
//! The commands were tried with Binaryen 130. They enable the features that the file needs and no others: with `-all`,
//! newer releases write a form of the file that no runtime reads yet.

use std::collections::BTreeSet;

use wasmlab_model::facts::{Abi, BinaryKind, Facts};
use wasmlab_model::names::listed;
use wasmlab_model::proposals::{EXCEPTIONS, GC, LEGACY_EXCEPTIONS};
use wasmlab_model::remedy::{INPUT_PLACEHOLDER, OUTPUT_PLACEHOLDER, Remedy, Transform, TransformTool};

/// Proposals that Binaryen can lower, with its pass.
const PASSES: &[(&str, &str)] = &[
    (LEGACY_EXCEPTIONS, "--translate-to-exnref"),
    ("sign-extension", "--signext-lowering"),
    ("bulk-memory", "--llvm-memory-copy-fill-lowering"),
    ("bulk-memory-opt", "--llvm-memory-copy-fill-lowering"),
    ("saturating-float-to-int", "--llvm-nontrapping-fptoint-lowering"),
    ("multi-memory", "--multi-memory-lowering"),
];

/// Binaryen's names of features. It has `sign-ext` and `mutable-globals` on by default.
const FEATURES: &[(&str, &str)] = &[
    ("sign-extension", "sign-ext"),
    ("saturating-float-to-int", "nontrapping-float-to-int"),
    ("bulk-memory", "bulk-memory"),
    ("bulk-memory-opt", "bulk-memory"),
    ("multi-value", "multivalue"),
    ("reference-types", "reference-types"),
    ("call-indirect-overlong", "reference-types"),
    ("simd", "simd"),
    ("relaxed-simd", "relaxed-simd"),
    ("threads", "threads"),
    (EXCEPTIONS, "exception-handling"),
    (LEGACY_EXCEPTIONS, "exception-handling"),
    ("tail-call", "tail-call"),
    ("function-references", "gc"),
    (GC, "gc"),
    ("memory64", "memory64"),
    ("multi-memory", "multimemory"),
    ("extended-const", "extended-const"),
    ("stack-switching", "stack-switching"),
    ("custom-page-sizes", "custom-page-sizes"),
    ("wide-arithmetic", "wide-arithmetic"),
];

/// Features that Binaryen enables by default.
const DEFAULT: &[&str] = &["sign-ext"];

/// The command of wasm-opt that rewrites a module without these proposals; `None` if it cannot do without one of them.
#[must_use]
pub fn lowering_command<'a>(facts: &Facts, proposals: impl IntoIterator<Item = &'a str>) -> Option<Transform> {
    if facts.kind != BinaryKind::Module || facts.rejection.is_some() {
        return None;
    }
    let mut passes: Vec<&str> = Vec::new();
    for proposal in proposals {
        let pass = PASSES.iter().find(|(name, _)| *name == proposal).map(|(_, pass)| *pass)?;
        if !passes.contains(&pass) {
            passes.push(pass);
        }
    }
    // Binaryen allows only the first memory to be imported or exported.
    if passes.contains(&"--multi-memory-lowering") && facts.memory_types().count() > 1 {
        return None;
    }
    let of = |name: &String| FEATURES.iter().find(|(known, _)| known == name).map(|(_, feature)| *feature);
    let mut features: BTreeSet<&str> = facts.proposals.iter().filter_map(of).collect();
    // The standard form has values of the type exnref.
    if passes.contains(&"--translate-to-exnref") {
        features.extend(["exception-handling", "reference-types"]);
    }
    // The second memory is copied into the first and becomes a part of it.
    if passes.contains(&"--multi-memory-lowering") {
        features.insert("bulk-memory");
    }
    let enable = features.into_iter().filter(|feature| !DEFAULT.contains(feature));
    let args = std::iter::once(INPUT_PLACEHOLDER.to_owned())
        .chain(enable.map(|feature| format!("--enable-{feature}")))
        .chain(passes.iter().map(|pass| (*pass).to_owned()))
        .chain(["-o".to_owned(), OUTPUT_PLACEHOLDER.to_owned()]);
    (!passes.is_empty()).then(|| Transform { tool: TransformTool::WasmOpt, args: args.collect() })
}

/// The module of WASI 0.1, for which there is an adapter.
const WASI: &str = "wasi_snapshot_preview1";

/// The command of wasm-tools that makes a component of a module; `None` if its only ABI is not WASI 0.1.
#[must_use]
pub fn component(facts: &Facts) -> Option<Transform> {
    let has_types = facts.sections.iter().any(|s| s.name.starts_with("custom \"component-type"));
    let is_wasi = |module: &str| module == WASI;
    let imports_wasi = facts.imports.iter().any(|import| is_wasi(&import.module));
    // Without a description of its interfaces, what else it imports has no meaning in a component.
    let others = facts.imports.iter().any(|import| !is_wasi(&import.module));
    let is_program = facts.exports.iter().any(|export| export.name == "_start");
    let is_adapter = facts.imports.iter().any(|import| import.module == "__main_module__");
    if facts.kind != BinaryKind::Module || is_adapter || !(has_types || imports_wasi && is_program && !others) {
        return None;
    }
    let adapter = imports_wasi.then(|| ["--adapt".to_owned(), format!("{}.wasm", adapter(facts))]);
    let args = ["component", "new", INPUT_PLACEHOLDER].map(str::to_owned).into_iter();
    let args = args.chain(adapter.into_iter().flatten()).chain(["-o".to_owned(), OUTPUT_PLACEHOLDER.to_owned()]);
    Some(Transform { tool: TransformTool::WasmTools, args: args.collect() })
}

/// The adapter for WASI 0.1: only a program has `_start`, which the one for commands calls.
#[must_use]
pub fn adapter(facts: &Facts) -> &'static str {
    match facts.exports.iter().any(|export| export.name == "_start") {
        true => "wasi_snapshot_preview1.command",
        false => "wasi_snapshot_preview1.reactor",
    }
}

/// The command of jco that makes JavaScript of a component.
#[must_use]
pub fn javascript(facts: &Facts) -> Option<Transform> {
    let args = ["transpile", INPUT_PLACEHOLDER, "-o", OUTPUT_PLACEHOLDER].map(str::to_owned).to_vec();
    (facts.kind == BinaryKind::Component).then_some(Transform { tool: TransformTool::Jco, args })
}

/// The options with which the toolchain that made the file leaves these proposals out.
#[must_use]
pub fn compiler_options<'a>(facts: &Facts, proposals: impl IntoIterator<Item = &'a str>) -> Vec<Remedy> {
    let Some(toolchain) = Toolchain::of(facts) else { return Vec::new() };
    let option = |proposal: &str| toolchain.option(proposal);
    let mut options: Vec<String> = proposals.into_iter().filter_map(option).collect();
    options.dedup();
    let remedy = |option| Remedy::CompilerOption { toolchain: toolchain.name().to_owned(), option };
    options.into_iter().map(remedy).collect()
}

/// `-mno-simd128 (clang)`, for a sentence.
#[must_use]
pub fn shown_options(options: &[Remedy]) -> Option<String> {
    let of = |remedy: &Remedy| match remedy {
        Remedy::CompilerOption { toolchain, option } => Some((toolchain.clone(), format!("`{option}`"))),
        _ => None,
    };
    let all: Vec<(String, String)> = options.iter().filter_map(of).collect();
    let (toolchain, _) = all.first()?;
    let options: Vec<&str> = all.iter().map(|(_, option)| option.as_str()).collect();
    Some(format!("{toolchain}: {}", listed(&options)))
}

/// Toolchains built on LLVM, whose options are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toolchain {
    Emscripten,
    Rustc,
    Clang,
}

impl Toolchain {
    fn of(facts: &Facts) -> Option<Self> {
        let names = |name: &str| {
            facts
                .producers
                .iter()
                .any(|producer| producer.field != "sdk" && producer.name.to_lowercase().contains(name))
        };
        let is_emscripten =
            facts.abis.iter().any(|found| matches!(found.abi, Abi::EmscriptenUpstream | Abi::EmscriptenFastcomp));
        // A Rust program also names the clang of its C library. TinyGo, Swift and others also name clang, but are other
        // toolchains.
        let is_other = ["tinygo", "swift", "kotlin", "ldc", "zig"].iter().any(|name| names(name));
        if is_emscripten || names("emscripten") {
            Some(Self::Emscripten)
        } else if is_other {
            None
        } else if names("rust") {
            Some(Self::Rustc)
        } else {
            names("clang").then_some(Self::Clang)
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Emscripten => "Emscripten",
            Self::Rustc => "rustc",
            Self::Clang => "clang",
        }
    }

    fn option(self, proposal: &str) -> Option<String> {
        let feature = match proposal {
            LEGACY_EXCEPTIONS => {
                return Some(match self {
                    Self::Emscripten => "-sWASM_LEGACY_EXCEPTIONS=0".to_owned(),
                    Self::Clang => "-mllvm -wasm-use-legacy-eh=false".to_owned(),
                    Self::Rustc => "-C llvm-args=-wasm-use-legacy-eh=false".to_owned(),
                });
            }
            "sign-extension" => "sign-ext",
            "saturating-float-to-int" => "nontrapping-fptoint",
            "bulk-memory" | "bulk-memory-opt" => "bulk-memory",
            "simd" => "simd128",
            "relaxed-simd" => "relaxed-simd",
            "tail-call" => "tail-call",
            "multi-value" => "multivalue",
            "reference-types" => "reference-types",
            _ => return None,
        };
        // Rust's standard library is compiled with these.
        let of_std = ["sign-ext", "nontrapping-fptoint", "bulk-memory", "multivalue", "reference-types"];
        Some(match self {
            Self::Rustc if of_std.contains(&feature) => "-C target-cpu=mvp -Z build-std=std,panic_abort".to_owned(),
            Self::Rustc => format!("-C target-feature=-{feature}"),
            Self::Emscripten | Self::Clang => format!("-mno-{feature}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{compiler_options, component, lowering_command, shown_options};
    use wasmlab_model::facts::Facts;

    fn facts(wat: &str) -> Facts {
        wasmlab_inspect::facts(&wat::parse_str(format!("(module {wat})")).unwrap()).unwrap()
    }

    const SIGN: &str = "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))";

    #[test]
    fn a_command_enables_what_the_file_needs_and_no_more() {
        let check = |wat: &str, proposals: &[&str], expected: Option<&str>| {
            let made = lowering_command(&facts(wat), proposals.iter().copied()).map(|transform| transform.command());
            assert_eq!(made.as_deref(), expected, "{proposals:?}");
        };
        check(SIGN, &["sign-extension"], Some("wasm-opt IN --signext-lowering -o OUT"));
        let legacy = "(tag $e) (func try throw $e catch $e end)";
        let exnref = "wasm-opt IN --enable-exception-handling --enable-reference-types --translate-to-exnref -o OUT";
        check(legacy, &["legacy-exceptions"], Some(exnref));
        let fill = "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))";
        let lower = "wasm-opt IN --enable-bulk-memory --llvm-memory-copy-fill-lowering -o OUT";
        check(fill, &["bulk-memory-opt", "bulk-memory"], Some(lower));
        check(SIGN, &["sign-extension", "simd"], None);
        check(SIGN, &[], None);
    }

    #[test]
    fn an_adapter_fits_the_entry_point() {
        let check = |wat: &str, expected: Option<&str>| {
            assert_eq!(component(&facts(wat)).map(|transform| transform.command()).as_deref(), expected, "{wat}");
        };
        let wasi = "(import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))";
        let command = "wasm-tools component new IN --adapt wasi_snapshot_preview1.command.wasm -o OUT";
        check(&format!("{wasi} (func (export \"_start\"))"), Some(command));
        let types = "(@custom \"component-type:app\" \"\")";
        check(&format!("{wasi} {types}"), Some(&command.replace("command", "reactor")));
        check(types, Some("wasm-tools component new IN -o OUT"));
        check(wasi, None);
        check(&format!("{wasi} (import \"env\" \"f\" (func)) (func (export \"_start\"))"), None);
    }

    #[test]
    fn options_are_those_of_the_toolchain_that_the_file_names() {
        let check = |producers: &str, proposal: &str, expected: Option<&str>| {
            let options = compiler_options(&facts(&format!("{SIGN} {producers}")), [proposal]);
            assert_eq!(shown_options(&options).as_deref(), expected, "{producers}");
        };
        let clang = "(@producers (processed-by \"clang\" \"22\"))";
        let rust =
            "(@producers (language \"Rust\" \"\") (processed-by \"rustc\" \"1.96\") (processed-by \"clang\" \"22\"))";
        let tinygo = "(@producers (processed-by \"TinyGo\" \"0.30\") (processed-by \"clang\" \"22\"))";
        check(clang, "simd", Some("clang: `-mno-simd128`"));
        check(rust, "simd", Some("rustc: `-C target-feature=-simd128`"));
        check(rust, "sign-extension", Some("rustc: `-C target-cpu=mvp -Z build-std=std,panic_abort`"));
        check(clang, "legacy-exceptions", Some("clang: `-mllvm -wasm-use-legacy-eh=false`"));
        check(tinygo, "simd", None);
        check("", "simd", None);
        check(clang, "gc", None);
    }
}
