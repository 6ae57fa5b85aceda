//! WAT: the text format, assembled within the lab by the crate `wat`.

use std::path::Path;

use wasmlab_model::file_error::KeyError;

use crate::{Conversion, FoundTool, Recipe, Toolchain};

const VERSION: &str = env!("WASMLAB_WAT_VERSION");

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "wat",
    summary: "WebAssembly's text format -> modules and components of any ABI",
    example: r#"source = "hello.wat""#,
    check: |build| {
        let source = build.source.is_none().then(|| KeyError::new("source", "is missing: name the .wat file"));
        let flags = !build.flags.is_empty();
        let flags = flags.then(|| KeyError::new("flags", "is not for WAT, which is translated without options"));
        source.into_iter().chain(flags).collect()
    },
    find: |_, _| {
        let (version, fingerprint) = (format!("wat {VERSION}"), VERSION.to_owned());
        Ok(FoundTool { version, fingerprint, ..FoundTool::default() })
    },
    recipe: |task| Recipe {
        artifact: task.scenario.dir.join(task.source()),
        conversions: vec![Conversion { convert: translate, shown: "" }],
        ..Recipe::default()
    },
    ..Toolchain::BASE
};

fn translate(path: &Path, text: &[u8]) -> Result<Vec<u8>, String> {
    wat::Parser::new().parse_bytes(Some(path), text).map(Into::into).map_err(|e| e.to_string())
}
