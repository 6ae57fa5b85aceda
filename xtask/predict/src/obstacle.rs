//! The first thing at which a runtime refuses a file, as its profile says.

use wasmlab_judge::limits::is_of_lab;
use wasmlab_model::facts::{Abi, BinaryKind, Facts, MEMORY_PAGES, RejectionKind, TABLE_ELEMENTS};
use wasmlab_model::profile::{MeasuredLimit, ProbeAnswer, Profile, Support};
use wasmlab_model::proposals::{COMPONENT_MODEL, EXCEPTIONS, EXTERNREF, LEGACY_EXCEPTIONS, containing_proposal};
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, Stage};

use crate::unusual_modules::{self, EMPTY_NAME, refused_probe, support};
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

/// The first obstacle on a runtime that has these switches on.
pub fn first(planned: &PlannedRun, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    let facts = match planned.facts {
        Ok(facts) => facts,
        Err(message) => return Some(Obstacle::new(Cause::Rejected { message: message.to_owned(), offset: None }, &[])),
    };
    if let Some(refused) = format(facts, profile) {
        return Some(refused);
    }
    if facts.is_unread() {
        return component(facts, profile, on);
    }
    let read =
        component(facts, profile, on).or_else(|| proposal(facts, profile, on)).or_else(|| limit(facts, profile, on));
    // Nobody asked whether the runtime has this limit, which it meets before anything else.
    if read.is_none() && facts.exceeded_limit().is_some_and(|subject| !profile.limits.contains_key(subject)) {
        return None;
    }
    read.or_else(|| unusual_modules::empty_module_name(facts, profile))
        .or_else(|| unusual_modules::mixed_exceptions(facts, profile))
        .or_else(|| if planned.glue { None } else { imports::missing(facts, planned, profile, on) })
        .or_else(|| unusual_modules::segment(facts, profile))
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

/// The limits that a file may exceed, about which the profile says nothing.
pub fn unmeasured_limits<'a>(facts: &'a Facts, profile: &Profile) -> Vec<&'a str> {
    let is_open = |name: &str, number: u64| {
        profile.limits.get(name).is_none_or(|limit| {
            let is_below = |refused| number < refused || is_of_lab(name, limit);
            number > limit.accepted && limit.refused.is_none_or(is_below)
        })
    };
    let counted = facts.limited_counts.iter().filter(|(name, number)| is_open(name, **number));
    let mut open: Vec<&str> = counted.map(|(name, _)| name.as_str()).collect();
    // A file that the lab could not read may exceed another limit too.
    let refused = facts.exceeded_limit().filter(|subject| facts.is_unread() || !profile.limits.contains_key(*subject));
    open.extend(refused.filter(|subject| !open.contains(subject)));
    open
}

/// A limit that the file exceeds, with the runtime's message.
fn limit(facts: &Facts, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    let exceeded = facts.limited_counts.iter().find_map(|(name, number)| {
        let limit = profile.limits.get(name)?;
        let is_raised = raises(limit, *number) && limit.switches.iter().all(|switch| on.contains(switch));
        let is_refused = |refused: u64| *number >= refused && !is_of_lab(name, limit) && !is_raised;
        limit.refused.filter(|refused| is_refused(*refused)).map(|_| (name, number, limit))
    });
    let (name, number, limit) = exceeded?;
    let message =
        if limit.message.is_empty() { format!("{number} {name} are too many") } else { limit.message.clone() };
    let of_size = name == MEMORY_PAGES || name == TABLE_ELEMENTS;
    let cause = if of_size { Cause::ResourceLimit { message } } else { Cause::Rejected { message, offset: None } };
    let switches = if raises(limit, *number) { limit.switches.as_slice() } else { &[] };
    Some(Obstacle::new(cause, switches))
}

/// Whether the runtime accepts this number with its switches for more stack.
fn raises(limit: &MeasuredLimit, number: u64) -> bool {
    !limit.switches.is_empty() && number <= limit.accepted_with_switches
}

