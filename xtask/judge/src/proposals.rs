//! Finds the proposals for which a runtime refused a module: from the runtime's message, and from how it handles small
//! modules that need one proposal each.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::phrases;
use wasmlab_model::proposals::{COMPONENT_ASYNC, COMPONENT_MODEL, EXCEPTIONS, EXTERNREF, GC, LEGACY_EXCEPTIONS};
use wasmlab_model::verdict::{Judgement, ProposalRefusal};

use super::text::one_line;
use super::{components, imports, transforms};
use wasmlab_model::names::listed;

/// Other names that runtimes use for a proposal, besides its name with blanks: lower case, no hyphens or underscores.
const MESSAGES: &[(&str, &[&str])] = &[
    (LEGACY_EXCEPTIONS, &["legacy exception"]),
    (EXCEPTIONS, &["exception", "tag section"]),
    ("simd", &["v128", "fixed width simd"]),
    ("relaxed-simd", &["relaxed vector"]),
    ("threads", &["atomic", "shared mem", "limits flags"]),
    (GC, &["gc types", "gc proposal", "gc feature", "wasm gc", "garbage collection", "struct type", "array type"]),
    ("function-references", &["function reference", "typed funcref", "typed function", "non nullable", "stringref"]),
    ("memory64", &["64 bit mem", "i64 mem", "limits flags"]),
    ("multi-memory", &["multi mem", "multiple mem"]),
    ("custom-page-sizes", &["limits flags"]),
    ("tail-call", &["return call"]),
    ("extended-const", &["constant expression"]),
    (COMPONENT_ASYNC, &["component model async", "async"]),
];

/// The proposals among `needed` that a runtime's message names.
#[must_use]
pub fn named_in<'a>(message: &str, needed: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text = message.to_lowercase().replace(['-', '_'], " ");
    let names = |proposal: &str| {
        let phrases = MESSAGES.iter().find(|(name, _)| *name == proposal).map_or(&[][..], |(_, phrases)| phrases);
        let name = proposal.replace('-', " ");
        // The longer name contains the shorter one.
        let text = match proposal {
            EXCEPTIONS => text.replace("legacy exception", ""),
            "simd" => text.replace("relaxed simd", ""),
            COMPONENT_MODEL => text.replace("component model async", ""),
            _ => text.clone(),
        };
        // A name as short as `gc` also occurs inside other words.
        (name.len() > 3 && text.contains(&name)) || phrases.iter().any(|word| text.contains(word))
    };
    needed.into_iter().filter(|proposal| names(proposal)).collect()
}

/// Whether the judgement is on a module that a runtime refused, so that [`refine`] can make it exact.
#[must_use]
pub fn is_refusal(judgement: &Judgement, facts: &Facts) -> bool {
    facts.rejection.is_none() && matches!(judgement.code, Some(Code::UnsupportedProposal | Code::EngineCompileError))
}

