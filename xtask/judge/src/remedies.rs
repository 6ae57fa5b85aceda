//! Remedies from the row: columns in which the same guest passes. The last step, after [`row`](crate::row); pure, too.

use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::remedy::Remedy;
use wasmlab_protocol::Stage;

use super::obstacles::{self, FailedColumn};
use super::{components, imports, limits, transforms, trap};
use wasmlab_model::names::listed;

/// The most columns that a remedy names.
const MAX_NAMED: usize = 4;

/// A cell that fell short.
#[derive(Clone, Copy, Debug)]
pub struct FailedCell<'a> {
    /// Its reason.
    pub code: Code,
    /// The subject of the code.
    pub subject: Option<&'a str>,
    /// How far the guest came.
    pub stage: Option<Stage>,
    /// Its column.
    pub runtime: &'a str,
    /// Its remedy so far, if it is not the catalogue's.
    pub own: Option<&'a str>,
    /// It differs from its row, and its runtime is blamed for that.
    pub differs: bool,
    /// The guest's facts.
    pub facts: Option<&'a Facts>,
    /// Nothing was run: the other columns are predictions.
    pub predicted: bool,
}

impl FailedCell<'_> {
    /// The verb for the other columns.
    fn passes(&self) -> &'static str {
        if self.predicted { "should run" } else { "passes" }
    }
}

/// A column in which the guest passes: its id and its engine.
pub type Passing<'a> = (&'a str, &'a str);

/// The remedy of a cell, if the row suggests one. `passing`: the other columns in which the same guest passes; `short`:
/// those in which it falls short.
#[must_use]
pub fn of_row(cell: &FailedCell, passing: &[Passing], short: &[FailedColumn]) -> Option<String> {
    let has_general = cell.own.is_none_or(|own| own.starts_with("Use a runtime"));
    let is_open = passing.is_empty() && (has_general || cell.code == Code::NeedsComponentModel);
    if let Some(remedy) = is_open.then(|| obstacles::remedy(cell, short)).flatten() {
        return Some(remedy);
    }
    // The remedy for the proposal comes first, then the one for the next obstacle.
    if let (Code::UnsupportedProposal, Some(own), true) = (cell.code, cell.own, passing.is_empty())
        && let Some(next) = obstacles::remedy(cell, short)
    {
        return Some(format!("{own} {next}"));
    }
    let layer = with_a_layer(cell, passing);
    let place = || run_elsewhere(cell, passing);
    // The row names the runtimes to use, so the general remedy need not.
    let build = cell.own.filter(|own| !own.starts_with("Use a runtime"));
    match cell.code {
        Code::NeedsComponentModel => {
            let core = cell.facts.is_some_and(components::could_be_core).then_some(components::AS_CORE_MODULE);
            joined(layer.or_else(place), core)
        }
        Code::MissingImport | Code::NeedsEmscriptenHost => joined(layer.or_else(place), build),
        Code::UnsupportedProposal => {
            let build = build.map(str::to_owned).or_else(|| without(cell)).map(|build| but_for_its_import(build, cell));
            let is_exact = cell.own.is_none() && !changes(cell).is_empty();
            joined(layer.or_else(place), build.as_deref()).or(build.filter(|_| is_exact))
        }
        // The lab's limit, reached by the runtime's compiler.
        Code::OutOfMemory | Code::CompileTimeout if cell.subject == Some(limits::COMPILER) => {
            let smaller = build.map(|build| but_for_its_import(build.to_owned(), cell));
            let is_enough = smaller.as_deref() == build;
            joined(place(), smaller.as_deref().filter(|_| is_enough)).or(smaller)
        }
        Code::EngineCompileError => joined(place(), Some(cell.own.unwrap_or(cell.code.entry().remedy))),
        Code::Timeout if cell.differs => joined(place(), Some("Raise `--timeout` if it is only slow here.")),
        Code::NotImplemented => match cell.own {
            Some(own) => Some(format!("{own} It {} on {}.", cell.passes(), names(passing)?)),
            None => place(),
        },
        // The glue is the remedy; the row shows where it works.
        Code::NeedsJsGlue => {
            let own = cell.own.unwrap_or(cell.code.entry().remedy);
            let names = names(passing)?;
            Some(format!("{own} With its glue it {} on {names}.", cell.passes()))
        }
        // Most other runtimes open the path: it is one of the directory.
        Code::CapabilityDenied if cell.differs && cell.subject == Some("path_open") => {
            let by_name = "Find the directory's descriptor by its name (`fd_prestat_dir_name`), as the C library does, since \
                           runtimes number them differently; and open a path relative to it, without a leading slash.";
            joined(place(), Some(by_name))
        }
        Code::SocketsUnsupported if cell.subject == Some("preopened-socket") => Some(format!(
            "Run it on a runtime that can pass an open socket to the guest: it {} on {}.",
            cell.passes(),
            names(passing)?
        )),
        Code::WrongOutput | Code::WrongExit | Code::Trap | Code::HostRefused
            if cell.differs && cell.own.is_none_or(trap::is_inspection_hint) =>
        {
            Some(match names(passing) {
                Some(names) => {
                    format!(
                        "Run it on {names}, where it passes, and report the difference to this runtime's authors with the module."
                    )
                }
                None => "Report the difference to the runtime's authors with the module.".to_owned(),
            })
        }
        _ => None,
    }
}

