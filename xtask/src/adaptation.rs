//! Remedies that change the finished file, carried out on a copy and run.
//!
//! A tool runs in the lab's sandbox: it reads its program and the copy, writes one folder, and has no network.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::cell::TempDir;
use crate::cell::sandbox::program_files;
use crate::guest::Guest;
use crate::lab::Lab;
use crate::matrix::{self, MatrixRequest, facts_of_given};
use wasmlab_judge::remedies::{FailedCell, data};
use wasmlab_judge::transforms;
use wasmlab_model::facts::Facts;
use wasmlab_model::remedy::{INPUT_PLACEHOLDER, OUTPUT_PLACEHOLDER, Remedy, RemedyKind, Transform, TransformTool};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::Verdict;
use wasmlab_process::{self as process, Command, Input, Limits, Ports, Sandbox};
use wasmlab_toolchains::{componentize, wasm_opt};

/// Time limit of a tool.
const LIMIT: Duration = Duration::from_secs(120);
/// Memory limit of a tool, bytes.
const MEMORY: u64 = 4 << 30;
/// Largest file that a tool may write, bytes.
const LARGEST: u64 = 1 << 30;
/// Maximum number of transformations that are applied one after the other: behind one obstacle, there may be another.
const MAX_STEPS: usize = 4;

/// A changed copy of a file, and its results.
pub struct AdaptedFile {
    /// The transformations, in order.
    pub steps: Vec<Transform>,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its facts.
    pub facts: Facts,
    /// One cell for each column that is installed.
    pub cells: Vec<Cell>,
}

impl AdaptedFile {
    /// `wasm-opt --signext-lowering, then wasm-opt --multi-memory-lowering`.
    pub fn shown(&self) -> String {
        shown(&self.steps)
    }

    /// The columns in which the copy passes.
    pub fn passing(&self) -> BTreeSet<&str> {
        self.cells.iter().filter(|cell| cell.verdict == Verdict::Pass).map(|cell| cell.runtime.as_str()).collect()
    }
}

/// Why a transformation has no result.
#[derive(Debug, thiserror::Error)]
pub enum AdaptError {
    /// Its tool is not installed.
    #[error("{0}")]
    ToolMissing(String),
    /// Its tool could not be run, or refused the file.
    #[error("{0}")]
    Failed(String),
}

