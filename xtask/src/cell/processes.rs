//! Runs the processes of a cell: an ahead-of-time compiler if the runtime needs one, then those that run the guest, in
//! order, as long as each exits with 0.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wasmlab_model::observation::{ClientProgress, Limit, Outcome, ProcessRole};
use wasmlab_process::{CompletedProcess, DiskUsage, ExitReason, Input};
use wasmlab_protocol::{Event, Stage};
use wasmlab_runtimes::SocketPassing;

use super::client;
use super::disk_limit::{self, DiskWatch};
use super::disk_space;
use super::plan::{CellCommands, CellPlan};
use super::precompiled;
use super::preopens::Contents;
use super::process_events::{self, OutputSink};
use super::stage_limits::StageLimits;
use super::workdir::Workdir;
use crate::lab::Lab;

/// A process that has ended, or was never started.
pub struct ProcessResult {
    /// Its purpose.
    pub role: ProcessRole,
    /// The command line, program first.
    pub argv: Vec<String>,
    /// Why it ended.
    pub outcome: Outcome,
    /// The supervisor's record; `None` if it could not be started.
    pub completed: Option<CompletedProcess>,
    /// How far the client got.
    pub client_progress: Option<ClientProgress>,
}

impl ProcessResult {
    fn of(
        role: ProcessRole,
        argv: &[OsString],
        completed: io::Result<CompletedProcess>,
        outcome: impl FnOnce(&ExitReason) -> Outcome,
    ) -> Self {
        let outcome = match &completed {
            Ok(completed) => outcome(&completed.exit_reason),
            Err(error) => Outcome::NotStarted(error.to_string()),
        };
        Self { role, argv: to_text(argv), outcome, completed: completed.ok(), client_progress: None }
    }

    fn succeeded(&self) -> bool {
        self.outcome == Outcome::Exited(0)
    }
}

/// The command line as reported.
pub fn to_text(argv: &[OsString]) -> Vec<String> {
    argv.iter().map(|a| a.to_string_lossy().into_owned()).collect()
}

/// Runs the processes, at least one.
///
/// # Errors
/// If a file of the cell cannot be written.
pub fn run(
    lab: &Lab,
    plan: &CellPlan,
    workdir: &mut Workdir,
    commands: &CellCommands,
    sink: Option<OutputSink>,
) -> io::Result<Vec<ProcessResult>> {
    for (name, text) in &commands.files {
        fs::write(workdir.paths.spec.with_file_name(name), text)?;
    }
    let mut results = Vec::new();
    if let Some(argv) = &commands.precompile
        && !precompiled::is_intact(lab, plan, &workdir.paths.precompiled)
    {
        results.push(precompile(lab, plan, workdir, argv, sink)?);
    }
    let silent = plan.runtime.compiles_silently && commands.precompile.is_none();
    for argv in &commands.run {
        if results.last().is_some_and(|last: &ProcessResult| !last.succeeded()) {
            break;
        }
        results.push(run_guest(plan, workdir, argv, silent, sink)?);
    }
    Ok(results)
}

/// Compiles the module ahead of time.
fn precompile(
    lab: &Lab,
    plan: &CellPlan,
    workdir: &Workdir,
    argv: &[OsString],
    sink: Option<OutputSink>,
) -> io::Result<ProcessResult> {
    let (prepared, preparing) = (&workdir.paths.precompiled, &workdir.paths.precompiling);
    fs::create_dir_all(preparing)?;
    let limit = Duration::from_millis(plan.limits.compile_ms);
    let command = workdir.process(plan, ProcessRole::Precompile, argv, Input::Bytes(Vec::new()), limit);
    let completed = process_events::run(&command, ProcessRole::Precompile, None, sink, |_| ());
    let result = ProcessResult::of(ProcessRole::Precompile, argv, completed, |end| match end {
        ExitReason::TimeLimit | ExitReason::WatchLimit => Outcome::Limit(Limit::CompileTime(plan.limits.compile_ms)),
        end => outcome(end, &[], plan, false),
    });
    if result.succeeded() {
        precompiled::keep(lab, plan, preparing, prepared)?;
    } else {
        // A leftover folder only costs disk space.
        let _ = fs::remove_dir_all(preparing);
    }
    Ok(result)
}

