//! Guests of `.wast` files, and columns that can run them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;

use crate::cli::common::usage;
use crate::guest::Guest;
use crate::lab::Lab;
use crate::suite::wast::WastFile;
use wasmlab_runtimes::{HostLayer, Runtime, Source};

/// Adds the modules of the files' parts to the guests of other tests, by the names of their scenarios.
pub fn add_guests(lab: &Lab, files: &[WastFile], guests: &mut BTreeMap<String, Guest>) -> Result<()> {
    let mut last: Option<(&Arc<[u8]>, Guest)> = None;
    for part in files.iter().flat_map(|file| &file.parts) {
        // The parts of an instance follow each other and share its module.
        let guest = match last {
            Some((module, guest)) if Arc::ptr_eq(module, &part.module) => guest,
            _ => Guest::given(lab.cache.put_object(&part.module)?),
        };
        let name = &part.scenario.name;
        if guests.insert(name.clone(), guest.clone()).is_some() {
            return usage(format!("two tests are called `{name}`: rename the file of one of them"));
        }
        last = Some((&part.module, guest));
    }
    Ok(())
}

/// Whether a runtime is selected without being named: it makes several calls on one instance, and starts quickly. A
/// browser takes half a second per part, so it runs only if `--runtime` names it.
pub fn is_selected_by_default(runtime: &Runtime) -> bool {
    let is_quick = !matches!(runtime.source, Source::Driver { .. });
    is_quick && runtime.output_parser.is_none() && runtime.host_layer == HostLayer::None
}
