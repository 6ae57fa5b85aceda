//! Probes give the same answers in a session, where one process runs them all, as in processes of their own. Columns that
//! are not installed are ignored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use libtest_mimic::Arguments;
use wasmlab_probe::{Probe, ProbeReply, ProbeTarget as _, catalogue, interfaces, proposals};
use wasmlab_runtimes::{HostLayer, Runtime, Source};
use xtask::cell::{Limits, Sessions};
use xtask::engines;
use xtask::lab::Lab;
use xtask::machine::Machine;
use xtask::matrix::ProbedColumn;
use xtask::store::cache::Cache;

#[path = "common/columns.rs"]
mod columns;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

fn main() {
    // Columns that transpile components do so in a session, even if each guest gets a process of its own.
    let has_sessions = |runtime: &&Runtime| runtime.has_sessions || runtime.host_layer == HostLayer::Jco;
    let trial = |runtime: &'static Runtime| match runtime.host_layer {
        HostLayer::Jco => columns::trial("components", runtime.id(), components),
        _ => columns::trial("modules", runtime.id(), modules),
    };
    let trials = wasmlab_runtimes::all().iter().filter(has_sessions).map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Refused modules, traps and guests that have left something behind come before others.
fn modules(id: &str) {
    let of_text = |name: &str, text: &str| Probe::from_text(name, text).unwrap();
    let probes = [
        of_text("returns", "(module (func (export \"_start\")))"),
        of_text("traps", "(module (func (export \"_start\") unreachable))"),
        of_text("import", "(module (import \"lab\" \"nothing\" (func)) (func (export \"_start\")))"),
        of_text("no-start", "(module (memory 1))"),
        proposals::probe("simd").unwrap().unwrap(),
        proposals::probe("stack-switching").unwrap().unwrap(),
        proposals::probe("gc").unwrap().unwrap(),
        of_text("returns-again", "(module (memory 2) (func (export \"_start\")))"),
    ];
    compare(id, &probes, probes.len());
}

fn components(id: &str) {
    let catalogue = catalogue::load().unwrap();
    let packages = catalogue.packages.iter().find(|of| of.specification == "WASI 0.2").unwrap();
    let newest = interfaces::versions(packages).pop().unwrap();
    let of_interfaces = interfaces::Interfaces::at(packages, &newest).unwrap();
    let of = |name: &str| of_interfaces.component(name, &[format!("wasi:cli/{name}@{newest}")]).unwrap();
    let mut probes = vec![of("environment"), of("stdout"), proposals::probe("component-model").unwrap().unwrap()];
    probes.push(of("environment"));
    let has_sessions = wasmlab_runtimes::find(id).unwrap().has_sessions;
    compare(id, &probes, if has_sessions { probes.len() } else { 0 });
}

/// Runs the probes in sessions, in which `in_session` of them must be conclusive, and each in its own process.
fn compare(id: &str, probes: &[Probe], in_session: usize) {
    let memory = tempfile::tempdir().unwrap();
    let lab =
        Lab::new(common::checkout::top(), Cache::new(common::cache()), Machine::new(memory.path().join("memory")));
    let runtime = wasmlab_runtimes::find(id).unwrap();
    if let (Source::Driver { driver, .. }, Err(None)) = (runtime.source, engines::find_tool(&lab, runtime)) {
        engines::build(&lab, driver, false, &|_, _, _| ()).unwrap();
    }
    let tool = engines::find_tool(&lab, runtime).unwrap();
    let mut column = ProbedColumn {
        lab: &lab,
        runtime,
        tool: &tool,
        limits: Limits { run_ms: 20_000, ..Limits::default() },
        fresh: true,
        any_module: true,
        sessions: Some(Sessions::default()),
        probes: 0,
    };
    let replies: Vec<Option<ProbeReply>> = probes.iter().map(|probe| column.probe(probe, &[])).collect();
    assert_eq!(column.sessions.as_ref().unwrap().conclusive(), in_session, "{replies:#?}");
    for (probe, reply) in probes.iter().zip(replies) {
        let own = column.probe(&Probe { own_process: true, ..probe.clone() }, &[]);
        assert_eq!(reply, own, "{}", probe.name);
        assert!(own.is_some_and(|own| own.cause.is_some()), "{}", probe.name);
    }
    assert_eq!(column.sessions.as_ref().unwrap().conclusive(), in_session);
}
