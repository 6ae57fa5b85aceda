//! The profile of one version of a runtime, as measured: which imports it defines, which proposals it accepts, where
//! its limits are. `cargo xtask probe` writes profiles; `predict` and `capabilities` read them. No entry is written by
//! hand.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use wasmlab_protocol::Cause;

/// The version of the format; a reader refuses any other.
pub const PROFILE_SCHEMA: u32 = 5;

/// Interfaces that components import, with their versions: `wasi:cli/environment@0.2.6`.
pub type MeasuredInterfaces = BTreeMap<String, ProbeAnswer>;

/// Everything that the probes found out about one column at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile<I = MeasuredInterfaces> {
    /// [`PROFILE_SCHEMA`].
    pub schema: u32,
    /// The column: `wasmtime-cranelift`.
    pub runtime: String,
    /// Its engine.
    pub engine: String,
    /// The version of its program.
    pub version: String,
    /// Where and how this was measured.
    pub provenance: Provenance,
    /// Whether it accepts components at all.
    pub components: ProbeAnswer,
    /// Each proposal that has a probe module, by the lab's name.
    pub proposals: BTreeMap<String, ProbeAnswer>,
    /// Core imports: module to its functions.
    pub imports: BTreeMap<String, MeasuredFunctions>,
    /// How it treats an import that no host defines.
    pub unknown_import: ProbeAnswer,
    /// See [`MeasuredInterfaces`].
    pub interfaces: I,
    /// For each interface version that it does not define although it defines an earlier one: the functions that are
    /// missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing_functions: BTreeMap<String, Vec<String>>,
    /// Small modules with something unusual about them, by name: `no-start`, `no-memory`, `exit-126`.
    pub unusual_modules: BTreeMap<String, ProbeAnswer>,
    /// Measured limits, by name: `locals`.
    pub limits: BTreeMap<String, MeasuredLimit>,
    /// How each function of WASI 0.1 behaves when a guest calls it as a program would.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub behaviour: BTreeMap<String, Behaviour>,
    /// How far a hostile guest gets, by probe.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sandbox: BTreeMap<String, Behaviour>,
}

/// Where and how a profile was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The day, `2026-11-26`.
    pub date: String,
    /// The lab's commit; empty if unknown, with `+` if its files were changed.
    pub lab_commit: String,
    /// System and processor: `linux-x86_64`.
    pub system: String,
    /// How the runtime was obtained: built from the lab's `xtask/engines/NAME`, or an installed program.
    pub obtained_from: String,
    /// The host layer that the lab adds, if any: `jco`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host_layer: String,
    /// How many modules were run.
    pub probes: u32,
}

/// The answer to a probe module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// By default.
    pub support: Support,
    /// How the runtime refused the module, if it did; it refuses other modules that need this in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The switches with which it accepts the module.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
}

/// Whether a runtime accepted a probe module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// It ran.
    Yes,
    /// It was refused.
    No,
    /// It started although something is missing, which only a call would show.
    Unchecked,
    /// The lab cannot test it.
    #[default]
    Unknown,
}

/// The defined functions of an import module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredFunctions {
    /// The specification that declares them: `WASI 0.1`.
    pub specification: String,
    /// Functions that the runtime defines, each with the specification's type: `(i32, i32) -> (i32)`.
    pub defined: BTreeMap<String, String>,
    /// Functions that it reports as missing, with the answer of [`Profile::unknown_import`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<String>,
    /// Functions that it refuses in another way, each with the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, ProbeAnswer>,
    /// Functions about which nothing is known, because it starts guests whatever they import.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unchecked: BTreeSet<String>,
    /// The answer, if it is the same for all functions; none is listed then. Most runtimes define none of Emscripten's
    /// hundreds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniform: Option<UniformAnswer>,
}

/// The answer that all functions of an import module have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UniformAnswer {
    /// It reports them as missing; the number of functions.
    Missing(usize),
    /// Nothing is known about them; the number of functions.
    Unchecked(usize),
}

