//! `inspect`: shows what a file is, without running it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Result;

use super::arguments::OfflineArgs;
use super::common::{self, UsageError, usage};
use super::guest_file::MaxSize;
use super::output;
use super::text_table::{names, prose};
use crate::exit;
use crate::guest;
use crate::lab::Lab;
use crate::reading::{self, ReadError, Representation};
use crate::scenario;
use wasmlab_inspect::system_calls::{self, ImportKind, SystemCall};
use wasmlab_model::facts::{Abi, Facts};
use wasmlab_model::names::and_more;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_report::text;
use wasmlab_report::visible::{VisiblePath, on_line};

mod bytes;

pub const ABOUT: &str =
    "Show what a module or component is: kind, ABIs with evidence, proposals, imports, exports, sizes";
pub const EXAMPLES: &str = "Examples:
  cargo xtask inspect app.wasm
  cargo xtask inspect rust-wasip1-hello      a scenario's guest, built if necessary
  cargo xtask inspect scenarios/wat-add      the same, by its folder
  cargo xtask inspect nginx                  the same, by a scenario's short name
  cargo xtask inspect app.wasm --json | jq .abis
  cargo xtask inspect app.wasm --wat | less
  cargo xtask inspect scenarios/wat-add/add.wat --bytes     every byte and its meaning
  cargo xtask inspect huge.wasm --quick      imports, exports and sections only";

#[derive(clap::Args)]
pub struct Args {
    /// A module or component (.wasm or .wat), or the name or folder of a scenario, whose guest is inspected
    #[arg(value_name = "FILE|SCENARIO")]
    what: PathBuf,
    /// Print JSON
    #[arg(long, conflicts_with = "wat")]
    json: bool,
    /// Print the text format (WAT)
    #[arg(long)]
    wat: bool,
    /// Print every byte of a small file with its offset and meaning, even if the file is invalid
    #[arg(long, conflicts_with_all = ["wat", "quick"])]
    bytes: bool,
    /// Skip function bodies: report no proposals, and do not validate
    #[arg(long, conflicts_with = "wat")]
    quick: bool,
    #[command(flatten)]
    offline: OfflineArgs,
    #[command(flatten)]
    max_size: MaxSize,
}

/// Version of the output of `inspect --json`.
const SCHEMA_VERSION: u32 = 2;

/// The output of `--json`.
#[derive(serde::Serialize)]
struct InspectOutput<'a> {
    file: String,
    /// For Emscripten modules: the system calls, with the equivalent of each in other ABIs.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    system_calls: BTreeMap<&'a str, &'static SystemCall>,
    #[serde(flatten)]
    facts: &'a Facts,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let file = match scenario(lab, &args.what)? {
        Some(scenario) => guest(lab, &scenario, &args.offline)?,
        None => user_file(&args.what, &args.max_size)?,
    };
    let failed = |error: ReadError| {
        let bytes = args.max_size.read(&file).ok();
        let remedy = bytes.and_then(|bytes| reading::invalid_file(&file, &bytes)?.remedy());
        let remedy = remedy.map(|remedy| format!(". {remedy}")).unwrap_or_default();
        UsageError(format!("failed to inspect `{}`: {error}{remedy}", file.visible()))
    };
    if args.wat {
        let text = reading::read(&file, Representation::Wat).map_err(failed)?;
        output::print(&String::from_utf8_lossy(&text))?;
        return Ok(exit::OK);
    }
    if args.bytes {
        bytes::print(&file, args.json).map_err(failed)??;
        return Ok(exit::OK);
    }
    let representation = if args.quick { Representation::Outline } else { Representation::Facts };
    let facts = reading::facts(&file, representation).map_err(failed)?;
    if args.json {
        let (file, system_calls) = (file.display().to_string(), Imports::of(&facts).system);
        output::print_versioned_json(SCHEMA_VERSION, &InspectOutput { file, system_calls, facts: &facts })?;
    } else {
        output::print(&text(&facts, args.quick))?;
    }
    Ok(exit::OK)
}

