//! The entry point; everything is in the library.

fn main() -> std::process::ExitCode {
    xtask::cli::main()
}
