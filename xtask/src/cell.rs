//! One cell: its private directory, its specification, its process, what was observed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use wasmlab_protocol::{Event, PROTOCOL, Stage};

use crate::cache::Key;
use crate::lab::Lab;
use crate::script;
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Limit, Observation, Outcome, Part, Piece, Script};
use wasmlab_model::scenario::Scenario;
use wasmlab_process::{self as process, End, Ended, Input};
use wasmlab_runtimes::{CellFiles, Runtime, Tool};

pub mod dirs;
mod folder;
mod follow;
mod place;
mod ports;
mod prepare;
mod repro;
mod request;
mod serve;
mod stages;
mod trap_door;

use place::Place;
pub use repro::{Reproduction, reproduce};
use stages::Stages;

/// What is to be run on what.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The column.
    pub runtime: &'a Runtime,
    /// Its program.
    pub tool: &'a Tool,
    /// SHA-256 of the guest, an object of the cache.
    pub guest: &'a str,
    /// What reading it told, where it is a module or a component.
    pub facts: Option<&'a Facts>,
    /// What it needs beside it, by name.
    pub companions: &'a BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
}

/// Limits of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Reading, validating, compiling and linking, milliseconds.
    pub compile_ms: u64,
    /// Instantiating and running, milliseconds; a scenario's `timeout_ms` goes before.
    pub run_ms: u64,
    /// stdout and stderr together, bytes.
    pub output: u64,
    /// Resident size of the runtime's process with its descendants, bytes.
    pub resident: u64,
    /// Each linear memory, bytes.
    pub linear_memory: u64,
    /// The largest file the guest may write, bytes.
    pub file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compile_ms: 120_000,
            run_ms: 10_000,
            output: 4 << 20,
            resident: 2 << 30,
            linear_memory: 1 << 30,
            file: 256 << 20,
        }
    }
}

impl Plan<'_> {
    /// Everything that the observation depends on; `None` where it depends on more than can be named.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let run = &self.scenario.spec.run;
        // The contents of a user's own directory are not in the key.
        if run.dir.iter().any(|d| d.host.is_some()) {
            return None;
        }
        let column = (self.runtime.id(), self.runtime.mode(), &self.tool.fingerprint);
        let program = format!("{}.wasm", self.scenario.name);
        let copied = dirs::copied_hashes(self.scenario).ok()?;
        Some(Key::of(
            "observation",
            &(
                PROTOCOL,
                (self.guest, self.companions),
                (column, repro::shape(self)),
                program,
                (run, copied, &self.scenario.spec.expect.file),
                &self.scenario.spec.step,
                self.limits,
            ),
        ))
    }

    fn run_limit(&self) -> Duration {
        Duration::from_millis(self.scenario.spec.run.timeout_ms.unwrap_or(self.limits.run_ms))
    }
}

/// Takes a process's command before it starts (`None` for the bytes), then what it prints, as it comes.
pub type Listen<'a> = &'a (dyn Fn(Heard) + Sync);