/// The scenario with this folder or name, if there is no such file. Scenarios are loaded only if one may be meant, so
/// that an invalid scenario does not prevent reading a file.
fn scenario(lab: &Lab, what: &Path) -> Result<Option<Scenario>> {
    if what.is_file() {
        return Ok(None);
    }
    if what.join("scenario.toml").is_file() {
        let folder = fs::canonicalize(what)?;
        return scenario::load(&folder)
            .map(Some)
            .or_else(|errors| usage(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")));
    }
    match what.to_str() {
        Some(name) if !what.is_dir() && !name.contains(['/', '.']) => {
            let all = common::scenarios(lab)?;
            Ok(all.into_iter().find(|s| common::is_named(s, name)))
        }
        _ => Ok(None),
    }
}

/// The path of a scenario's guest, obtained as `run-all` does.
fn guest(lab: &Lab, scenario: &Scenario, offline: &OfflineArgs) -> Result<PathBuf> {
    let name = &scenario.name;
    let made = guest::obtain(lab, scenario, offline.to_build_options());
    lab.machine.save();
    let guest = match made {
        Ok(guest) => guest,
        Err(none) => {
            let how = none.remedy.map(|how| format!("; {how}")).unwrap_or_default();
            let code = none.code;
            return usage(format!(
                "{name} has no guest to inspect: {code}: {}{how}; `cargo xtask build --scenario {name}` shows the build",
                none.detail
            ));
        }
    };
    let made = if guest.origin == Origin::Prebuilt { "prebuilt by " } else { "" };
    output::print_progress(&format!("inspecting the guest of {name} ({made}{})", guest.toolchain));
    Ok(lab.cache.object(&guest.sha256))
}

/// A user's file: must be a regular file within the size limit.
fn user_file(file: &Path, max_size: &MaxSize) -> Result<PathBuf> {
    if let Err(error) = max_size.check(file) {
        let missing = error.kind() == io::ErrorKind::NotFound;
        let hint =
            if missing { "; there is no scenario with that name either: see `cargo xtask list scenarios`" } else { "" };
        return usage(format!("failed to read `{}`: {error}{hint}", file.visible()));
    }
    Ok(file.to_owned())
}

/// The imports of an Emscripten module, by kind.
#[derive(Default)]
struct Imports<'a> {
    system: BTreeMap<&'a str, &'static SystemCall>,
    libc: Vec<&'a str>,
    runtime: Vec<&'a str>,
}

impl<'a> Imports<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut imports = Self::default();
        if !facts.abis.iter().any(|a| matches!(a.abi, Abi::EmscriptenFastcomp | Abi::EmscriptenUpstream)) {
            return imports;
        }
        for import in &facts.imports {
            match system_calls::import_kind(import) {
                Some(ImportKind::System(call)) => _ = imports.system.insert(&import.name, call),
                Some(ImportKind::Libc) => imports.libc.push(&import.name),
                Some(ImportKind::Runtime) => imports.runtime.push(&import.name),
                None => {}
            }
        }
        imports
    }
}

/// The system calls that an Emscripten module imports, and their equivalents in other ABIs.
fn emscripten(facts: &Facts) -> String {
    let Imports { system, libc, runtime } = Imports::of(facts);
    let mut out = String::new();
    if system.is_empty() {
        return out;
    }
    let mut calls: BTreeMap<&str, (&SystemCall, Vec<&str>)> = BTreeMap::new();
    for (import, call) in &system {
        let short = import.trim_start_matches("___syscall").trim_start_matches("__syscall_").trim_start_matches('_');
        let (_, imports) = calls.entry(call.name).or_insert((call, Vec::new()));
        if short != call.name {
            imports.push(short);
        }
    }
    let head = format!("system calls ({} imports) and their equivalents (~ partial, - none)", system.len());
    let width = output::render_options().width;
    let _ = writeln!(out, "\n{}", text::wrapped(width, "", "", &head));
    let columns = [prose("call", 16), names("WASI 0.1"), names("WASI 0.2"), names("WASIX")];
    let mut rows = Vec::new();
    let equivalent = |text: &str| match text.strip_prefix('~') {
        Some(part) => format!("~ {part}"),
        None if text.is_empty() => "-".to_owned(),
        None => text.to_owned(),
    };
    for (name, (call, mut imports)) in calls {
        imports.sort_by_key(|import| import.parse().unwrap_or(u16::MAX));
        let name = if imports.is_empty() { name.to_owned() } else { format!("{name} ({})", imports.join(" ")) };
        let interface = equivalent(call.wasi02).replace("wasi:", "");
        let interface = interface.split('/').next().unwrap_or_default().to_owned();
        let same = !call.wasix.is_empty() && call.wasix == call.wasi01;
        let wasix = if same { "the same".to_owned() } else { equivalent(call.wasix) };
        rows.push(vec![name, equivalent(call.wasi01), interface, wasix]);
    }
    out += &output::table(&columns, &rows);
    let count = |of: fn(&SystemCall) -> &str| {
        let whole = system.values().filter(|c| !of(c).is_empty() && !of(c).starts_with('~')).count();
        let part = system.values().filter(|c| of(c).starts_with('~')).count();
        format!("{whole} of {}, {part} partially", system.len())
    };
    let (old, new, wasix) = (count(|c| c.wasi01), count(|c| c.wasi02), count(|c| c.wasix));
    let have = format!("WASI 0.1 {old}; WASI 0.2 {new}; WASIX {wasix}");
    let _ = writeln!(out, "{}", text::wrapped(width, "imports with an equivalent: ", "  ", &have));
    for (what, names) in [("libc functions", libc), ("state and helpers of the compiled program", runtime)] {
        let head = format!("{what} ({}): ", names.len());
        let _ = writeln!(out, "{}", text::wrapped(width, &head, "  ", &names.join(" ")));
    }
    out
}