/// Columns that were measured to run guests of the targets that remedies name.
#[derive(Clone, Debug, Default)]
pub struct Targets<'a> {
    /// Of WASI 0.2, with sockets.
    pub sockets: Vec<Passing<'a>>,
    /// Of WASIX.
    pub wasix: Vec<Passing<'a>>,
    /// Of wasi-threads.
    pub threads: Vec<Passing<'a>>,
}

/// The remedy plus the columns that were measured to run the targets it names; `None` if there are none.
#[must_use]
pub fn with_targets(remedy: &str, targets: &Targets) -> Option<String> {
    let known = [
        ("wasm32-wasip2", "wasi:sockets", &targets.sockets),
        ("WASIX", "WASIX", &targets.wasix),
        ("wasm32-wasip1-threads", "wasi-threads", &targets.threads),
    ];
    let named = known.into_iter().filter(|(target, ..)| remedy.contains(target));
    let seen: Vec<String> =
        named.filter_map(|(_, what, columns)| names(columns).map(|names| format!("{what} on {names}"))).collect();
    (!seen.is_empty()).then(|| format!("{remedy} Measured to work: {}.", seen.join("; ")))
}

/// A rebuild without the feature, unless the cell has a better remedy. A language whose objects are the engine's cannot
/// leave out anything.
fn without(cell: &FailedCell) -> Option<String> {
    if cell.facts.is_some_and(|facts| facts.proposals.contains("gc")) {
        return None;
    }
    let names: Vec<&str> = cell.subject?.split(' ').collect();
    if names.contains(&"cm-async") {
        return Some("Build it for WASI 0.2, which does not need this proposal.".to_owned());
    }
    // Two forms of one feature.
    let both = names.contains(&"exceptions");
    let names: Vec<&str> = names.into_iter().filter(|name| !(both && *name == "legacy-exceptions")).collect();
    let changes = changes(cell);
    let options = transforms::shown_options(&changes).map(|options| format!(" ({options})")).unwrap_or_default();
    let lower = changes.iter().find_map(|remedy| match remedy {
        Remedy::Transform(lower) => Some(format!(", or rewrite the finished file: `{}`", lower.command())),
        _ => None,
    });
    Some(format!("Compile without {}{options}{}.", listed(&names), lower.unwrap_or_default()))
}

