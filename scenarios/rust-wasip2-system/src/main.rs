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
//! folder `/data` with the file `seed.txt` in it. It ends with exit code 7, of which WASI 0.2 carries
//! no more than that it is not 0.

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
    // What arrives of the number is for the host to see.
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
    let mut file = File::create(OURS).within("descriptor.open-at")?;
    file.write_all(CONTENT.as_bytes()).within("descriptor.write-via-stream")
}

/// Both the file that the host put there and the one that was just written.
fn file_read() -> Result<(), Refusal> {
    holds(SEED, "seed\n")?;
    holds(OURS, CONTENT)
}

fn dir_list() -> Result<(), Refusal> {
    let mut names = Vec::new();
    for entry in fs::read_dir("/data").within("descriptor.open-at")? {
        names.push(entry.within("descriptor.read-directory")?.file_name());
    }
    names.sort();
    require(names == ["lab.txt", "seed.txt"], "not the files that are there")
}

fn rename() -> Result<(), Refusal> {
    fs::rename(OURS, RENAMED).within("descriptor.rename-at")?;
    require(File::open(OURS).is_err(), "the old name still opens")?;
    holds(RENAMED, CONTENT)
}

/// Deletes the host's file, which is there whether the steps before succeeded or not.
fn delete() -> Result<(), Refusal> {
    fs::remove_file(SEED).within("descriptor.unlink-file-at")?;
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
    let [first, second] = [(); 2].map(|()| wasip2::random::random::get_random_bytes(16));
    require(first.len() == 16 && first != second, "two draws are equal, or not of the length asked for")
}

/// Whatever number the error has, no host gave it: the component imports nothing that starts a thread,
/// so it is std or the C library below it that refuses.
fn threads() -> Result<(), Refusal> {
    let thread = thread::Builder::new().spawn(|| 6 * 7).map_err(|error| Refusal::NoErrno(error.to_string()))?;
    require(thread.join().is_ok_and(|answer| answer == 42), "the thread gave no answer")
}

/// Whether a file can be opened and has this content.
fn holds(path: &str, content: &str) -> Result<(), Refusal> {
    let mut text = String::new();
    File::open(path).within("descriptor.open-at")?.read_to_string(&mut text).within("descriptor.read-via-stream")?;
    require(text == content, "content differs")
}
