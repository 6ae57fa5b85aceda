//! Judges a part of a `.wast` file: each assertion by what its call returned, or by how the guest ended.

use wasmlab_protocol::{Cause, Event, Stage, TrapKind, Value};

use super::text::one_line;
use super::trap::trap_name;
use super::{Evidence, diagnosis, with_code, without_code};
use wasmlab_model::assertions::Assertions;
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::scenario::{Assertion, ExpectedValue, ScenarioFile, Script, ScriptEnd};
use wasmlab_model::text::{counted, form};
use wasmlab_model::verdict::{Judgement, Verdict};

/// Why assertions after the end of a process are not attempted.
const ENDED: &str = "an earlier call ended the process, and its instance with it";

/// The verdict on a part of a `.wast` file.
pub fn judge(evidence: &Evidence, spec: &ScenarioFile, script: &Script) -> Judgement {
    let mut assertions = Assertions::default();
    let judgement = match &script.end {
        ScriptEnd::Returns => returns(evidence, spec, script, &mut assertions),
        end => {
            let judgement = ends(evidence, spec, end);
            match (judgement.verdict, script.assertions.first()) {
                (Verdict::Pass, _) => assertions.passed = 1,
                (Verdict::NotAttempted | Verdict::Error, _) => assertions.leave_out(1, &judgement.detail),
                (_, Some(assertion)) => assertions.fail(assertion.line, failure(assertion, &judgement.detail)),
                (_, None) => {}
            }
            judgement
        }
    };
    let stage = judgement.stage.or(evidence.progress.stage).filter(|_| judgement.verdict != Verdict::NotAttempted);
    Judgement { stage, assertions: Some(assertions), ..judgement }
}

/// A part whose calls all return.
fn returns(evidence: &Evidence, spec: &ScenarioFile, script: &Script, assertions: &mut Assertions) -> Judgement {
    let (returned, calls) = (returned(evidence), spec.run.call.len());
    let has_run = evidence.progress.stage == Some(Stage::Run);
    // Why the guest got no further, if it did not get to its end.
    let is_whole = returned.len() >= calls && evidence.progress.cause == Some(Cause::Returned);
    let failed = (!is_whole).then(|| diagnosis(evidence).unwrap_or_else(|| unexplained(evidence)));
    let mut wrong: Option<String> = None;
    for (index, assertion) in script.assertions.iter().enumerate() {
        let reached = assertion.call.map_or(has_run, |call| call < returned.len());
        let mismatch = assertion.call.and_then(|call| returned.get(call)).and_then(|got| mismatch(assertion, got));
        match (reached, mismatch, &failed) {
            (true, None, _) => assertions.passed += 1,
            (true, Some(got), _) => {
                let detail = failure(assertion, &got);
                wrong.get_or_insert_with(|| format!("line {}: {detail}", assertion.line));
                assertions.fail(assertion.line, detail);
            }
            (false, _, Some(failed)) if !matches!(failed.verdict, Verdict::NotAttempted | Verdict::Error) => {
                assertions.fail(assertion.line, failure(assertion, &failed.detail));
                if has_run {
                    assertions.leave_out((script.assertions.len() - index - 1) as u64, ENDED);
                    break;
                }
            }
            (false, _, failed) => {
                let why = failed.as_ref().map_or("no result of its call was observed", |failed| failed.detail.as_str());
                assertions.leave_out(1, why);
            }
        }
    }
    match (wrong, failed) {
        (Some(wrong), _) => wrong_result(wrong),
        (None, Some(failed)) => failed,
        (None, None) => without_code(Verdict::Pass, passed(assertions.passed)),
    }
}

/// The judgement on a process that ended without a known reason.
fn unexplained(evidence: &Evidence) -> Judgement {
    let detail = format!("the runtime did not report how the guest ended ({:?})", evidence.observation.outcome);
    with_code(Code::Crashed, None, detail)
}

