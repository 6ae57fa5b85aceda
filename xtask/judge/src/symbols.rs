//! The library or option that defines a symbol which a linker left undefined.

/// For an import that a program may never call.
pub const IF_NEVER_CALLED: &str =
    "If the program never makes this call, `wasmtime run -W unknown-imports-trap` runs it unchanged.";

/// The library or option that defines a symbol, if known.
pub fn definition(name: &str) -> String {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| name.starts_with(p));
    let through = "drop `--allow-undefined` (or `--import-undefined`), so that the linker reports what is missing";
    match name {
        "saveSetjmp" | "testSetjmp" => "Rebuild it with LLVM 19 or later, which renamed these functions, and link with \
            `-lsetjmp` (wasi-sdk 22 or later); it then needs a runtime that supports exceptions."
            .to_owned(),
        "__wasm_setjmp" | "__wasm_setjmp_test" | "__wasm_longjmp" | "__c_longjmp" => "Link with `-lsetjmp` (wasi-sdk 22 or \
            later, with LLVM 19 or later); it then needs a runtime that supports exceptions."
            .to_owned(),
        "setjmp" | "longjmp" | "_setjmp" | "_longjmp" | "sigsetjmp" | "siglongjmp" => {
            "Compile with `-mllvm -wasm-enable-sjlj` and link with `-lsetjmp` (wasi-sdk 22 or later, with LLVM 19 or later)."
                .to_owned()
        }
        "signal" | "raise" | "psignal" => with_flag("signal", "_WASI_EMULATED_SIGNAL", through),
        "mmap" | "munmap" => with_flag("mman", "_WASI_EMULATED_MMAN", through),
        "clock" | "times" | "getrusage" => with_flag("process-clocks", "_WASI_EMULATED_PROCESS_CLOCKS", through),
        "getpid" => with_flag("getpid", "_WASI_EMULATED_GETPID", through),
        "socket" | "socketpair" | "bind" | "listen" | "connect" | "accept4" | "getaddrinfo" | "gethostbyname"
        | "setsockopt" | "sendto" | "recvfrom" | "getsockname" | "getpeername" => format!(
            "WASI 0.1's C library has no `{name}`: build for wasm32-wasip2 (wasi:sockets) or WASIX. Also {through}."
        ),
        "__cpp_exception" | "__cxa_throw" | "__cxa_allocate_exception" | "__cxa_begin_catch" => {
            "Compile with `-fno-exceptions`, or link the libc++abi and libunwind that were built for exceptions \
             (`-fwasm-exceptions -lunwind`)."
                .to_owned()
        }
        _ if starts(&["_Unwind_"]) => {
            "Compile with `-fno-exceptions` (Rust: `panic = \"abort\"`), or link the libunwind of the target.".to_owned()
        }
        _ if starts(&["pthread_", "sem_"]) => {
            format!("Build for a target with threads (wasm32-wasip1-threads with `-pthread`), or remove the calls to `{name}`. Also {through}.")
        }
        _ if starts(&["_Z", "__cxa_", "__gxx_"]) => {
            format!("Link with the C++ driver (`clang++`, `-lc++ -lc++abi`) and every object that defines `{name}`. Also {through}.")
        }
        _ => format!("Link a library that defines `{name}`, or remove the calls to `{name}`. Also {through}. {IF_NEVER_CALLED}"),
    }
}

fn with_flag(library: &str, define: &str, through: &str) -> String {
    format!("With wasi-libc, compile with `-D{define}` and link with `-lwasi-emulated-{library}`. Also {through}.")
}
