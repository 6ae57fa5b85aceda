//! A small report with one of everything, for the tests of renderers, snapshots and exit codes.

use std::collections::{BTreeMap, BTreeSet};

use wasmlab_cell::Stage;

use crate::codes::{Blame, Code};
use crate::model::facts::{Abi, AbiEvidence, Export, Facts, Import, Kind, Section, Shape, Signature, Sizes};
use crate::model::report::{
    Artifact, Cell, Host, Note, NoteKind, Origin, Output, RunReport, RuntimeInfo, SCHEMA, ScenarioInfo, Selection, Tool,
};
use crate::model::verdict::{Change, Verdict};

/// The report.
pub fn report() -> RunReport {
    let tool = |version: Option<&str>| Tool {
        present: version.is_some(),
        version: version.map(str::to_owned),
        missing: version.is_none().then(|| "`node` is not on PATH; install Node.js 20 or newer".to_owned()),
    };
    let runtime = |id: &str, engine: &str, mode: &str, version| RuntimeInfo {
        id: id.to_owned(),
        engine: engine.to_owned(),
        mode: mode.to_owned(),
        flags: if id == "node" { vec!["--no-warnings".to_owned()] } else { Vec::new() },
        own: false,
        tool: tool(version),
    };
    RunReport {
        schema: SCHEMA,
        command: "run-all".to_owned(),
        host: Host { os: "linux".to_owned(), arch: "x86_64".to_owned(), cpus: 2, lab: "0.1.0".to_owned() },
        started: "2026-11-21T12:00:00Z".to_owned(),
        duration_ms: 1250,
        interrupted: false,
        selected: Selection::default(),
        toolchains: BTreeMap::from([("rust wasm32-wasip1".to_owned(), tool(Some("rustc 1.96.0")))]),
        runtimes: vec![
            runtime("wasmi", "wasmi", "interpreter", Some("2.0.0")),
            runtime("wasmtime-winch", "wasmtime", "winch", Some("48.0.8")),
            runtime("node", "node", "node:wasi", None),
        ],
        scenarios: vec![row("hello", "hello"), row("server", "http-server")],
        artifacts: vec![artifact("hello", Origin::Built), artifact("server", Origin::Prebuilt)],
        cells: cells(),
        notes: vec![
            Note {
                kind: NoteKind::Differs,
                about: "wasmtime-winch".to_owned(),
                text: "differs from wasmi on 1 of 2 scenarios: hello (gap unsupported-proposal, there pass)".to_owned(),
            },
            Note {
                kind: NoteKind::Missing,
                about: "node".to_owned(),
                text: "`node` is not on PATH; install Node.js 20 or newer".to_owned(),
            },
            Note {
                kind: NoteKind::Next,
                about: "1".to_owned(),
                text: "`cargo xtask bless` accepts the 1 new or changed snapshots, if they are right".to_owned(),
            },
        ],
    }
}

fn row(name: &str, family: &str) -> ScenarioInfo {
    ScenarioInfo {
        name: name.to_owned(),
        title: "A sample".to_owned(),
        family: family.to_owned(),
        route: "rust-wasip1".to_owned(),
        rung: 0,
    }
}

fn artifact(scenario: &str, origin: Origin) -> Artifact {
    Artifact {
        scenario: scenario.to_owned(),
        sha256: "00".repeat(32),
        bytes: 61_234,
        origin,
        toolchain: "rustc 1.96.0".to_owned(),
        build_ms: (origin == Origin::Built).then_some(900),
        facts: Some(facts()),
    }
}

fn facts() -> Facts {
    Facts {
        kind: Kind::Module,
        shape: Shape::Command,
        abis: vec![AbiEvidence { abi: Abi::Wasi01, evidence: vec!["wasi_snapshot_preview1.fd_write".to_owned()] }],
        proposals: BTreeSet::from(["bulk-memory".to_owned()]),
        imports: vec![Import {
            module: "wasi_snapshot_preview1".to_owned(),
            name: "fd_write".to_owned(),
            ty: "func (i32, i32, i32, i32) -> (i32)".to_owned(),
        }],
        exports: vec![Export {
            name: "_start".to_owned(),
            ty: "func () -> ()".to_owned(),
            signature: Some(Signature { params: Vec::new(), results: Vec::new() }),
        }],
        sections: vec![Section { name: "code".to_owned(), offset: 100, bytes: 50_000 }],
        sizes: Sizes { total: 61_234, code: 50_000, data: 9_000, custom: 100, debug: 0, names: 1_000 },
        target_features: vec!["+bulk-memory".to_owned()],
        producers: Vec::new(),
    }
}

/// Its cells: a pass first.
pub fn cells() -> Vec<Cell> {
    let cell = |scenario: &str, runtime: &str, verdict, code, detail: &str| Cell {
        scenario: scenario.to_owned(),
        runtime: runtime.to_owned(),
        verdict,
        code,
        blame: Vec::new(),
        stage: Some(Stage::Run),
        subject: None,
        detail: detail.to_owned(),
        remedy: None,
        change: Change::Same,
        was: None,
        changed_with_version: false,
        known: None,
        prebuilt: scenario == "server",
        way: None,
        argv: vec!["engine".to_owned(), "run".to_owned()],
        duration_ms: 4.25,
        compile_ms: Some(1.5),
        run_ms: Some(0.25),
        cpu_ms: 3.5,
        peak_rss_bytes: 12_000_000,
        cached: false,
        output: Output { stdout: "hello\n".to_owned(), stderr: String::new() },
    };
    let words = "operation not supported on this platform (refused without asking the host)";
    let mut known =
        cell("server", "wasmi", Verdict::Gap, Some(Code::SocketsUnsupported), &format!("socket-bind: {words}"));
    known.known = Some("WASI 0.1 cannot bind".to_owned());
    known.blame = vec![Blame::Toolchain, Blame::Abi];
    known.subject = Some("socket-bind".to_owned());
    let mut worse = cell("server", "wasmtime-winch", Verdict::Fail, Some(Code::WrongExit), "exit code 1, expected 0");
    worse.change = Change::Worse;
    worse.was = Some("gap sockets-unsupported (socket-bind)".to_owned());
    let absent = |scenario| cell(scenario, "node", Verdict::Absent, None, "`node` is not on PATH");
    vec![
        cell("hello", "wasmi", Verdict::Pass, None, "printed \"hello\""),
        cell("hello", "wasmtime-winch", Verdict::Gap, Some(Code::UnsupportedProposal), "SIMD support is not enabled"),
        absent("hello"),
        known,
        worse,
        absent("server"),
    ]
}
