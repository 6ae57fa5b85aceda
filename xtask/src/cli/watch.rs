//! Waiting until the files of a command change: `check --watch`, `learn check --watch`.

use std::thread;
use std::time::Duration;

use wasmlab_process::cancelled;

/// How often the files are checked. A file that is still being written differs from one check to the next.
const PERIOD: Duration = Duration::from_millis(250);

/// Waits until what `look` sees differs from `seen` and stays as it is; `None` after Ctrl-C.
pub fn next_change<T: PartialEq>(seen: &T, look: impl Fn() -> T) -> Option<T> {
    let mut before = None;
    while !cancelled() {
        thread::sleep(PERIOD);
        let now = look();
        if now == *seen {
            continue;
        }
        if before.as_ref() == Some(&now) {
            return Some(now);
        }
        before = Some(now);
    }
    None
}
