//! The first thing at which a runtime refuses a file, as its profile says.

use wasmlab_model::facts::{Abi, BinaryKind, Facts, RefusalKind};
use wasmlab_model::profile::{ProbeAnswer, Profile, Support};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, Stage};

use crate::{PlannedRun, imports, is_program, stage_of};

/// The reason why the file is refused, and the switches that would get past it.
pub struct Obstacle {
    /// The runtime's report.
    pub cause: Cause,
    /// How far the file got.
    pub stage: Stage,
    /// Switches with which it accepts this.
    pub switches: Vec<String>,
}

impl Obstacle {
    /// An obstacle of this cause.
    pub fn new(cause: Cause, switches: &[String]) -> Self {
        Self { stage: stage_of(&cause), cause, switches: switches.to_vec() }
    }
}

/// The proposal of components.
const COMPONENTS: &str = "component-model";

/// The first obstacle on a runtime that has these switches on.
pub fn first(planned: &PlannedRun, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    let facts = match planned.facts {
        Ok(facts) => facts,
        Err(message) => return Some(Obstacle::new(Cause::Rejected { message: message.to_owned(), offset: None }, &[])),
    };
    format(facts, profile)
        .or_else(|| component(facts, profile, on))
        .or_else(|| proposal(facts, profile, on))
        .or_else(|| mixed_exceptions(facts, profile))
        .or_else(|| if planned.glue { None } else { imports::missing(facts, planned, profile, on) })
        .or_else(|| if planned.glue { None } else { entry(facts, planned, profile) })
}

/// Whether a runtime with these switches on accepts what this answer is about.
pub fn is_supported(answer: &ProbeAnswer, on: &[String]) -> bool {
    match answer.support {
        Support::Yes | Support::Unchecked | Support::Unknown => true,
        Support::No if is_wrong(answer) => true,
        Support::No => !answer.switches.is_empty() && answer.switches.iter().all(|switch| on.contains(switch)),
    }
}

/// Whether the runtime accepts the feature but runs it wrongly: not an obstacle, but unreliable.
pub fn is_wrong(answer: &ProbeAnswer) -> bool {
    answer.support == Support::No && matches!(answer.cause, Some(Cause::Trap { .. }))
}

/// The limit that a file exceeds and about which the profile says nothing.
pub fn unmeasured_limit<'a>(facts: &'a Facts, profile: &Profile) -> Option<&'a str> {
    let exceeded = facts.refusal.as_ref().filter(|refusal| refusal.kind == RefusalKind::ImplementationLimit)?;
    Some(exceeded.subject.as_str()).filter(|subject| !profile.limits.contains_key(*subject))
}

/// The proposals of a file about which the profile says nothing.
pub fn unmeasured_proposals<'a>(facts: &'a Facts, profile: &Profile) -> Vec<&'a str> {
    // No program needs more of `reference-types` than this part, which every runtime with that proposal has.
    let is_other = |name: &&str| *name != COMPONENTS && *name != "call-indirect-overlong";
    let names = facts.proposals.iter().map(String::as_str).filter(is_other);
    names.filter(|name| answer(name, facts, profile).is_none()).collect()
}

/// The proposals of a file that the runtime accepts and runs wrongly.
pub fn wrong_proposals<'a>(facts: &'a Facts, profile: &Profile) -> Vec<&'a str> {
    let names = facts.proposals.iter().map(String::as_str);
    names.filter(|name| profile.proposals.get(*name).is_some_and(is_wrong)).collect()
}

/// A file that the lab's reader refuses too: another format, or something beyond the agreed limits.
fn format(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    let refusal = facts.refusal.as_ref()?;
    let accepts = match refusal.kind {
        RefusalKind::FormatVersion | RefusalKind::AbandonedProposal => false,
        RefusalKind::ImplementationLimit => {
            profile.limits.get(&refusal.subject).is_none_or(|limit| limit.refused.is_none())
        }
    };
    let limit = profile.limits.get(&refusal.subject);
    let reported = limit.map(|limit| limit.message.clone()).filter(|message| !message.is_empty());
    let measured =
        limit.and_then(|limit| Some(format!("; it accepts {} and refuses {}", limit.accepted, limit.refused?)));
    let message = reported.unwrap_or_else(|| refusal.message.clone()) + &measured.unwrap_or_default();
    (!accepts).then(|| Obstacle::new(Cause::Rejected { message, offset: None }, &[]))
}

fn component(facts: &Facts, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    if facts.kind != BinaryKind::Component || is_supported(&profile.components, on) {
        return None;
    }
    let cause = profile.components.cause.clone();
    let cause =
        cause.unwrap_or_else(|| Cause::Rejected { message: "it does not accept components".to_owned(), offset: None });
    Some(Obstacle { stage: Stage::Compile, ..Obstacle::new(cause, &profile.components.switches) })
}

