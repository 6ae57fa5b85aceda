//! Probe modules that show what a runtime supports: which imports it defines, which proposals it accepts, how a
//! function behaves, where its limits are.
//!
//! This crate makes the modules and decides which one to run next; its caller runs them ([`ProbeTarget`]). Starting a
//! browser takes half a second, so a search tests many things at once: one module imports a whole specification, and
//! its parts are tested only if that module is refused ([`link`]).
//!
//! The types of host functions are in `catalogue.json`, which `catalogue/` generates from the specifications' own files
//! ([`catalogue`]). To add a proposal, add its module to [`proposals`]; a specification, its document to `catalogue/`.

pub mod behaviour;
pub mod catalogue;
pub mod interfaces;
pub mod limits;
pub mod link;
pub mod measure;
pub mod proposals;
pub mod sandbox;
pub mod script;
pub mod unusual_modules;

use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_protocol::Cause;

/// A module to run as a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its name, for people and for the cache: `proposal-gc`.
    pub name: String,
    /// The binary.
    pub module: Vec<u8>,
    /// The guest's inputs, as the `[run]` table of a `scenario.toml`; empty: nothing.
    pub run: &'static str,
    /// It must run in a process of its own: earlier guests could change how much it can allocate, or how deep it can call.
    pub own_process: bool,
}

impl Probe {
    /// A probe without inputs.
    #[must_use]
    pub fn new(name: impl Into<String>, module: Vec<u8>) -> Self {
        Self { name: name.into(), module, run: "", own_process: false }
    }

    /// A probe from module text.
    ///
    /// # Errors
    /// If the text is not a module.
    pub fn from_text(name: impl Into<String>, text: &str) -> anyhow::Result<Self> {
        Ok(Self::new(name, wat::parse_str(text)?))
    }
}

/// How a runtime reacted to a probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbeReply {
    /// Why it ended, if the runtime reported it.
    pub cause: Option<Cause>,
    /// It starts guests with undefined imports.
    pub unchecked_imports: bool,
    /// The guest's stdout.
    pub stdout: String,
    /// What ended its process early: a limit of the lab, or a signal.
    pub stopped: Option<String>,
    /// It was ended by a limit of the lab on time, memory or space, which says nothing about the runtime's own.
    pub at_lab_limit: bool,
}

impl ProbeReply {
    /// Whether the runtime found all imports of the probe.
    fn is_linked(&self) -> bool {
        self.cause.as_ref().is_some_and(Cause::is_after_linking)
    }
}

/// A runtime that can be probed.
pub trait ProbeTarget {
    /// Runs a probe with these switches. `None`: the lab cannot test this.
    fn probe(&mut self, probe: &Probe, switches: &[String]) -> Option<ProbeReply>;

    /// The runtime's switches, off by default, that may provide what it lacks.
    fn switches(&self, lack: MissingFeature) -> Vec<String>;
}