/// Makes the judgement on a refused module exact. `probed`: the needed proposals that were tried with small modules,
/// and whether the runtime refused each of those modules too.
#[must_use]
pub fn refine(judgement: Judgement, facts: &Facts, message: &str, probed: &[(&str, bool)]) -> Judgement {
    if mixes_exceptions(message) {
        return mixed_exceptions(judgement, facts);
    }
    let Lacking { reached, also } = lacking(facts, message, probed);
    if reached.is_empty() {
        // It supports each of them, so it refuses the module for another reason.
        let all_tried = facts.proposals.iter().all(|name| probed.iter().any(|(probed, _)| probed == name));
        if !all_tried || probed.is_empty() {
            let refusal = Some(ProposalRefusal { lacks: None, message: judgement.detail.clone() });
            return Judgement { refusal, ..judgement };
        }
        let detail = format!(
            "{}; it accepts a probe module for each proposal that this module needs, so none of them is the reason",
            judgement.detail
        );
        let entry = Code::EngineCompileError.entry();
        let (code, blame) = (Some(entry.code), entry.blame.to_vec());
        return Judgement { code, blame, subject: None, detail: one_line(&detail), remedy: None, ..judgement };
    }
    if reached == [COMPONENT_MODEL] {
        let entry = Code::NeedsComponentModel.entry();
        let (code, blame) = (Some(entry.code), entry.blame.to_vec());
        return Judgement { code, blame, subject: None, remedy: components::remedy(facts), ..judgement };
    }
    let also_lacked = also;
    let also = match also_lacked.as_slice() {
        [] => String::new(),
        names => format!("; also lacks {}", forms_listed(names, facts)),
    };
    let imports = imports::would_fail_next(facts);
    let part = if reached == [EXTERNREF] { " (a type of reference-types)" } else { "" };
    let lacks = format!("{}{part}", forms_listed(&reached, facts));
    let full_message = format!("{}{}", judgement.detail, draft(message, &reached));
    let detail = one_line(&format!("{}: {full_message}{also}{}", phrases::lacks(&lacks), imports.unwrap_or_default()));
    let entry = Code::UnsupportedProposal.entry();
    // A runtime without either form of exceptions lacks more than the legacy form.
    let lacks_both = reached.contains(&EXCEPTIONS) || also_lacked.contains(&EXCEPTIONS);
    let lacks_only_legacy_form = reached == [LEGACY_EXCEPTIONS] && !lacks_both;
    Judgement {
        code: Some(entry.code),
        verdict: entry.verdict,
        blame: if lacks_only_legacy_form { vec![Blame::Toolchain] } else { entry.blame.to_vec() },
        subject: Some(reached.join(" ")),
        detail,
        refusal: Some(ProposalRefusal { lacks: Some(lacks), message: full_message }),
        remedy: lacks_only_legacy_form.then(|| to_standard_form(facts)),
        ..judgement
    }
}

/// The proposals in words: of two forms of exceptions, the one that the file uses comes first.
fn forms_listed(names: &[&str], facts: &Facts) -> String {
    if !(facts.has_only_legacy_exceptions() && names.contains(&EXCEPTIONS) && names.contains(&LEGACY_EXCEPTIONS)) {
        return listed(names);
    }
    let others: Vec<&str> = names.iter().copied().filter(|name| !name.ends_with("exceptions")).collect();
    listed(&[vec!["legacy-exceptions (and the standard exceptions)"], others].concat())
}

/// Adds where the file first uses what the runtime lacks, if the judgement is about a proposal.
#[must_use]
pub fn located(judgement: Judgement, facts: &Facts) -> Judgement {
    let subject = judgement.subject.as_deref().filter(|_| judgement.code == Some(Code::UnsupportedProposal));
    // A tag, in a file that uses the legacy form.
    let is_tag = |name: &str| name == EXCEPTIONS && facts.has_only_legacy_exceptions();
    let alone = subject.is_some_and(|subject| !subject.contains(' '));
    let first_use = |name: &str| {
        let at = facts.first_uses.get(name).filter(|_| alone || !is_tag(name))?;
        Some((name.to_owned(), at))
    };
    let uses = subject.into_iter().flat_map(|subject| subject.split(' ')).filter_map(first_use);
    let mut detail = judgement.detail.clone();
    for (name, at) in uses {
        let longer = format!("{detail}; {name} first used {}", at.place());
        // A location that is cut off is useless.
        if one_line(&longer).ends_with('…') {
            break;
        }
        detail = longer;
    }
    Judgement { detail, ..judgement }
}

/// Old V8 versions name drafts whose opcodes have another meaning today.
fn draft(message: &str, lacking: &[&str]) -> &'static str {
    if message.contains("noexternref") && lacking.contains(&EXCEPTIONS) {
        "; its `noexternref` is today's exnref, a type of the exceptions proposal"
    } else if message.contains("stringref") && lacking.contains(&"function-references") {
        "; the opcode that it takes for stringref belongs to typed references"
    } else if message.contains("stringview") && lacking.contains(&GC) {
        "; it implements a draft of gc whose opcodes differ from the standard"
    } else {
        ""
    }
}