impl From<String> for AdaptError {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// The commands in short, in order.
pub fn shown(steps: &[Transform]) -> String {
    steps.iter().map(Transform::short).collect::<Vec<_>>().join(", then ")
}

/// The transformations that may help in a cell.
pub fn candidates(cell: &Cell, facts: &Facts) -> Vec<Transform> {
    if cell.verdict == Verdict::NotApplicable {
        return transforms::component(facts).into_iter().collect();
    }
    let Some(code) = cell.code else { return Vec::new() };
    let failed = FailedCell {
        code,
        subject: cell.subject.as_deref(),
        stage: cell.stage,
        runtime: &cell.runtime,
        remedy: None,
        remedy_kind: RemedyKind::default(),
        differs: false,
        facts: Some(facts),
        predicted: false,
    };
    let of = |remedy| match remedy {
        // The columns with jco's host layer show what jco does.
        Remedy::Transform(transform) if transform.tool != TransformTool::Jco => Some(transform),
        _ => None,
    };
    data(&failed, &[]).into_iter().filter_map(of).collect()
}

/// Applies `first` and whatever the result still needs in the `wanted` columns, until it passes there or nothing is
/// left to try. Returns the last copy.
///
/// # Errors
/// Why a tool could not be run, or its error message.
pub fn follow(
    lab: &Lab,
    request: &MatrixRequest,
    scenario: &Scenario,
    (bytes, facts): (&[u8], &Facts),
    first: &Transform,
    wanted: &[&str],
) -> Result<AdaptedFile, AdaptError> {
    let mut at = step(lab, request, scenario, (bytes, facts), first, Vec::new())?;
    while at.steps.len() < MAX_STEPS && !wanted.iter().any(|column| at.passing().contains(column)) {
        let short = at.cells.iter().filter(|cell| wanted.contains(&cell.runtime.as_str()));
        let next = short.flat_map(|cell| candidates(cell, &at.facts)).find(|next| !at.steps.contains(next));
        let Some(next) = next else { break };
        at = step(lab, request, scenario, (&at.bytes, &at.facts), &next, at.steps.clone())?;
    }
    Ok(at)
}

fn step(
    lab: &Lab,
    request: &MatrixRequest,
    scenario: &Scenario,
    (bytes, facts): (&[u8], &Facts),
    transform: &Transform,
    mut steps: Vec<Transform>,
) -> Result<AdaptedFile, AdaptError> {
    let bytes = apply(lab, transform, facts, bytes)?;
    let sha256 = lab.cache.put_object(&bytes).map_err(|error| error.to_string())?;
    let facts = facts_of_given(lab, &sha256).map_err(|error| error.to_string())?;
    let scenarios = [scenario.clone()];
    let request = MatrixRequest {
        scenarios: &scenarios,
        runtimes: request.runtimes.clone(),
        given: BTreeMap::from([(scenario.name.clone(), Guest::given(sha256))]),
        withheld: BTreeMap::new(),
        time_budget: None,
        sink: None,
        retention: crate::cell::Retention::default(),
        ..*request
    };
    let cells = matrix::run(lab, &request, &|_| ()).cells.into_values().collect();
    steps.push(transform.clone());
    Ok(AdaptedFile { steps, bytes, facts, cells })
}

/// Applies a transformation to a file.
///
/// # Errors
/// Why its tool could not be run, or its error message.
fn apply(lab: &Lab, transform: &Transform, facts: &Facts, bytes: &[u8]) -> Result<Vec<u8>, AdaptError> {
    match transform.tool {
        TransformTool::WasmOpt => optimize(lab, transform, bytes),
        TransformTool::WasmTools => {
            let adapter = transform.args.iter().any(|arg| arg == "--adapt").then(|| transforms::adapter(facts));
            // The encoder runs inside the lab, and a file must not crash the lab.
            let encode = || componentize::adapted(bytes, adapter);
            let encoded = std::panic::catch_unwind(encode);
            Ok(encoded.unwrap_or_else(|_| Err("the component encoder failed".to_owned()))?)
        }
        TransformTool::Jco => Err("jco produces JavaScript, which only the columns with jco run".to_owned().into()),
    }
}

fn optimize(lab: &Lab, transform: &Transform, bytes: &[u8]) -> Result<Vec<u8>, AdaptError> {
    let found = wasm_opt::find(&lab.machine).map_err(|error| format!("{}: {}", error.detail, error.remedy))?;
    let Some(program) = found.program() else {
        let how = "wasm-opt is not installed: `npm install binaryen` installs it";
        return Err(AdaptError::ToolMissing(how.to_owned()));
    };
    let text = |error: io::Error| error.to_string();
    let folder = TempDir::create(false).map_err(text)?;
    let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.wasm"));
    fs::write(&input, bytes).map_err(text)?;
    let arg = |arg: &String| match arg.as_str() {
        INPUT_PLACEHOLDER => input.clone().into_os_string(),
        OUTPUT_PLACEHOLDER => output.clone().into_os_string(),
        other => OsString::from(other),
    };
    let completed = process::run(&Command {
        program: program.to_owned(),
        args: transform.args.iter().map(arg).collect(),
        env: process::tool_env(),
        cwd: folder.path().to_owned(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        limits: Limits { memory: MEMORY, file: LARGEST, output: 1 << 20, ..Limits::compiler(LIMIT) },
        sandbox: Some(sandbox(program, folder.path())),
        report: None,
    });
    let completed = completed.map_err(|error| format!("wasm-opt cannot be started: {error}"))?;
    if !completed.success() {
        let stderr = String::from_utf8_lossy(&completed.stderr);
        let line = stderr.lines().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing");
        return Err(
            format!("wasm-opt {}: {}", completed.exit_reason, line.chars().take(200).collect::<String>()).into()
        );
    }
    Ok(process::read_limited(&output, LARGEST).map_err(text)?)
}

fn sandbox(program: &Path, folder: &Path) -> Sandbox {
    Sandbox {
        read: program_files(program),
        write: vec![folder.to_owned()],
        ports: Some(Ports::default()),
        private_network: true,
        ..Sandbox::default()
    }
}
