//! Parses messages of linkers. Nothing else reads them.

/// The undefined symbols in a linker's message, sorted, without duplicates; empty if there are none.
///
/// wasm-ld reports them as `undefined symbol: NAME`, also inside messages of rustc, emcc and zig.
#[must_use]
pub fn undefined_symbols(message: &str) -> Vec<String> {
    const MARK: &str = "undefined symbol: ";
    let mut symbols: Vec<String> = message
        .lines()
        // emcc can be told to continue; then it only warns.
        .filter(|line| !line.contains("warning:"))
        .filter_map(|line| line.split_once(MARK))
        // emcc appends the referrer. C++ names contain blanks and parentheses.
        .map(|(_, name)| name.split(" (referenced by").next().unwrap_or(name).trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    symbols.sort();
    symbols.dedup();
    symbols
}

/// A remedy that lets the program link, if WASI lacks something; `symbols` are the undefined ones.
#[must_use]
pub fn remedy<'a>(symbols: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Processes, users and signals; WASIX has some of them.
    const PROCESSES: &[&str] =
        &["fork", "execve", "waitpid", "setuid", "setgid", "setsid", "kill", "sigaction", "sigprocmask"];
    const SOCKETS: &[&str] = &["socket", "bind", "listen", "connect", "accept4", "getaddrinfo"];
    let symbols: Vec<&str> = symbols.into_iter().collect();
    let has = |names: &[&'static str]| names.iter().filter(|name| symbols.contains(name)).copied().collect::<Vec<_>>();
    let (processes, sockets) = (has(PROCESSES), !has(SOCKETS).is_empty());
    let target = if sockets { "build for a target with sockets (wasm32-wasip2 or WASIX)" } else { "build it again" };
    match processes.as_slice() {
        [] if sockets => Some("Build for a target with sockets: wasm32-wasip2 or WASIX.".to_owned()),
        [] => None,
        all => Some(format!(
            "Remove the code that uses processes, users or signals ({}), which WASI does not have, and {target}.",
            all[..all.len().min(3)].join(", ")
        )),
    }
}

/// Whether clang says that it has no linker: `unable to execute command: Executable "wasm-ld-14" doesn't exist!`
#[must_use]
pub fn is_missing(message: &str) -> bool {
    message.contains("unable to execute command") || message.contains("invalid linker name")
}

#[cfg(test)]
mod tests {
    use super::{is_missing, remedy, undefined_symbols};

    #[test]
    fn remedy_depends_on_the_undefined_symbols() {
        let check = |symbols: &[&str], expected: Option<&str>| {
            let found = remedy(symbols.iter().copied());
            assert_eq!(found.is_some(), expected.is_some(), "{symbols:?}");
            assert!(expected.is_none_or(|part| found.is_some_and(|found| found.contains(part))), "{symbols:?}");
        };
        check(&["missing_c"], None);
        check(&["bind", "listen", "socket"], Some("a target with sockets: wasm32-wasip2 or WASIX"));
        check(&["execve", "fork", "socket"], Some("(fork, execve), which WASI does not have, and build for a target"));
        check(&["fork"], Some("and build it again"));
    }

    /// Messages of clang 14 without lld, without compiler-rt, and without wasi-libc.
    #[test]
    fn missing_linker_differs_from_missing_library() {
        let no_lld = "clang: error: unable to execute command: Executable \"wasm-ld-14\" doesn't exist!\n\
            clang: error: linker command failed with exit code 1 (use -v to see invocation)\n";
        assert!(is_missing(no_lld));
        let no_rt = "wasm-ld-14: error: cannot open /lib/wasi/libclang_rt.builtins-wasm32.a: No such file or directory\n\
            clang: error: linker command failed with exit code 1 (use -v to see invocation)\n";
        let no_libc = "wasm-ld-14: error: cannot open crt1.o: No such file or directory\n\
            wasm-ld-14: error: unable to find library -lc\n";
        assert!(!is_missing(no_rt) && !is_missing(no_libc));
    }

    /// Recorded messages, for programs that call `socket`, `bind` and `listen`.
    #[test]
    fn undefined_symbols_are_found_in_every_linkers_message() {
        let clang_14 = "wasm-ld-14: error: /tmp/srv-1055bc.o: undefined symbol: socket\n\
            wasm-ld-14: error: /tmp/srv-1055bc.o: undefined symbol: bind\n\
            wasm-ld-14: error: /tmp/srv-1055bc.o: undefined symbol: listen\n\
            wasm-ld-14: error: /tmp/srv-1055bc.o: undefined symbol: listen\n\
            clang: error: linker command failed with exit code 1 (use -v to see invocation)\n";
        assert_eq!(undefined_symbols(clang_14), ["bind", "listen", "socket"]);

        let clang_cpp = "wasm-ld-14: error: /tmp/undef-e82dbd.o: undefined symbol: socket(int, int, int)\n\
            wasm-ld-14: error: /tmp/undef-e82dbd.o: undefined symbol: bind(int, void const*, unsigned int)\n";
        assert_eq!(undefined_symbols(clang_cpp), ["bind(int, void const*, unsigned int)", "socket(int, int, int)"]);

        let zig_0_17 = "wasm-ld: error: /cache/o/a6bf8c90/undef.o: undefined symbol: socket\n";
        assert_eq!(undefined_symbols(zig_0_17), ["socket"]);

        let rustc_1_96 = "error: linking with `rust-lld` failed: exit status: 1\n  |\n  = note: some arguments are omitted.\n  \
            = note: rust-lld: error: /t/deps/ru-da83.ru.a67-cgu.0.rcgu.o: undefined symbol: socket\n          \
            rust-lld: error: /t/deps/ru-da83.ru.a67-cgu.0.rcgu.o: undefined symbol: listen\n          \n\n\
            error: could not compile `ru` (bin \"ru\") due to 1 previous error\n";
        assert_eq!(undefined_symbols(rustc_1_96), ["listen", "socket"]);

        let emcc_3_1_6 = "error: undefined symbol: missing_c (referenced by top-level compiled C/C++ code)\n\
            warning: _missing_c may need to be added to EXPORTED_FUNCTIONS if it arrives from a system library\n\
            Error: Aborting compilation due to previous errors\n";
        assert_eq!(undefined_symbols(emcc_3_1_6), ["missing_c"]);
    }

    #[test]
    fn other_messages_contain_no_symbols() {
        assert!(undefined_symbols("hello.c:1:10: fatal error: 'none.h' file not found\n").is_empty());
        // With -sERROR_ON_UNDEFINED_SYMBOLS=0, emcc continues.
        let warned = "warning: undefined symbol: missing_c (referenced by top-level compiled C/C++ code)\n";
        assert!(undefined_symbols(warned).is_empty());
    }
}
