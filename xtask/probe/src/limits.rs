//! Finds the size limits of a runtime by bisection.
//!
//! A search doubles from a number that every runtime accepts until the runtime refuses or the largest is reached, and
//! then halves the interval until it is as small as a sixty-fourth of the number. A limit that is a round number is
//! found exactly, because round numbers are tried first.

use std::collections::BTreeMap;

use anyhow::Result;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, Instruction, MemorySection, MemoryType, Module,
    RefType, Section, TableSection, TableType, TypeSection, ValType,
};
use wasmlab_model::missing_feature::MissingFeature;
use wasmlab_model::profile::MeasuredLimit;
use wasmlab_protocol::Cause;

use crate::{Probe, ProbeTarget};

/// The counted quantity.
struct Measure {
    name: &'static str,
    /// A number that every runtime accepts.
    least: u64,
    /// The largest number that is tried.
    most: u64,
    module: fn(u64) -> Vec<u8>,
    /// Numbers that implementations choose; each limit is looked for on both sides of them first.
    round: &'static [u64],
    /// Whether its modules must run in processes of their own.
    own_process: bool,
}

impl Measure {
    /// The probe with this number.
    fn probe(&self, number: u64) -> Probe {
        let name = format!("limit-{}-{number}", self.name);
        Probe { own_process: self.own_process, ..Probe::new(name, (self.module)(number)) }
    }
}

const MEASURES: &[Measure] = &[
    Measure { name: "locals", least: 100, most: 100_000, module: locals, round: ROUND, own_process: false },
    Measure { name: "functions", least: 100, most: 100_000, module: functions, round: ROUND, own_process: false },
    Measure { name: "parameters", least: 8, most: 2_000, module: parameters, round: ROUND, own_process: false },
    Measure { name: "memory-pages", least: 1, most: 65_536, module: memory, round: ROUND, own_process: true },
    Measure { name: "table-elements", least: 100, most: 10_000_001, module: table, round: ROUND, own_process: true },
    Measure { name: "recursion", least: 100, most: 10_000_000, module: recursion, round: ROUND, own_process: true },
    Measure { name: "results", least: 1, most: 2_000, module: results, round: &[1_000], own_process: false },
    Measure { name: "memories", least: 1, most: 1_000, module: memories, round: &[1, 100], own_process: true },
    Measure { name: "tables", least: 1, most: 1_000, module: tables, round: &[1, 100], own_process: true },
    Measure { name: "exports", least: 100, most: 200_000, module: exports, round: &[100_000], own_process: false },
    Measure {
        name: "name-bytes",
        least: 100,
        most: 200_000,
        module: name_bytes,
        round: &[65_535, 100_000],
        own_process: false,
    },
];

/// Numbers that implementations choose.
const ROUND: &[u64] = &[1_000, 1_024, 16_384, 32_768, 50_000, 65_536, 100_000, 1_000_000, 10_000_000];

/// Each limit.
///
/// # Errors
/// If a probe cannot be made.
pub fn measure(runtime: &mut dyn ProbeTarget) -> Result<BTreeMap<String, MeasuredLimit>> {
    let found = MEASURES.iter().filter_map(|measure| Some((measure.name.to_owned(), search(measure, runtime)?)));
    Ok(found.collect())
}

/// The limit; `None` if the runtime cannot be probed. A probe that a limit of the lab ended is not a refusal: what lies
/// above the largest number that the runtime accepted is then unknown.
fn search(measure: &Measure, runtime: &mut dyn ProbeTarget) -> Option<MeasuredLimit> {
    let mut message = String::new();
    let mut unknown = None;
    let mut ask = |number: u64| -> Option<bool> {
        let reply = runtime.probe(&measure.probe(number), &[])?;
        if reply.at_lab_limit {
            unknown = Some(number);
        }
        let cause = reply.cause;
        let accepted = matches!(cause, Some(Cause::Returned));
        if let Some(refusal) = cause.as_ref().and_then(refusal_message).filter(|_| !accepted) {
            message = refusal.chars().take(200).collect();
        }
        Some(accepted)
    };
    if ask(measure.most)? {
        return Some(MeasuredLimit { accepted: measure.most, ..MeasuredLimit::default() });
    }
    if !ask(measure.least)? {
        let refused = Some(measure.least).filter(|least| unknown != Some(*least));
        return Some(MeasuredLimit { accepted: 0, refused, message, ..MeasuredLimit::default() });
    }
    let (mut low, mut high) = (measure.least, measure.most);
    for round in measure.round.iter().flat_map(|round| [*round, round + 1]) {
        if low < round && round < high {
            if ask(round)? { low = round } else { high = round }
        }
    }
    while high - low > (low / 64).max(1) {
        // If they are far apart, doubling the lower number takes fewer steps.
        let middle = if high / low >= 4 { low * 2 } else { low + (high - low) / 2 };
        if ask(middle)? { low = middle } else { high = middle }
    }
    let refused = Some(high).filter(|high| unknown != Some(*high));
    let limit = MeasuredLimit { accepted: low, refused, message, ..MeasuredLimit::default() };
    Some(if limit.message.contains("stack") { with_switches(measure, limit, runtime) } else { limit })
}