/// Runs the guest, with the client steps if there are any. `silent`: the process also compiles the module and does not
/// report when it has finished.
fn run_guest(
    plan: &CellPlan,
    workdir: &mut Workdir,
    argv: &[OsString],
    silent: bool,
    sink: Option<OutputSink>,
) -> io::Result<ProcessResult> {
    let steps = plan.scenario.spec.step.as_slice();
    let stdin = match steps {
        [] => Input::Bytes(plan.scenario.spec.run.stdin.clone().into_bytes()),
        _ => Input::Piped,
    };
    let (compile, run) = (Duration::from_millis(plan.limits.compile_ms), plan.run_limit());
    // The watcher enforces the limits of the stages; this one is a fallback.
    let mut command = workdir.process(plan, ProcessRole::Guest, argv, stdin, compile + run + Duration::from_secs(5));
    let event_channel = workdir.event_channel.clone();
    let mut watched = StageLimits::new(event_channel.clone(), if silent { compile + run } else { run });
    let is_disk_full = Arc::new(AtomicBool::new(disk_space::is_almost_full(workdir.path())));
    let (root, is_full) = (workdir.path().to_owned(), Arc::clone(&is_disk_full));
    let given = workdir.paths.dirs.iter().map(|dir| dir.host.clone()).chain(workdir.paths.code_cache.clone());
    let folders = disk_limit::folders(workdir.path(), given);
    let disk = DiskWatch::start(folders, DiskUsage { bytes: plan.limits.disk, files: plan.limits.files });
    let (disk_exceeded, limit_exceeded) = (disk.exceeded_flag(), disk.exceeded_flag());
    let watch = Box::new(move |age: Duration| {
        // Kills a guest that fills the disk before it affects other cells.
        is_full.fetch_or(disk_space::is_almost_full(&root), Ordering::Relaxed);
        is_full.load(Ordering::Relaxed)
            || disk_exceeded.load(Ordering::Relaxed)
            || watched.is_exceeded(age, compile, run)
    });
    let (by_name, ports) = (workdir.client_ports(), workdir.ports.clone());
    if plan.runtime.sockets != SocketPassing::Inherited {
        workdir.sockets.clear();
        command.inherit.clear();
    }
    let contents = Contents { scenario: plan.scenario, ports: &ports };
    let mut client_progress = None;
    let (writes_events, started) = (plan.runtime.output_parser.is_none(), Instant::now());
    let has_begun = || match (writes_events, silent) {
        (true, _) => event_channel.has_instantiated(),
        (false, true) => started.elapsed() > compile,
        (false, false) => true,
    };
    let completed = process_events::run(&command, ProcessRole::Guest, Some(watch), sink, |running| {
        // The guest's process has its own copies. Closing these makes the port refuse connections as soon as the guest
        // has exited.
        workdir.sockets.clear();
        client_progress =
            (!steps.is_empty()).then(|| client::run_steps(steps, running, &by_name, contents, run, &has_begun));
    });
    let mut result = ProcessResult::of(ProcessRole::Guest, argv, completed, |end| match end {
        ExitReason::WatchLimit if limit_exceeded.load(Ordering::Relaxed) => {
            Outcome::Limit(Limit::Disk { bytes: plan.limits.disk, files: plan.limits.files })
        }
        end => outcome(end, &event_channel.events(), plan, silent),
    });
    result.client_progress = client_progress;
    if is_disk_full.load(Ordering::Relaxed) || disk_space::is_almost_full(workdir.path()) {
        Err(disk_space::error())
    } else {
        Ok(result)
    }
}