/// How the file could be changed so that this runtime takes it, as data.
fn changes(cell: &FailedCell) -> Vec<Remedy> {
    let Some(facts) = cell.facts else { return Vec::new() };
    let proposals = || cell.subject.unwrap_or_default().split(' ');
    let transform = match cell.code {
        Code::UnsupportedProposal => transforms::lowering(facts, proposals()),
        Code::NeedsComponentModel => transforms::javascript(facts),
        Code::ComponentPart => transforms::component(facts),
        _ => None,
    };
    let transform = transform.map(Remedy::Transform).into_iter();
    match cell.code {
        Code::UnsupportedProposal => {
            // An option that changes the form of exceptions helps only where the other form is taken.
            let neither = proposals().any(|name| name == "exceptions");
            let kept = proposals().filter(|name| !(neither && *name == "legacy-exceptions"));
            transform.chain(transforms::compiler_options(facts, kept)).collect()
        }
        Code::SocketsUnsupported => vec![Remedy::Target { target: "wasm32-wasip2".to_owned() }],
        _ => transform.collect(),
    }
}

/// A cell's remedy as data: `passing` are the other columns in which the same guest passes.
#[must_use]
pub fn data(cell: &FailedCell, passing: &[Passing]) -> Vec<Remedy> {
    let runtimes: Vec<String> = passing.iter().map(|(id, _)| (*id).to_owned()).collect();
    let elsewhere = (!runtimes.is_empty()).then_some(Remedy::Runtime { runtimes });
    changes(cell).into_iter().chain(elsewhere).collect()
}

/// `build`, and what would still be missing after it: an import that no WASI host defines.
fn but_for_its_import(build: String, cell: &FailedCell) -> String {
    match cell.facts.and_then(imports::foreign_reason) {
        Some((import, code, _)) => {
            format!("{}; {import} would still be missing then ({code}).", build.trim_end_matches('.'))
        }
        None => build,
    }
}

/// The same engine with the host layer that it lacks.
fn with_a_layer(cell: &FailedCell, passing: &[Passing]) -> Option<String> {
    let (column, _) = passing.iter().find(|(id, _)| {
        let layered = id.strip_prefix(cell.runtime).and_then(|rest| rest.strip_prefix('+'));
        layered.is_some_and(|layer| !layer.is_empty())
    })?;
    let layer = column.rsplit_once('+').map_or("", |(_, layer)| layer);
    let how = match layer {
        "jco" => "Translate it with jco (`jco transpile`)",
        "wasi-shim" => "Load it with a WASI 0.1 polyfill (@bjorn3/browser_wasi_shim)",
        "workers-wasi" => "Load it with Cloudflare's WASI 0.1 for workers (@cloudflare/workers-wasi)",
        "emscripten" => "Run it on a host that implements Emscripten's system calls",
        _ => return None,
    };
    Some(format!("{how}: with that, it {}.", cell.passes()))
}

fn run_elsewhere(cell: &FailedCell, passing: &[Passing]) -> Option<String> {
    names(passing).map(|names| format!("Run it on {names}, where it {}.", cell.passes()))
}

