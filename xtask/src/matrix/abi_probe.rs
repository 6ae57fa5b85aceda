//! Whether a runtime defines anything at all of an ABI that a guest uses: asked by a module that imports one function
//! which every host of that ABI defines. It tells a runtime without WASI from one that lacks a function of it.

use super::proposal_probes;
use crate::cell::Plan;
use crate::lab::Lab;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Abi;
use wasmlab_model::report::Cell;
use wasmlab_protocol::Cause;

/// An ABI, and a module that needs as little of it as there is: to end a program.
const PROBES: &[(Abi, &str)] = &[
    (Abi::Wasi01, r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#),
    (Abi::WasiUnstable, r#"(import "wasi_unstable" "proc_exit" (func (param i32)))"#),
];

/// The first ABI of the guest of which the runtime defines nothing, if its cell is a gap for a missing import.
pub fn lacking(lab: &Lab, plan: &Plan, cell: &Cell) -> Option<String> {
    let is_import = matches!(
        cell.code,
        Some(
            Code::MissingImport
                | Code::CustomHost
                | Code::NeedsJsGlue
                | Code::NeedsEmscriptenHost
                | Code::NeedsNapiHost
                | Code::UnresolvedSymbol
        )
    );
    let facts = plan.facts.filter(|_| is_import)?;
    let of_guest = PROBES.iter().filter(|(abi, _)| facts.abis.iter().any(|found| found.abi == *abi));
    let mut lacks = of_guest.filter(|(_, import)| {
        let module = wat::parse_str(format!("(module {import} (func (export \"_start\")))"));
        let cause = module.ok().and_then(|module| proposal_probes::cause(lab, plan, "WASI", &module));
        matches!(cause, Some(Cause::MissingImport { .. }))
    });
    lacks.next().map(|(abi, _)| abi.title().to_owned())
}