fn outcome(end: &ExitReason, events: &[Event], plan: &CellPlan, silent: bool) -> Outcome {
    match end {
        ExitReason::Exited(code) => Outcome::Exited(*code),
        ExitReason::Signaled(signal) => Outcome::Signaled(*signal),
        ExitReason::OutputLimit => Outcome::Limit(Limit::Output(plan.limits.output)),
        ExitReason::MemoryLimit => Outcome::Limit(Limit::Memory(plan.limits.resident)),
        ExitReason::Stopped => Outcome::Stopped,
        ExitReason::Interrupted => Outcome::Interrupted,
        ExitReason::TimeLimit | ExitReason::WatchLimit => {
            let ran = events.iter().any(|e| matches!(e, Event::Stage { stage, .. } if *stage >= Stage::Instantiate));
            let run_ms = u64::try_from(plan.run_limit().as_millis()).unwrap_or(u64::MAX);
            let compile_ms = plan.limits.compile_ms;
            Outcome::Limit(match (events.is_empty(), plan.runtime.output_parser) {
                _ if ran => Limit::Time(run_ms),
                (false, _) => Limit::CompileTime(compile_ms),
                (true, Some(_)) if silent => Limit::CompileOrRun { compile_ms, run_ms },
                (true, Some(_)) => Limit::Time(run_ms),
                (true, None) => Limit::CompileOrRun { compile_ms: 0, run_ms },
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use crate::cell::{CellPlan, Limits, Retention, observe, precompiled};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::Cache;
    use wasmlab_model::observation::{GuestProgress, Limit, Observation, Outcome, ProcessRole};
    use wasmlab_model::scenario::{Dir, Scenario};
    use wasmlab_runtimes::command_line::OutputParser;
    use wasmlab_runtimes::{CellFiles, Runtime, Source, Tool};

    /// A runtime of this test: its compiler writes the switch to a file, and the runtime prints that file.
    fn switched(prepare: fn(&Tool, &CellFiles, &Path) -> Option<Vec<OsString>>) -> Runtime {
        Runtime {
            id: "switched".into(),
            engine: "switched",
            mode: "aot".into(),
            source: Source::Embedded("switched"),
            precompile: prepare,
            commands: |_, cell| vec![vec!["/bin/cat".into(), cell.precompiled.join("made").into()]],
            ..Runtime::default()
        }
    }

    /// A row with one empty module, in a lab of its own.
    struct Row {
        root: tempfile::TempDir,
        lab: Lab,
        guest: String,
        scenario: Scenario,
    }

    impl Row {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let cache = Cache::new(root.path().join("cache"));
            let lab = Lab::new(root.path().into(), cache, Machine::new(root.path().join("memory")));
            let guest = lab.cache.put_object(&wat::parse_str("(module)").unwrap()).unwrap();
            let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = { toolchain = \"wat\", source = \"m.wat\" }\n";
            let spec = crate::scenario::parse(text).unwrap();
            let scenario = Scenario { name: "m".to_owned(), dir: root.path().into(), spec };
            Self { root, lab, guest, scenario }
        }

        fn plan<'a>(&'a self, runtime: &'a Runtime, tool: &'a Tool, limits: Limits) -> CellPlan<'a> {
            static NO_COMPANIONS: BTreeMap<String, String> = BTreeMap::new();
            CellPlan {
                scenario: &self.scenario,
                runtime,
                tool,
                guest: &self.guest,
                facts: None,
                companions: &NO_COMPANIONS,
                limits,
                switches: &[],
            }
        }

        fn observe(&self, runtime: &Runtime, tool: &Tool, limits: Limits) -> Observation {
            observe(&self.lab, &self.plan(runtime, tool, limits), None, Retention::default()).unwrap()
        }
    }

    fn write(tool: &Tool, switch: &str, into: &Path) -> Option<Vec<OsString>> {
        let script = format!("echo {switch} > {}", into.join("made").display());
        Some(vec![tool.program.clone().into(), "-c".into(), script.into()])
    }

    /// A process that compiles without reporting gets both limits together, so it is unknown which one it reached.
    #[test]
    fn hanging_process_reaches_the_limit_of_its_stage() {
        let row = Row::new();
        let limits = Limits { compile_ms: 700, run_ms: 300, ..Limits::default() };
        let check = |compiles_unseen, reader, expected| {
            let commands = |_: &Tool, _: &CellFiles| vec![vec!["/bin/sleep".into(), "60".into()]];
            let prepare = |_: &Tool, _: &CellFiles, _: &Path| None;
            let runtime =
                Runtime { compiles_silently: compiles_unseen, output_parser: reader, commands, ..switched(prepare) };
            let began = Instant::now();
            let seen = row.observe(&runtime, &Tool::default(), limits);
            assert_eq!(seen.outcome, Outcome::Limit(expected));
            assert!(began.elapsed() >= Duration::from_millis(if compiles_unseen { 1000 } else { 300 }));
        };
        let reader = Some(OutputParser::new(|_| GuestProgress::default()));
        check(true, reader, Limit::CompileOrRun { compile_ms: 700, run_ms: 300 });
        check(false, reader, Limit::Time(300));
        check(false, None, Limit::CompileOrRun { compile_ms: 0, run_ms: 300 });
    }

    /// By bytes or by number of files; the lab's own files do not count.
    #[test]
    #[cfg(target_os = "linux")]
    fn guest_that_fills_the_disk_is_killed() {
        let row = Row::new();
        let (disk, files) = (4 << 20, 60);
        let check = |script: &'static str, is_over: bool| {
            let runtime = Runtime {
                commands: |tool, _| vec![vec!["/bin/sh".into(), "-c".into(), tool.version.clone().into()]],
                ..switched(|_, _, _| None)
            };
            let tool = Tool { version: script.to_owned(), ..Tool::default() };
            let limits = Limits { disk, files, ..Limits::default() };
            let seen = row.observe(&runtime, &tool, limits);
            let expected =
                if is_over { Outcome::Limit(Limit::Disk { bytes: disk, files }) } else { Outcome::Exited(0) };
            assert_eq!(seen.outcome, expected, "{script}: {}", seen.stderr);
        };
        check("for n in 1 2 3; do head -c 2000000 /dev/zero > $n; done; sleep 30", true);
        check("for n in $(seq 70); do mkdir $n; done; sleep 30", true);
        check("for n in $(seq 50); do mkdir $n; done; head -c 3000000 /dev/zero > large; sleep 0.5", false);
    }

    /// A guest must not hide files by ending before its disk usage is measured.
    #[test]
    #[cfg(target_os = "linux")]
    fn quick_guest_that_leaves_a_wide_tree_reaches_the_limit() {
        let mut row = Row::new();
        row.scenario.spec.run.dir = vec![Dir { guest: "/d".to_owned(), ..Dir::default() }];
        let script = "cd ../dirs/0; p=f; for n in $(seq 201); do set -- \"$@\" $p/b; p=$p/f; done; mkdir -p \"$@\" $p";
        let runtime = Runtime {
            commands: |tool, _| vec![vec!["/bin/sh".into(), "-c".into(), tool.version.clone().into()]],
            ..switched(|_, _, _| None)
        };
        let tool = Tool { version: script.to_owned(), ..Tool::default() };
        let limits = Limits::default();
        let seen = row.observe(&runtime, &tool, limits);
        assert_eq!(seen.outcome, Outcome::Limit(Limit::Disk { bytes: limits.disk, files: limits.files }));
    }

    #[test]
    fn precompiled_code_is_reused_only_with_the_same_switches() {
        let row = Row::new();
        let tool = Tool { program: "/bin/sh".into(), fingerprint: "the same".to_owned(), ..Tool::default() };
        let (o0, o3) =
            (switched(|tool, _, into| write(tool, "-O0", into)), switched(|tool, _, into| write(tool, "-O3", into)));
        let check = |switch: &str, translated: bool| {
            let runtime = if switch == "-O0" { &o0 } else { &o3 };
            let seen = row.observe(runtime, &tool, Limits::default());
            assert_eq!(seen.stdout, format!("{switch}\n"));
            assert_eq!(
                seen.previous.iter().any(|process| process.role == ProcessRole::Precompile),
                translated,
                "{switch}"
            );
        };
        check("-O0", true);
        check("-O0", false);
        check("-O3", true);
        check("-O3", false);
        check("-O0", false);
        // A modified or truncated file is compiled again.
        for text in ["other\n", ""] {
            let found = crate::store::files::walk(&row.root.path().join("cache/compiled"), &[]).unwrap();
            for file in found.iter().filter(|file| file.ends_with("made")) {
                std::fs::write(row.root.path().join("cache/compiled").join(file), text).unwrap();
            }
            check("-O0", true);
            check("-O0", false);
        }
    }

    /// Two cells compile the same module, and one of them already runs its result.
    #[test]
    fn cells_do_not_remove_each_others_code() {
        let row = Row::new();
        let (runtime, tool) = (switched(|_, _, _| None), Tool::default());
        let plan = row.plan(&runtime, &tool, Limits::default());
        let [made, missing, prepared] = ["made", "missing/code", "prepared"].map(|name| row.root.path().join(name));
        let keep = |text: &str, to: &Path| {
            std::fs::create_dir(&made).unwrap();
            std::fs::write(made.join("code"), text).unwrap();
            precompiled::keep(&row.lab, &plan, &made, to)
        };
        let intact = || precompiled::is_intact(&row.lab, &plan, &prepared);
        // The record is there before the code.
        assert!(keep("one", &missing).is_err() && !made.exists());
        std::fs::create_dir(&prepared).unwrap();
        std::fs::write(prepared.join("code"), "one").unwrap();
        assert!(intact());
        // The slower one uses the code of the faster one, even if its own is different.
        keep("two", &prepared).unwrap();
        assert!(intact() && !made.exists());
        assert_eq!(std::fs::read(prepared.join("code")).unwrap(), b"one");
        // Modified code is not used.
        std::fs::write(prepared.join("code"), "three").unwrap();
        assert!(keep("four", &prepared).is_err() && !prepared.exists());
    }
}