/// Adds how much the runtime accepts with its switches for more stack: the largest number that is tried, or the largest
/// round number.
fn with_switches(measure: &Measure, limit: MeasuredLimit, runtime: &mut dyn ProbeTarget) -> MeasuredLimit {
    let switches = runtime.switches(MissingFeature::Stack);
    let larger = measure.round.iter().rev().filter(|round| **round > limit.accepted && **round < measure.most);
    let accepted = [&measure.most].into_iter().chain(larger).filter(|_| !switches.is_empty()).find(|number| {
        runtime
            .probe(&measure.probe(**number), &switches)
            .is_some_and(|reply| matches!(reply.cause, Some(Cause::Returned)))
    });
    match accepted {
        Some(accepted) => MeasuredLimit { switches, accepted_with_switches: *accepted, ..limit },
        None => limit,
    }
}

/// The runtime's message on a refusal.
fn refusal_message(cause: &Cause) -> Option<&str> {
    match cause {
        Cause::Trap { message, .. }
        | Cause::Rejected { message, .. }
        | Cause::CompileFailed { message }
        | Cause::ResourceLimit { message }
        | Cause::Unsupported { message, .. }
        | Cause::HostRefused { message, .. }
        | Cause::HostError { message }
        | Cause::EngineError { message } => Some(message),
        _ => None,
    }
}

/// A module with these functions, the last of which is its program.
fn program(types: &TypeSection, others: impl Fn(&mut Module), functions: &[(u32, Function)]) -> Vec<u8> {
    let mut module = Module::new();
    module.section(types);
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for (ty, body) in functions {
        declared.function(*ty);
        code.function(body);
    }
    module.section(&declared);
    others(&mut module);
    let mut exports = ExportSection::new();
    exports.export("_start", ExportKind::Func, u32::try_from(functions.len()).unwrap_or(1) - 1);
    module.section(&exports);
    module.section(&code);
    module.finish()
}

fn body(
    locals: impl IntoIterator<Item = (u32, ValType), IntoIter: ExactSizeIterator>,
    code: &[Instruction],
) -> Function {
    let mut function = Function::new(locals);
    for instruction in code {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn void() -> TypeSection {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types
}

fn locals(number: u64) -> Vec<u8> {
    program(&void(), |_| {}, &[(0, body([(count(number), ValType::I32)], &[]))])
}

fn functions(number: u64) -> Vec<u8> {
    let all = vec![(0, body([], &[])); usize::try_from(number).unwrap_or(1)];
    program(&void(), |_| {}, &all)
}

fn parameters(number: u64) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function(vec![ValType::I32; usize::try_from(number).unwrap_or(1)], []);
    types.ty().function([], []);
    program(&types, |_| {}, &[(0, body([], &[])), (1, body([], &[]))])
}

fn results(number: u64) -> Vec<u8> {
    let results = usize::try_from(number).unwrap_or(1);
    let mut types = TypeSection::new();
    types.ty().function([], vec![ValType::I32; results]);
    types.ty().function([], []);
    let returned = vec![Instruction::I32Const(0); results];
    program(&types, |_| {}, &[(0, body([], &returned)), (1, body([], &[]))])
}

fn memory(pages: u64) -> Vec<u8> {
    with_memories(1, pages)
}

fn memories(number: u64) -> Vec<u8> {
    with_memories(number, 0)
}

fn with_memories(number: u64, minimum: u64) -> Vec<u8> {
    let ty = MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let mut memories = MemorySection::new();
    for _ in 0..number {
        memories.memory(ty);
    }
    with_section(&memories)
}

fn table(elements: u64) -> Vec<u8> {
    with_tables(1, elements)
}

fn tables(number: u64) -> Vec<u8> {
    with_tables(number, 0)
}

fn with_tables(number: u64, minimum: u64) -> Vec<u8> {
    let ty = TableType { element_type: RefType::FUNCREF, minimum, maximum: None, table64: false, shared: false };
    let mut tables = TableSection::new();
    for _ in 0..number {
        tables.table(ty);
    }
    with_section(&tables)
}

/// A program that does nothing, with this section.
fn with_section(section: &impl Section) -> Vec<u8> {
    let others = |module: &mut Module| _ = module.section(section);
    program(&void(), others, &[(0, body([], &[]))])
}

/// One of them is the program.
fn exports(number: u64) -> Vec<u8> {
    let names = (1..number).map(|at| format!("f{at}"));
    exporting(names)
}

fn name_bytes(number: u64) -> Vec<u8> {
    exporting(std::iter::once("f".repeat(usize::try_from(number).unwrap_or(1))))
}

/// A module whose program has these names too.
fn exporting(names: impl Iterator<Item = String>) -> Vec<u8> {
    let mut module = Module::new();
    module.section(&void());
    let (mut declared, mut exports, mut code) = (FunctionSection::new(), ExportSection::new(), CodeSection::new());
    declared.function(0);
    code.function(&body([], &[]));
    exports.export("_start", ExportKind::Func, 0);
    for name in names {
        exports.export(&name, ExportKind::Func, 0);
    }
    module.section(&declared).section(&exports).section(&code);
    module.finish()
}

/// A function that calls itself this often, without a tail call.
fn recursion(depth: u64) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    types.ty().function([], []);
    let down = [
        Instruction::LocalGet(0),
        Instruction::If(wasm_encoder::BlockType::Result(ValType::I32)),
        Instruction::LocalGet(0),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::Call(0),
        Instruction::I32Const(1),
        Instruction::I32Add,
        Instruction::Else,
        Instruction::I32Const(0),
        Instruction::End,
    ];
    let start =
        [Instruction::I32Const(i32::try_from(depth).unwrap_or(i32::MAX)), Instruction::Call(0), Instruction::Drop];
    program(&types, |_| {}, &[(0, body([], &down)), (1, body([], &start))])
}