impl MeasuredFunctions {
    /// Whether the runtime defines a function; `None` if it was not tested.
    #[must_use]
    pub fn defines(&self, name: &str) -> Option<bool> {
        if self.defined.contains_key(name) {
            return Some(true);
        }
        if let Some(uniform) = self.uniform {
            return matches!(uniform, UniformAnswer::Missing(_)).then_some(false);
        }
        (self.missing.contains(name) || self.refused.contains_key(name)).then_some(false)
    }

    /// How many functions were tested.
    #[must_use]
    pub fn tested(&self) -> usize {
        let uniform = match self.uniform {
            Some(UniformAnswer::Missing(count) | UniformAnswer::Unchecked(count)) => count,
            None => 0,
        };
        self.defined.len() + self.missing.len() + self.refused.len() + self.unchecked.len() + uniform
    }

    /// Whether the runtime starts guests whatever they import of these.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        !self.unchecked.is_empty() || matches!(self.uniform, Some(UniformAnswer::Unchecked(_)))
    }

    /// The same, without a list if all functions have the same answer.
    #[must_use]
    pub fn compact(mut self) -> Self {
        if !self.defined.is_empty() || !self.refused.is_empty() {
            return self;
        }
        match (self.missing.len(), self.unchecked.len()) {
            (missing, 0) if missing > 0 => {
                (self.uniform, self.missing) = (Some(UniformAnswer::Missing(missing)), BTreeSet::new())
            }
            (0, unchecked) if unchecked > 0 => {
                (self.uniform, self.unchecked) = (Some(UniformAnswer::Unchecked(unchecked)), BTreeSet::new());
            }
            _ => {}
        }
        self
    }
}

/// How much a runtime accepts of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredLimit {
    /// The largest number that it accepted.
    pub accepted: u64,
    /// The smallest number that it refused; `None` if it accepted the largest that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// Its message for a larger one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The runtime's switches for more stack, if it accepts more with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
    /// The largest number that was tried and that it accepted with these switches.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub accepted_with_switches: u64,
}

/// The outcome of a guest's call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behaviour {
    /// The outcome, in one word.
    pub outcome: BehaviourOutcome,
    /// The errno (`ENOSYS`), the trap or the wrong result.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The outcomes of [`Behaviour`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BehaviourOutcome {
    /// It does what the specification says.
    Works,
    /// It returns an error.
    Errno,
    /// It returns success without the effect, or with another one.
    Wrong,
    /// The guest traps, or its runtime ends.
    Ends,
    /// It is not defined.
    Missing,
    /// A hostile guest got out of its sandbox.
    Escapes,
}

impl Profile {
    /// Reads a profile. Not generic, so it is compiled in this crate, which development builds optimize.
    ///
    /// # Errors
    /// If the text is not a profile.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Reads a profile without [`Profile::interfaces`], half of its text, which no core module needs.
    ///
    /// # Errors
    /// If the text is not a profile; the interfaces are not checked.
    pub fn for_modules_from_json(text: &str) -> serde_json::Result<Self> {
        let Profile {
            schema,
            runtime,
            engine,
            version,
            provenance,
            components,
            proposals,
            imports,
            unknown_import,
            interfaces: IgnoredAny,
            missing_functions,
            unusual_modules,
            limits,
            behaviour,
            sandbox,
        } = serde_json::from_str(text)?;
        let interfaces = MeasuredInterfaces::new();
        Ok(Self {
            schema,
            runtime,
            engine,
            version,
            provenance,
            components,
            proposals,
            imports,
            unknown_import,
            interfaces,
            missing_functions,
            unusual_modules,
            limits,
            behaviour,
            sandbox,
        })
    }

    /// The name of its file: `wasmi@2.0.0.json`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let version = self.version.replace(|c: char| !(c.is_ascii_alphanumeric() || ".-+_".contains(c)), "-");
        format!("{}@{version}.json", self.runtime)
    }
}
