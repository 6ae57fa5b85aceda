//! Descendants that left their process group.
//!
//! The lab is a child sub-reaper, so a process that loses its parent becomes a child of the lab. Such an orphan belongs
//! to the supervised child whose session it is in, whose mark is in its environment, or below which it was seen
//! earlier. An orphan with none of these is killed as soon as no child is supervised.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid};

/// Environment variable that marks the descendants of one child.
pub const MARK: &str = "WASMLAB_CHILD";

/// Time limit for killing the descendants of one child, so that a fork bomb cannot block the lab.
const KILL_TIMEOUT: Duration = Duration::from_secs(3);

/// Children that are being supervised: process id to mark.
static SUPERVISED: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

/// The supervised children. While the lock is held, no child is started or reaped.
pub fn supervised() -> MutexGuard<'static, BTreeMap<i32, u64>> {
    SUPERVISED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the lab the parent of orphaned descendants.
pub fn become_subreaper() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // Kernels before 3.4 lack this; then only the process group is killed.
        let _ = set_child_subreaper(Some(rustix::process::getpid()));
    });
}

/// Kills what remains of the child `pid`, which has ended and been reaped.
pub fn end_descendants(pid: i32, mark: u64, seen: &BTreeSet<i32>) {
    kill_matching(pid, |orphan, alone| alone || belongs(orphan, pid, mark, seen));
    // Unregister it only now: otherwise another child that seems to be the only one would be charged for the memory of
    // these orphans.
    let mut active = supervised();
    if active.get(&pid) == Some(&mark) {
        active.remove(&pid);
    }
}

/// Whether an orphan descends from the child `pid`, by its session, its mark, or the processes seen earlier.
fn belongs(orphan: i32, pid: i32, mark: u64, seen: &BTreeSet<i32>) -> bool {
    seen.contains(&orphan)
        || session(orphan) == Some(pid)
        || fs::read(format!("/proc/{orphan}/environ")).is_ok_and(|env| has_mark(&env, mark))
}

/// Kills every orphan, unless a child is supervised.
pub fn kill_orphans() {
    kill_matching(0, |_, alone| alone);
}

/// Kills all descendants of the lab, supervised or not. Children of a killed process are reparented to the lab, its
/// sub-reaper, and are found in the next round.
pub fn kill_all() {
    let deadline = Instant::now() + KILL_TIMEOUT;
    let mut killed = BTreeSet::new();
    while Instant::now() < deadline {
        let (all, _) = descendants(std::process::id().cast_signed(), 0, &BTreeSet::new());
        let new: Vec<i32> = all.into_iter().filter(|pid| killed.insert(*pid)).collect();
        if new.is_empty() {
            return;
        }
        for pid in new.iter().filter_map(|p| Pid::from_raw(*p)) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills orphans until none satisfies `is_ours`, whose argument says whether `pid` is the only supervised child.
fn kill_matching(pid: i32, is_ours: impl Fn(i32, bool) -> bool) {
    let deadline = Instant::now() + KILL_TIMEOUT;
    loop {
        // The lock is held so that a child started now is not mistaken for an orphan.
        let active = supervised();
        let orphans: Vec<i32> = lab_children().into_iter().filter(|p| !active.contains_key(p)).collect();
        let alone = active.keys().all(|child| *child == pid);
        let ours: Vec<i32> = orphans.into_iter().filter(|p| is_ours(*p, alone)).collect();
        drop(active);
        if ours.is_empty() || Instant::now() > deadline {
            return;
        }
        for pid in ours.iter().filter_map(|p| Pid::from_raw(*p)) {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_micros(500));
        for pid in ours.iter().filter_map(|p| Pid::from_raw(*p)) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Direct children of the lab, including orphans that were reparented to it.
fn lab_children() -> Vec<i32> {
    children_of(std::process::id())
}

fn children_of(pid: u32) -> Vec<i32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let files = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    files.flat_map(|text| text.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<i32>>()).collect()
}

/// Every descendant of the child `pid`, and their resident bytes including its own. Includes descendants that left its
/// session and lost their parents, which the lab has inherited.
pub fn descendants(pid: i32, mark: u64, seen: &BTreeSet<i32>) -> (BTreeSet<i32>, u64) {
    let mut found = adopted(pid, mark, seen);
    let mut queue: Vec<i32> = found.iter().copied().chain([pid]).collect();
    let mut resident = 0;
    while let Some(next) = queue.pop() {
        resident += resident_bytes(next);
        // A fork bomb creates more processes than are worth counting.
        if found.len() < 10_000 {
            queue.extend(children_of(next.unsigned_abs()).into_iter().filter(|child| found.insert(*child)));
        }
    }
    (found, resident)
}

/// Orphans reparented to the lab that descend from the child `pid`.
fn adopted(pid: i32, mark: u64, seen: &BTreeSet<i32>) -> BTreeSet<i32> {
    let active = supervised();
    let orphans: Vec<i32> = lab_children().into_iter().filter(|p| !active.contains_key(p)).collect();
    let alone = active.len() == 1;
    drop(active);
    orphans.into_iter().filter(|orphan| alone || belongs(*orphan, pid, mark, seen)).collect()
}

/// Peak resident size of `pid` since its last exec, bytes.
pub fn largest_resident(pid: i32) -> u64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/status")) else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn resident_bytes(pid: i32) -> u64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/statm")) else { return 0 };
    let pages: u64 = text.split_whitespace().nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

fn session(pid: i32) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything: count fields from the last parenthesis.
    text.rsplit_once(')')?.1.split_whitespace().nth(3)?.parse().ok()
}

fn has_mark(environ: &[u8], mark: u64) -> bool {
    let variable = format!("{MARK}={mark}");
    environ.split(|b| *b == 0).any(|entry| entry == variable.as_bytes())
}