#[cfg(test)]
mod tests {
    use super::{MEASURES, search};
    use crate::{Probe, ProbeReply, ProbeTarget};
    use wasmlab_model::missing_feature::MissingFeature;
    use wasmlab_protocol::Cause;

    /// Refuses modules above a limit for the number in the probe's name.
    struct Limited {
        limit: u64,
        /// It does not refuse them, but needs more time than the lab allows.
        is_slow: bool,
        starts: usize,
    }

    impl ProbeTarget for Limited {
        fn probe(&mut self, probe: &Probe, _: &[String]) -> Option<ProbeReply> {
            self.starts += 1;
            let number: u64 = probe.name.rsplit('-').next().unwrap().parse().unwrap();
            let refused = || Cause::Rejected { message: format!("{number} is too many"), offset: None };
            let cause = match number <= self.limit {
                true => Some(Cause::Returned),
                false => (!self.is_slow).then(refused),
            };
            Some(ProbeReply { at_lab_limit: cause.is_none(), cause, ..ProbeReply::default() })
        }

        fn switches(&self, _: MissingFeature) -> Vec<String> {
            Vec::new()
        }
    }

    #[test]
    fn limit_is_found_exactly_if_round_and_nearly_otherwise() {
        let check = |limit: u64, accepted: std::ops::RangeInclusive<u64>, refused: Option<u64>| {
            let mut runtime = Limited { limit, is_slow: false, starts: 0 };
            let found = search(&MEASURES[0], &mut runtime).unwrap();
            assert!(accepted.contains(&found.accepted), "{limit}: {found:?}");
            assert!(refused.is_none_or(|refused| found.refused == Some(refused)), "{limit}: {found:?}");
            assert!(runtime.starts < 30, "{limit}: {} starts", runtime.starts);
        };
        check(50_000, 50_000..=50_000, Some(50_001));
        check(777, 760..=777, None);
        check(99, 0..=0, Some(100));
        check(1 << 40, 100_000..=100_000, None);
    }

    #[test]
    fn limit_of_the_lab_is_not_the_runtimes() {
        let found = |limit: u64| search(&MEASURES[0], &mut Limited { limit, is_slow: true, starts: 0 }).unwrap();
        assert!((760..=777).contains(&found(777).accepted), "{:?}", found(777));
        assert_eq!((found(777).refused, found(0).accepted, found(0).refused), (None, 0, None));
    }

    #[test]
    fn modules_are_valid_and_have_the_number() {
        for measure in MEASURES {
            let facts = wasmlab_inspect::facts(&(measure.module)(measure.least)).unwrap();
            assert!(facts.rejection.is_none() && facts.exports.iter().any(|e| e.name == "_start"), "{}", measure.name);
            assert_ne!((measure.module)(measure.least), (measure.module)(measure.least + 1), "{}", measure.name);
        }
    }
}
