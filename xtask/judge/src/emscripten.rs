//! Remedies for Emscripten modules that lack a host, based on the functions that they still import.

mod standalone;

use wasmlab_model::facts::Facts;

/// JavaScript that the program's own source holds (`EM_JS`, `EM_ASYNC_JS`, `EM_ASM`); no other host can run it.
const OWN_JAVASCRIPT: &[&str] = &["__asyncjs__", "__em_js__", "emscripten_asm_const_", "emscripten_run_script"];
/// Prefixes, besides `_`, of the names that Emscripten's own JavaScript libraries and C library define.
const OF_EMSCRIPTEN: &[&str] = &[
    "emscripten_",
    "invoke_",
    "gl",
    "egl",
    "al",
    "SDL_",
    "Mix_",
    "TTF_",
    "IMG_",
    "X",
    "wgpu",
    "llvm_",
    "fd_",
    "path_",
    "clock_",
    "environ_",
    "args_",
    "random_",
    "proc_",
    "sched_",
    "sock_",
    "poll_",
    "posix_",
    "pthread_",
    "sem_",
    "dl",
    "res_",
    "uuid_",
    "arc4random_",
    "get",
    "set",
    "legal",
    "webtransport_",
    "wasi_",
    "stb",
    "napi_",
    "system",
    "tsc_",
];
/// System calls of sockets: WASI 0.1 has none of them.
const SOCKETS: &[&str] = &["socket", "bind", "listen", "connect", "accept4", "sendto", "recvfrom", "socketcall"];

/// WASI targets for the languages that Emscripten compiles; only those for C++ if the module imports what C++ needs.
fn wasi(facts: Option<&Facts>) -> &'static str {
    let is_cpp = names(facts).any(|name| name.trim_start_matches('_').starts_with("cxa_"));
    if is_cpp { "WASI (wasi-sdk)" } else { "WASI (C and C++: wasi-sdk; Rust: wasm32-wasip1)" }
}

/// For a module with glue.
pub fn glue(facts: Option<&Facts>) -> String {
    let run = "Run it in a JavaScript host through the glue that Emscripten generated";
    let function = names(facts).find_map(|name| OWN_JAVASCRIPT.iter().find_map(|start| name.strip_prefix(start)));
    if let Some(function) = function {
        // Only these two prefixes are followed by the function's name; after the others comes a result type.
        let named =
            names(facts).any(|name| name == format!("__asyncjs__{function}") || name == format!("__em_js__{function}"));
        let what = if named { format!(" (`{function}`)") } else { String::new() };
        let rewrite = "For another host, rewrite that part without EM_JS and EM_ASM";
        let also = names(facts).find(|name| is_of_page(name));
        let also = also.map(|name| format!(", and replace what only a page provides, such as `{name}`"));
        return format!(
            "{run}: the program's source contains JavaScript{what}. {rewrite}{}.",
            also.unwrap_or_default()
        );
    }
    if let Some(function) = names(facts).find(|name| is_own_library(name)) {
        return format!(
            "{run}; for another host, also replace what its project defines in JavaScript, such as `{function}`."
        );
    }
    let system_calls = names(facts).any(|name| name.starts_with("__syscall_"));
    match (system_calls, sockets(facts)) {
        (true, true) => format!("{run}; for other hosts, build a program with sockets for wasm32-wasip2 or WASIX."),
        // They remain in a standalone module, and no host defines them.
        (true, false) => format!("{run}; or build it for {}.", wasi(facts)),
        (false, _) => format!("{run}; {}.", standalone::other_host_needs(facts)),
    }
}

