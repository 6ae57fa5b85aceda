//! Translating a module ahead of time, for runtimes that take nothing else: once, and kept.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::place::Place;
use super::{Listen, Plan, Ran, follow};
use wasmlab_model::observation::{Limit, Outcome, Part};
use wasmlab_process::{End, Input};
use wasmlab_runtimes::CellFiles;

/// Runs the translator where the runtime has one and its result is not there yet; gives what it did.
///
/// # Errors
/// When the folder for its result cannot be made.
pub fn translate(plan: &Plan, place: &Place, files: &CellFiles, listen: Option<Listen>) -> io::Result<Option<Ran>> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // One without anything in it is what is left of a cache that somebody emptied.
    if fs::read_dir(files.prepared).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(None);
    }
    // What is half done must not pass for done: so it is made aside, and moved when it is whole.
    let aside = format!("prepared.{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let into = files.prepared.with_file_name(aside);
    let Some(argv) = (plan.runtime.prepare)(plan.tool, files, &into) else { return Ok(None) };
    fs::create_dir_all(&into)?;
    let limit = Duration::from_millis(plan.limits.compile_ms);
    let command = place.process(plan, &argv, Input::Bytes(Vec::new()), limit);
    let ended = follow::run(&command, Part::Prepare, None, listen, |_| ());
    let ran = Ran::of(Part::Prepare, &argv, ended, |end| outcome(end, plan));
    if ran.outcome != Outcome::Exited(0) {
        // A folder that stays behind costs space, nothing else.
        let _ = fs::remove_dir_all(&into);
    } else if let Err(error) = fs::rename(&into, files.prepared) {
        let _ = fs::remove_dir_all(&into);
        // Another cell with the same module was faster: its result is as good.
        if !files.prepared.is_dir() {
            return Err(error);
        }
    }
    Ok(Some(ran))
}

fn outcome(end: &End, plan: &Plan) -> Outcome {
    match end {
        End::Time | End::Watch => Outcome::Limit(Limit::CompileTime(plan.limits.compile_ms)),
        end => super::outcome(end, &[], plan),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::path::Path;

    use crate::cache::Cache;
    use crate::cell::{Limits, Plan, observe};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use wasmlab_model::observation::Part;
    use wasmlab_model::scenario::Scenario;
    use wasmlab_runtimes::{CellFiles, Runtime, Source, Tool};

    /// Its translator writes its switch into a file, which its runtime prints.
    fn switched(prepare: fn(&Tool, &CellFiles, &Path) -> Option<Vec<OsString>>) -> Runtime {
        Runtime {
            id: "switched".into(),
            engine: "switched",
            mode: "aot".into(),
            source: Source::Embedded("switched"),
            prepare,
            commands: |_, cell| vec![vec!["/bin/cat".into(), cell.prepared.join("made").into()]],
            ..Runtime::default()
        }
    }

    fn write(tool: &Tool, switch: &str, into: &Path) -> Option<Vec<OsString>> {
        let script = format!("echo {switch} > {}", into.join("made").display());
        Some(vec![tool.program.clone().into(), "-c".into(), script.into()])
    }

    #[test]
    fn a_translation_is_kept_for_the_same_switches_and_for_no_others() {
        let root = tempfile::tempdir().unwrap();
        let lab = Lab {
            root: root.path().into(),
            cache: Cache::new(root.path().join("cache")),
            machine: Machine::new(root.path().join("memory")),
        };
        let guest = lab.cache.put_object(&wat::parse_str("(module)").unwrap()).unwrap();
        let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = { toolchain = \"wat\", source = \"m.wat\" }\n";
        let spec = crate::scenario::parse(text).unwrap();
        let scenario = Scenario { name: "m".to_owned(), dir: root.path().into(), spec };
        let tool = Tool { program: "/bin/sh".into(), fingerprint: "the same".to_owned(), ..Tool::default() };
        let (o0, o3) =
            (switched(|tool, _, into| write(tool, "-O0", into)), switched(|tool, _, into| write(tool, "-O3", into)));
        let check = |switch: &str, translated: bool| {
            let plan = Plan {
                scenario: &scenario,
                runtime: if switch == "-O0" { &o0 } else { &o3 },
                tool: &tool,
                guest: &guest,
                facts: None,
                companions: &BTreeMap::new(),
                limits: Limits::default(),
            };
            let seen = observe(&lab, &plan).unwrap();
            assert_eq!(seen.stdout, format!("{switch}\n"));
            assert_eq!(seen.earlier.iter().any(|piece| piece.part == Part::Prepare), translated, "{switch}");
        };
        check("-O0", true);
        check("-O0", false);
        check("-O3", true);
        check("-O3", false);
        check("-O0", false);
    }
}
