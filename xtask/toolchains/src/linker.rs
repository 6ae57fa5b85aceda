//! What linkers say. This is the one place that reads their messages.

/// The symbols that a linker did not find, sorted, each once; empty where it complained of none.
///
/// wasm-ld, alone or within rustc's, emcc's or zig's message: `undefined symbol: NAME`.
#[must_use]
pub fn undefined_symbols(message: &str) -> Vec<String> {
    const MARK: &str = "undefined symbol: ";
    let mut symbols: Vec<String> = message
        .lines()
        // emcc can be told to go on; then it only warns.
        .filter(|line| !line.contains("warning:"))
        .filter_map(|line| line.split_once(MARK))
        // emcc adds who refers to it; a C++ name has blanks and parentheses of its own.
        .map(|(_, name)| name.split(" (referenced by").next().unwrap_or(name).trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    symbols.sort();
    symbols.dedup();
    symbols
}

/// Whether clang says that it has no linker: `unable to execute command: Executable "wasm-ld-14" doesn't exist!`
#[must_use]
pub fn is_missing(message: &str) -> bool {
    message.contains("unable to execute command") || message.contains("invalid linker name")
}

#[cfg(test)]
mod tests {
    use super::{is_missing, undefined_symbols};

    /// As clang 14 said it: without lld, without compiler-rt, without wasi-libc.
    #[test]
    fn a_missing_linker_is_told_from_a_missing_library() {
        let no_lld = "clang: error: unable to execute command: Executable \"wasm-ld-14\" doesn't exist!\n\
            clang: error: linker command failed with exit code 1 (use -v to see invocation)\n";
        assert!(is_missing(no_lld));
        let no_rt = "wasm-ld-14: error: cannot open /lib/wasi/libclang_rt.builtins-wasm32.a: No such file or directory\n\
            clang: error: linker command failed with exit code 1 (use -v to see invocation)\n";
        let no_libc = "wasm-ld-14: error: cannot open crt1.o: No such file or directory\n\
            wasm-ld-14: error: unable to find library -lc\n";
        assert!(!is_missing(no_rt) && !is_missing(no_libc));
    }

    /// As it was really said, on programs that call `socket`, `bind` and `listen`.
    #[test]
    fn symbols_are_found_in_what_each_linker_says() {
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
    fn other_complaints_name_no_symbols() {
        assert!(undefined_symbols("hello.c:1:10: fatal error: 'none.h' file not found\n").is_empty());
        // emcc with -sERROR_ON_UNDEFINED_SYMBOLS=0 goes on.
        let warned = "warning: undefined symbol: missing_c (referenced by top-level compiled C/C++ code)\n";
        assert!(undefined_symbols(warned).is_empty());
    }
}
