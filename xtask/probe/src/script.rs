//! Guests made of checks: a text file says what each check does, one guest runs many of them and prints each result.
//!
//! A check that ends the guest is noted, and another guest runs those behind it, so that few processes are started.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::catalogue::to_text;
use crate::{Probe, ProbeReply, ProbeTarget};

/// The import module.
pub const WASI: &str = "wasi_snapshot_preview1";

/// One check.
pub struct ScriptCheck<'a> {
    /// Its name.
    pub name: &'a str,
    /// The functions that it uses.
    pub uses: Vec<&'a str>,
    /// Its lines.
    code: Vec<&'a str>,
}

/// The checks of a text: `## NAME: FUNCTIONS`, and lines of code.
///
/// # Errors
/// If the text has another form.
pub fn checks(text: &str) -> Result<Vec<ScriptCheck<'_>>> {
    let parts = text.split("\n## ").skip(1).map(|part| {
        let (head, code) = part.split_once('\n').context("a check has no lines")?;
        let (name, uses) = head.split_once(':').context("a check has no name")?;
        let code = code.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        Ok(ScriptCheck { name, uses: uses.split_whitespace().collect(), code })
    });
    parts.collect()
}

/// The output of a check.
#[derive(Debug, PartialEq, Eq)]
pub enum CheckOutput {
    /// Its result, and the text that it printed before.
    Result(i32, String),
    /// Only text: it ended the guest before it had a result.
    Ended(String),
}

/// Runs checks until each has a result or ended its guest; `done` receives each.
///
/// # Errors
/// If a guest cannot be made.
pub fn run(
    mut left: Vec<&ScriptCheck>,
    with: &Guests,
    runtime: &mut dyn ProbeTarget,
    mut done: impl FnMut(&str, CheckOutput, &ProbeReply),
) -> Result<()> {
    while !left.is_empty() {
        let probe = with.guest(&left)?;
        let Some(reply) = runtime.probe(&probe, &[]) else { break };
        let results = read(&reply.stdout);
        let before = left.len();
        left.retain(|check| !results.iter().any(|(name, _)| name == check.name));
        for (name, printed) in results {
            done(&name, printed, &reply);
        }
        if left.len() == before {
            break;
        }
    }
    Ok(())
}

/// Properties that all guests of a text share.
pub struct Guests<'a> {
    /// The types of WASI's functions.
    pub types: &'a BTreeMap<String, String>,
    /// The runtime defines `fd_prestat_get`, by which a guest finds its directory.
    pub finds_dir: bool,
    /// Inputs of each guest.
    pub run: &'static str,
    /// The first word of the probes' names.
    pub name: &'a str,
}

/// Lines `@NAME` before each check and `=CODE` after it; what is between them is the check's own.
fn read(stdout: &str) -> Vec<(String, CheckOutput)> {
    let mut results: Vec<(String, CheckOutput)> = Vec::new();
    for line in stdout.lines() {
        let open = results.last_mut().filter(|(_, printed)| matches!(printed, CheckOutput::Ended(_)));
        match (line.strip_prefix('@'), line.strip_prefix('='), open) {
            (Some(name), ..) => results.push((name.to_owned(), CheckOutput::Ended(String::new()))),
            (_, Some(code), Some((_, printed))) if code.parse::<i32>().is_ok() => {
                if let CheckOutput::Ended(text) = printed {
                    *printed = CheckOutput::Result(code.parse().unwrap_or_default(), std::mem::take(text));
                }
            }
            (.., Some((_, CheckOutput::Ended(text)))) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    results
}

/// Address of the first name.
const NAMES: usize = 4_096;

/// Helpers that every guest has; `$create` and `$exists` only where their functions are there.
const PRELUDE: &str = r#"
  (memory (export "memory") 2)
  (global $dir (mut i32) (i32.const 3))
  (data (i32.const 1024) "\4c\04\00\00\05\00\00\00\40\00\00\00\64\00\00\00")
  (data (i32.const 1100) "hello")
  (func $say (param $at i32) (param $length i32)
    (i32.store (i32.const 1200) (local.get $at))
    (i32.store (i32.const 1204) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 1200) (i32.const 1) (i32.const 1208))))
  (func $result (param $code i32) (local $at i32) (local $rest i32)
    (local.set $at (i32.const 1299))
    (i32.store8 (local.get $at) (i32.const 10))
    (local.set $rest (select (i32.sub (i32.const 0) (local.get $code)) (local.get $code) (i32.lt_s (local.get $code) (i32.const 0))))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $rest) (i32.const 10))))
      (br_if $digits (local.tee $rest (i32.div_u (local.get $rest) (i32.const 10)))))
    (if (i32.lt_s (local.get $code) (i32.const 0)) (then
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.const 45))))
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (i32.store8 (local.get $at) (i32.const 61))
    (call $say (local.get $at) (i32.sub (i32.const 1300) (local.get $at))))
  (func $clear (local $at i32)
    (loop $next
      (i32.store (local.get $at) (i32.const 0))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 1024)))))
