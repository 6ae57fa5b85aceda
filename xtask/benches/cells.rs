//! `cargo bench --bench cells`: what the lab adds to its runtimes.
//!
//! First measures time and memory of whole runs of 10 to 10,000 cells, cold and warm, with `/bin/true` as the runtime.
//! Then measures the overhead of a cell: runs a column's command by hand and in the lab, alternately, and takes the
//! minimum of many rounds, because other load only adds to it. On a busy machine, look at the CPU time and put TMPDIR
//! on a tmpfs: a cell creates and removes folders, and waits for a busy disk.
//!
//! Prints Markdown tables for the README. The engines must have been built by `cargo xtask run-all`; missing ones are
//! listed. `cargo bench -p xtask --bench cells -- overhead [COLUMN …]` skips the runs.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmlab_model::observation::Outcome;
use wasmlab_model::scenario::Scenario;
use wasmlab_process::{self as process, Command, CompletedProcess, Input, Limits};
use wasmlab_protocol::{CellSpec, EntryPoint, Network};
use wasmlab_runtimes::{CellFiles, Runtime, Source, Tool};
use xtask::cell::{self, CellPlan};
use xtask::lab::Lab;
use xtask::machine::Machine;
use xtask::scenario;
use xtask::store::cache::Cache;

fn main() {
    // `cargo test --all-targets` also runs benchmarks, to check that they start.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    if std::env::args().any(|a| a == "overhead") {
        return overhead();
    }
    println!(
        "| cells of `/bin/true` | cold | warm | per cell, cold | peak memory, cold | peak memory, warm |\n|---:|---:|---:|---:|---:|---:|"
    );
    for cells in [10, 100, 1_000, 10_000] {
        run_of(cells);
    }
    println!();
    overhead();
}

/// Creates a folder of scenarios, runs it twice, and prints a row.
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

fn mib(completed: &CompletedProcess) -> f64 {
    completed.peak_rss as f64 / f64::from(1 << 20)
}

/// One `run-all` on the column `node`, whose program is `node`.
fn lab(root: &Path, node: &str) -> CompletedProcess {
    let mut env = process::tool_env();
    env.insert("WASMLAB_ROOT".into(), root.into());
    env.insert("WASMLAB_CACHE".into(), root.join("cache").into());
    env.insert("WASMLAB_NODE".into(), node.into());
    let args = ["run-all", "--runtime", "node", "--output", "json"].map(OsString::from).to_vec();
    started(env!("CARGO_BIN_EXE_wasmlab"), args, env)
}

fn started(program: &str, args: Vec<OsString>, env: BTreeMap<OsString, OsString>) -> CompletedProcess {
    let limits = Limits::compiler(Duration::from_secs(600));
    let (cwd, stdin) = (std::env::temp_dir(), Input::Bytes(Vec::new()));
    process::run(&Command {
        program: program.into(),
        args,
        env,
        cwd,
        stdin,
        inherit: Vec::new(),
        limits,
        sandbox: None,
        report: None,
    })
    .unwrap()
}

/// How long each column is measured.
const TIME: Duration = Duration::from_secs(6);

/// The columns to measure: embedded engines, and one of each other kind of program.
const COLUMNS: &[&str] = &[
    "wasmi",
    "wasmtime-cranelift",
    "wasmer-cranelift",
    "wasmtime-cli",
    "wasmi-cli",
    "wasmer-cli",
    "wamr-zig",
    "node",
    "deno",
    "bun",
    "node+jco",
];

/// The overhead of a cell compared with running its command by hand. The limit is 5 ms or 5 %, whichever is more.
fn overhead() {
    let built = std::env::var_os("WASMLAB_CACHE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wasmlab"), PathBuf::from);
    let root = tempfile::tempdir().unwrap();
    let lab =
        Lab::new(root.path().into(), Cache::new(root.path().join("cache")), Machine::new(root.path().join("memory")));
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/rust-wasip2-hello/rust-wasip2-hello.wasm");
    let module = wat::parse_str("(module (memory (export \"memory\") 1) (func (export \"_start\")))").unwrap();
    let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\n[build]\ntoolchain = \"wat\"\nsource = \"m.wat\"\n";
    let scenario = Scenario { name: "m".to_owned(), dir: root.path().into(), spec: scenario::parse(text).unwrap() };
    println!(
        "| column | by hand, minimum | in the lab, minimum | by hand, median | in the lab, median | overhead | overhead in CPU time, median | within 5 ms or 5 % |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---|");
    let wanted: Vec<String> =
        std::env::args().skip_while(|a| a != "overhead").skip(1).filter(|a| !a.starts_with('-')).collect();
    for id in COLUMNS.iter().filter(|id| wanted.is_empty() || wanted.iter().any(|w| w == *id)) {
        let runtime = wasmlab_runtimes::find(id).unwrap();
        let tool = match tool(&lab, runtime, &built) {
            Ok(tool) => tool,
            Err(why) => {
                println!("| {id} | {why} |");
                continue;
            }
        };
        let bytes = if id.ends_with("+jco") { fs::read(&component).unwrap() } else { module.clone() };
        let guest = lab.cache.put_object(&bytes).unwrap();
        let facts = wasmlab_inspect::facts(&bytes).unwrap();
        let plan = CellPlan {
            facts: Some(&facts),
            scenario: &scenario,
            runtime,
            tool: &tool,
            guest: &guest,
            companions: &BTreeMap::new(),
            limits: cell::Limits::default(),
            switches: &[],
        };
        measure(&lab, &plan, &root.path().join("by-hand").join(id));
    }
}

