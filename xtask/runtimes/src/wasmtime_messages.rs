//! Errors of wasmtime's command line and of programs built on it (Spin).

use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, HostRefusal, Stage, TrapKind};

use crate::command_line::{ProcessOutput, exited, missing_import, no_export, progress_at};
use crate::messages;

/// The progress of a guest on `wasmtime run` or `serve`, which end with an error and its causes. A trap exits with 134,
/// other failures with 1, and the guest's own codes are passed on, so messages count only with those two codes.
pub fn classify(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "Error: ").filter(|_| matches!(output.code, 1 | 134)) else {
        return exited(output.code);
    };
    let causes = messages::causes(error);
    let message = causes.join(": ");
    let root = causes.last().copied().unwrap_or_default();
    let instantiating = error.contains("failed to instantiate");
    let stage = if instantiating { Stage::Instantiate } else { Stage::Run };
    if let Some(trap) = causes.iter().find_map(|c| c.strip_prefix("wasm trap: ")) {
        let cause = Cause::trap(messages::trap(trap).unwrap_or(TrapKind::Other), trap);
        return progress_at(stage, cause.at(messages::innermost_frame(error)));
    }
    if root == "thrown Wasm exception" {
        return progress_at(stage, Cause::trap(TrapKind::UncaughtException, root).at(messages::innermost_frame(error)));
    }
    if let Some(refusal) = HostRefusal::from_message(root) {
        return progress_at(stage, Cause::HostRefused { refusal, message: root.to_owned() });
    }
    link_progress(&causes).unwrap_or_else(|| load_progress(error, root, message, instantiating))
}

/// A missing import, or one with another type.
pub fn link_progress(causes: &[&str]) -> Option<GuestProgress> {
    let name = |cause: &str| cause.split('`').nth(1).unwrap_or_default().to_owned();
    let split = |cause: &str| match name(cause).split_once("::") {
        Some((module, name)) => (module.to_owned(), name.to_owned()),
        None => (name(cause), String::new()),
    };
    let cause = causes.iter().find_map(|cause| {
        if cause.starts_with("unknown import: ") {
            let (module, name) = split(cause);
            return Some(missing_import(&module, &name));
        }
        if cause.starts_with("incompatible import type for ") {
            let (module, name) = split(cause);
            return Some(Cause::ImportTypeMismatch { module, name, message: causes.last()?.to_string() });
        }
        if cause.starts_with("component imports ") {
            let item = causes.iter().find(|c| c.starts_with("instance export ")).map(|c| name(c)).unwrap_or_default();
            let missing = causes.last()?.ends_with("is missing") || causes.last() == Some(cause);
            let module = name(cause);
            return Some(if missing {
                Cause::MissingImport { module, name: item, ty: "instance".to_owned(), missing_count: 0 }
            } else {
                Cause::ImportTypeMismatch { module, name: item, message: causes.last()?.to_string() }
            });
        }
        None
    })?;
    Some(progress_at(Stage::Link, cause))
}

fn load_progress(error: &str, root: &str, message: String, instantiating: bool) -> GuestProgress {
    // "No exported func named `f` in component."
    if root.starts_with("No exported func named ")
        || root.starts_with("no func export named ")
        || root.starts_with("no exported instance named ")
    {
        return no_export(root.split('`').nth(1).unwrap_or_default());
    }
    if root == "not enough arguments for command default" {
        return no_export("_start");
    }
    if root.starts_with("shared memory support is disabled") {
        return progress_at(Stage::Instantiate, Cause::Rejected { message: root.to_owned(), offset: None });
    }
    if error.starts_with("Error: the `-S") || root.contains("unknown option: ") {
        return progress_at(Stage::Load, Cause::Unsupported { feature: "switch".to_owned(), message });
    }
    if error.contains("Compilation error: ") {
        return progress_at(Stage::Compile, Cause::CompileFailed { message });
    }
    if instantiating {
        return progress_at(Stage::Instantiate, Cause::ResourceLimit { message: root.to_owned() });
    }
    if error.starts_with("Error: failed to run main module") && error.contains("failed to invoke") {
        return progress_at(Stage::Run, Cause::HostError { message: root.to_owned() });
    }
    progress_at(Stage::Compile, Cause::Rejected { offset: messages::offset(error), message })
}
