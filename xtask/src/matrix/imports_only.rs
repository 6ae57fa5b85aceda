//! Links the imports of a large module before the module itself is compiled.
//!
//! Many runtimes compile a whole module, which can take a minute, before they look for its imports. If one is missing,
//! that minute is lost. So such a runtime first gets a module that has the same imports and nothing else. If its
//! message reports a missing import, that is the answer; otherwise, it gets the module itself.

use std::fs;

use super::{MatrixRequest, probing};
use crate::cell::{self, CellPlan, Retention};
use crate::lab::Lab;
use wasmlab_engine::imports_only;
use wasmlab_model::facts::BinaryKind;
use wasmlab_model::observation::Observation;
use wasmlab_protocol::Cause;

/// The observation of the imports alone, if the runtime lacks one of them.
pub fn observe(lab: &Lab, request: &MatrixRequest, plan: &CellPlan) -> Option<Observation> {
    let facts = plan.facts.filter(|facts| facts.kind == BinaryKind::Module && !facts.imports.is_empty())?;
    let Retention { keep_workdir, copy_dirs_to, .. } = request.retention;
    // Someone who asks for the files of a run wants those of the module.
    if !plan.runtime.compiles_before_linking || keep_workdir || copy_dirs_to.is_some() {
        return None;
    }
    let imports = imports_only(&fs::read(lab.cache.object(plan.guest)).ok()?)?;
    // A runtime that refuses the module's instructions does so before it links.
    if probing::refused(lab, plan, facts).iter().any(|(_, is_refused)| *is_refused) {
        return None;
    }
    let guest = lab.cache.put_object(&imports).ok()?;
    let seen = cell::observe(lab, &CellPlan { guest: &guest, ..*plan }, None, Retention::default()).ok()?;
    let is_missing = matches!(plan.progress(&seen).cause, Some(Cause::MissingImport { .. }));
    is_missing.then_some(Observation { imports_only: true, ..seen })
}
