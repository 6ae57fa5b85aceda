//! Programs of the fastcomp ABI: how `main` is called, and what happens afterwards.

use std::collections::BTreeMap;

use wasmlab_host_emscripten::{Config, Guest, Host, OutOfBounds, Termination, host_function, start_fastcomp};

use crate::guest::{BUFFER, MemoryGuest};

/// A program whose exports call imports: `_main: _sigaction 30 65536 / _raise 30; _fflush:`.
struct Program {
    guest: MemoryGuest,
    exports: &'static str,
    ran: Vec<&'static str>,
}

impl Program {
    fn new(exports: &'static str) -> Self {
        let env = BTreeMap::from([("MINE".to_owned(), "yes".to_owned())]);
        let mut guest = MemoryGuest::new(Config { env, args: vec!["guest".to_owned()], ..Config::default() });
        guest.put(40_000, b"MINE\0");
        guest.put(BUFFER, &77_u32.to_le_bytes());
        Self { guest, exports, ran: Vec::new() }
    }
}

impl Guest for Program {
    fn host(&mut self) -> &mut Host {
        self.guest.host()
    }

    fn memory(&self) -> &[u8] {
        self.guest.memory()
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        self.guest.memory_mut()
    }

    fn grow(&mut self, _: u32) -> bool {
        false
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        if export == "stackAlloc" {
            return Ok(Some(50_000));
        }
        let mut exports = self.exports.split("; ").filter_map(|export| export.split_once(':'));
        let found = exports.find(|(name, _)| *name == export && (export != "_main" || args.len() == 2));
        let Some((name, calls)) = found else { return Err(Termination::MissingExport(export.to_owned())) };
        self.ran.push(name);
        for call in calls.split('/') {
            let mut parts = call.split_whitespace();
            let Some(name) = parts.next() else { continue };
            let args: Vec<i64> = parts.map(|number| number.parse().unwrap()).collect();
            host_function("env", name).unwrap().call(self, &args)?;
        }
        Ok(Some(0))
    }
}

/// C's `exit` is the import `_exit`: the glue flushes stdio, and so does the host. C's `_exit`, which is the import
/// `__exit`, and the system call do not.
#[test]
fn stdio_is_flushed_at_exit() {
    for (exports, code, ran) in [
        ("_main: ; _fflush: ", 0, "_main _fflush"),
        ("_main: _exit 3; _fflush: ", 3, "_main _fflush"),
        ("_main: _exit 3", 3, "_main"),
        ("_main: __exit 3; _fflush: ", 3, "_main"),
        ("_main: _raise 15; _fflush: ", 143, "_main"),
        // What the guest does while flushing is up to the guest.
        ("_main: _exit 3; _fflush: __exit 4", 4, "_main _fflush"),
    ] {
        let mut program = Program::new(exports);
        let exit_code = match start_fastcomp(&mut program) {
            Ok(code) | Err(Termination::Exit(code)) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!((exit_code, program.ran.join(" ").as_str()), (code, ran), "{exports}");
    }
}

/// A missing export that a host call needs must not be confused with the entry point, which has run.
#[test]
fn missing_export_needed_by_the_host_is_named() {
    for (exports, name, ran) in [
        ("_main: _getenv 40000", "_malloc", "_main"),
        ("_main: _sigaction 30 65536 0 / _raise 30", "dynCall_vi", "_main"),
        ("runPostSets: _getenv 40000; _main: ", "_malloc", "runPostSets"),
        ("_main: ; _fflush: _getenv 40000", "_malloc", "_main _fflush"),
        // errno is set by the guest's own function, which here calls the host.
        ("_main: _fork; ___errno_location: _getenv 40000", "_malloc", "_main ___errno_location"),
    ] {
        let mut program = Program::new(exports);
        let result = start_fastcomp(&mut program);
        assert!(
            matches!(&result, Err(Termination::MissingRequiredExport(needed)) if needed == name),
            "{exports}: {result:?}"
        );
        assert_eq!(program.ran.join(" "), ran, "{exports}");
    }
    let none = start_fastcomp(&mut Program::new(""));
    assert!(matches!(&none, Err(Termination::MissingExport(name)) if name == "_main"), "{none:?}");
    // A guest without errno only gets the result.
    assert!(matches!(start_fastcomp(&mut Program::new("_main: _fork")), Ok(0)));
}

/// A guest whose memory has all 4 GiB, of which only the bounds are simulated. Its stack ends 4 bytes before their end.
struct LargeGuest(MemoryGuest);

impl Guest for LargeGuest {
    fn host(&mut self) -> &mut Host {
        self.0.host()
    }

    fn memory(&self) -> &[u8] {
        self.0.memory()
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        self.0.memory_mut()
    }

    fn grow(&mut self, _: u32) -> bool {
        false
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        if u64::from(at) + from.len() as u64 > 1 << 32 { Err(OutOfBounds) } else { Ok(()) }
    }

    fn call(&mut self, export: &str, _: &[i32]) -> Result<Option<i32>, Termination> {
        if export == "stackAlloc" { Ok(Some(-4)) } else { Err(Termination::MissingExport(export.to_owned())) }
    }
}

#[test]
fn arguments_beyond_the_last_address_end_the_guest() {
    let config = Config { args: vec![String::new()], ..Config::default() };
    let result = start_fastcomp(&mut LargeGuest(MemoryGuest::new(config)));
    assert!(matches!(&result, Err(Termination::Abort(why)) if why.contains("do not fit")), "{result:?}");
}
