//! `adapt`: adapts a built file to a runtime, and proves it by running the result.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::check::guest::{self, FileToCheck, GuestArgs};
use super::common::{self, usage};
use super::guest_file::MaxSize;
use super::{output, run_all};
use crate::adaptation::{self, AdaptedFile};
use crate::exit;
use crate::guest::BuildOptions;
use crate::lab::Lab;
use crate::matrix::{self, MatrixRequest, facts_of_given};
use crate::store::files;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;
use wasmlab_report::text::wrapped;
use wasmlab_report::visible::{VisiblePath, on_line};

pub const ABOUT: &str = "Adapt your .wasm file to a runtime, and prove it by running the result";
pub const EXAMPLES: &str = "Examples:
  cargo xtask adapt app.wasm --for wasmtime-cli -o adapted.wasm
  cargo xtask adapt lib.wasm --for node -o adapted.wasm --invoke add --expect-stdout 5 -- 2 3
  cargo xtask adapt app.wasm --for node+jco -o component.wasm

Runs the file on the runtime, applies the suggested transformations to a copy (wasm-opt passes, the
adapter that makes a component), and runs the copy with the same arguments. OUT is written only if
the copy passes.

Exit code: 0 if the copy passes, or if the file passes as it is, in which case nothing is written.
1 if nothing helped; the output lists what was tried.";

#[derive(clap::Args)]
pub struct Args {
    /// A module, as .wasm or .wat
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Runtime to adapt the file for
    #[arg(long = "for", value_name = "RUNTIME")]
    runtime: String,
    /// Where to write the changed file
    #[arg(short, long, alias = "output", value_name = "OUT")]
    out: PathBuf,
    #[command(flatten)]
    guest: GuestArgs,
    /// Time limit for running a guest, in seconds [default: 10; compilation has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    #[command(flatten)]
    max_size: MaxSize,
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let runtime = common::column(lab, &args.runtime)?;
    if let (Ok(file), Ok(out)) = (args.file.canonicalize(), args.out.canonicalize())
        && file == out
    {
        return usage(format!(
            "`{}` is the input, which `adapt` never changes: give --out another path",
            args.file.visible()
        ));
    }
    let given = FileToCheck::one(&args.file, &args.guest)?;
    let (scenario, guest) = guest::prepare(lab, &given, &args.max_size, args.timeout)?;
    let bytes = std::fs::read(lab.cache.object(&guest.sha256)).context("failed to read the copy of the file")?;
    let facts = match facts_of_given(lab, &guest.sha256) {
        Ok(facts) => facts,
        Err(why) => return usage(format!("`{}` is not valid WebAssembly: {why}", args.file.visible())),
    };
    let id = runtime.id().to_owned();
    let scenarios = [scenario];
    let build = BuildOptions { offline: true, require_built: false };
    let request = MatrixRequest {
        use_cache: true,
        given: BTreeMap::from([(scenarios[0].name.clone(), guest)]),
        ..MatrixRequest::one_cell(&scenarios, runtime, run_all::limits(args.timeout), build)
    };
    let Some(cell) = matrix::run(lab, &request, &|_| ()).cells.into_values().next() else {
        return Ok(exit::INTERRUPTED);
    };
    let title = on_line(&given.title).into_owned();
    if cell.verdict == Verdict::Error {
        bail!("{title} was not run on {id}: {}", on_line(&cell.detail));
    }
    match cell.verdict {
        Verdict::Pass => {
            let with =
                if cell.switches.is_empty() { String::new() } else { format!(", with {}", cell.switches.join(" ")) };
            print_wrapped(&format!("{title} runs on {id} as it is{with}: nothing was written"))?;
            return Ok(exit::OK);
        }
        Verdict::Absent => return usage(format!("{id} is not installed: {}", cell.detail)),
        _ => {}
    }
    if cell.code == Some(Code::NoEntryPoint) && args.guest.invoke.is_none() {
        return usage(format!(
            "{title} has no entry point, so {id} ran none of its code: name the export to call with `--invoke EXPORT`"
        ));
    }
    print_wrapped(&format!("{title} does not run on {id}: {}", result_text(&cell)))?;
    match adapted(lab, &request, (&bytes, &facts), &cell) {
        Ok(adapted) => write(args, &adapted, &id),
        Err(tried) => {
            if tried.is_empty() {
                print_wrapped("the lab knows no transformation that would help: `check` names other remedies")?;
            }
            for line in tried {
                print_wrapped(&format!("tried {line}"))?;
            }
            Ok(exit::REGRESSION)
        }
    }
}

/// A copy of the file that passes where `cell` does not, or one line for each transformation that was tried.
fn adapted(
    lab: &Lab,
    request: &MatrixRequest,
    (bytes, facts): (&[u8], &Facts),
    cell: &Cell,
) -> Result<AdaptedFile, Vec<String>> {
    let (scenario, id) = (&request.scenarios[0], cell.runtime.as_str());
    let mut tried = Vec::new();
    for first in adaptation::candidates(cell, facts) {
        match adaptation::follow(lab, request, scenario, (bytes, facts), &first, &[id]) {
            Ok(adapted) if adapted.passing().contains(id) => return Ok(adapted),
            Ok(adapted) => {
                let after = adapted.cells.first().map(result_text).unwrap_or_default();
                tried.push(format!("{}: {after}", adapted.shown()));
            }
            Err(why) => tried.push(format!("{}: {why}", first.short())),
        }
    }
    Err(tried)
}

fn write(args: &Args, adapted: &AdaptedFile, id: &str) -> Result<u8> {
    let out = args.out.visible();
    files::write_output(&args.out, &adapted.bytes).with_context(|| format!("failed to write `{out}`"))?;
    print_wrapped(&format!("proven: with {} it runs on {id}", adapted.shown()))?;
    for step in &adapted.steps {
        output::print(&format!("  {}\n", step.command()))?;
    }
    output::print(&format!("{out} has {} bytes\n", adapted.bytes.len()))?;
    Ok(exit::OK)
}

/// Prints a sentence in lines of the terminal's width.
fn print_wrapped(text: &str) -> Result<()> {
    output::print(&(wrapped(output::render_options().width, "", "  ", &on_line(text)) + "\n"))
}

/// `unsupported-proposal: lacks legacy-exceptions: …`.
fn result_text(cell: &Cell) -> String {
    format!("{}: {}", cell.code.map_or(cell.verdict.id(), |code| code.id()), cell.detail)
}
