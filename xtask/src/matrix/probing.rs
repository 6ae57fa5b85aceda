//! Runs the small modules of `wasmlab-probe`, each as a cell like any other: the same commands, sandbox and cache.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cell::{self, CellPlan, Limits, Sessions};
use crate::lab::Lab;
use crate::matrix::cache_policy;
use crate::store::profiles::{self, ProfileParts};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Abi, Facts};
use wasmlab_model::observation::{Limit, Observation, Outcome};
use wasmlab_model::proposals::{COMPONENT_MODEL, EXTERNREF};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::Scenario;
use wasmlab_probe::proposals;
use wasmlab_probe::{Probe, ProbeReply, ProbeTarget, link};
use wasmlab_process as process;
use wasmlab_protocol::Cause;
use wasmlab_runtimes::{HostLayer, MissingFeature, Runtime, Tool};

/// A column to probe.
pub struct ProbedColumn<'a> {
    /// The lab.
    pub lab: &'a Lab,
    /// The column.
    pub runtime: &'a Runtime,
    /// Its program.
    pub tool: &'a Tool,
    /// Limits of each probe.
    pub limits: Limits,
    /// Ignore what was measured before.
    pub fresh: bool,
    /// Also run probes that its host layer is not meant for: they show what the engine below it provides.
    pub any_module: bool,
    /// Processes that run several probes; `None` if only a few are to be run, which need not start them.
    pub sessions: Option<Sessions>,
    /// How many probes were run or recalled.
    pub probes: u32,
}

impl<'a> ProbedColumn<'a> {
    fn of(lab: &'a Lab, plan: &CellPlan<'a>) -> Self {
        Self {
            lab,
            runtime: plan.runtime,
            tool: plan.tool,
            limits: plan.limits,
            fresh: false,
            any_module: false,
            sessions: None,
            probes: 0,
        }
    }
}

impl ProbeTarget for ProbedColumn<'_> {
    fn probe(&mut self, probe: &Probe, switches: &[String]) -> Option<ProbeReply> {
        if process::cancelled() {
            return None;
        }
        let facts = wasmlab_inspect::facts(&probe.module).ok().filter(|facts| !facts.is_unread());
        let guest = self.lab.cache.put_object(&probe.module).ok()?;
        let scenario = scenario(probe)?;
        let plan = CellPlan {
            scenario: &scenario,
            runtime: self.runtime,
            tool: self.tool,
            guest: &guest,
            facts: facts.as_ref(),
            companions: &BTreeMap::new(),
            limits: self.limits,
            switches,
        };
        let layer = self.runtime.host_layer;
        let is_applicable = self.runtime.is_applicable(&scenario.spec, facts.as_ref()).is_ok();
        // jco runs nothing but components.
        let is_run = is_applicable || self.any_module && !matches!(layer, HostLayer::None | HostLayer::Jco);
        if !is_run || plan.not_attempted().is_some() {
            return None;
        }
        self.probes += 1;
        let key = plan.key();
        let observation = match key.as_ref().filter(|_| !self.fresh).and_then(|key| cache_policy::recall(self.lab, key))
        {
            Some(known) if !(is_out_of_time(&known) && scenario.spec.run.timeout_ms.is_none()) => known,
            _ => {
                let observe = |plan: &CellPlan| cell::observe(self.lab, plan, None, cell::Retention::default()).ok();
                let sessions = self.sessions.as_mut().filter(|_| probe.run.is_empty() && !probe.own_process);
                let seen = sessions.and_then(|sessions| sessions.observe(self.lab, &plan));
                let mut seen = seen.or_else(|| observe(&plan))?;
                // A timeout on a busy machine is no evidence about the runtime. A probe that runs forever sets its own
                // limit.
                if is_out_of_time(&seen) && scenario.spec.run.timeout_ms.is_none() {
                    let limits = Limits { run_ms: PATIENT_MS, ..self.limits };
                    seen = observe(&CellPlan { limits, ..plan })?;
                }
                if let Some(key) = &key {
                    cache_policy::store(self.lab, key, &seen, None, |_, _| false);
                }
                seen
            }
        };
        let progress = plan.progress(&observation);
        let stopped = match &observation.outcome {
            Outcome::Limit(limit) => Some(format!("stopped at the lab's limit: {limit:?}")),
            Outcome::Signaled(signal) => Some(format!("killed by signal {signal}")),
            _ => None,
        };
        let stdout = progress.stdout.unwrap_or_else(|| observation.stdout.clone());
        Some(ProbeReply {
            cause: progress.cause,
            unchecked_imports: progress.unchecked_imports,
            stdout,
            stopped,
            at_lab_limit: matches!(observation.outcome, Outcome::Limit(_)),
        })
    }

    fn switches(&self, missing: MissingFeature) -> Vec<String> {
        (self.runtime.switches)(self.tool, missing)
    }
}

/// Time limit of a probe's second run, milliseconds.
const PATIENT_MS: u64 = 60_000;

fn is_out_of_time(seen: &Observation) -> bool {
    matches!(seen.outcome, Outcome::Limit(Limit::Time(_) | Limit::CompileTime(_) | Limit::CompileOrRun { .. }))
}

