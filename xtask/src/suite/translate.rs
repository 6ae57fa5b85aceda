//! Turns a test into a scenario: operations become steps, and what the lab cannot do yet becomes a reason not to run
//! it.

use std::collections::BTreeMap;

use super::document::{Operation, Request};
use super::{Suite, Test, servers};
use wasmlab_model::scenario::{
    Build, Dir, DirTemplate, EntryPointKind, Expect, Port, Run, Scenario, ScenarioFile, Step,
};
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::Network;

/// Name of the port on which a host serves the guest. No server of a test can have it.
const SERVICE: &str = "http-service";
/// A `wait` has no limit of its own: that of the program applies, which does not count time for compiling.
const WAIT_MS: u64 = 3_600_000;

/// The scenario of a test, and why the lab cannot run it, if so. `root` is the lab's own copy of the test's folder;
/// `step_ms` the limit of each operation, milliseconds.
#[must_use]
pub fn scenario(
    suite: &Suite,
    test: &Test,
    root: Option<DirTemplate>,
    step_ms: u64,
) -> (Scenario, Option<NotAttempted>) {
    let (run, step, exit) = translate(test, root, step_ms);
    let spec = ScenarioFile {
        schema: crate::scenario::SCHEMA_VERSION,
        title: test.title.clone(),
        family: suite.name.clone(),
        route: suite.target.clone(),
        rank: 0,
        build: Build { toolchain: "wat".to_owned(), ..Build::default() },
        run,
        expect: Expect { exit, ..Expect::default() },
        known: Vec::new(),
        step,
    };
    let scenario = Scenario { name: test.name.clone(), dir: std::path::PathBuf::new(), spec };
    (scenario, not_attempted(test))
}

/// Why the lab does not run a test.
fn not_attempted(test: &Test) -> Option<NotAttempted> {
    let document = &test.document;
    let reason = |subject, reason: String| Some(NotAttempted { subject, reason });
    if !test.unknown.is_empty() {
        let what = test.unknown.join(", ");
        return reason("suite-format", format!("its JSON uses {what}, which the lab does not support"));
    }
    let count = |is: fn(&Operation) -> bool| document.operations.iter().filter(|operation| is(operation)).count();
    if count(|operation| matches!(operation, Operation::Run { .. })) > 1 {
        return reason(
            "suite-runs",
            "it runs its program several times, and a cell of the lab runs it once".to_owned(),
        );
    }
    let requests = count(|operation| matches!(operation, Operation::Request(_)));
    if requests > 0 && !document.is_service {
        let why = "it sends requests to a program that does not implement the world wasi:http/service, and names no address to send them to";
        return reason("suite-request", why.to_owned());
    }
    if chooses_ports(test) && !document.servers.is_empty() {
        let why = "it needs both test servers and ports of its own choice, and the lab supports only one of the two";
        return reason("suite-network", why.to_owned());
    }
    None
}

/// Whether the guest listens on ports of its own choice.
fn chooses_ports(test: &Test) -> bool {
    let connects = test.document.operations.iter().any(|operation| matches!(operation, Operation::Connect(_)));
    test.document.sockets || connects
}

/// How to run the guest, the client's steps, and the exit code.
fn translate(test: &Test, root: Option<DirTemplate>, step_ms: u64) -> (Run, Vec<Step>, i32) {
    let document = &test.document;
    let mut run = Run {
        own_loopback: chooses_ports(test) && document.servers.is_empty(),
        server: document.servers.clone(),
        dir: root
            .into_iter()
            .map(|template| Dir { guest: "/".to_owned(), template: Some(template), ..Dir::default() })
            .collect(),
        ..Run::default()
    };
    if run.own_loopback || document.is_service || !document.servers.is_empty() {
        run.network = Network::Loopback;
    }
    let (mut steps, mut exit) = (Vec::new(), 0);
    if document.is_service {
        run.entry = EntryPointKind::Http;
        run.port.push(Port { name: SERVICE.to_owned(), number: None });
        steps.push(Step::Listen { socket: SERVICE.to_owned(), timeout_ms: step_ms });
    }
    for operation in &document.operations {
        match operation {
            Operation::Run { args, env, .. } => {
                run.args.clone_from(args);
                run.env.clone_from(env);
            }
            // The process has ended before, or ends by itself: nothing is left to be read.
            Operation::Wait(code) => exit = *code,
            operation => steps.extend(step(operation, step_ms)),
        }
    }
    let addresses = document.servers.iter().map(|s| (servers::variable(s), format!("127.0.0.1:{{port:{}}}", s.name)));
    run.env.extend(addresses.collect::<BTreeMap<_, _>>());
    // Without steps, stdin is empty from the beginning, and no client is needed.
    if !steps.is_empty() {
        if !matches!(steps.last(), Some(Step::Kill { .. })) {
            steps.push(Step::EndInput);
        }
        steps.push(Step::Wait { timeout_ms: WAIT_MS });
    }
    (run, steps, exit)
}

fn step(operation: &Operation, timeout_ms: u64) -> Option<Step> {
    Some(match operation {
        Operation::Run { .. } | Operation::Wait(_) => return None,
        Operation::Read(_, text) if text.is_empty() => return None,
        Operation::Read(stream, text) => Step::ReadNext { stream: *stream, text: text.clone(), timeout_ms },
        Operation::Write(data) => Step::Write { data: data.clone() },
        Operation::Connect(id) => Step::ConnectPrinted { id: id.clone(), timeout_ms },
        Operation::Send(id, data) => Step::Send { id: id.clone(), data: data.clone(), timeout_ms },
        Operation::Recv(id, text) => Step::RecvNext { id: id.clone(), text: text.clone(), timeout_ms },
        Operation::Kill(signal) => Step::Kill { signal: signal.clone() },
        Operation::Request(request) => {
            let Request { method, path, headers, body, response } = request.as_ref().clone();
            let socket = SERVICE.to_owned();
            Step::Request { socket, method, path, headers, body, parallel: 1, expect: response, timeout_ms }
        }
    })
}
