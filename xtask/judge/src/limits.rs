//! Processes that the lab killed at a limit: which limit, and at which stage.
//!
//! The limits are the lab's. Before the guest runs, the runtime's compiler reaches them, on a module that its authors
//! may never have seen: nobody is blamed for that, and the cell is not compared with others.

use wasmlab_protocol::{Cause, MAX_TABLE_ELEMENTS, Stage};

use super::{Evidence, imports, with_code, without_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{MAX_MEMORY_PAGES, MEMORY_PAGES, TABLE_ELEMENTS};
use wasmlab_model::observation::Limit;
use wasmlab_model::profile::MeasuredLimit;
use wasmlab_model::subjects::RUNTIMES_COMPILER;
use wasmlab_model::verdict::{Judgement, Verdict};

/// The judgement on a process that the lab killed at `limit`.
pub(crate) fn reached(limit: Limit, evidence: &Evidence) -> Judgement {
    let stage = evidence.progress.stage;
    match limit {
        Limit::Time(ms) if stage == Some(Stage::Instantiate) => with_code(
            Code::Timeout,
            "start".to_owned(),
            format!("its start function did not finish within {}", seconds(ms)),
        ),
        Limit::Time(ms) => with_code(Code::Timeout, None, format!("did not finish within {}", seconds(ms))),
        Limit::CompileTime(ms) => {
            let detail = format!("the runtime's compiler did not finish within {}, the lab's limit", seconds(ms));
            compiler_stopped(Code::CompileTimeout, &detail, evidence)
        }
        Limit::CompileOrRun { compile_ms, run_ms } => {
            let limit = seconds(compile_ms + run_ms);
            let which = if compile_ms == 0 { "" } else { ", the sum of the limits for compiling and running" };
            let detail =
                format!("did not finish within {limit}{which}; the runtime did not report that the guest had started");
            Judgement { blame: vec![Blame::Unknown], ..with_code(Code::Timeout, None, detail) }
        }
        Limit::Disk { bytes, files } => {
            with_code(Code::DiskFlood, None, format!("wrote more than {}, or more than {files} files", size(bytes)))
        }
        Limit::Output(bytes) => with_code(Code::OutputFlood, None, format!("printed more than {}", size(bytes))),
        Limit::Memory(bytes) if stage.is_some_and(|stage| stage <= Stage::Compile) => {
            let detail = format!("the runtime's compiler used more than {} of memory, the lab's limit", size(bytes));
            compiler_stopped(Code::OutOfMemory, &detail, evidence)
        }
        Limit::Memory(bytes) => with_code(Code::OutOfMemory, None, format!("used more than {} of memory", size(bytes))),
    }
}

/// The judgement on a runtime that refuses memory or space for something.
pub(crate) fn refused(evidence: &Evidence, message: &str) -> Judgement {
    if let Some(pages) = count_of(evidence, MEMORY_PAGES).filter(|pages| *pages > MAX_MEMORY_PAGES) {
        let detail = format!(
            "its memory has {pages} pages initially, but the lab limits each memory to {MAX_MEMORY_PAGES} pages (1 GiB)"
        );
        return Judgement { subject: Some("memory".to_owned()), ..without_code(Verdict::NotAttempted, detail) };
    }
    if let Some(elements) = count_of(evidence, TABLE_ELEMENTS)
        .filter(|elements| *elements > MAX_TABLE_ELEMENTS as u64 && is_table_limit_of_lab(message))
    {
        let detail = format!(
            "its table has {elements} elements initially, but the lab limits each table to {MAX_TABLE_ELEMENTS}"
        );
        return Judgement { subject: Some("table".to_owned()), ..without_code(Verdict::NotAttempted, detail) };
    }
    out_of_memory(evidence, message)
}

/// The judgement on a runtime that has no memory left for the guest.
pub(crate) fn out_of_memory(evidence: &Evidence, message: &str) -> Judgement {
    let judgement = with_code(Code::OutOfMemory, None, message);
    let runs = evidence.progress.stage == Some(Stage::Run);
    let blame = if runs { judgement.blame.clone() } else { vec![Blame::Unknown] };
    Judgement { blame, ..judgement }
}

/// Whether a message is what V8 prints when it ends the process because its heap is full.
pub(crate) fn is_out_of_heap(message: &str) -> bool {
    message.contains("<--- Last few GCs --->") || message.contains("JavaScript heap out of memory")
}

/// How runtimes refuse a table beyond their limit: V8 (two parts of a message, which has the size of the table between
/// them), JavaScriptCore, SpiderMonkey, wazero.
const TABLE_LIMIT: &[&[&str]] = &[
    &["table size", "larger than implementation limit"],
    &["couldn't create Table"],
    &["too many table elements"],
    &["table min must be at most"],
];

/// The judgement on a runtime that refuses a large table by a limit of its own, whatever it calls that.
pub(crate) fn table_limit(evidence: &Evidence, cause: &Cause) -> Option<Judgement> {
    let (Cause::Trap { message, .. } | Cause::Rejected { message, .. } | Cause::ResourceLimit { message }) = cause
    else {
        return None;
    };
    let is_limit = TABLE_LIMIT.iter().any(|parts| parts.iter().all(|part| message.contains(part)));
    count_of(evidence, TABLE_ELEMENTS).filter(|_| is_limit)?;
    let judgement = with_code(Code::ImplementationLimit, TABLE_ELEMENTS.to_owned(), message);
    let remedy = "Make the table smaller, or run it on a runtime without this limit.".to_owned();
    Some(Judgement { remedy: Some(remedy), ..judgement })
}

/// Whether the lab limited the probe, not the runtime: the lab gives engines a limit of their tables.
#[must_use]
pub fn is_of_lab(name: &str, limit: &MeasuredLimit) -> bool {
    name == TABLE_ELEMENTS && is_table_limit_of_lab(&limit.message)
}

/// Whether a message about a table is that of the limit which the lab sets: wasmi, wasmtime, wasmer.
fn is_table_limit_of_lab(message: &str) -> bool {
    const LIMITED: &[&str] = &["resource limiter denied", "exceeds table limits", "elements are more than the"];
    LIMITED.iter().any(|part| message.contains(part))
}

/// An unusually large number in the module.
fn count_of(evidence: &Evidence, name: &str) -> Option<u64> {
    evidence.facts.ok()?.limited_counts.get(name).copied()
}

/// The module never got past the compiler; its imports show what would have failed next.
fn compiler_stopped(code: Code, detail: &str, evidence: &Evidence) -> Judgement {
    let also = evidence.facts.ok().and_then(imports::would_fail_next);
    let detail = format!("{detail}{}", also.as_deref().unwrap_or_default());
    let smaller = "Make the module smaller (`wasm-opt -Oz`, without debug information)";
    let remedy = match code {
        Code::OutOfMemory => {
            format!("{smaller}, or use an interpreter: the lab's memory limit for compilers is fixed.")
        }
        _ => format!("{smaller}: it then compiles faster."),
    };
    let judgement = with_code(code, RUNTIMES_COMPILER.to_owned(), detail);
    Judgement { blame: vec![Blame::Unknown], remedy: Some(remedy), ..judgement }
}

fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ => format!("{bytes} bytes"),
    }
}
