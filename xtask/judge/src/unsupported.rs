//! Turns a host's report of something unsupported into a judgement: exactly what it lacks, and which host has it.

use super::{Evidence, sockets, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Abi, Facts};
use wasmlab_model::phrases;
use wasmlab_model::verdict::{Judgement, Verdict};
use wasmlab_protocol::SHARED_INSTANCE;

/// Glue code that the toolchain generated for another kind of host.
const OTHER_HOST: &str = "other-host";

/// The judgement on `what` (kebab-case, or a function's name), which a host does not support, with its message.
pub fn judge(evidence: &Evidence, what: &str, message: &str) -> Judgement {
    let stream_refusal = stream_refusal(message);
    let message = if what == "transferable-streams" { stream_refusal.as_str() } else { message };
    let of = |code, remedy: &str| Judgement {
        blame: vec![Blame::Runtime],
        remedy: Some(remedy.to_owned()),
        ..with_code(code, what.to_owned(), message)
    };
    match what {
        // The question does not apply to this execution path or this host.
        SHARED_INSTANCE | OTHER_HOST => without_code(Verdict::NotApplicable, message),
        "jspi" => {
            let lacks = phrases::lacks("jspi (JavaScript Promise Integration)");
            let detail = format!("{lacks}, which jco's code for asynchronous components needs: {message}");
            let remedy = "Use a JavaScript host that supports it: Node 24 or newer, or Deno.";
            Judgement {
                remedy: Some(remedy.to_owned()),
                ..with_code(Code::UnsupportedProposal, what.to_owned(), detail)
            }
        }
        "transferable-streams" => {
            of(Code::NotImplemented, "Use Node 24 or newer, or Deno: they transfer streams to workers.")
        }
        "compile-at-run-time" => {
            let remedy = give_a_module(evidence.facts.ok()).map(str::to_owned);
            Judgement { remedy, ..of(Code::NotImplemented, "") }
        }
        // A rule of workerd's for each worker.
        "atomic-wait" => of(Code::NotImplemented, "Poll the memory with `i32.atomic.load` instead of waiting."),
        // The row shows which runtime has it.
        "instruction" => Judgement { remedy: None, ..of(Code::NotImplemented, "") },
        // A function that is linked but not implemented, or something that the lab requested.
        _ => {
            let is_function = what.starts_with("sock_");
            let withheld = || sockets::missing_socket(evidence, &evidence.checks(), Some((what, message)));
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

/// A runtime that cannot transfer a stream, with its own message.
fn stream_refusal(message: &str) -> String {
    let reason = message.split_once(": ").map_or(message, |(_, reason)| reason);
    format!("preview3-shim passes each stream to a worker thread, and this runtime cannot transfer streams: {reason}")
}

/// How a worker gives its glue the module that it imports, for the toolchain that generated the glue; `None` for glue
/// that takes none (Kotlin's compiles a module of its own beside the guest).
fn give_a_module(facts: Option<&Facts>) -> Option<&'static str> {
    let uses = |abi| facts.is_some_and(|facts| facts.abis.iter().any(|found| found.abi == abi));
    if uses(Abi::AssemblyScript) {
        Some(
            "Import the module in the worker, and pass it to `instantiate` of the glue that `asc --bindings raw` generates.",
        )
    } else if uses(Abi::WasmBindgen) {
        Some("Import the module in the worker, and pass it to the glue that `wasm-bindgen --target web` generates.")
    } else if uses(Abi::EmscriptenUpstream) || uses(Abi::EmscriptenFastcomp) || uses(Abi::Minified) {
        Some("Import the module in the worker, and pass the glue a function `instantiateWasm` that instantiates it.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{give_a_module, stream_refusal};

    #[test]
    fn glue_that_takes_a_module_is_that_of_the_guests_toolchain() {
        let check = |imports: &str, expected: &str| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
            let found = give_a_module(Some(&facts));
            assert!(
                found.is_some() != expected.is_empty() && found.unwrap_or_default().contains(expected),
                "{imports}"
            );
        };
        check("(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))", "--bindings raw");
        check("(import \"wbg\" \"__wbg_log_1\" (func))", "--target web");
        check("(import \"env\" \"_abort_js\" (func))", "instantiateWasm");
        check("(import \"js_code\" \"kotlin.io.printlnImpl\" (func))", "");
    }

    #[test]
    fn refused_stream_keeps_the_runtimes_words() {
        assert!(
            stream_refusal("which preview3-shim does: Found: invalid")
                .ends_with("cannot transfer streams: Found: invalid")
        );
    }
}
