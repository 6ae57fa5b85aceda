//! Work on several items at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow};

/// The results of `work` for each item, in their order, on this many threads.
///
/// # Errors
/// If `work` panics; the error begins with `what`.
pub fn map<T: Sync, R: Send>(items: &[T], threads: usize, what: &str, work: impl Fn(&T) -> R + Sync) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let part = || {
        let mut done = Vec::new();
        while let Some((at, item)) = items.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((at, work(item)));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(part)).collect();
        let parts = threads.into_iter().map(|thread| thread.join()).collect::<Result<Vec<_>, _>>();
        parts.map(|parts| parts.into_iter().flatten().collect::<Vec<_>>())
    })
    .map_err(|_| anyhow!("{what}: a thread of the lab panicked"))?;
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
