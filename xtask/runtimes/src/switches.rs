//! Features that a runtime disables by default but can enable with a switch. A cell runs with the defaults first, and
//! with a switch only if it lacked what the switch provides.

use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_protocol::STACK_DEPTH;

use crate::Tool;

/// Switches of an embedded engine that provide the feature, as listed by the engine.
#[must_use]
pub fn listed_by_engine(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    let wanted = match lack {
        MissingFeature::Proposal(proposal) => proposal,
        MissingFeature::Stack => STACK_DEPTH,
        MissingFeature::Import(_) | MissingFeature::Waiting => return Vec::new(),
    };
    tool.switches.iter().filter(|switch| switch.enables == wanted).map(|switch| switch.name.clone()).collect()
}

/// A single switch for all disabled proposals, if the program's help lists it.
#[must_use]
pub fn enable_all(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    const SWITCH: &str = "--enable-all";
    let has = matches!(lack, MissingFeature::Proposal(_)) && help_lists(&tool.help_text, SWITCH);
    has.then(|| SWITCH.to_owned()).into_iter().collect()
}

/// Proposals by the lab's name and by V8's. A version's help lists the switches it has.
const V8: &[(&str, &str)] = &[
    ("gc", "--experimental-wasm-gc"),
    ("function-references", "--experimental-wasm-typed-funcref"),
    ("exceptions", "--experimental-wasm-exnref"),
    ("memory64", "--experimental-wasm-memory64"),
    ("multi-memory", "--experimental-wasm-multi-memory"),
    ("tail-call", "--experimental-wasm-return-call"),
    ("extended-const", "--experimental-wasm-extended-const"),
    ("relaxed-simd", "--experimental-wasm-relaxed-simd"),
    ("wide-arithmetic", "--experimental-wasm-wide-arithmetic"),
    ("stack-switching", "--experimental-wasm-wasmfx"),
    ("shared-everything-threads", "--experimental-wasm-shared"),
    ("stringref", "--experimental-wasm-stringref"),
    ("jspi", "--experimental-wasm-jspi"),
];

/// V8 switches for a proposal, if the host's help lists them.
#[must_use]
pub fn v8_flags(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    let MissingFeature::Proposal(lacking) = lack else { return Vec::new() };
    let known = V8.iter().filter(|(name, switch)| *name == lacking && help_lists(&tool.help_text, switch));
    known.map(|(_, switch)| (*switch).to_owned()).collect()
}

/// Proposals by the lab's name and by JavaScriptCore's option.
const JSC: &[(&str, &str)] = &[
    ("gc", "useWasmGC"),
    ("function-references", "useWasmTypedFunctionReferences"),
    ("memory64", "useWasmMemory64"),
    ("multi-memory", "useWasmMultiMemory"),
    ("tail-call", "useWasmTailCalls"),
    ("extended-const", "useWasmExtendedConstantExpressions"),
    ("simd", "useWasmSIMD"),
    ("relaxed-simd", "useWasmRelaxedSIMD"),
    ("wide-arithmetic", "useWasmWideArithmetic"),
    ("jspi", "useJSPI"),
];

/// JavaScriptCore options for a proposal that its host lists as disabled, as environment variables for Bun.
#[must_use]
pub fn jsc_options(tool: &Tool, lack: MissingFeature) -> Vec<String> {
    let MissingFeature::Proposal(lacking) = lack else { return Vec::new() };
    let known =
        JSC.iter().filter(|(name, option)| *name == lacking && help_lists(&tool.help_text, &format!("{option}=false")));
    known.map(|(_, option)| format!("BUN_JSC_{option}=1")).collect()
}

/// Whether a help text contains this word, not followed by a character that can be part of a switch name.
#[must_use]
pub fn help_lists(help: &str, word: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    help.match_indices(word)
        .any(|(at, _)| !help[..at].ends_with(is_of_name) && !help[at + word.len()..].starts_with(is_of_name))
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::Switch;

    use super::{MissingFeature, enable_all, help_lists, jsc_options, listed_by_engine};
    use crate::Tool;

    #[test]
    fn switches_are_offered_if_the_program_has_them() {
        let switch = |name: &str, gives: &str| Switch { name: name.to_owned(), enables: gives.to_owned() };
        let switches = vec![switch("a(true)", "gc"), switch("b(9)", "stack")];
        let engine = Tool { switches, help_text: "  --enable-all  Every feature".to_owned(), ..Tool::default() };
        assert_eq!(listed_by_engine(&engine, MissingFeature::Proposal("gc")), ["a(true)"]);
        assert_eq!(listed_by_engine(&engine, MissingFeature::Stack), ["b(9)"]);
        assert!(
            listed_by_engine(&engine, MissingFeature::Proposal("simd")).is_empty()
                && listed_by_engine(&engine, MissingFeature::Import("a.b")).is_empty()
        );
        assert_eq!(enable_all(&engine, MissingFeature::Proposal("gc")), ["--enable-all"]);
        assert!(
            enable_all(&engine, MissingFeature::Stack).is_empty()
                && enable_all(&Tool::default(), MissingFeature::Proposal("gc")).is_empty()
        );
    }

    #[test]
    fn javascriptcore_option_is_a_switch_if_off_by_default() {
        let help_text = "   useJSPI=true\n   useWasmMemory64=false\n   useWasmMemory64Extra=false".to_owned();
        let tool = Tool { help_text, ..Tool::default() };
        assert_eq!(jsc_options(&tool, MissingFeature::Proposal("memory64")), ["BUN_JSC_useWasmMemory64=1"]);
        assert!(
            jsc_options(&tool, MissingFeature::Proposal("jspi")).is_empty()
                && jsc_options(&tool, MissingFeature::Proposal("gc")).is_empty()
        );
    }

    #[test]
    fn help_text_is_matched_by_whole_words() {
        let help = "  -W   gc[=y|n] -- GC\n  -W gc-support[=y|n]\n --all";
        assert!(help_lists(help, "gc") && help_lists(help, "gc-support") && help_lists(help, "--all"));
        assert!(!help_lists(help, "support") && !help_lists(help, "--al") && !help_lists(help, "ll"));
    }
}