/// Proposals of which the file has only declarations, and whose instructions the runtime refuses; it may still accept
/// the declarations.
pub fn unmeasured_declarations<'a>(facts: &'a Facts, profile: &Profile, on: &[String]) -> Vec<&'a str> {
    let is_refused = |name: &&str| {
        profile.proposals.get(*name).is_some_and(|answer| !is_supported(answer, on)) && is_only_declared(name, facts)
    };
    facts.declared_only.iter().map(String::as_str).filter(is_refused).collect()
}

/// Whether the probe of a proposal asks for more than what the file has of it. The type `(ref extern)` has its own probe.
fn is_only_declared(name: &str, facts: &Facts) -> bool {
    // The legacy form of exceptions came with tags of its own.
    let is_asked_otherwise = match name {
        EXCEPTIONS => facts.proposals.contains(LEGACY_EXCEPTIONS),
        "function-references" => facts.only_non_null_externref,
        _ => false,
    };
    facts.declared_only.contains(name) && !is_asked_otherwise
}

/// The proposals of a file about which the profile says nothing.
pub fn unmeasured_proposals<'a>(facts: &'a Facts, profile: &Profile, on: &[String]) -> Vec<&'a str> {
    let is_other = |name: &&str| *name != COMPONENT_MODEL;
    let names = facts.proposals.iter().map(String::as_str).filter(is_other);
    // An unknown answer with a cause: the probe ran, and its result was inconclusive. Without a cause: the probe could
    // not run.
    let says_something = |of: &ProbeAnswer| of.support != Support::Unknown || of.cause.is_none();
    let is_measured = |name: &str| answer(name, facts, profile).is_some_and(says_something);
    // A runtime that has a whole proposal has each part of it.
    let is_part_of_given = |name: &str| {
        let whole = containing_proposal(name).and_then(|whole| profile.proposals.get(whole));
        whole.is_some_and(|whole| is_supported(whole, on))
    };
    names.filter(|name| !is_measured(name) && !is_part_of_given(name)).collect()
}

/// The proposals of a file that the runtime accepts and runs wrongly.
pub fn wrong_proposals<'a>(facts: &'a Facts, profile: &Profile) -> Vec<&'a str> {
    let names = facts.proposals.iter().map(String::as_str);
    names.filter(|name| profile.proposals.get(*name).is_some_and(is_wrong)).collect()
}

/// A file that the lab's reader refuses too: another format, or something beyond the agreed limits.
fn format(facts: &Facts, profile: &Profile) -> Option<Obstacle> {
    let rejection = facts.rejection.as_ref()?;
    let accepts = match rejection.kind {
        RejectionKind::FormatVersion | RejectionKind::AbandonedProposal => false,
        RejectionKind::ImplementationLimit => {
            let number = facts.limited_counts.get(&rejection.subject);
            let is_below = |refused: u64| number.is_some_and(|number| *number < refused);
            profile.limits.get(&rejection.subject).is_none_or(|limit| limit.refused.is_none_or(is_below))
        }
    };
    let limit = profile.limits.get(&rejection.subject);
    let reported = limit.map(|limit| limit.message.clone()).filter(|message| !message.is_empty());
    let measured =
        limit.and_then(|limit| Some(format!("; it accepts {} and refuses {}", limit.accepted, limit.refused?)));
    let message = reported.unwrap_or_else(|| rejection.message.clone()) + &measured.unwrap_or_default();
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

/// The profile's answer for a proposal that a file needs. Older profiles have no answers for parts of proposals.
fn answer<'p>(name: &str, facts: &Facts, profile: &'p Profile) -> Option<&'p ProbeAnswer> {
    profile.proposals.get(facts.measured_name(name)).or_else(|| profile.proposals.get(name))
}

