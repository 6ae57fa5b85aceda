//! Threads as one would write them anywhere: four of them, each adds its share to a counter, all are joined.
//!
//! Prints one `lab:` line a capability. The same source is built for two targets, wasm32-wasip1 and
//! wasm32-wasip1-threads.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::{io, iter};

const THREADS: u32 = 4;

fn main() -> ExitCode {
    let counter = Arc::new(AtomicU32::new(0));
    let started: io::Result<Vec<_>> = (1..=THREADS).map(|n| start(counter.clone(), n)).collect();
    let threads = match started {
        Ok(threads) => threads,
        Err(error) => {
            // Without a number, whatever the error has: std and the C library below it make one up, and no
            // host function for threads answers with one.
            println!("lab: thread-spawn no-errno {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("lab: thread-spawn ok");
    if threads.into_iter().any(|thread| thread.join().is_err()) {
        println!("lab: thread-join wrong a thread panicked");
        return ExitCode::FAILURE;
    }
    println!("lab: thread-join ok");
    match counter.load(Ordering::SeqCst) {
        100 => println!("lab: thread-memory ok"),
        sum => println!("lab: thread-memory wrong the sum is {sum}, not 100"),
    }
    ExitCode::SUCCESS
}

/// A thread that adds 10 times `n` to `counter`, one by one.
fn start(counter: Arc<AtomicU32>, n: u32) -> io::Result<JoinHandle<()>> {
    let add = move || iter::repeat_n(1, 10 * n as usize).for_each(|one| _ = counter.fetch_add(one, Ordering::SeqCst));
    thread::Builder::new().spawn(add)
}