/// The program of a column: an engine built earlier, or an installed program.
fn tool(lab: &Lab, runtime: &Runtime, built: &Path) -> Result<Tool, String> {
    let Source::Embedded(engine) = runtime.source else {
        return xtask::engines::find_tool(lab, runtime).map_err(|a| a.map(|a| a.reason).unwrap_or_default());
    };
    let program = built.join("engines").join(engine).join(format!("engine-{engine}"));
    if !program.is_file() {
        return Err("not built".to_owned());
    }
    Ok(Tool { program, fingerprint: engine.to_owned(), ..Tool::default() })
}

/// A cell without any input, in a folder of its own.
fn cell_spec(lab: &Lab, plan: &CellPlan, dir: &Path) -> CellSpec {
    CellSpec {
        protocol: wasmlab_protocol::PROTOCOL_VERSION,
        module: lab.cache.object(plan.guest),
        glue: None,
        events: dir.join("events"),
        mode: plan.runtime.mode().to_owned(),
        code_cache: Some(dir.join("compiled")),
        entry: EntryPoint::Command,
        args: vec!["m.wasm".to_owned()],
        env: BTreeMap::new(),
        dirs: Vec::new(),
        sockets: Vec::new(),
        ports: Vec::new(),
        connect_ports: Vec::new(),
        network: Network::default(),
        host_functions: Vec::new(),
        result_types: BTreeMap::new(),
        memory_limit: 1 << 30,
        switches: Vec::new(),
    }
}

/// Measures both alternately, so that other load affects both alike, and prints a row.
fn measure(lab: &Lab, plan: &CellPlan, dir: &Path) {
    let (spec, prepared) = (dir.join("spec.json"), dir.join("compiled/prepared"));
    fs::create_dir_all(&prepared).unwrap();
    let cell = cell_spec(lab, plan, dir);
    fs::write(&spec, serde_json::to_vec(&cell).unwrap()).unwrap();
    let (module, facts) = (&cell.module, plan.facts);
    let files = CellFiles {
        spec_path: &spec,
        module,
        spec: &cell,
        facts,
        run: &plan.scenario.spec.run,
        precompiled: &prepared,
    };
    let start = |argv: &[OsString]| {
        let mut command = std::process::Command::new(&argv[0]);
        command.args(&argv[1..]).env_clear().current_dir(dir);
        let env =
            [("PATH", std::env::var_os("PATH").unwrap_or_default()), ("HOME", dir.into()), ("NO_COLOR", "1".into())];
        let output = command.envs(env).stdin(std::process::Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{argv:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    (plan.runtime.precompile)(plan.tool, &files, &prepared).into_iter().for_each(|argv| start(&argv));
    let argv = (plan.runtime.commands)(plan.tool, &files).swap_remove(0);
    let by_hand = || {
        let _ = fs::remove_file(&cell.events);
        start(&argv);
    };
    let by_lab =
        || assert_eq!(cell::observe(lab, plan, None, cell::Retention::default()).unwrap().outcome, Outcome::Exited(0));
    by_hand();
    by_lab();
    let began = Instant::now();
    let (mut times, mut more) = ([Vec::new(), Vec::new()], Vec::new());
    while began.elapsed() < TIME {
        let before = processor();
        times[0].push(milliseconds(by_hand));
        let between = processor();
        times[1].push(milliseconds(by_lab));
        more.push((processor() - between) - (between - before));
    }
    more.sort_by(f64::total_cmp);
    times.iter_mut().for_each(|t| t.sort_by(f64::total_cmp));
    let [least, median] = [0, times[0].len() / 2].map(|at| [times[0][at], times[1][at]]);
    let added = least[1] - least[0];
    let within = if added <= f64::max(5.0, least[0] * 0.05) { "yes" } else { "NO" };
    println!(
        "| {} | {:.2} ms | {:.2} ms | {:.2} ms | {:.2} ms | {added:.2} ms | {:.2} ms | {within} |",
        plan.runtime.id(),
        least[0],
        least[1],
        median[0],
        median[1],
        more[more.len() / 2]
    );
}

fn milliseconds(round: impl Fn()) -> f64 {
    let began = Instant::now();
    round();
    began.elapsed().as_secs_f64() * 1000.0
}

/// CPU time of this process and the children it has waited for, milliseconds.
#[cfg(target_os = "linux")]
fn processor() -> f64 {
    let of = |who| {
        // SAFETY: `rusage` is plain old data; the call writes it, and it lives for the call.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(who, &raw mut usage);
            usage
        };
        let ms = |t: libc::timeval| t.tv_sec as f64 * 1000.0 + t.tv_usec as f64 / 1000.0;
        ms(usage.ru_utime) + ms(usage.ru_stime)
    };
    of(libc::RUSAGE_SELF) + of(libc::RUSAGE_CHILDREN)
}

/// Not measured on this system.
#[cfg(not(target_os = "linux"))]
fn processor() -> f64 {
    f64::NAN
}