/// What a [`Listen`] is told.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// A process is about to be started.
    Starting(Part, &'a process::Command),
    /// It printed this.
    Printed(process::Stream, &'a [u8]),
}

/// Runs the cell and says what happened.
///
/// # Errors
/// When the lab itself fails: the temporary folder cannot be written, no port is free.
pub fn observe(lab: &Lab, plan: &Plan) -> io::Result<Observation> {
    observe_aloud(lab, plan, None, false)
}

/// As [`observe`], and tells of each process as it goes; `stays` leaves the cell's folder behind.
///
/// # Errors
/// As [`observe`].
pub fn observe_aloud(lab: &Lab, plan: &Plan, listen: Option<Listen>, stays: bool) -> io::Result<Observation> {
    let began = SystemTime::now();
    let mut place = Place::make(lab, plan)?;
    if stays {
        place.stays();
    }
    let (spec, cell, prepared) = (place.spec.clone(), place.cell.clone(), place.prepared());
    let files = CellFiles {
        spec: &spec,
        module: &cell.module,
        cell: &cell,
        facts: plan.facts,
        independent_calls: plan.scenario.spec.run.independent_calls,
        prepared: &prepared,
    };
    if let Some(cause) = (plan.runtime.refuses)(&files) {
        let argv = (plan.runtime.commands)(plan.tool, &files).into_iter().next().unwrap_or_default();
        let events = vec![Event::End { cause, micros: 0 }];
        return Ok(Observation { events, outcome: Outcome::Exited(0), argv: shown(&argv), ..Observation::nothing() });
    }
    for (name, text) in (plan.runtime.extra_files)(&files) {
        fs::write(spec.with_file_name(name), text)?;
    }
    let mut pieces = Vec::new();
    if let Some(made) = prepare::translate(plan, &place, &files, listen)? {
        let done = made.outcome == Outcome::Exited(0);
        pieces.push(made);
        if !done {
            return Ok(together(pieces, &place));
        }
    }
    for argv in (plan.runtime.commands)(plan.tool, &files) {
        let piece = guest(plan, &mut place, &argv, listen);
        let done = piece.outcome == Outcome::Exited(0);
        pieces.push(piece);
        if !done {
            break;
        }
    }
    let files = dirs::found(plan.scenario, &place.cell.dirs, began);
    Ok(Observation { files, ..together(pieces, &place) })
}

/// One process that runs the guest.
fn guest(plan: &Plan, place: &mut Place, argv: &[OsString], listen: Option<Listen>) -> Ran {
    let scripted = !plan.scenario.spec.step.is_empty();
    let stdin = if scripted { Input::Piped } else { Input::Bytes(plan.scenario.spec.run.stdin.clone().into_bytes()) };
    // The watcher keeps the stages' limits; this is for the time that they leave.
    let wall = Duration::from_millis(plan.limits.compile_ms) + plan.run_limit() + Duration::from_secs(5);
    let command = place.process(plan, argv, stdin, wall);
    let mut watched = Stages::new(place.events.clone());
    let (compile, run) = (Duration::from_millis(plan.limits.compile_ms), plan.run_limit());
    let watch = Box::new(move |age: Duration| watched.over(age, compile, run));
    let ports = place.by_name();
    let mut command = command;
    if plan.runtime.opens_sockets {
        place.sockets.clear();
        command.inherit.clear();
    }
    let steps = scripted.then_some(plan.scenario.spec.step.as_slice());
    let mut script = None;
    let numbers = place.ports.clone();
    let laid = dirs::Laid { scenario: plan.scenario, ports: &numbers };
    let ended = follow::run(&command, Part::Guest, Some(watch), listen, |running| {
        // The guest's process has its own copies: with these closed, a dead guest's port refuses at once.
        place.sockets.clear();
        script = steps.map(|steps| script::play(steps, running, &ports, laid, run));
    });
    let mut ran = Ran::of(Part::Guest, argv, ended, |end| outcome(end, &stages::read(&place.events), plan));
    ran.script = script;
    ran
}

/// A process that has ended, or was never started.
struct Ran {
    part: Part,
    argv: Vec<String>,
    outcome: Outcome,
    ended: Option<Ended>,
    script: Option<Script>,
}

impl Ran {
    fn of(part: Part, argv: &[OsString], ended: io::Result<Ended>, outcome: impl FnOnce(&End) -> Outcome) -> Self {
        let outcome = match &ended {
            Ok(ended) => outcome(&ended.end),
            Err(error) => Outcome::NotStarted(error.to_string()),
        };
        Self { part, argv: shown(argv), outcome, ended: ended.ok(), script: None }
    }
}

/// The observation: the last process's, with those before it.
fn together(ran: Vec<Ran>, place: &Place) -> Observation {
    let (events, requests) = (stages::read(&place.events), place.servers.asked());
    let mut whole = Observation { events, requests, ..Observation::nothing() };
    let last = ran.len().saturating_sub(1);
    for (index, ran) in ran.into_iter().enumerate() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr, wall) = match &ran.ended {
            Some(ended) => (text(&ended.stdout), text(&ended.stderr), micros(ended.wall)),
            None => (String::new(), String::new(), 0),
        };
        if let Some(ended) = &ran.ended {
            whole.wall_micros += wall;
            whole.cpu_micros += micros(ended.cpu);
            whole.peak_rss_bytes = whole.peak_rss_bytes.max(ended.peak_rss);
        }
        whole.escapes.extend(place.door.escapes(&format!("{stdout}\n{stderr}")));
        let Ran { part, argv, outcome, script, .. } = ran;
        if index < last {
            whole.earlier.push(Piece { part, argv, outcome, stdout, stderr, wall_micros: wall });
        } else {
            whole = Observation { part, argv, outcome, stdout, stderr, script, ..whole };
        }
    }
    whole.escapes.dedup();
    whole
}

fn shown(argv: &[OsString]) -> Vec<String> {
    argv.iter().map(|a| a.to_string_lossy().into_owned()).collect()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn outcome(end: &End, events: &[Event], plan: &Plan) -> Outcome {
    match end {
        End::Exited(code) => Outcome::Exited(*code),
        End::Signaled(signal) => Outcome::Signaled(*signal),
        End::Output => Outcome::Limit(Limit::Output(plan.limits.output)),
        End::Memory => Outcome::Limit(Limit::Memory(plan.limits.resident)),
        End::Stopped => Outcome::Stopped,
        End::Interrupted => Outcome::Interrupted,
        End::Time | End::Watch => {
            let ran = events.iter().any(|e| matches!(e, Event::Stage { stage, .. } if *stage >= Stage::Instantiate));
            let silent = events.is_empty();
            let limit = if ran || silent {
                Limit::Time(micros(plan.run_limit()) / 1000)
            } else {
                Limit::CompileTime(plan.limits.compile_ms)
            };
            Outcome::Limit(limit)
        }
    }
}
