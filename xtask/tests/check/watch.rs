//! `check --watch`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::Workspace;

/// The next line with `part`; the lines before it are skipped.
fn next_with(lines: &Receiver<String>, part: &str) -> String {
    loop {
        let line = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("no line with `{part}`"));
        if line.contains(part) {
            return line;
        }
    }
}

#[test]
fn a_changed_file_is_checked_again_until_ctrl_c() {
    const WAITING: &str = "waiting for a change of app.wat";
    let workspace = Workspace::new();
    workspace.write("app.wat", "(module (func (export \"_start\")))");
    let args = ["check", "app.wat", "--watch", "--runtime", "wasmi", "--engines", "built", "--output", "csv"];
    // One pipe keeps the order of both streams.
    let lab = workspace.command(&args);
    let mut both = Command::new("sh");
    both.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(lab.get_program()).args(lab.get_args());
    both.current_dir(workspace.path(".")).stdout(Stdio::piped());
    both.envs(lab.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = both.spawn().unwrap();
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let first = next_with(&lines, ",wasmi,");
    next_with(&lines, WAITING);
    workspace.write("app.wat", "(module (func (export \"_start\") unreachable))");
    let second = next_with(&lines, ",wasmi,");
    assert!(first.contains(",pass,") && second.contains(",trap,"), "{first}\n{second}");
    next_with(&lines, WAITING);
    // While a compiler writes, there may be no file.
    std::fs::remove_file(workspace.path("app.wat")).unwrap();
    next_with(&lines, "error: ");
    next_with(&lines, WAITING);
    workspace.write("app.wat", "(module (func (export \"_start\") nop))");
    assert!(next_with(&lines, ",wasmi,").contains(",pass,"));
    next_with(&lines, WAITING);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
