//! A library for any host: it imports nothing, so a host needs to define nothing.
//!
//! `#[unsafe(no_mangle)] extern "C"` is what makes a function an export with a plain name and
//! plain parameters. Each Rust number becomes the WebAssembly type of its size; a `u64` is an `i64`
//! there, because WebAssembly's integers have no sign.

use std::cell::Cell;

/// Two 32-bit integers in, one out; overflow wraps, as in WebAssembly itself.
#[unsafe(no_mangle)]
pub extern "C" fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

/// 64-bit: `n!`, or 0 where it does not fit. A JavaScript host passes a `BigInt`.
#[unsafe(no_mangle)]
pub extern "C" fn factorial(n: u64) -> u64 {
    (1..=n).try_fold(1u64, u64::checked_mul).unwrap_or(0)
}

/// Floats: the long side of a right triangle.
#[unsafe(no_mangle)]
pub extern "C" fn hypotenuse(a: f64, b: f64) -> f64 {
    (a * a + b * b).sqrt()
}

/// The heap works without a host: the allocator is part of the module and grows its memory.
/// Counts the primes up to `limit` with a sieve of `limit` bytes.
///
/// The first multiple crossed out is `n + n`, not the usual `n * n`: `usize` has 32 bits here, and
/// 65537 * 65537 would wrap around without a word.
#[unsafe(no_mangle)]
pub extern "C" fn count_primes(limit: u32) -> u32 {
    let limit = limit as usize;
    let mut composite = vec![false; limit + 1];
    let mut count = 0;
    for n in 2..=limit {
        if !composite[n] {
            count += 1;
            (n + n..=limit).step_by(n).for_each(|multiple| composite[multiple] = true);
        }
    }
    count
}

thread_local! {
    /// Lives in the instance's memory, so it outlasts a call, and a second instance has its own.
    static TOTAL: Cell<i64> = const { Cell::new(0) };
}

/// Adds to a total that the instance keeps, and returns it.
#[unsafe(no_mangle)]
pub extern "C" fn accumulate(n: i64) -> i64 {
    TOTAL.set(TOTAL.get() + n);
    TOTAL.get()
}

/// Panics with a message, which nobody can see here: the host gets a trap.
#[unsafe(no_mangle)]
pub extern "C" fn divide(a: i32, b: i32) -> i32 {
    a.checked_div(b).expect("a divisor other than zero")
}
