//! Host layers: what the lab adds to an engine so that it runs guests which it cannot run by itself. Each makes a
//! column of its own, `ENGINE+LAYER`.

use wasmlab_model::facts::{Abi, BinaryKind, Facts, Shape};
use wasmlab_model::scenario::ScenarioFile;

/// What a column has beside its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostLayer {
    /// Nothing: the engine as it comes.
    None,
    /// The system calls of Emscripten, from `xtask/hosts/emscripten`, for programs that need no JavaScript but these.
    Emscripten,
    /// WASI 0.1 in a page, from a polyfill of npm.
    WasiShim,
    /// Components on a JavaScript host: jco translates them, and its shims give WASI 0.2 and 0.3.
    Jco,
}

impl HostLayer {
    /// Its name in a column's id.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Emscripten => "emscripten",
            Self::WasiShim => "wasi-shim",
            Self::Jco => "jco",
        }
    }

    /// The npm packages that it consists of; the first is the one that gave it its name.
    #[must_use]
    pub fn npm_packages(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::Emscripten => &[],
            Self::WasiShim => &["@bjorn3/browser_wasi_shim"],
            Self::Jco => {
                &["@bytecodealliance/jco", "@bytecodealliance/preview2-shim", "@bytecodealliance/preview3-shim"]
            }
        }
    }

    /// Whether it is for such a guest; what is not known of a guest speaks for it.
    ///
    /// # Errors
    /// Why it is not.
    pub fn is_applicable(self, engine: &str, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let Some(facts) = facts else { return Ok(()) };
        let speaks = |abi| facts.abis.iter().any(|a| a.abi == abi);
        let is_component = facts.kind == BinaryKind::Component;
        let (applies, what) = match self {
            Self::None => return Ok(()),
            // The new ABI without its glue: standalone, it exports `_start`.
            Self::Emscripten => (
                speaks(Abi::EmscriptenFastcomp) || (speaks(Abi::EmscriptenUpstream) && facts.shape == Shape::Command),
                "imports no system call of Emscripten's; others",
            ),
            Self::WasiShim => (
                !is_component && speaks(Abi::Wasi01) && scenario.build.companions.is_empty(),
                "the shim is for modules of WASI 0.1 without glue; the others",
            ),
            Self::Jco => (is_component, "jco translates components; core modules"),
        };
        if applies { Ok(()) } else { Err(format!("{what} run on {engine}")) }
    }
}
