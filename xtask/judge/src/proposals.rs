//! Which of the proposals that a module needs a runtime refused it for: by the runtime's own words, and by what it
//! made of small modules that need one proposal each.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::Judgement;

use super::text::one_line;
use super::{components, imports};

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
    ("extended-const", &["constant expression"]),
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
            "component-model" => said.replace("component model async", ""),
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
    let Lacking { reached, also } = lacking(facts, message, probed);
    if reached.is_empty() {
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
    if reached == [COMPONENTS] {
        let entry = Code::NeedsComponentModel.entry();
        let (code, blame) = (Some(entry.code), entry.blame.to_vec());
        return Judgement { code, blame, subject: None, remedy: components::remedy(facts), ..judgement };
    }
    let also = if also.is_empty() { String::new() } else { format!("; also lacks {}", also.join(" and ")) };
    let imports = imports::foreign(facts).map(|import| {
        let name = imports::import_name(&import.module, &import.name);
        format!("{NOT_REACHED}{name} among them, were not reached")
    });
    let (lacks, words) = (reached.join(" and "), &judgement.detail);
    let part = if reached == [EXTERNREF] { " (a type of reference-types)" } else { "" };
    let draft = draft(message, &reached);
    let detail = one_line(&format!("{LACKS}{lacks}{part}: {words}{draft}{also}{}", imports.unwrap_or_default()));
    let entry = Code::UnsupportedProposal.entry();
    let old_form = reached.contains(&"legacy-exceptions");
    Judgement {
        code: Some(entry.code),
        verdict: entry.verdict,
        blame: if old_form { vec![Blame::Toolchain] } else { entry.blame.to_vec() },
        subject: Some(reached.join(" ")),
        detail,
        remedy: old_form.then(|| to_standard_form(reached.contains(&"exceptions"))),
        ..judgement
    }
}

/// How a detail on a lacking proposal begins, and how it begins where a switch gives the proposal.
pub const LACKS: &str = "lacks ";
/// How a detail goes on about imports that were not reached.
pub const NOT_REACHED: &str = "; its imports, ";
/// The proposal of components.
const COMPONENTS: &str = "component-model";
/// A type of `reference-types` that a compiler can lack though it has the rest of it: wasmtime counts it among those
/// of `gc`.
const EXTERNREF: &str = "externref";

/// An old V8 names drafts whose bytes have another meaning today.
fn draft(message: &str, lacking: &[&str]) -> &'static str {
    if message.contains("stringref") && lacking.contains(&"function-references") {
        "; what it calls stringref are typed references today"
    } else if message.contains("stringview") && lacking.contains(&"gc") {
        "; its gc is a draft, with other byte codes than the standard"
    } else {
        ""
    }
}

/// The needed proposals that a runtime is without.
struct Lacking<'a> {
    /// Those that it refused the module for.
    reached: Vec<&'a str>,
    /// Those whose small modules it refuses too.
    also: Vec<&'a str>,
}

/// The runtime's own words come first, unless it took the small module of what they name; where they name nothing
/// that the module needs, it is for one of those whose small module it refused.
fn lacking<'a>(facts: &'a Facts, message: &str, probed: &[(&'a str, bool)]) -> Lacking<'a> {
    let said = named_in(message, facts.proposals.iter().map(String::as_str));
    // A component that is refused for what is in it is refused by a runtime of components.
    let of_component = |name: &&str| *name == COMPONENTS && !said.contains(name);
    let needed: Vec<&str> = facts.proposals.iter().map(String::as_str).filter(|name| !of_component(name)).collect();
    let of_probe = |name: &str| probed.iter().find(|(probed, _)| *probed == name).map(|(_, refused)| *refused);
    let refused: Vec<&str> = needed.iter().copied().filter(|name| of_probe(name) == Some(true)).collect();
    // A part of a proposal that it has otherwise.
    let parts: Vec<&str> =
        probed.iter().filter(|(name, refused)| *refused && !needed.contains(name)).map(|(name, _)| *name).collect();
    if !parts.is_empty() {
        return Lacking { reached: parts, also: Vec::new() };
    }
    if needed.contains(&"reference-types") && !needed.contains(&"gc") && message.contains("gc types are disallowed") {
        return Lacking { reached: vec![EXTERNREF], also: Vec::new() };
    }
    if let [only] = needed[..] {
        let reached = if of_probe(only) == Some(false) { Vec::new() } else { vec![only] };
        return Lacking { reached, also: Vec::new() };
    }
    // Runtimes without either form of exceptions have one word for both.
    let same_word =
        |name: &&str| *name == "legacy-exceptions" && said.contains(&"exceptions") && refused.contains(name);
    let named = needed.iter().copied().filter(|name| of_probe(name) != Some(false));
    let named: Vec<&str> = named.filter(|name| said.contains(name) || same_word(name)).collect();
    if named.is_empty() {
        return Lacking { reached: refused, also: Vec::new() };
    }
    let also = refused.into_iter().filter(|name| !named.contains(name)).collect();
    Lacking { reached: named, also }
}

/// Legacy exceptions are what browsers had before the standard: runtimes outside of JavaScript never took them up.
fn to_standard_form(needs_runtime: bool) -> String {
    let then = if needs_runtime { "; either way it then needs a runtime that has exceptions" } else { "" };
    format!(
        "Compile to the standard form of exceptions (Emscripten: -sWASM_LEGACY_EXCEPTIONS=0; clang: -mllvm \
         -wasm-use-legacy-eh=false), or translate the finished module: wasm-opt --translate-to-exnref{then}."
    )
}
