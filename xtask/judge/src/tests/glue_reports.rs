//! Reports of a module's own JavaScript in the engine's name.

use wasmlab_protocol::{Cause, Event, Stage, TrapKind};

use super::{facts, observation, spec, verdict};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::Outcome;
use wasmlab_model::verdict::Verdict;

fn check(handed_over: bool, cause: Option<Cause>, code: Option<Code>, blame: &[Blame]) {
    let facts = facts("(module (import \"env\" \"f\" (func)) (func (export \"_start\")))");
    let stage = |stage| Event::Stage { stage, micros: 1, cached: false };
    let mut events =
        vec![stage(Stage::Load), Event::ExecutionPath { path: "glue:emscripten".to_owned() }, stage(Stage::Compile)];
    if handed_over {
        events.extend([stage(Stage::Link), stage(Stage::Run)]);
    }
    events.extend(cause.clone().map(|cause| Event::End { cause, micros: 2 }));
    let judged = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec(""));
    assert_eq!((judged.code, judged.blame.as_slice()), (code, blame), "{cause:?}: {}", judged.detail);
    assert_eq!(code.is_none(), judged.verdict == Verdict::Pass, "{cause:?}: {}", judged.detail);
}

#[test]
fn engine_is_not_blamed_for_what_glue_may_have_made_up() {
    let message = || "enable with --experimental".to_owned();
    let made_up = [
        Cause::Rejected { message: message(), offset: None },
        Cause::CompileFailed { message: message() },
        Cause::ResourceLimit { message: message() },
        Cause::EngineError { message: message() },
        Cause::Unsupported { feature: "jspi".to_owned(), message: message() },
        Cause::MissingImport {
            module: "env".to_owned(),
            name: "other".to_owned(),
            ty: String::new(),
            missing_count: 1,
        },
    ];
    for cause in made_up {
        check(true, Some(cause), Some(Code::HostRefused), &[Blame::Unknown]);
    }
    check(true, None, Some(Code::WrongExit), &[Blame::Guest]);
    check(true, Some(Cause::Returned), None, &[]);
    let trap = Cause::trap(TrapKind::Unreachable, "unreachable");
    check(true, Some(trap), Some(Code::Trap), &[Blame::Guest]);
    let missing =
        Cause::MissingImport { module: "env".to_owned(), name: "f".to_owned(), ty: String::new(), missing_count: 1 };
    check(true, Some(missing), Some(Code::MissingImport), &[Blame::Toolchain]);
    // The driver asked the engine before it started the glue.
    let refused = Cause::Rejected { message: message(), offset: None };
    check(false, Some(refused), Some(Code::EngineCompileError), &[Blame::Runtime]);
}
