//! Well-known plug-in hosts that define their own imports.

use wasmlab_model::facts::Facts;

/// A host, and how a module of its kind is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginHost {
    /// The kind of module.
    pub description: &'static str,
    /// How it is run.
    pub remedy: &'static str,
}

/// By import module, or by its prefix if the pattern ends with `*`; then by prefixes of `env` names.
const HOSTS: &[(&str, &[&str], PluginHost)] = &[
    (
        "extism:host/*",
        &[],
        PluginHost {
            description: "an Extism plug-in",
            remedy: "Load it with an Extism SDK, or try it with `extism call`.",
        },
    ),
    (
        "env",
        &["proxy_"],
        PluginHost {
            description: "a Proxy-Wasm filter",
            remedy: "Load it into a proxy that has Proxy-Wasm (Envoy, Istio).",
        },
    ),
    (
        "ic0",
        &[],
        PluginHost {
            description: "a canister of the Internet Computer",
            remedy: "Install it on a replica (`dfx`), or try it with PocketIC.",
        },
    ),
    ("wapc", &[], PluginHost { description: "a waPC guest", remedy: "Load it with a waPC host library." }),
    (
        "http_handler",
        &[],
        PluginHost {
            description: "an http-wasm handler",
            remedy: "Load it into a server that has http-wasm (Traefik, Dapr).",
        },
    ),
    ("lunatic::*", &[], PluginHost { description: "a program for Lunatic", remedy: "Run it with `lunatic`." }),
    (
        "fastly_*",
        &[],
        PluginHost {
            description: "a program for Fastly Compute",
            remedy: "Deploy it, or run it locally with Viceroy (`fastly compute serve`).",
        },
    ),
    (
        "wasi_ephemeral_nn",
        &[],
        PluginHost {
            description: "a program that uses wasi-nn",
            remedy: "Use a runtime built with wasi-nn (`wasmtime run -S nn`, WasmEdge's plug-in).",
        },
    ),
    (
        "seal0",
        &[],
        PluginHost { description: "a Substrate (ink!) contract", remedy: "Deploy it to a node with pallet-contracts." },
    ),
    (
        "seal1",
        &[],
        PluginHost { description: "a Substrate (ink!) contract", remedy: "Deploy it to a node with pallet-contracts." },
    ),
    (
        "env",
        &["blit", "traceUtf8", "blitSub", "textUtf8"],
        PluginHost { description: "a WASM-4 cartridge", remedy: "Run it with `w4 run`." },
    ),
    (
        "env",
        &["__set_transform_result", "__set_transform_plugin_core_pkg_diag"],
        PluginHost { description: "an SWC plug-in", remedy: "Load it with `@swc/core` (`jsc.experimental.plugins`)." },
    ),
    (
        "rb-js-abi-host",
        &[],
        PluginHost {
            description: "Ruby's interpreter with its extension `js` (ruby.wasm)",
            remedy: "Load it with the npm package `@ruby/wasm-wasi`; for a WASI host, use a build of ruby.wasm without that extension.",
        },
    ),
    ("dprint", &[], DPRINT),
    (
        "webcil",
        &[],
        PluginHost {
            description: "a .NET assembly in a wrapper (Webcil): data for .NET's runtime, not a program",
            remedy: "Load it with its application's `dotnet.js`, whose runtime (`dotnet.native.wasm`) reads the assembly.",
        },
    ),
    (
        "spectest",
        &[],
        PluginHost {
            description: "a module of WebAssembly's own test suite",
            remedy: "Run it with that suite's tool (`wasmtime wast`), which defines `spectest`.",
        },
    ),
];

/// The host that the import belongs to, if it is a known one.
#[must_use]
pub fn find(module: &str, name: &str) -> Option<PluginHost> {
    let is_of = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    };
    let found = HOSTS.iter().find(|(pattern, names, _)| {
        // `proxy_` is a prefix; the others are whole names.
        let named = |n: &&str| if n.ends_with('_') { name.starts_with(*n) } else { name == *n };
        is_of(pattern, module) && (names.is_empty() || names.iter().any(named))
    });
    found.map(|(.., host)| *host)
}

/// The host of a plug-in that imports nothing: its exports show it.
#[must_use]
pub fn by_export(facts: &Facts) -> Option<PluginHost> {
    let is_dprint = facts.exports.iter().any(|export| export.name.starts_with("dprint_plugin_version_"));
    is_dprint.then_some(DPRINT)
}

/// Its plug-ins import functions of the host only if they format code in other languages.
const DPRINT: PluginHost = PluginHost {
    description: "a dprint plug-in",
    remedy: "Load it with dprint: name it under `plugins` in `dprint.json`.",
};

#[cfg(test)]
mod tests {
    use super::{by_export, find};

    #[test]
    fn plugin_hosts_are_recognized_by_module_and_name() {
        let check = |module, name, what: Option<&str>| {
            assert_eq!(find(module, name).map(|h| h.description), what, "{module}.{name}")
        };
        check("extism:host/env", "input_length", Some("an Extism plug-in"));
        check("extism:host/user", "hello", Some("an Extism plug-in"));
        check("env", "proxy_log", Some("a Proxy-Wasm filter"));
        check("env", "log", None);
        check("env", "blit", Some("a WASM-4 cartridge"));
        check("ic0", "msg_reply", Some("a canister of the Internet Computer"));
        check("fastly_http_req", "send", Some("a program for Fastly Compute"));
        check("host", "log", None);
        check("env", "__set_transform_result", Some("an SWC plug-in"));
        check("dprint", "host_format", Some("a dprint plug-in"));
        let assembly = "a .NET assembly in a wrapper (Webcil): data for .NET's runtime, not a program";
        check("webcil", "memory", Some(assembly));
        check("rb-js-abi-host", "eval_js", Some("Ruby's interpreter with its extension `js` (ruby.wasm)"));
    }

    #[test]
    fn plugin_without_imports_is_recognized_by_its_exports() {
        let facts = |name: &str| {
            let wat = format!("(module (func (export \"{name}\")))");
            wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap()
        };
        let found = by_export(&facts("dprint_plugin_version_4"));
        assert_eq!(found.map(|host| host.description), Some("a dprint plug-in"));
        assert_eq!(by_export(&facts("format")), None);
    }
}