/// The needed proposals that a runtime lacks.
struct Lacking<'a> {
    /// Those for which it refused the module.
    reached: Vec<&'a str>,
    /// Others whose small modules it also refuses.
    also: Vec<&'a str>,
}

/// The proposals that the runtime's message names come first, unless it accepted their small modules. If the message
/// names none that the module needs, the reason is one of those whose small module it refused.
fn lacking<'a>(facts: &'a Facts, message: &str, probed: &[(&'a str, bool)]) -> Lacking<'a> {
    let named_by_runtime = named_in(message, facts.proposals.iter().map(String::as_str));
    // A component that is refused for its contents is refused by a runtime that supports components.
    let of_component = |name: &&str| *name == COMPONENT_MODEL && !named_by_runtime.contains(name);
    let needed: Vec<&str> = facts.proposals.iter().map(String::as_str).filter(|name| !of_component(name)).collect();
    let of_probe = |name: &str| probed.iter().find(|(probed, _)| *probed == name).map(|(_, refused)| *refused);
    let refused: Vec<&str> = needed.iter().copied().filter(|name| of_probe(name) == Some(true)).collect();
    // It lacks only part of a proposal.
    let parts: Vec<&str> =
        probed.iter().filter(|(name, refused)| *refused && !needed.contains(name)).map(|(name, _)| *name).collect();
    if !parts.is_empty() {
        return Lacking { reached: parts, also: Vec::new() };
    }
    if needed.contains(&"reference-types") && !needed.contains(&GC) && message.contains("gc types are disallowed") {
        return Lacking { reached: vec![EXTERNREF], also: Vec::new() };
    }
    if let [only] = needed[..] {
        let reached = if of_probe(only) == Some(false) { Vec::new() } else { vec![only] };
        return Lacking { reached, also: Vec::new() };
    }
    // Runtimes with neither form of exceptions use one word for both.
    let same_word =
        |name: &&str| *name == LEGACY_EXCEPTIONS && named_by_runtime.contains(&EXCEPTIONS) && refused.contains(name);
    let named = needed.iter().copied().filter(|name| of_probe(name) != Some(false));
    let named: Vec<&str> = named.filter(|name| named_by_runtime.contains(name) || same_word(name)).collect();
    if named.is_empty() {
        return Lacking { reached: refused, also: Vec::new() };
    }
    let also = refused.into_iter().filter(|name| !named.contains(name)).collect();
    Lacking { reached: named, also }
}

/// Whether an engine with both forms of exceptions refuses a module that uses both: V8 since 14, JavaScriptCore.
fn mixes_exceptions(message: &str) -> bool {
    ["mix of legacy and new exception handling", "uses both legacy exceptions and try_table"]
        .iter()
        .any(|m| message.contains(m))
}

/// Two objects of one module were compiled to different forms, mostly a program and its C++ library.
fn mixed_exceptions(judgement: Judgement, facts: &Facts) -> Judgement {
    let entry = Code::UnsupportedProposal.entry();
    let detail = format!("accepts either form of exceptions, but not both in one module: {}", judgement.detail);
    Judgement {
        code: Some(entry.code),
        verdict: entry.verdict,
        blame: vec![Blame::Toolchain],
        subject: Some("exceptions legacy-exceptions".to_owned()),
        detail: one_line(&detail),
        remedy: Some(to_standard_form(facts)),
        ..judgement
    }
}

/// Browsers had legacy exceptions before the standard; runtimes outside JavaScript never adopted them.
fn to_standard_form(facts: &Facts) -> String {
    const ANY: &str = "Emscripten: `-sWASM_LEGACY_EXCEPTIONS=0`; clang: `-mllvm -wasm-use-legacy-eh=false`";
    let options = transforms::compiler_options(facts, [LEGACY_EXCEPTIONS]);
    let options = transforms::shown_options(&options).unwrap_or_else(|| ANY.to_owned());
    let translate = transforms::lowering_command(facts, [LEGACY_EXCEPTIONS])
        .map(|to| format!(", or translate the finished file: `{}`", to.command()));
    format!("Compile to the standard form of exceptions ({options}){}.", translate.unwrap_or_default())
}
