//! Guests of `.wast` files, and columns that can run them.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::guest::Guest;
use crate::lab::Lab;
use crate::suite::wast::WastFile;
use wasmlab_runtimes::{HostLayer, Runtime, Source};

/// The modules of the files' parts, by the names of their scenarios.
pub fn guests(lab: &Lab, files: &[WastFile]) -> Result<BTreeMap<String, Guest>> {
    let mut guests = BTreeMap::new();
    for part in files.iter().flat_map(|file| &file.parts) {
        let sha256 = lab.cache.put_object(&part.module)?;
        guests.insert(part.scenario.name.clone(), Guest::given(sha256));
    }
    Ok(guests)
}

/// Whether a runtime is selected without being named: it makes several calls on one instance, and starts quickly. A
/// browser takes half a second per part, so it runs only if `--runtime` names it.
pub fn is_selected_by_default(runtime: &Runtime) -> bool {
    let is_quick = !matches!(runtime.source, Source::Driver { .. });
    is_quick && runtime.output_parser.is_none() && runtime.host_layer == HostLayer::None
}