/// The names of the answers for parts of `threads` (a shared memory that the file imports; atomic instructions without a
/// shared memory) and of `function-references` (the type `(ref extern)`).
const IMPORTED_SHARED: &str = "imported-shared-memory";
const UNSHARED_ATOMICS: &str = "unshared-atomics";
const NON_NULL_EXTERNREF: &str = "non-null-externref";

/// The profile's answer for a proposal that a file needs. Older profiles have no answers for parts of proposals.
fn answer<'p>(name: &str, facts: &Facts, profile: &'p Profile) -> Option<&'p ProbeAnswer> {
    let part = match name {
        "threads" if facts.only_imports_shared_memory() => Some(IMPORTED_SHARED),
        "threads" if facts.shares_no_memory() => Some(UNSHARED_ATOMICS),
        "function-references" if facts.only_non_null_externref => Some(NON_NULL_EXTERNREF),
        _ => None,
    };
    part.and_then(|part| profile.proposals.get(part)).or_else(|| profile.proposals.get(name))
}

/// The proposals that a file needs, each with whether the runtime refuses its probe, in the judge's form.
pub fn probed<'a>(facts: &'a Facts, profile: &Profile) -> Vec<(&'a str, bool)> {
    let asked = |name: &str| match answer(name, facts, profile)?.support {
        Support::Yes => Some(false),
        Support::No => Some(!is_wrong(answer(name, facts, profile)?)),
        Support::Unchecked | Support::Unknown => None,
    };
    let core = facts.proposals.iter().filter(|name| *name != COMPONENTS);
    let mut probed: Vec<_> = core.filter_map(|name| Some((name.as_str(), asked(name)?))).collect();
    if facts.proposals.contains("reference-types") && probed.iter().all(|(_, refused)| !refused) {
        probed.extend(asked("externref").map(|refused| ("externref", refused)));
    }
    probed
}

/// The form of exceptions before the standard.
const OLD_EXCEPTIONS: &str = "legacy-exceptions";

/// Proposals in the order in which a reader meets them: types, tables, memories, tags, globals. All others show in code.
const ORDER: &[&str] = &[
    "gc",
    "function-references",
    "stack-switching",
    "externref",
    "threads",
    "memory64",
    "multi-memory",
    "custom-page-sizes",
    "exceptions",
    "mutable-global",
    "extended-const",
];

fn proposal(facts: &Facts, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    // Code with the old form of exceptions has tags too, which a runtime with that form has.
    let given = |name: &str| profile.proposals.get(name).is_some_and(|answer| is_supported(answer, on));
    let old_form = facts.proposals.contains(OLD_EXCEPTIONS) && !facts.mixes_exceptions && given(OLD_EXCEPTIONS);
    let is_asked = |name: &&str| *name != COMPONENTS && !(old_form && *name == "exceptions");
    let names = facts.proposals.iter().map(String::as_str).filter(is_asked);
    let part = facts.proposals.contains("reference-types") && uses_externref(facts);
    let lacking = names.chain(part.then_some("externref"));
    let mut lacking: Vec<(&str, &ProbeAnswer)> = lacking
        .filter_map(|name| Some((name, answer(name, facts, profile).filter(|answer| !is_supported(answer, on))?)))
        .collect();
    // Tags belong to `exceptions`, but the legacy form came with tags of its own.
    let is_legacy_alone = facts.proposals.contains("legacy-exceptions") && !facts.mixes_exceptions;
    if is_legacy_alone && !lacking.iter().any(|(name, _)| *name == "legacy-exceptions") {
        lacking.retain(|(name, _)| *name != "exceptions");
    }
    lacking.sort_by_key(|(name, _)| ORDER.iter().position(|first| first == name).unwrap_or(ORDER.len()));
    let (first, answer) = lacking.first()?;
    let message = match &answer.cause {
        Some(Cause::Rejected { message, .. } | Cause::CompileFailed { message }) => without_place(message).to_owned(),
        _ => format!("it refuses {first}"),
    };
    let switches: Vec<String> = lacking.iter().flat_map(|(_, answer)| answer.switches.clone()).collect();
    // A core module inside a component has offsets of its own, behind the component's header.
    Some(Obstacle::new(Cause::Rejected { message, offset: Some(u64::MAX) }, &switches))
}

/// A message without the place in the probe's module: `… @+25`, `… (at offset 0x1a)`.
fn without_place(message: &str) -> &str {
    let end = [" @+", " (at offset 0x"].iter().filter_map(|mark| message.rfind(mark)).min();
    end.map_or(message, |end| &message[..end])
}

