//! Shared by browsers: a page opened by a driver of the lab (`xtask/drivers/browser`).

use wasmlab_model::scenario::EntryPointKind;

use crate::{HostLayer, MissingFeature, Program, Runtime, Source, driven, js};

/// How a page's author lets a guest wait: workers may block, a page's main thread may not.
const WORKER: &str = "new Worker()";

/// The columns of a browser.
#[must_use]
pub fn columns(engine: &'static str, program: Program) -> Vec<Runtime> {
    let browser = Runtime {
        id: engine.into(),
        engine,
        mode: engine.into(),
        source: Source::Driver { driver: "browser", program },
        support_files: js::PAGE,
        has_sessions: true,
        is_applicable: |_, scenario| match scenario.run.entry {
            EntryPointKind::Http => Err("a page cannot accept connections, so it cannot serve wasi:http".to_owned()),
            _ => Ok(()),
        },
        switches: |_, lack| if lack == MissingFeature::Waiting { vec![WORKER.to_owned()] } else { Vec::new() },
        ..Runtime::default()
    };
    driven::columns(browser, HostLayer::WasiShim).into()
}
