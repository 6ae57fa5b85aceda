//! Turns a host's report of something unsupported into a judgement: exactly what it lacks, and which host has it.

use super::{Evidence, sockets, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::SHARED_INSTANCE;

/// Glue code that the toolchain generated for another kind of host.
const OTHER_HOST: &str = "other-host";

/// The judgement on `what` (kebab-case, or a function's name), which a host does not support, with its message.
pub fn judge(evidence: &Evidence, what: &str, message: &str) -> Judgement {
    let of = |code, remedy: &str| Judgement {
        blame: vec![Blame::Runtime],
        remedy: Some(remedy.to_owned()),
        ..with_code(code, what.to_owned(), message)
    };
    match what {
        // The question does not apply to this execution path or this host.
        SHARED_INSTANCE | OTHER_HOST => without_code(Verdict::NotApplicable, message),
        "jspi" => {
            let detail = format!(
                "lacks jspi (JavaScript Promise Integration), which jco's code for asynchronous components needs: {message}"
            );
            let remedy = "Use a JavaScript host that supports it: Node 24 or newer, or Deno.";
            Judgement {
                remedy: Some(remedy.to_owned()),
                ..with_code(Code::UnsupportedProposal, what.to_owned(), detail)
            }
        }
        "transferable-streams" => {
            of(Code::NotImplemented, "Use Node 24 or newer, or Deno: they transfer streams to workers.")
        }
        "compile-at-run-time" => of(
            Code::NotImplemented,
            "Import the module in the worker and give it to the glue: AssemblyScript's `--bindings raw` and \
             wasm-bindgen's `--target web` take one, and Emscripten's takes `instantiateWasm`.",
        ),
        // A function that is linked but not implemented, or something that the lab requested.
        _ => {
            let is_function = what.starts_with("sock_");
            let withheld = || sockets::missing_socket(evidence, &evidence.lab_lines(), Some((what, message)));
            let remedy = "Use a runtime whose host provides what the guest needs, or build for an ABI that does not \
                          need it.";
            let to = if is_function { format!("to {what}, ") } else { String::new() };
            let judgement = of(Code::NotImplemented, remedy);
            is_function
                .then(withheld)
                .flatten()
                .unwrap_or_else(|| Judgement { detail: format!("{to}{message}"), ..judgement })
        }
    }
}
