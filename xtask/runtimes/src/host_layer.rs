//! Host layers: what the lab adds to an engine so that it can run more guests. Each has a separate column,
//! `ENGINE+LAYER`.

use wasmlab_model::facts::{Abi, BinaryKind, Facts};
use wasmlab_model::phrases::with_alternative_column;
use wasmlab_model::scenario::ScenarioFile;

/// A column's host layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostLayer {
    /// None: the plain engine.
    None,
    /// Emscripten's system calls, from `xtask/hosts/emscripten`, for programs that need no other JavaScript.
    Emscripten,
    /// WASI 0.1 in a page, with a shim from npm.
    WasiShim,
    /// WASI 0.1 in a worker, from Cloudflare's package.
    WorkersWasi,
    /// Components on a JavaScript host: jco transpiles them, and its shims implement WASI 0.2 and 0.3.
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
            Self::WorkersWasi => "workers-wasi",
            Self::Jco => "jco",
        }
    }

    /// The npm packages it consists of; it is named after the first.
    #[must_use]
    pub fn npm_packages(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::Emscripten => &[],
            Self::WasiShim => &["@bjorn3/browser_wasi_shim"],
            Self::WorkersWasi => &["@cloudflare/workers-wasi"],
            Self::Jco => {
                &["@bytecodealliance/jco", "@bytecodealliance/preview2-shim", "@bytecodealliance/preview3-shim"]
            }
        }
    }

    /// Whether the layer is meant for this guest; assumes so if too little is known about the guest.
    ///
    /// # Errors
    /// Why not, and which column of the same engine handles the guest instead.
    pub fn is_applicable(self, column: &str, scenario: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        let Some(facts) = facts else { return Ok(()) };
        let why = match self {
            Self::None => return Ok(()),
            Self::Emscripten => not_for_emscripten(facts),
            Self::WasiShim | Self::WorkersWasi => not_for_wasi_shim(facts, scenario),
            Self::Jco if facts.kind == BinaryKind::Component => None,
            Self::Jco => Some("jco translates components, but this is a core module"),
        };
        let engine = column.strip_suffix(self.name()).and_then(|id| id.strip_suffix('+')).unwrap_or(column);
        why.map_or(Ok(()), |why| Err(with_alternative_column(why, engine)))
    }
}

/// Standalone modules of the new ABI, without glue, export `_start`.
fn not_for_emscripten(facts: &Facts) -> Option<&'static str> {
    let speaks = |abi| facts.abis.iter().any(|a| a.abi == abi);
    let is_standalone = facts.exports.iter().any(|export| export.name == "_start");
    match facts.kind {
        BinaryKind::Component => Some("Emscripten does not produce components, but this is one"),
        _ if speaks(Abi::EmscriptenFastcomp) => None,
        BinaryKind::Module if is_standalone && speaks(Abi::EmscriptenUpstream) => None,
        _ if speaks(Abi::EmscriptenUpstream) => {
            Some("it needs Emscripten's JavaScript, of which this layer implements only the system calls")
        }
        _ if speaks(Abi::Minified) => {
            Some("the names of its imports are minified, but this layer finds imports by name")
        }
        _ => Some("this layer adds Emscripten's system calls, but the module imports none"),
    }
}

fn not_for_wasi_shim(facts: &Facts, scenario: &ScenarioFile) -> Option<&'static str> {
    if facts.kind == BinaryKind::Component {
        Some("the shim provides WASI 0.1 to core modules, but this is a component")
    } else if !facts.abis.iter().any(|a| a.abi == Abi::Wasi01) {
        Some("the shim provides WASI 0.1, but this imports none of it")
    } else if !scenario.build.companions.is_empty() {
        Some("its own JavaScript runs it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::HostLayer;
    use wasmlab_model::facts::Facts;
    use wasmlab_model::scenario::ScenarioFile;

    /// Facts of a binary of this kind and shape with a single ABI.
    fn facts(kind: &str, shape: &str, abi: &str) -> Facts {
        let abis: Vec<_> =
            [abi].iter().filter(|abi| !abi.is_empty()).map(|abi| json!({"abi": abi, "evidence": []})).collect();
        let sizes = json!({"total": 0, "code": 0, "data": 0, "custom": 0, "debug": 0, "names": 0});
        let exports = if shape == "command" { json!([{"name": "_start", "ty": "func"}]) } else { json!([]) };
        let facts = json!({
            "kind": kind, "shape": shape, "abis": abis, "sizes": sizes, "proposals": [], "imports": [], "exports": exports,
            "sections": [], "target_features": [], "producers": [],
        });
        serde_json::from_value(facts).unwrap()
    }

    #[test]
    fn host_layer_states_its_purpose_and_alternatives() {
        let check =
            |layer: HostLayer, column: &str, (kind, shape, abi): (&str, &str, &str), glue: &[&str], expected| {
                let build = json!({"toolchain": "wat", "source": "a.wat", "companions": glue});
                let scenario = json!({"schema": 1, "title": "t", "family": "f", "route": "r", "build": build});
                let scenario: ScenarioFile = serde_json::from_value(scenario).unwrap();
                let found = layer.is_applicable(column, &scenario, Some(&facts(kind, shape, abi)));
                assert_eq!(found.err().as_deref(), expected, "{column}: {kind} {shape} {abi}");
            };
        let (emscripten, shim, jco) = (HostLayer::Emscripten, HostLayer::WasiShim, HostLayer::Jco);
        let (command, library) = (("module", "command", "wasi-0.1"), ("module", "library", ""));
        check(emscripten, "wasmi+emscripten", ("module", "command", "emscripten-upstream"), &[], None);
        check(emscripten, "wasmi+emscripten", ("module", "library", "emscripten-fastcomp"), &[], None);
        let calls =
            "it needs Emscripten's JavaScript, of which this layer implements only the system calls: see column wasmi";
        check(emscripten, "wasmi+emscripten", ("module", "library", "emscripten-upstream"), &[], Some(calls));
        let none =
            "this layer adds Emscripten's system calls, but the module imports none: see column wasmtime-cranelift";
        check(emscripten, "wasmtime-cranelift+emscripten", command, &[], Some(none));
        let names = "the names of its imports are minified, but this layer finds imports by name: see column wasmi";
        check(emscripten, "wasmi+emscripten", ("module", "library", "minified"), &[], Some(names));
        check(shim, "chromium+wasi-shim", command, &[], None);
        check(shim, "chromium+wasi-shim", command, &["a.js"], Some("its own JavaScript runs it: see column chromium"));
        let none = "the shim provides WASI 0.1, but this imports none of it: see column chromium";
        check(shim, "chromium+wasi-shim", library, &[], Some(none));
        check(jco, "node-24+jco", ("component", "command", "wasi-0.2"), &[], None);
        let core = "jco translates components, but this is a core module: see column node-24";
        check(jco, "node-24+jco", command, &[], Some(core));
    }
}
