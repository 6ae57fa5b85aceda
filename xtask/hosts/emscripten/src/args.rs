//! The arguments of an import's call.

use std::ops::Deref;

/// More parameters than any function of the host has.
const MAX_ARGS: usize = 16;

/// The arguments of a call, with integers widened. Stored inline, without allocation, because calls are frequent.
pub struct Args([i64; MAX_ARGS], usize);

impl Args {
    /// Converts an engine's values with `wide`.
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
