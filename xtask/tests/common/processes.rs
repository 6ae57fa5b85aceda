//! Living processes of this machine.

use std::fs;

/// Command lines of the living processes for which `is_meant(command line, environment)` holds. Arguments and variables
/// are separated by spaces.
pub fn command_lines(is_meant: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let dirs = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    // A process that has just ended has neither.
    let read = |file| String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    let text = |file| read(file).trim_end_matches('\0').replace('\0', " ");
    let processes = dirs.map(|dir| (text(dir.join("cmdline")), text(dir.join("environ"))));
    processes.filter(|(line, environment)| is_meant(line, environment)).map(|(line, _)| line).collect()
}
