//! Time limits that do not depend on how busy the machine is. A limit is the time a child may take on an idle machine:
//! time that the child spent waiting for a processor does not count. A busy machine therefore changes no result, while
//! a child that is idle or loops forever still reaches its limit.

use std::time::{Duration, Instant};

use crate::Running;

/// A limit is extended to at most this multiple of itself.
const MAX_EXTENSION: u32 = 6;

/// The part of `wall` that counts, if the child waited `cpu_wait` for a processor.
#[must_use]
pub fn net_time(wall: Duration, cpu_wait: Duration) -> Duration {
    wall.saturating_sub(cpu_wait).max(wall / MAX_EXTENSION)
}

/// The wall-clock time that `limit` amounts to, if the child waited `cpu_wait` for a processor.
#[must_use]
pub fn extended_limit(limit: Duration, cpu_wait: Duration) -> Duration {
    (limit + cpu_wait).min(limit * MAX_EXTENSION)
}

/// The time limit of a wait for a child.
#[derive(Debug)]
pub struct Deadline<'a> {
    running: &'a Running,
    limit: Duration,
    started: Instant,
    /// The child's waiting for a processor before that.
    earlier_cpu_wait: Duration,
}

impl<'a> Deadline<'a> {
    /// Starts now.
    #[must_use]
    pub fn new(running: &'a Running, limit: Duration) -> Self {
        Self { running, limit, started: Instant::now(), earlier_cpu_wait: running.cpu_wait() }
    }

    /// Time left; `None` if it is over. Ask again after that time: the child may have been starved meanwhile.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let cpu_wait = self.running.cpu_wait().saturating_sub(self.earlier_cpu_wait);
        self.limit.checked_sub(net_time(self.started.elapsed(), cpu_wait)).filter(|left| !left.is_zero())
    }
}

/// The longest time that any thread of these processes has waited for a processor: the second number of `schedstat`.
#[cfg(target_os = "linux")]
pub fn longest_cpu_wait(pids: impl Iterator<Item = i32>) -> Duration {
    let threads = pids.filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok()).flatten().flatten();
    let waited = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    });
    Duration::from_nanos(waited.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{extended_limit, net_time};
    use std::time::Duration;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn net_time_excludes_waiting_for_a_processor() {
        for (wall, cpu_wait, expected) in [(1000, 0, 1000), (1000, 400, 600), (6000, 6000, 1000), (0, 10, 0)] {
            assert_eq!(net_time(MS(wall), MS(cpu_wait)), MS(expected), "{wall} {cpu_wait}");
        }
        for (limit, cpu_wait, expected) in [(1000, 0, 1000), (1000, 400, 1400), (1000, 60_000, 6000)] {
            assert_eq!(extended_limit(MS(limit), MS(cpu_wait)), MS(expected), "{limit} {cpu_wait}");
        }
    }
}