/// Whether a function belongs to Emscripten's libraries for graphics, sound, windows or bindings, which no other host
/// has.
fn is_of_page(name: &str) -> bool {
    const STARTS: &[&str] =
        &["emscripten_gl", "emscripten_webgl", "_embind_", "_emval_", "egl", "SDL_", "wgpu", "glfw"];
    let is_gl = name.strip_prefix("gl").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    is_gl || STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether no library of Emscripten has a function of this name: the project linked a JavaScript library of its own.
/// Only names of three or more words, such as `mono_wasm_invoke_import`, are certain.
fn is_own_library(name: &str) -> bool {
    let words = name.split('_').filter(|word| !word.is_empty()).count();
    words > 2 && !name.starts_with('_') && !OF_EMSCRIPTEN.iter().any(|start| name.starts_with(start))
}

/// For a module from before 2020, which has always had a JavaScript file.
pub fn remedy_before_2020(facts: Option<&Facts>) -> String {
    let run = "Run it in a JavaScript host through the glue that Emscripten generated with it";
    let target = if sockets(facts) { "a target with sockets (wasm32-wasip2, WASIX)" } else { wasi(facts) };
    format!("{run}; or build it from source with current tools for {target}.")
}

/// A note that the names of imports were shortened, so that only that file knows them.
pub fn shortened(facts: Option<&Facts>) -> String {
    let short = names(facts).filter(|name| name.len() <= 2).count();
    let note = " (the toolchain shortened the names; only its glue knows them)";
    if short > 2 { note.to_owned() } else { String::new() }
}

/// For a standalone module.
pub fn standalone_remedy(facts: Option<&Facts>) -> String {
    let glue =
        "link it without -sSTANDALONE_WASM and run it in a JavaScript host through the glue that Emscripten generates";
    if sockets(facts) {
        "Build it for a target with sockets (wasm32-wasip2, WASIX).".to_owned()
    } else {
        format!("Build it for {}, or {glue}.", wasi(facts))
    }
}

fn sockets(facts: Option<&Facts>) -> bool {
    // `___syscall102` is the system call for all operations on sockets.
    let is_socket = |name: &str| name == "___syscall102" || SOCKETS.contains(&name.trim_start_matches("__syscall_"));
    names(facts).any(is_socket)
}

fn names(facts: Option<&Facts>) -> impl Iterator<Item = &str> {
    facts
        .into_iter()
        .flat_map(|f| &f.imports)
        .filter(|import| import.module == "env")
        .map(|import| import.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::{glue, remedy_before_2020, shortened, standalone_remedy};

    #[test]
    fn remedy_depends_on_the_remaining_imports() {
        let check = |of: fn(Option<&wasmlab_model::facts::Facts>) -> String, names: &[&str], says: &str, not: &str| {
            let imports: String = names.iter().map(|name| format!("(import \"env\" \"{name}\" (func))")).collect();
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
            let remedy = of(Some(&facts));
            assert!(remedy.contains(says) && !remedy.contains(not), "{names:?}: {remedy}");
        };
        check(glue, &["abort", "emscripten_resize_heap"], "-sSTANDALONE_WASM", "wasi-sdk");
        check(glue, &["abort", "__syscall_getcwd"], "wasm32-wasip1", "STANDALONE");
        check(glue, &["__cxa_throw", "__syscall_getcwd"], "wasi-sdk", "Rust");
        check(glue, &["__syscall_socket", "__syscall_getcwd"], "wasm32-wasip2", "wasip1");
        check(glue, &["mono_wasm_invoke_import", "__syscall_getcwd"], "such as `mono_wasm_invoke_import`", "wasi-sdk");
        check(glue, &["emscripten_get_now", "_tzset_js"], "-sSTANDALONE_WASM", "replace");
        check(glue, &["__asyncjs__get"], "(`get`)", "STANDALONE");
        check(glue, &["emscripten_asm_const_int"], "the program's source contains JavaScript", "STANDALONE");
        check(standalone_remedy, &["__syscall_bind"], "wasm32-wasip2", "wasi-sdk");
        check(standalone_remedy, &["__syscall_getcwd"], "wasi-sdk", "wasip2");
        check(remedy_before_2020, &["___syscall102"], "for a target with sockets", "wasi-sdk");
        check(remedy_before_2020, &["_abort", "memoryBase"], "through the glue", "sockets");
        check(shortened, &["a", "b", "c", "memoryBase"], "only its glue knows them", "WASI");
        check(shortened, &["a", "memoryBase"], "", "names");
    }
}