/// The proposals that a file needs, each with whether the runtime refuses its probe, in the judge's form.
pub fn probed<'a>(facts: &'a Facts, profile: &Profile) -> Vec<(&'a str, bool)> {
    let asked = |name: &str| match answer(name, facts, profile)?.support {
        Support::Yes => Some(false),
        Support::No => Some(!is_wrong(answer(name, facts, profile)?)),
        Support::Unchecked | Support::Unknown => None,
    };
    let core = facts.proposals.iter().filter(|name| *name != COMPONENT_MODEL);
    let mut probed: Vec<_> = core.filter_map(|name| Some((name.as_str(), asked(name)?))).collect();
    if facts.proposals.contains("reference-types") && probed.iter().all(|(_, refused)| !refused) {
        probed.extend(asked(EXTERNREF).map(|refused| (EXTERNREF, refused)));
    }
    probed
}

/// Proposals in the order in which a reader meets them: types, tables, memories, tags, globals. All others show in code.
const ORDER: &[&str] = &[
    "gc",
    "function-references",
    "stack-switching",
    EXTERNREF,
    "threads",
    "memory64",
    "multi-memory",
    "custom-page-sizes",
    EXCEPTIONS,
    "mutable-global",
    "extended-const",
];

fn proposal(facts: &Facts, profile: &Profile, on: &[String]) -> Option<Obstacle> {
    let is_asked = |name: &&str| *name != COMPONENT_MODEL && !is_only_declared(name, facts);
    let names = facts.proposals.iter().map(String::as_str).filter(is_asked);
    let part = facts.proposals.contains("reference-types") && uses_externref(facts);
    let lacking = names.chain(part.then_some(EXTERNREF));
    let mut lacking: Vec<(&str, &ProbeAnswer)> = lacking
        .filter_map(|name| Some((name, answer(name, facts, profile).filter(|answer| !is_supported(answer, on))?)))
        .collect();
    // Tags belong to `exceptions`, but the legacy form came with tags of its own.
    if facts.has_only_legacy_exceptions() && !lacking.iter().any(|(name, _)| *name == LEGACY_EXCEPTIONS) {
        lacking.retain(|(name, _)| *name != EXCEPTIONS);
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

/// Whether a type of an import or export shows that the module uses `externref`.
fn uses_externref(facts: &Facts) -> bool {
    let has = |ty: &str| ty.contains("externref") || ty.contains("(ref extern)");
    facts.imports.iter().any(|import| has(&import.ty)) || facts.exports.iter().any(|export| has(&export.ty))
}

/// Whether the file is a component to run as a program, on a runtime that accepts components only with a switch. The
/// component probe has no entry point, so running one was not measured.
pub fn has_unmeasured_program(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> bool {
    let of = &profile.components;
    facts.kind == BinaryKind::Component && is_program(planned) && of.support == Support::No && !of.switches.is_empty()
}

/// The obstacle that keeps a file with all its imports from starting.
fn entry(facts: &Facts, planned: &PlannedRun, profile: &Profile) -> Option<Obstacle> {
    let exports = |name: &str| facts.exports_function(name);
    let is_module = facts.kind == BinaryKind::Module;
    // Programs of old Emscripten begin with `_main`, which only Emscripten's own host looks for.
    let is_old = facts.abis.iter().any(|found| found.abi == Abi::EmscriptenFastcomp);
    if is_old && imports::is_emscripten_host(profile) {
        return None;
    }
    if is_program(planned) && is_module {
        let starts_main = support(profile, "main-without-start") == Support::Yes;
        let starts_empty_name = support(profile, EMPTY_NAME) != Support::No;
        if !(exports("_start") || starts_main && exports("main") || starts_empty_name && exports("")) {
            let obstacle = refused_probe(profile, "no-start")?;
            // It looks for the entry point without linking: its imports may be missing too.
            let unchecked = profile.unknown_import.support == Support::Unchecked;
            let stage = if unchecked { Stage::Compile } else { obstacle.stage };
            return Some(Obstacle { stage, ..obstacle });
        }
        if let Some(obstacle) = unusual_modules::start_parameters(facts, planned, profile) {
            return Some(obstacle);
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
    if let Some(obstacle) = unusual_modules::vector_call(facts, planned, profile) {
        return Some(obstacle);
    }
    if is_module { unusual_modules::no_memory(facts, profile) } else { None }
}