fn id(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A labelled line, wrapped with indentation.
fn under(head: &str, text: &str) -> String {
    text::wrapped(output::render_options().width, &format!("{head:<11}"), &" ".repeat(11), text)
}

fn text(facts: &Facts, quick: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "kind       {} {}", id(&facts.kind), id(&facts.shape));
    if let Some(rejection) = &facts.rejection {
        let (subject, message) = (on_line(&rejection.subject), on_line(&rejection.message));
        let _ = writeln!(out, "rejected   {} {subject}: {message}", id(&rejection.kind));
    }
    let sizes = facts.sizes;
    let _ = writeln!(
        out,
        "bytes      {} (code {}, data {}, custom {}, debug {}, names {})",
        sizes.total, sizes.code, sizes.data, sizes.custom, sizes.debug, sizes.names
    );
    let proposals = facts.proposals.iter().cloned().collect::<Vec<_>>().join(" ");
    let proposals = match (quick, proposals.as_str()) {
        (true, _) => "not read (--quick)",
        (false, "") if facts.rejection.is_some() => "unknown: the reader stopped earlier",
        (false, "") => "none: WebAssembly 1.0",
        (false, names) => names,
    };
    let _ = writeln!(out, "{}", under("proposals", proposals));
    if facts.abis.is_empty() {
        let _ = writeln!(out, "abi        none: it imports nothing");
    }
    for abi in &facts.abis {
        let shown = abi.evidence.iter().take(4).map(|name| on_line(name)).collect::<Vec<_>>().join(" ");
        let more = and_more(abi.evidence.len().saturating_sub(4));
        let _ = writeln!(out, "{}", under("abi", &format!("{} ({shown}{more})", id(&abi.abi))));
    }
    for producer in &facts.producers {
        let producer = [&producer.field, &producer.name, &producer.version].map(|part| on_line(part));
        let _ = writeln!(out, "producer   {}", producer.join(" "));
    }
    if !facts.target_features.is_empty() {
        let _ = writeln!(out, "{}", under("features", &on_line(&facts.target_features.join(" "))));
    }
    let _ = writeln!(out, "\nimports ({})", facts.imports.len());
    for import in &facts.imports {
        let _ = writeln!(out, "  {}: {}", on_line(&import.shown(facts.kind)), on_line(&import.ty));
    }
    out += &emscripten(facts);
    let _ = writeln!(out, "\nexports ({})", facts.exports.len());
    for export in &facts.exports {
        let name = if export.name.is_empty() { "\"\"".into() } else { on_line(&export.name) };
        let signature = export.signature.as_ref().filter(|_| export.ty == "func");
        let ty = signature.map_or_else(
            || export.ty.clone(),
            |ty| {
                let results = if ty.results.is_empty() { "()".to_owned() } else { ty.results.join(", ") };
                format!("func ({}) -> {results}", ty.params.join(", "))
            },
        );
        let _ = writeln!(out, "  {name}: {}", on_line(&ty));
    }
    let _ = writeln!(out, "\nsections ({})", facts.sections.len());
    for section in &facts.sections {
        let _ = writeln!(out, "  {:>10} bytes at {:#08x}  {}", section.bytes, section.offset, on_line(&section.name));
    }
    out
}
