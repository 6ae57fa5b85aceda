//! The previous long-term support version of wasmtime, embedded: compared with the current one, it shows what an
//! upgrade changes.

use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::NotAttempted;

use crate::wasmtime::STACK;
use crate::{Runtime, embedded};

pub fn columns() -> Vec<Runtime> {
    let column = embedded::column("wasmtime-36-cranelift", "wasmtime-36", "cranelift");
    // Only the lab is to blame for the missing imports of threads, whichever of them wasmtime looks for first.
    let not_attempted: fn(&crate::CellFiles) -> _ = |cell| {
        cell.facts.is_some_and(lacks_threads_alone).then(|| NotAttempted {
            subject: "wasi-threads",
            reason:
                "wasmtime 36 has threads of WASI 0.1 (crate wasmtime-wasi-threads), and the lab's program does not \
                     link them"
                    .to_owned(),
        })
    };
    // Only `ci --full` builds it: the ordinary CI would take a tenth longer.
    vec![Runtime { build_minutes: 6, stack_hint: STACK, not_attempted, in_ci: false, ..column }]
}

/// Whether wasi-threads would define everything that the lab's program does not: its function, and the memory that the
/// threads share.
fn lacks_threads_alone(facts: &Facts) -> bool {
    let mut imports = facts.imports.iter();
    let spawns = imports.clone().any(|i| i.module == "wasi" && i.name == "thread-spawn");
    spawns
        && imports.all(|i| {
            let is_shared = i.ty.starts_with("memory ") && i.ty.contains("shared");
            matches!(i.module.as_str(), "wasi" | "wasi_snapshot_preview1") || is_shared
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lacks_threads_alone;

    #[test]
    fn threads_are_the_labs_own_limit_if_nothing_else_is_missing() {
        let check = |imports: &[(&str, &str, &str)], expected: bool| {
            let of = |(module, name, ty): &(&str, &str, &str)| json!({"module": module, "name": name, "ty": ty});
            let sizes = json!({"total": 0, "code": 0, "data": 0, "custom": 0, "debug": 0, "names": 0});
            let facts = json!({
                "kind": "module", "shape": "command", "abis": [], "sizes": sizes, "proposals": [], "exports": [],
                "imports": imports.iter().map(of).collect::<Vec<_>>(), "sections": [], "target_features": [],
                "producers": [],
            });
            assert_eq!(lacks_threads_alone(&serde_json::from_value(facts).unwrap()), expected, "{imports:?}");
        };
        let spawn = ("wasi", "thread-spawn", "func (i32) -> (i32)");
        let memory = ("env", "memory", "memory 1..2 shared");
        let exit = ("wasi_snapshot_preview1", "proc_exit", "func (i32) -> ()");
        check(&[spawn], true);
        check(&[memory, exit, spawn], true);
        check(&[memory, exit], false);
        check(&[spawn, ("env", "abort", "func () -> ()")], false);
    }
}
