//! What an ordinary Rust program asks of its system, one capability at a time, each answer checked.
//!
//! Prints one line a capability:
//!
//! ```text
//! lab: NAME ok                    it works, and the value is right
//! lab: NAME errno=N FUNCTION      the host's function refused with this error number
//! lab: NAME no-errno TEXT         std refused by itself: the host was never asked
//! lab: NAME wrong TEXT            it claimed success, and the value is wrong
//! ```
//!
//! The scenario gives it the arguments `one` and `two words`, the variable `GREETING=hello`, and a
//! folder `/data` with the file `seed.txt` in it. It ends with exit code 7.

mod refusal;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};
use std::{env, process, thread};

use refusal::{In, Refusal, require};

const SEED: &str = "/data/seed.txt";
const OURS: &str = "/data/lab.txt";
const RENAMED: &str = "/data/renamed.txt";
const CONTENT: &str = "written by the lab's guest\n";

/// A check of one capability.
type Check = fn() -> Result<(), Refusal>;

/// In this order: each leaves the files as the next one expects them.
const CHECKS: &[(&str, Check)] = &[
    ("args", args),
    ("env", environment),
    ("file-write", file_write),
    ("file-read", file_read),
    ("dir-list", dir_list),
    ("rename", rename),
    ("delete", delete),
    ("clock-monotonic", clock_monotonic),
    ("clock-realtime", clock_realtime),
    ("random", random),
    ("threads", threads),
];

fn main() {
    for (name, check) in CHECKS {
        match check() {
            Ok(()) => println!("lab: {name} ok"),
            Err(refusal) => println!("lab: {name} {refusal}"),
        }
    }
    // Printed before the end; whether the code arrives is for the host to see.
    println!("lab: exit-code ok");
    process::exit(7);
}

fn args() -> Result<(), Refusal> {
    // The first is the program's own name, whatever the host calls it.
    require(env::args().skip(1).eq(["one", "two words"]), "not the arguments given")
}

fn environment() -> Result<(), Refusal> {
    require(env::var("GREETING").as_deref() == Ok("hello"), "no GREETING=hello")
}

fn file_write() -> Result<(), Refusal> {
    let mut file = File::create(OURS).within("path_open")?;
    file.write_all(CONTENT.as_bytes()).within("fd_write")
}

/// Both the file that the host put there and the one that was just written.
fn file_read() -> Result<(), Refusal> {
    holds(SEED, "seed\n")?;
    holds(OURS, CONTENT)
}

fn dir_list() -> Result<(), Refusal> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/data").within("path_open")? {
        names.push(entry.within("fd_readdir")?.file_name());
    }
    names.sort();
    require(names == ["lab.txt", "seed.txt"], "not the files that are there")
}

fn rename() -> Result<(), Refusal> {
    fs::rename(OURS, RENAMED).within("path_rename")?;
    require(File::open(OURS).is_err(), "the old name still opens")?;
    holds(RENAMED, CONTENT)
}

/// Deletes the host's file, which is there whether the steps before succeeded or not.
fn delete() -> Result<(), Refusal> {
    fs::remove_file(SEED).within("path_unlink_file")?;
    require(File::open(SEED).is_err(), "the file still opens")
}

/// Has no fixed beginning and may stand still between two looks, but never goes back.
fn clock_monotonic() -> Result<(), Refusal> {
    let first = Instant::now();
    require(Instant::now() >= first, "the clock went back")
}

fn clock_realtime() -> Result<(), Refusal> {
    let start_of_2025 = SystemTime::UNIX_EPOCH + Duration::from_secs(1_735_689_600);
    require(SystemTime::now() >= start_of_2025, "it is not after 2024")
}

/// std has no stable function for random bytes, so this asks WASI directly, as crates do.
fn random() -> Result<(), Refusal> {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        fn random_get(buffer: *mut u8, length: usize) -> u16;
    }
    // Both start as the same bytes, so a host that fills in nothing is found out.
    let mut draws = [[0u8; 16]; 2];
    for draw in &mut draws {
        // SAFETY: the host writes `length` bytes at `buffer`, which is what the slice has.
        let errno = unsafe { random_get(draw.as_mut_ptr(), draw.len()) };
        if errno != 0 {
            return Err(Refusal::Errno { errno: errno.into(), function: "random_get" });
        }
    }
    require(draws[0] != draws[1], "two draws are equal")
}

/// Whatever number the error has, no host gave it: the module imports nothing that starts a thread,
/// so it is std or the C library below it that refuses.
fn threads() -> Result<(), Refusal> {
    let thread = thread::Builder::new().spawn(|| 6 * 7).map_err(|error| Refusal::NoErrno(error.to_string()))?;
    require(thread.join().is_ok_and(|answer| answer == 42), "the thread gave no answer")
}

/// Whether a file can be opened and has this content.
fn holds(path: &str, content: &str) -> Result<(), Refusal> {
    let mut text = String::new();
    File::open(path).within("path_open")?.read_to_string(&mut text).within("fd_read")?;
    require(text == content, "content differs")
}
