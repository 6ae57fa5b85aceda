//! WAT: the text format, translated within the lab.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Found, Missing, Recipe, Toolchain};
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: Wat = Wat;

/// Crate `wat`.
pub struct Wat;

impl Toolchain for Wat {
    fn id(&self) -> &'static str {
        "wat"
    }

    fn makes(&self) -> &'static str {
        "WebAssembly's text format -> modules and components of any ABI"
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        match &build.source {
            None => vec![("source", "is missing: name the .wat file".to_owned())],
            Some(_) => Vec::new(),
        }
    }

    fn find(&self, _: &Build, _: &Machine) -> Result<Found, Missing> {
        Ok(Found {
            program: PathBuf::new(),
            version: format!("wat {}", env!("WASMLAB_WAT_VERSION")),
            fingerprint: env!("WASMLAB_WAT_VERSION").to_owned(),
            env: BTreeMap::new(),
        })
    }

    fn recipe(&self, scenario: &Scenario, _: &Found, _: &Path, _: bool) -> Recipe {
        let source = scenario.spec.build.source.clone().unwrap_or_default();
        Recipe::Inside(|path| wat::parse_file(path).map_err(|e| e.to_string()), scenario.dir.join(source))
    }
}
