//! Which of the proposals that a module needs a runtime refused it for: by the runtime's own words, and by what it
//! made of small modules that need one proposal each.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::Judgement;

use super::imports;
use super::text::one_line;

/// What runtimes call a proposal, beside its name with blanks: lower case, no hyphens or underscores.
const MESSAGES: &[(&str, &[&str])] = &[
    ("legacy-exceptions", &["legacy exception"]),
    ("exceptions", &["exception", "tag section"]),
    ("simd", &["v128", "fixed width simd"]),
    ("relaxed-simd", &["relaxed vector"]),
    ("threads", &["atomic", "shared mem"]),
    ("gc", &["gc types", "gc proposal", "gc feature", "wasm gc", "garbage collection", "struct type", "array type"]),
    ("function-references", &["function reference", "typed funcref", "typed function", "non nullable", "stringref"]),
    ("memory64", &["64 bit mem", "i64 mem"]),
    ("multi-memory", &["multi mem", "multiple mem"]),
    ("tail-call", &["return call"]),
    ("cm-async", &["component model async", "async"]),
];

/// The proposals of `needed` that these words of a runtime name.
#[must_use]
pub fn named_in<'a>(message: &str, needed: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let said = message.to_lowercase().replace(['-', '_'], " ");
    let names = |proposal: &str| {
        let words = MESSAGES.iter().find(|(name, _)| *name == proposal).map_or(&[][..], |(_, words)| words);
        let own = proposal.replace('-', " ");
        // The longer name holds the shorter one.
        let said = match proposal {
            "exceptions" => said.replace("legacy exception", ""),
            "simd" => said.replace("relaxed simd", ""),
            _ => said.clone(),
        };
        // A name as short as `gc` is a part of other words.
        (own.len() > 3 && said.contains(&own)) || words.iter().any(|word| said.contains(word))
    };
    needed.into_iter().filter(|proposal| names(proposal)).collect()
}

/// The judgement on a refused module, made exact. `probed` are the needed proposals that small modules were tried
/// for, each with whether the runtime refused that module too.
#[must_use]
pub fn refine(judgement: Judgement, facts: &Facts, message: &str, probed: &[(&str, bool)]) -> Judgement {
    let lacking = lacking(facts, message, probed);
    if lacking.is_empty() {
        // It has each of them: then it is not for a proposal that it refuses the module.
        let all_tried = facts.proposals.iter().all(|name| probed.iter().any(|(probed, _)| probed == name));
        if !all_tried || probed.is_empty() {
            return judgement;
        }
        let detail = format!("{}; it takes a small module of each proposal that this one needs", judgement.detail);
        let entry = Code::EngineCompileError.entry();
        let (code, blame) = (Some(entry.code), entry.blame.to_vec());
        return Judgement { code, blame, subject: None, detail: one_line(&detail), remedy: None, ..judgement };
    }
    let also = imports::first_non_wasi_import(facts).map(|import| {
        let name = imports::import_name(&import.module, &import.name);
        format!("; its imports, {name} among them, were not reached")
    });
    // Drafts gave bytes another meaning, and an old V8 names that one.
    let draft = message.contains("stringref") && lacking.contains(&"function-references");
    let draft = if draft { "; what it calls stringref are typed references today" } else { "" };
    let (lacks, words) = (lacking.join(" and "), &judgement.detail);
    let detail = one_line(&format!("lacks {lacks}: {words}{draft}{}", also.unwrap_or_default()));
    let entry = Code::UnsupportedProposal.entry();
    let old_form = lacking.contains(&"legacy-exceptions");
    Judgement {
        code: Some(entry.code),
        verdict: entry.verdict,
        blame: if old_form { vec![Blame::Toolchain] } else { entry.blame.to_vec() },
        subject: Some(lacking.join(" ")),
        detail,
        remedy: old_form.then(|| to_standard_form(lacking.contains(&"exceptions"))),
        ..judgement
    }
}

/// The needed proposals that the runtime is without: those whose module it refused, and of those that no module was
/// tried for, the ones that it names itself.
fn lacking<'a>(facts: &'a Facts, message: &str, probed: &[(&str, bool)]) -> Vec<&'a str> {
    let needed: Vec<&str> = facts.proposals.iter().map(String::as_str).collect();
    if let [only] = needed[..] {
        return if probed == [(only, false)] { Vec::new() } else { vec![only] };
    }
    let of_probe = |name: &str| probed.iter().find(|(probed, _)| *probed == name).map(|(_, refused)| *refused);
    let said = named_in(message, needed.iter().copied());
    needed.into_iter().filter(|name| of_probe(name).unwrap_or_else(|| said.contains(name))).collect()
}

/// Legacy exceptions are what browsers had before the standard: runtimes outside of JavaScript never took them up.
fn to_standard_form(needs_runtime: bool) -> String {
    let then = if needs_runtime { "; either way it then needs a runtime that has exceptions" } else { "" };
    format!(
        "Compile to the standard form of exceptions (Emscripten: -sWASM_LEGACY_EXCEPTIONS=0; clang: -mllvm \
         -wasm-use-legacy-eh=false), or translate the finished module: wasm-opt --translate-to-exnref{then}."
    )
}