/// The probe as a scenario.
fn scenario(probe: &Probe) -> Option<Scenario> {
    let text = format!(
        "schema = 1\ntitle = \"A probe of the lab\"\nfamily = \"probe\"\nroute = \"wat\"\n\
         [build]\ntoolchain = \"wat\"\nsource = \"probe.wat\"\n{}",
        probe.run
    );
    let spec = crate::scenario::parse(&text).ok()?;
    Some(Scenario { name: format!("probe-{}", probe.name), dir: PathBuf::new(), spec })
}

/// The proposals in `facts` that have a probe, each with whether the runtime refuses the probe with its defaults.
/// Probes that the lab fails to run are left out. If the runtime accepts all of them, including reference-types,
/// `externref` is probed as well.
pub fn refused<'a>(lab: &Lab, plan: &CellPlan, facts: &'a Facts) -> Vec<(&'a str, bool)> {
    let mut column = ProbedColumn::of(lab, plan);
    let mut refuses = |proposal: &str| {
        let probe = proposals::probe(facts.measured_name(proposal)).ok()??;
        proposals::is_refused(&column.probe(&probe, &[])?)
    };
    let core = facts.proposals.iter().filter(|name| *name != COMPONENT_MODEL && *name != "cm-async");
    let mut probed: Vec<_> = core.filter_map(|name| Some((name.as_str(), refuses(name)?))).collect();
    if facts.proposals.contains("reference-types") && probed.iter().all(|(_, refused)| !refused) {
        probed.extend(refuses(EXTERNREF).map(|refused| (EXTERNREF, refused)));
    }
    probed
}

/// ABIs that a runtime without WASI cannot host.
const WASI: &[Abi] = &[Abi::Wasi01, Abi::WasiUnstable, Abi::Wasix, Abi::WasiThreads];
/// The import modules of WASI's snapshots; a runtime with WASI has at least one.
const SNAPSHOTS: &[&str] = &["wasi_snapshot_preview1", "wasi_unstable"];

/// `WASI` if the cell is a gap for a missing import, the guest uses WASI, and the runtime has none of its snapshots.
/// Probes import only `proc_exit`, which every WASI host defines; if one gets no answer, the column's profile decides.
/// That distinguishes a runtime without WASI from one that lacks a single function or an older snapshot.
pub fn lacking_abi(lab: &Lab, plan: &CellPlan, cell: &Cell) -> Option<String> {
    let is_import = matches!(
        cell.code,
        Some(
            Code::MissingImport
                | Code::CustomHost
                | Code::NeedsJsGlue
                | Code::NeedsEmscriptenHost
                | Code::NeedsNapiHost
                | Code::UnresolvedSymbol
        )
    );
    let facts = plan.facts.filter(|_| is_import)?;
    let uses_wasi = facts.abis.iter().any(|found| WASI.contains(&found.abi));
    if !uses_wasi {
        return None;
    }
    let mut column = ProbedColumn::of(lab, plan);
    let mut lacks = |snapshot: &str| {
        let probe = link::module("link-wasi", snapshot, &[("proc_exit", "(i32) -> ()")]).ok()?;
        is_missing(&column.probe(&probe, &[])?)
    };
    let known: Vec<Option<bool>> = SNAPSHOTS.iter().map(|snapshot| lacks(snapshot)).collect();
    let lacks_all = if known.contains(&Some(false)) {
        false
    } else if known.contains(&None) {
        // A browser on a busy machine may answer nothing; what was measured before still holds.
        lacks_by_profile(lab, plan)
    } else {
        true
    };
    lacks_all.then(|| "WASI".to_owned())
}

/// Whether the import of a probe is missing; `None` if the lab's limits or a signal ended the probe before an answer.
fn is_missing(reply: &ProbeReply) -> Option<bool> {
    let is_missing = matches!(reply.cause, Some(Cause::MissingImport { .. }));
    if is_missing || reply.stopped.is_none() { Some(is_missing) } else { None }
}

/// Whether the profile of this column says that it defines no function of WASI.
fn lacks_by_profile(lab: &Lab, plan: &CellPlan) -> bool {
    let profiles =
        profiles::read_matching(lab, &|column| column == plan.runtime.id(), ProfileParts::All).unwrap_or_default();
    let defines = |snapshot: &&str| {
        profiles.iter().any(|profile| profile.imports.get(*snapshot).is_some_and(|of| !of.defined.is_empty()))
    };
    !profiles.is_empty() && !SNAPSHOTS.iter().any(defines)
}

#[cfg(test)]
mod tests {
    use super::{ProbeReply, is_missing};
    use wasmlab_protocol::Cause;

    #[test]
    fn a_probe_that_was_stopped_says_nothing() {
        let missing =
            Cause::MissingImport { module: "m".to_owned(), name: "f".to_owned(), ty: String::new(), missing_count: 1 };
        let check = |cause: Option<Cause>, stopped: Option<&str>, expected: Option<bool>| {
            let reply = ProbeReply { cause, stopped: stopped.map(str::to_owned), ..ProbeReply::default() };
            assert_eq!(is_missing(&reply), expected);
        };
        check(Some(missing.clone()), None, Some(true));
        check(Some(missing), Some("at the limit"), Some(true));
        check(Some(Cause::Returned), None, Some(false));
        check(None, None, Some(false));
        check(None, Some("at the limit"), None);
    }
}
