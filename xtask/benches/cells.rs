//! `cargo bench --bench cells`: what the lab adds to its runtimes.
//!
//! First the cost of a cell: an engine started by hand on a cell's specification against the lab doing the
//! same. Then whole runs of 10 to 10,000 cells on a runtime that is `/bin/true`, cold and warm: time and
//! memory. Prints a Markdown table for the README. Needs `cargo xtask run-all` to have built the engines.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xtask::cache::Cache;
use xtask::cell::{self, Plan};
use xtask::lab::Lab;
use xtask::machine::Machine;
use xtask::model::observation::Outcome;
use xtask::model::scenario::Scenario;
use xtask::process::{self, Command, Ended, Input, Limits};
use xtask::runtime::{self, Tool};
use xtask::scenario;

fn main() {
    // `cargo test --all-targets` runs benchmarks too, to see that they start.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    println!(
        "| cells of `/bin/true` | cold | warm | a cell, cold | largest resident size, cold | warm |\n|---:|---:|---:|---:|---:|---:|"
    );
    for cells in [10, 100, 1_000, 10_000] {
        run_of(cells);
    }
    println!();
    overhead();
}

/// Makes a folder of scenarios, runs them twice, prints a row.
fn run_of(cells: usize) {
    let root = tempfile::tempdir().unwrap();
    for n in 0..cells {
        let dir = root.path().join(format!("scenarios/cell-{n:05}"));
        fs::create_dir_all(&dir).unwrap();
        let toml = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\n[build]\ntoolchain = \"wat\"\nsource = \"m.wat\"\n";
        fs::write(dir.join("scenario.toml"), toml).unwrap();
        fs::write(dir.join("m.wat"), "(module (func (export \"_start\")))").unwrap();
    }
    let (cold, warm) = (lab(root.path(), "/bin/true"), lab(root.path(), "/bin/true"));
    println!(
        "| {cells} | {:.2} s | {:.2} s | {:.2} ms | {:.0} MiB | {:.0} MiB |",
        cold.wall.as_secs_f64(),
        warm.wall.as_secs_f64(),
        cold.wall.as_secs_f64() * 1000.0 / cells as f64,
        mib(&cold),
        mib(&warm)
    );
}

fn mib(ended: &Ended) -> f64 {
    ended.peak_rss as f64 / f64::from(1 << 20)
}

/// One `run-all` on the column `node`, whose program is `node`.
fn lab(root: &Path, node: &str) -> Ended {
    let mut env = process::tool_env();
    env.insert("WASMLAB_ROOT".into(), root.into());
    env.insert("WASMLAB_CACHE".into(), root.join("cache").into());
    env.insert("WASMLAB_NODE".into(), node.into());
    let args = ["run-all", "--runtime", "node", "--output", "json"].map(OsString::from).to_vec();
    started(env!("CARGO_BIN_EXE_xtask"), args, env)
}

fn started(program: &str, args: Vec<OsString>, env: BTreeMap<OsString, OsString>) -> Ended {
    let limits = Limits::compiler(Duration::from_secs(600));
    let (cwd, stdin) = (std::env::temp_dir(), Input::Bytes(Vec::new()));
    process::run(&Command { program: program.into(), args, env, cwd, stdin, inherit: Vec::new(), limits }).unwrap()
}

/// Rounds that the cost of a cell is measured in.
const ROUNDS: u32 = 200;

/// The cost of a cell over the engine started by hand on the same specification.
fn overhead() {
    let built = std::env::var_os("WASMLAB_CACHE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasmlab"), PathBuf::from);
    let root = tempfile::tempdir().unwrap();
    let lab = Lab {
        root: root.path().into(),
        cache: Cache::new(root.path().join("cache")),
        machine: Machine::new(root.path().join("memory")),
    };
    let guest = lab.cache.put_object(&wat::parse_str("(module (func (export \"_start\")))").unwrap()).unwrap();
    let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\n[build]\ntoolchain = \"wat\"\nsource = \"m.wat\"\n";
    let scenario = Scenario { name: "m".to_owned(), dir: root.path().into(), spec: scenario::parse(text).unwrap() };
    println!("| engine | by hand | a cell | the lab adds |\n|---|---:|---:|---:|");
    for id in ["wasmi", "wasmtime-cranelift", "wasmer-cranelift"] {
        let runtime = runtime::all().into_iter().find(|r| r.id() == id).unwrap();
        let program =
            built.join("engines").join(runtime.engine()).join("release").join(format!("engine-{}", runtime.engine()));
        if !program.is_file() {
            println!("| {id} | not built | | |");
            continue;
        }
        let tool = Tool {
            program: program.clone(),
            version: String::new(),
            fingerprint: id.to_owned(),
            support: PathBuf::new(),
            packages: PathBuf::new(),
            second: PathBuf::new(),
            driven: PathBuf::new(),
        };
        let plan = Plan {
            facts: None,
            scenario: &scenario,
            runtime,
            tool: &tool,
            guest: &guest,
            companions: &BTreeMap::new(),
            limits: cell::Limits::default(),
        };
        let (spec, events) = (root.path().join("spec.json"), root.path().join("events"));
        let compiled = lab.cache.dir().join("by-hand").join(id);
        fs::create_dir_all(&compiled).unwrap();
        let text = serde_json::json!({ "protocol": wasmlab_cell::PROTOCOL, "module": lab.cache.object(&guest), "observation": events,
            "mode": runtime.mode(), "compiled": compiled, "entry": "command", "args": ["m.wasm"], "memory_limit": 1 << 30 });
        fs::write(&spec, text.to_string()).unwrap();
        let by_hand = per_round(|| {
            let _ = fs::remove_file(&events);
            assert!(std::process::Command::new(&program).arg("run").arg(&spec).output().unwrap().status.success());
        });
        let cell = per_round(|| assert_eq!(cell::observe(&lab, &plan).unwrap().outcome, Outcome::Exited(0)));
        println!("| {id} | {by_hand:.2} ms | {cell:.2} ms | {:.2} ms |", cell - by_hand);
    }
}

fn per_round(mut round: impl FnMut()) -> f64 {
    round();
    let began = Instant::now();
    (0..ROUNDS).for_each(|_| round());
    began.elapsed().as_secs_f64() * 1000.0 / f64::from(ROUNDS)
}
