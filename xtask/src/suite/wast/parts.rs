//! The parts of a `.wast` file: their names, and how many there may be.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::instance::ProcessCalls;
use super::{WastPart, scenario};
use wasmlab_model::scenario::{ExpectedCall, Run, Script};
use wasmlab_protocol::Value;

/// Maximum number of parts of a file: each is a process on every runtime. The specification's own files have up to
/// 2,000.
const MAX_PARTS: usize = 10_000;
/// Maximum memory for the modules and calls of a file's parts, bytes. A file has at most an eighth of it, but each call
/// that traps needs all earlier calls, and each instance may need a module of its own.
const MAX_BYTES: usize = 128 << 20;

/// What the parts of one instance share.
#[derive(Debug, Default)]
pub struct PartModule {
    /// The module.
    pub bytes: Arc<[u8]>,
    /// The functions that it imports from the host, as `module.name`.
    pub host_functions: Vec<String>,
    /// The calls that may change the instance's state, in order.
    pub state_calls: Vec<ExpectedCall>,
}

/// The parts of a file so far.
#[derive(Debug)]
pub struct Parts {
    title: String,
    all: Vec<WastPart>,
    /// Number of parts on each line.
    on_line: BTreeMap<u64, usize>,
    /// What is left of [`MAX_BYTES`].
    bytes_left: usize,
}

impl Parts {
    /// None yet, of the file with this title.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), all: Vec::new(), on_line: BTreeMap::new(), bytes_left: MAX_BYTES }
    }

    /// Adds a part whose first assertion is on this line; `false` if there are too many already.
    pub fn add(&mut self, line: u64, module: &PartModule, part: ProcessCalls) -> bool {
        if self.is_full() {
            return false;
        }
        let calls = || module.state_calls.iter().take(part.earlier).chain(&part.calls);
        // The parts of an instance follow each other.
        let is_shared = self.all.last().is_some_and(|last| Arc::ptr_eq(&last.module, &module.bytes));
        let bytes = calls().map(bytes_of).sum::<usize>() + if is_shared { 0 } else { module.bytes.len() };
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        if self.bytes_left == 0 {
            return false;
        }
        // The line of an assertion names its part; several may be on one line. Titles of files differ, so names do too.
        let number = self.on_line.entry(line).or_default();
        *number += 1;
        let name = match *number {
            1 => format!("{}:{line}", self.title),
            number => format!("{}:{line}.{number}", self.title),
        };
        let run =
            Run { host_functions: module.host_functions.clone(), call: calls().cloned().collect(), ..Run::default() };
        let script = Script { file: self.title.clone(), assertions: part.assertions, end: part.end };
        let scenario = scenario(name, &self.title, run, Some(script));
        self.all.push(WastPart { scenario, module: Arc::clone(&module.bytes) });
        true
    }

    /// Whether no other part can be added.
    pub fn is_full(&self) -> bool {
        self.bytes_left == 0 || self.all.len() == MAX_PARTS
    }

    /// All parts that were added.
    pub fn into_all(self) -> Vec<WastPart> {
        self.all
    }
}

/// Why assertions are left out if there are too many parts.
pub fn too_many() -> String {
    format!(
        "the file needs more than {MAX_PARTS} processes, or more than {} MiB for their modules and calls: split it",
        MAX_BYTES >> 20
    )
}

/// The approximate size of a call in memory.
fn bytes_of(call: &ExpectedCall) -> usize {
    size_of::<ExpectedCall>() + call.export.len() + call.args.len() * size_of::<Value>()
}

#[cfg(test)]
mod tests {
    use super::{MAX_PARTS, PartModule, Parts, too_many};
    use crate::suite::wast::{module_assertion, read};
    use std::path::Path;
    use wasmlab_model::scenario::ScriptEnd;

    #[test]
    fn modules_are_counted_once_until_the_memory_is_used_up() {
        let mut parts = Parts { bytes_left: 1000, ..Parts::new("t.wast") };
        let module = || PartModule { bytes: vec![0; 600].into(), ..PartModule::default() };
        let mut add = |module: &PartModule| {
            let part = module_assertion(7, String::new(), ScriptEnd::Refused);
            parts.add(7, module, part)
        };
        let first = module();
        assert!(add(&first) && add(&first) && !add(&module()) && !add(&first));
        let names: Vec<String> = parts.into_all().into_iter().map(|part| part.scenario.name).collect();
        assert_eq!(names, ["t.wast:7", "t.wast:7.2"]);
    }

    /// A name for each would take minutes if all names before it were tried.
    #[test]
    fn a_line_of_assertions_is_read_up_to_the_limit() {
        let text = "(assert_malformed (module binary \"\") \"\")".repeat(MAX_PARTS + 2);
        let file = read(Path::new("t.wast"), "t.wast", &text).unwrap();
        assert_eq!(file.parts.last().unwrap().scenario.name, format!("t.wast:1.{MAX_PARTS}"));
        assert_eq!(file.left_out.get(&too_many()), Some(&2));
    }
}