/// A part that has to end in one way.
fn ends(evidence: &Evidence, spec: &ScenarioFile, end: &ScriptEnd) -> Judgement {
    let (returned, calls) = (returned(evidence), spec.run.call.len());
    let (stage, cause) = (evidence.progress.stage, evidence.progress.cause.as_ref());
    let before_link = stage.is_none_or(|stage| stage <= Stage::Compile);
    // The last call is to trap, after those that prepare it.
    let in_time = match calls {
        0 => stage == Some(Stage::Instantiate),
        calls => returned.len() + 1 == calls && stage == Some(Stage::Run),
    };
    let expected = wanted_end(end);
    match (end, cause) {
        (ScriptEnd::Traps(kind), Some(Cause::Trap { trap, message, .. })) if in_time => {
            if kind.is_none_or(|kind| kind == *trap || *trap == TrapKind::Other) {
                return without_code(Verdict::Pass, format!("traps: {message}"));
            }
            let trap = trap_name(*trap).unwrap_or_default();
            wrong_result(format!("trapped with {trap}, expected {expected}: {message}"))
        }
        // A memory that no module may have can also be refused because this runtime does not provide it.
        (
            ScriptEnd::Refused,
            Some(Cause::Rejected { message, .. } | Cause::CompileFailed { message } | Cause::ResourceLimit { message }),
        ) if before_link => without_code(Verdict::Pass, format!("refused: {message}")),
        (ScriptEnd::Unlinkable, Some(Cause::MissingImport { module, name, .. })) => {
            without_code(Verdict::Pass, format!("import {module}.{name} is missing"))
        }
        (ScriptEnd::Unlinkable, Some(Cause::ImportTypeMismatch { message, .. })) => {
            without_code(Verdict::Pass, format!("does not link: {message}"))
        }
        (ScriptEnd::Refused, Some(Cause::Returned | Cause::MissingImport { .. } | Cause::Trap { .. })) => {
            wrong_result("the runtime accepts it".to_owned())
        }
        (_, Some(Cause::Returned)) => {
            let last = returned.last().filter(|_| calls > 0).map(|results| format!(" [{}]", listed(results)));
            wrong_result(format!("returned{}, expected {expected}", last.unwrap_or_default()))
        }
        _ => {
            let judgement = diagnosis(evidence).unwrap_or_else(|| unexplained(evidence));
            Judgement { detail: format!("{}, expected {expected}", judgement.detail), ..judgement }
        }
    }
}

fn wanted_end(end: &ScriptEnd) -> String {
    match end {
        ScriptEnd::Returns => "a return".to_owned(),
        ScriptEnd::Traps(None) => "a trap".to_owned(),
        ScriptEnd::Traps(Some(kind)) => format!("the trap {}", trap_name(*kind).unwrap_or_default()),
        ScriptEnd::Refused => "a refusal".to_owned(),
        ScriptEnd::Unlinkable => "a missing import".to_owned(),
    }
}

/// The runtime is to blame for a wrong result in a test of the specification, unless no runtime passes the test.
fn wrong_result(detail: String) -> Judgement {
    Judgement { blame: vec![Blame::Runtime], ..with_code(Code::WrongOutput, None, detail) }
}

/// The results of the calls that returned.
fn returned<'a>(evidence: &'a Evidence) -> Vec<&'a [Value]> {
    let calls = evidence.progress.calls.iter();
    calls
        .filter_map(|e| if let Event::CallReturned { results, .. } = e { Some(results.as_slice()) } else { None })
        .collect()
}

/// The result of a call, if it differs from the assertion's.
fn mismatch(assertion: &Assertion, results: &[Value]) -> Option<String> {
    let mut rest = results;
    let mut is_equal = true;
    for expected in &assertion.expected {
        let (part, after) = rest.split_at(expected.width().min(rest.len()));
        is_equal &= expected.accepts(part);
        rest = after;
    }
    let expected = || assertion.expected.iter().map(ExpectedValue::to_string).collect::<Vec<_>>().join(", ");
    (!is_equal || !rest.is_empty()).then(|| format!("returned [{}], expected [{}]", listed(results), expected()))
}

/// Integers by their bits, as expectations are written.
fn listed(results: &[Value]) -> String {
    let shown = results.iter().map(|value| match value {
        Value::I32(value) => format!("0x{value:x}"),
        Value::I64(value) => format!("0x{value:x}"),
        other => other.to_string(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn failure(assertion: &Assertion, why: &str) -> String {
    one_line(&format!("{}: {why}", assertion.text))
}

fn passed(count: u64) -> String {
    format!("{} {}", counted(count, "assertion"), form(count, "holds", "hold"))
}