/// `wasmi, node and 3 more`: one column per engine, preferring the plain engine to one with a host layer.
pub fn names(passing: &[Passing]) -> Option<String> {
    let mut engines: Vec<&str> = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let (plain, layered): (Vec<&Passing>, Vec<&Passing>) = passing.iter().partition(|(id, _)| !id.contains('+'));
    for (id, engine) in plain.into_iter().chain(layered) {
        if !engines.contains(engine) {
            engines.push(engine);
            shown.push(id);
        }
    }
    let more = shown.len().saturating_sub(MAX_NAMED);
    shown.truncate(MAX_NAMED);
    match (shown.split_last()?, more) {
        ((last, []), 0) => Some((*last).to_owned()),
        ((last, before), 0) => Some(format!("{} and {last}", before.join(", "))),
        (_, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// Two remedies, either of which is enough.
fn joined(first: Option<String>, second: Option<&str>) -> Option<String> {
    let first = first?;
    let Some(second) = second else { return Some(first) };
    // A remedy that begins with a name or an option keeps its case.
    let mut letters = second.chars();
    let rest = match letters.next() {
        Some(letter) if letters.clone().next().is_some_and(char::is_lowercase) => {
            format!("{}{}", letter.to_lowercase(), letters.as_str())
        }
        _ => second.to_owned(),
    };
    Some(format!("{first} Or {rest}"))
}

#[cfg(test)]
mod tests {
    use super::{FailedCell, Targets, of_row, with_targets};
    use wasmlab_model::codes::Code;

    const ROW: &[(&str, &str)] = &[
        ("wasmtime-cranelift", "wasmtime"),
        ("wasmtime-winch", "wasmtime"),
        ("wasmi", "wasmi"),
        ("node", "node"),
        ("deno", "deno"),
        ("bun", "bun"),
        ("chromium+wasi-shim", "chromium"),
    ];

    fn check(code: Code, runtime: &str, own: Option<&str>, row: &[(&str, &str)], wanted: Option<&str>) {
        let cell = FailedCell {
            code,
            subject: Some("preopened-socket"),
            runtime,
            own,
            stage: None,
            differs: true,
            facts: None,
            predicted: false,
        };
        assert_eq!(of_row(&cell, row, &[]).as_deref(), wanted, "{code} {runtime}");
    }

    #[test]
    fn targets_are_named_with_columns_that_run_them() {
        let check = |remedy: &str, targets: &Targets, wanted: Option<&str>| {
            assert_eq!(with_targets(remedy, targets).as_deref(), wanted);
        };
        let both = "Build for wasm32-wasip2 or WASIX.";
        let targets =
            Targets { sockets: ROW[..3].to_vec(), wasix: vec![("wasmer-cranelift", "wasmer")], ..Targets::default() };
        let all = "Build for wasm32-wasip2 or WASIX. Measured to work: wasi:sockets on wasmtime-cranelift and wasmi; WASIX on \
                   wasmer-cranelift.";
        check(both, &targets, Some(all));
        check(both, &Targets::default(), None);
        check("Build it again.", &targets, None);
    }

    #[test]
    fn recompiling_is_a_remedy_where_nothing_else_is_missing() {
        let check = |imports: &str, code: Code, subject: &str, own: Option<&str>, wanted: &str| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
            let (subject, facts) = (Some(subject), Some(&facts));
            let cell =
                FailedCell { code, subject, runtime: "bun", own, stage: None, differs: false, facts, predicted: false };
            assert_eq!(of_row(&cell, &ROW[2..4], &[]).as_deref(), Some(wanted));
        };
        let (run, lacks) = ("Run it on wasmi and node, where it passes.", Code::UnsupportedProposal);
        check("", lacks, "simd threads", None, &format!("{run} Or compile without simd and threads."));
        let exceptions = format!("{run} Or compile without exceptions.");
        check("", lacks, "exceptions legacy-exceptions", None, &exceptions);
        check(
            "",
            lacks,
            "cm-async",
            None,
            &format!("{run} Or build it for WASI 0.2, which does not need this proposal."),
        );
        check("(type (struct)) (global (ref null 0) (ref.null 0))", lacks, "gc", None, run);
        let abort = "(import \"env\" \"_abort_js\" (func))";
        let still = "env._abort_js would still be missing then (needs-js-glue).";
        check(abort, lacks, "exceptions", None, &format!("{run} Or compile without exceptions; {still}"));
        let standard = Some("Compile to the standard form.");
        check(abort, lacks, "legacy-exceptions", standard, &format!("{run} Or compile to the standard form; {still}"));
        let smaller = Some("Make it smaller.");
        check(abort, Code::OutOfMemory, "compiler", smaller, run);
        check("", Code::CompileTimeout, "compiler", smaller, &format!("{run} Or make it smaller."));
    }

    #[test]
    fn remedy_names_columns_that_pass() {
        let rebuild = Some("Rebuild it with a toolchain of today.");
        let names = "wasmtime-cranelift, wasmi, node, deno and 2 more";
        let run = format!("Run it on {names}, where it passes.");
        check(Code::MissingImport, "tinywasm", None, ROW, Some(&run));
        let or = format!("{run} Or rebuild it with a toolchain of today.");
        check(Code::MissingImport, "tinywasm", rebuild, ROW, Some(&or));
        let shim = "Load it with a WASI 0.1 polyfill (@bjorn3/browser_wasi_shim): with that, it passes.";
        check(Code::MissingImport, "chromium", None, ROW, Some(shim));
        check(Code::MissingImport, "tinywasm", Some("Use a runtime that has WASIX (wasmer)."), ROW, Some(&run));
        check(Code::MissingImport, "tinywasm", None, &[], None);
        let jco = "Translate it with jco (`jco transpile`): with that, it passes.";
        check(Code::NeedsComponentModel, "node-24", None, &[("node+jco", "node"), ("node-24+jco", "node")], Some(jco));
        check(
            Code::NeedsComponentModel,
            "wasmi",
            None,
            &[("node+jco", "node")],
            Some("Run it on node+jco, where it passes."),
        );
        let glue = "Run it by its file. With its glue it passes on node.";
        check(Code::NeedsJsGlue, "wasmi", Some("Run it by its file."), &ROW[3..4], Some(glue));
        let socket = "Run it on a runtime that can pass an open socket to the guest: it passes on wasmi.";
        check(Code::SocketsUnsupported, "node", Some("x"), &ROW[2..3], Some(socket));
        let report =
            "Run it on wasmi, where it passes, and report the difference to this runtime's authors with the module.";
        check(Code::WrongOutput, "node", None, &ROW[2..3], Some(report));
        check(Code::WrongOutput, "node", Some("Rebuild it."), ROW, None);
        check(Code::Trap, "node", Some("Rebuild it."), &ROW[2..3], None);
        let hint = "This runtime does not report where the trap happened: run it on one that does (wasmtime, node).";
        check(Code::Trap, "node", Some(hint), &ROW[2..3], Some(report));
        let mut cell = FailedCell {
            code: Code::CapabilityDenied,
            subject: Some("path_open"),
            stage: None,
            runtime: "wasmer-cranelift",
            own: Some("Open a path without a leading slash."),
            differs: true,
            facts: None,
            predicted: false,
        };
        let by_name = "Run it on wasmi, where it passes. Or find the directory's descriptor by its name \
                       (`fd_prestat_dir_name`), as the C library does, since runtimes number them differently; and open a \
                       path relative to it, without a leading slash.";
        assert_eq!(of_row(&cell, &ROW[2..3], &[]).as_deref(), Some(by_name));
        cell.differs = false;
        assert_eq!(of_row(&cell, &ROW[2..3], &[]), None);
        let compiler = "Run it on wasmi, where it passes. Or report it to the runtime's authors with the module; if the runtime \
                        has several compilers, try another.";
        check(Code::EngineCompileError, "wasmi-cli", None, &ROW[2..3], Some(compiler));
        check(Code::EngineCompileError, "wasmi-cli", None, &[], None);
        let slow = "Run it on wasmi, where it passes. Or raise `--timeout` if it is only slow here.";
        check(Code::Timeout, "node", None, &ROW[2..3], Some(slow));
        check(
            Code::WrongOutput,
            "node",
            None,
            &[],
            Some("Report the difference to the runtime's authors with the module."),
        );
        check(Code::CustomHost, "node", None, ROW, None);
        let page = "A page has no sockets: run it outside of one.";
        let said = format!("{page} It passes on node.");
        check(Code::NotImplemented, "chromium+jco", Some(page), &ROW[3..4], Some(&said));
        check(Code::NotImplemented, "deno", None, &ROW[3..4], Some("Run it on node, where it passes."));
    }
}
