//! Whether a runtime has any WASI for core modules. Probes import only `proc_exit`, which every WASI host defines. That
//! distinguishes a runtime without WASI from one that lacks a single function or an older snapshot.

use super::proposal_probes;
use crate::cell::Plan;
use crate::lab::Lab;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Abi;
use wasmlab_model::report::Cell;
use wasmlab_protocol::Cause;

/// ABIs that a runtime without WASI cannot host.
const WASI: &[Abi] = &[Abi::Wasi01, Abi::WasiUnstable, Abi::Wasix, Abi::WasiThreads];
/// The import modules of WASI's snapshots; a runtime with WASI has at least one.
const SNAPSHOTS: &[&str] = &["wasi_snapshot_preview1", "wasi_unstable"];

/// `WASI` if the cell is a gap for a missing import, the guest uses WASI, and the runtime has none of its snapshots.
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
    let uses_wasi = facts.abis.iter().any(|found| WASI.contains(&found.abi));
    let lacks = |snapshot: &&str| {
        let import = format!("(import \"{snapshot}\" \"proc_exit\" (func (param i32)))");
        let module = wat::parse_str(format!("(module {import} (func (export \"_start\")))"));
        let cause = module.ok().and_then(|module| proposal_probes::cause(lab, plan, "WASI", &module));
        matches!(cause, Some(Cause::MissingImport { .. }))
    };
    (uses_wasi && SNAPSHOTS.iter().all(lacks)).then(|| "WASI".to_owned())
}
