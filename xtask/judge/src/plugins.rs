//! Hosts that define imports of their own and that many modules are made for.

/// A host, and how a module of its kind is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// What the module is.
    pub what: &'static str,
    /// How it is run.
    pub remedy: &'static str,
}

/// By import module, or its beginning where the pattern ends with `*`; then by the beginnings of `env` names.
const HOSTS: &[(&str, &[&str], Host)] = &[
    (
        "extism:host/*",
        &[],
        Host { what: "an Extism plug-in", remedy: "Load it by an Extism SDK, or try it with `extism call`." },
    ),
    (
        "env",
        &["proxy_"],
        Host { what: "a Proxy-Wasm filter", remedy: "Load it into a proxy that has Proxy-Wasm (Envoy, Istio)." },
    ),
    (
        "ic0",
        &[],
        Host {
            what: "a canister of the Internet Computer",
            remedy: "Install it on a replica (`dfx`), or try it with PocketIC.",
        },
    ),
    ("wapc", &[], Host { what: "a waPC guest", remedy: "Load it by a waPC host library." }),
    (
        "http_handler",
        &[],
        Host { what: "a handler of http-wasm", remedy: "Load it into a server that has http-wasm (Traefik, Dapr)." },
    ),
    ("lunatic::*", &[], Host { what: "a program for Lunatic", remedy: "Run it with `lunatic`." }),
    (
        "fastly_*",
        &[],
        Host {
            what: "a program for Fastly Compute",
            remedy: "Deploy it, or run it locally with Viceroy (`fastly compute serve`).",
        },
    ),
    (
        "wasi_ephemeral_nn",
        &[],
        Host {
            what: "a program that uses wasi-nn",
            remedy: "Use a runtime that is built with wasi-nn (`wasmtime run -S nn`, WasmEdge's plug-in).",
        },
    ),
    (
        "seal0",
        &[],
        Host { what: "a contract of Substrate (ink!)", remedy: "Deploy it to a node with pallet-contracts." },
    ),
    (
        "seal1",
        &[],
        Host { what: "a contract of Substrate (ink!)", remedy: "Deploy it to a node with pallet-contracts." },
    ),
    (
        "env",
        &["blit", "traceUtf8", "blitSub", "textUtf8"],
        Host { what: "a cartridge of WASM-4", remedy: "Run it with `w4 run`." },
    ),
    (
        "spectest",
        &[],
        Host {
            what: "a module of WebAssembly's own test suite",
            remedy: "Run it by the tool of that suite (`wasmtime wast`), which defines `spectest`.",
        },
    ),
];

/// The host that the import belongs to, where it is a known one.
#[must_use]
pub fn host(module: &str, name: &str) -> Option<Host> {
    let is_of = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => text == pattern,
    };
    let found = HOSTS.iter().find(|(pattern, names, _)| {
        // `proxy_` is a beginning, the others are names.
        let named = |n: &&str| if n.ends_with('_') { name.starts_with(*n) } else { name == *n };
        is_of(pattern, module) && (names.is_empty() || names.iter().any(named))
    });
    found.map(|(.., host)| *host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_known_by_module_and_name() {
        let check =
            |module, name, what: Option<&str>| assert_eq!(host(module, name).map(|h| h.what), what, "{module}.{name}");
        check("extism:host/env", "input_length", Some("an Extism plug-in"));
        check("extism:host/user", "hello", Some("an Extism plug-in"));
        check("env", "proxy_log", Some("a Proxy-Wasm filter"));
        check("env", "log", None);
        check("env", "blit", Some("a cartridge of WASM-4"));
        check("ic0", "msg_reply", Some("a canister of the Internet Computer"));
        check("fastly_http_req", "send", Some("a program for Fastly Compute"));
        check("host", "log", None);
    }
}