/// A runtime with both forms of exceptions may refuse a module that uses both.
fn mixed_exceptions(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    let refuses = refused_probe(profile, "mixed-exceptions").filter(|_| facts.mixes_exceptions)?;
    matches!(refuses.cause, Cause::Rejected { .. } | Cause::CompileFailed { .. }).then_some(refuses)
}

/// Whether a type of an import or export shows that the module uses `externref`.
fn uses_externref(facts: &Facts) -> bool {
    let has = |ty: &str| ty.contains("externref") || ty.contains("(ref extern)");
    facts.imports.iter().any(|import| has(&import.ty)) || facts.exports.iter().any(|export| has(&export.ty))
}

/// An unusual module: it exports a function with the empty name and no `_start`.
const EMPTY_NAME: &str = "empty-name-start";

/// What a prediction depends on if the profile has no answer for it.
pub const UNMEASURED_START: &str = "the start of its export \"\"";

fn support(profile: &Profile, name: &str) -> Support {
    profile.unusual_modules.get(name).map_or(Support::Unknown, |answer| answer.support)
}

/// Whether the program relies on its function with the empty name, and the profile does not say whether (or, beside
/// `_start`, which) the runtime starts.
pub fn has_unmeasured_start(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> bool {
    let exports = |name: &str| facts.exports_function(name);
    let open = if exports("_start") { Support::Yes } else { Support::Unknown };
    is_program(planned) && exports("") && support(profile, EMPTY_NAME) == open
}

/// The obstacle of an unusual module that the runtime refuses.
fn refused_probe(profile: &Profile, name: &str) -> Option<Obstacle> {
    let answer = profile.unusual_modules.get(name).filter(|answer| answer.support == Support::No)?;
    let found = Obstacle::new(answer.cause.clone()?, &answer.switches);
    // A runtime that does not check imports looks for an export before it has linked anything.
    let is_early =
        profile.unknown_import.support == Support::Unchecked && matches!(found.cause, Cause::MissingExport { .. });
    Some(if is_early { Obstacle { stage: Stage::Link, ..found } } else { found })
}

/// The obstacle that keeps a file with all its imports from starting.
fn entry(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> Option<Obstacle> {
    let exports = |name: &str| facts.exports_function(name);
    let is_module = facts.kind == BinaryKind::Module;
    if is_module
        && facts.imports.iter().any(|import| import.module.is_empty())
        && let Some(obstacle) =
            refused_probe(profile, "empty-module-name").filter(|o| matches!(o.cause, Cause::Rejected { .. }))
    {
        return Some(obstacle);
    }
    // Programs of old Emscripten begin with `_main`, which only Emscripten's own host looks for.
    let is_old = facts.abis.iter().any(|found| found.abi == Abi::EmscriptenFastcomp);
    if is_old && imports::is_emscripten_host(profile) {
        return None;
    }
    if is_program(planned) && is_module {
        let starts_main = support(profile, "main-without-start") == Support::Yes;
        let starts_unnamed = support(profile, EMPTY_NAME) != Support::No;
        if !(exports("_start") || starts_main && exports("main") || starts_unnamed && exports("")) {
            let obstacle = refused_probe(profile, "no-start")?;
            // It looks for the entry point without linking: its imports may be missing too.
            let unchecked = profile.unknown_import.support == Support::Unchecked;
            let stage = if unchecked { Stage::Compile } else { obstacle.stage };
            return Some(Obstacle { stage, ..obstacle });
        }
        if exports("_initialize")
            && let Some(obstacle) = refused_probe(profile, "two-entry-points")
        {
            return Some(obstacle);
        }
    }
    if is_program(planned) && !is_module {
        let runs = facts.exports.iter().any(|export| export.name.starts_with("wasi:cli/run@"));
        let cause = profile.components.cause.clone().filter(|cause| matches!(cause, Cause::MissingExport { .. }));
        return cause.filter(|_| !runs).map(|cause| Obstacle::new(cause, &[]));
    }
    if planned.run.entry == EntryPointKind::Calls
        && let Some(call) = planned.run.call.iter().find(|call| !exports(&call.export))
    {
        return Some(Obstacle::new(Cause::MissingExport { name: call.export.clone() }, &[]));
    }
    // A server calls an interface, and only components export those.
    if is_module && planned.run.entry == EntryPointKind::Http {
        return Some(Obstacle::new(Cause::MissingExport { name: "wasi:http/incoming-handler".to_owned() }, &[]));
    }
    let has_memory =
        facts.exports.iter().any(|export| export.ty.starts_with("memory")) || imports::provides_memory(facts, profile);
    let uses_wasi = facts.imports.iter().any(|import| import.module.starts_with("wasi_"));
    if is_module && uses_wasi && !has_memory { refused_probe(profile, "no-memory") } else { None }
}
