//! Validates function bodies, in parallel if there is much code.

use super::{flags::LOCAL, outline::Func, search::grow};
use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};
use wasmparser::{Error, FuncValidatorAllocations, WasmFeatures};

/// Bytes of function bodies that a worker takes at a time. Constant, so that the result is the same on every machine.
const CHUNK: usize = 512 * 1024;

/// Flags that a body requires, and the body.
pub(super) struct Need {
    /// The flags.
    pub(super) flags: WasmFeatures,
    /// Index of the body among all bodies.
    pub(super) ordinal: usize,
    /// Index of the function.
    pub(super) index: u32,
    /// Offset of the instruction or type that requires them, bytes.
    pub(super) offset: u64,
}

/// The features that the bodies require beyond `set`, in the order of the bodies.
///
/// If this includes flags outside [`LOCAL`], it may be incomplete; call again with the wider set.
pub(super) fn needs(funcs: &[Func<'_>], set: WasmFeatures) -> Result<Vec<Need>, Error> {
    let chunks = in_chunks(funcs, |chunk| {
        let mut allocations = FuncValidatorAllocations::default();
        let mut grown = set;
        let mut needs = Vec::new();
        for func in chunk {
            let (ordinal, index) = (func.ordinal, func.index);
            let note = |flags, offset| needs.push(Need { flags, ordinal, index, offset });
            let (wider, error) = match grow(grown, |set| func.validate(set, &mut allocations), note) {
                Ok(wider) => (wider, None),
                Err(stuck) => (stuck.set, Some(stuck.error)),
            };
            grown = wider;
            if let Some(error) = error {
                if LOCAL.contains(grown.difference(set)) {
                    return Err(error);
                }
                // The types were canonicalized without the flags found since: validate everything again.
                break;
            }
        }
        Ok(needs)
    })?;
    Ok(chunks.into_iter().flatten().collect())
}

/// Validates bodies with the features of `set`; returns the error of the first invalid body.
pub(super) fn validate(funcs: &[Func<'_>], set: WasmFeatures) -> Result<(), Error> {
    in_chunks(funcs, |chunk| {
        let mut allocations = FuncValidatorAllocations::default();
        chunk.iter().try_for_each(|func| func.validate(set, &mut allocations))
    })?;
    Ok(())
}

/// Runs `work` on chunks of the functions, on all processors, and returns the results in order.
fn in_chunks<T: Send>(
    funcs: &[Func<'_>],
    work: impl Fn(&[Func<'_>]) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let chunks = split(funcs);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(index) else { return done };
            let result = work(chunk);
            if result.is_err() {
                // Later chunks no longer matter. All earlier ones have been taken and will be finished, so the first
                // error found does not depend on the timing of threads.
                next.store(chunks.len(), Ordering::Relaxed);
            }
            done.push((index, result));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(chunks.len());
    let mut results = thread::scope(|scope| {
        // If a thread cannot be started, this one does the work.
        let others: Vec<_> =
            (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, worker).ok()).collect();
        let mut results = worker();
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Splits the functions into chunks of about [`CHUNK`] bytes.
fn split<'f, 'a>(funcs: &'f [Func<'a>]) -> Vec<&'f [Func<'a>]> {
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, func) in funcs.iter().enumerate() {
        bytes += func.body.as_bytes().len();
        if bytes >= CHUNK {
            chunks.push(&funcs[start..=index]);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < funcs.len() {
        chunks.push(&funcs[start..]);
    }
    chunks
}
