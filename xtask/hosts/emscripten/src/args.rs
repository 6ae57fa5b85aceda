//! What an engine hands to an import.

use std::ops::Deref;

/// More parameters than any of the host's functions has.
const MAX_ARGS: usize = 16;

/// The arguments of a call, integers widened: without memory of the host's, since calls are many.
pub struct Args([i64; MAX_ARGS], usize);

impl Args {
    /// Of an engine's own values, which `wide` widens.
    pub fn of<T>(values: &[T], wide: impl Fn(&T) -> i64) -> Self {
        let mut args = [0; MAX_ARGS];
        for (arg, value) in args.iter_mut().zip(values) {
            *arg = wide(value);
        }
        Self(args, values.len().min(MAX_ARGS))
    }
}

impl Deref for Args {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        &self.0[..self.1]
    }
}