"#;

const CREATE: &str = r#"
  (func $create (param $name i32) (param $length i32) (result i32)
    (if (call $path_open (global.get $dir) (i32.const 0) (local.get $name) (local.get $length) (i32.const 9)
          (i64.const 14680575) (i64.const 0) (i32.const 0) (i32.const 16)) (then (return (i32.const 0))))
    (if (call $fd_write (i32.load (i32.const 16)) (i32.const 1024) (i32.const 1) (i32.const 20))
      (then (return (i32.const 0))))
    (i32.load (i32.const 16)))
"#;

const EXISTS: &str = r#"
  (func $exists (param $name i32) (param $length i32) (result i32)
    (i32.eqz (call $path_filestat_get (global.get $dir) (i32.const 0) (local.get $name) (local.get $length) (i32.const 0))))
"#;

/// The directory is the last preopened descriptor: wasmer's first is a root of its own.
const FIND_DIR: &str = r#"
    (local.set $f (i32.const 3))
    (loop $next
      (if (i32.eqz (call $fd_prestat_get (local.get $f) (i32.const 0))) (then
        (global.set $dir (local.get $f))
        (br_if $next (i32.lt_u (local.tee $f (i32.add (local.get $f) (i32.const 1))) (i32.const 16))))))
"#;

const LEAK: &str = r#"
  (func $leak (param $flags i32) (param $name i32) (param $length i32) (local $dir i32)
    (local.set $dir (i32.const 3))
    (loop $next
      (if (i32.eqz (call $path_open (local.get $dir) (local.get $flags) (local.get $name) (local.get $length) (i32.const 0)
            (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
        (then
          (i32.store (i32.const 24) (i32.const 16384))
          (i32.store (i32.const 28) (i32.const 4096))
          (if (i32.eqz (call $fd_read (i32.load (i32.const 16)) (i32.const 24) (i32.const 1) (i32.const 32)))
            (then (call $say (i32.const 16384) (i32.load (i32.const 32))) (call $say (i32.const 1299) (i32.const 1))))))
      (br_if $next (i32.lt_u (local.tee $dir (i32.add (local.get $dir) (i32.const 1))) (i32.const 8)))))
"#;

impl Guests<'_> {
    /// A guest that runs these checks.
    ///
    /// # Errors
    /// If a check names an unknown function, or its code is invalid.
    pub fn guest(&self, checks: &[&ScriptCheck]) -> Result<Probe> {
        let mut needed: BTreeSet<&str> = checks.iter().flat_map(|check| check.uses.iter().copied()).collect();
        needed.insert("fd_write");
        if self.finds_dir {
            needed.insert("fd_prestat_get");
        }
        let mut text = String::from("(module");
        for name in &needed {
            let ty = self.types.get(*name).with_context(|| format!("{name} is not a WASI 0.1 function"))?;
            text += &format!("\n  (import \"{WASI}\" \"{name}\" (func ${name}{}))", to_text(ty));
        }
        text += PRELUDE;
        for (helper, uses) in
            [(CREATE, &["path_open"][..]), (EXISTS, &["path_filestat_get"]), (LEAK, &["path_open", "fd_read"])]
        {
            if uses.iter().all(|name| needed.contains(name)) {
                text += helper;
            }
        }
        let mut names = Names { data: String::new(), next: NAMES };
        let mut start = String::from(if self.finds_dir { FIND_DIR } else { "" });
        for check in checks {
            text += &names.function(check)?;
            let name = check.name;
            let (at, length) = names.add(&format!("@{name}\\n"), 1);
            start += &format!(
                "    (call $say (i32.const {at}) (i32.const {length}))\n    (call $clear)\n    (call $result (call $check_{name}))\n"
            );
        }
        text += &names.data;
        text += &format!("  (func (export \"_start\") (local $f i32)\n{start}))");
        let first = checks.first().map_or("", |check| check.name);
        Ok(Probe { run: self.run, ..Probe::from_text(format!("{}-{first}-{}", self.name, checks.len()), &text)? })
    }
}

/// The names of a guest's files and checks, in its memory.
struct Names {
    data: String,
    next: usize,
}

impl Names {
    /// Adds a text, in which `escapes` characters are written with a backslash; returns its address and length.
    fn add(&mut self, text: &str, escapes: usize) -> (usize, usize) {
        let (at, length) = (self.next, text.len() - escapes);
        self.data += &format!("  (data (i32.const {at}) \"{text}\")\n");
        self.next += length;
        (at, length)
    }

    /// The function of a check.
    fn function(&mut self, check: &ScriptCheck) -> Result<String> {
        let name = check.name;
        let mut text = format!("  (func $check_{name} (result i32) (local $e i32) (local $f i32) (local $g i32)\n");
        for line in &check.code {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            text += &match word {
                "try" => {
                    format!("    (if (local.tee $e {}) (then (return (local.get $e))))\n", self.with_names(rest, name))
                }
                "check" => {
                    let (number, condition) = rest.split_once(' ').context("a check has no condition")?;
                    let condition = self.with_names(condition, name);
                    format!("    (if (i32.eqz {condition}) (then (return (i32.const -{number}))))\n")
                }
                "sock" => format!(
                    "    (local.set $e {rest})\n    (if (i32.or (i32.eq (local.get $e) (i32.const 52)) (i32.eq (local.get $e) \
                     (i32.const 58))) (then (return (local.get $e))))\n    (if (i32.eqz (local.get $e)) (then (return (i32.const \
                     -1))))\n"
                ),
                "leak" | "leak-link" => {
                    let (at, length) = self.add(rest, 0);
                    let flags = u8::from(word == "leak-link");
                    format!("    (call $leak (i32.const {flags}) (i32.const {at}) (i32.const {length}))\n")
                }
                _ => format!("    {}\n", self.with_names(line, name)),
            };
        }
        Ok(text + "    (i32.const 0))\n")
    }

    /// Replaces `@name` with the address and the length of a file name that no other check uses.
    fn with_names(&mut self, line: &str, function: &str) -> String {
        let mut parts = line.split('@');
        let mut found = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // A quoted path is used unchanged.
            let (path, rest) = match part.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
                Some((path, rest)) => (path.to_owned(), rest),
                None => {
                    let end = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
                    (format!("{function}-{}", &part[..end]), &part[end..])
                }
            };
            let (at, length) = self.add(&path, 0);
            found += &format!("(i32.const {at}) (i32.const {length}){rest}");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{CheckOutput, read};

    #[test]
    fn results_are_read_up_to_the_one_that_ended_the_guest() {
        let results = read("@a\n=0\n@b\nsome\nwords\n=-2\n@c\n");
        let expected = [
            ("a".to_owned(), CheckOutput::Result(0, String::new())),
            ("b".to_owned(), CheckOutput::Result(-2, "some\nwords\n".to_owned())),
            ("c".to_owned(), CheckOutput::Ended(String::new())),
        ];
        assert_eq!(results, expected);
    }
}
