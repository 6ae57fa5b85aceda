//! Documents of tests as data: the scenarios that they become, and the errors of wrong ones.

use std::fs;
use std::path::Path;

use super::{Suite, Test, load, name_apart, parse, scenario};
use wasmlab_model::scenario::{EntryPointKind, ScenarioFile};
use wasmlab_protocol::Network;

/// A test with this name, path and document.
fn test(name: &str, title: &str, json: &str) -> Test {
    let parsed = parse(json).unwrap_or_else(|errors| panic!("{json}: {errors:?}"));
    let (document, unknown) = (parsed.document, parsed.unknown);
    Test { name: name.to_owned(), title: title.to_owned(), file: title.into(), document, unknown, root: None }
}

/// The scenario of a test with this document, and why it is not run.
fn translated(json: &str) -> (ScenarioFile, Option<String>) {
    let test = test("t", "t.wasm", json);
    let suite = Suite { name: "s".to_owned(), target: "wasm32-wasip1".to_owned(), tests: Vec::new() };
    let (scenario, not_attempted) = scenario(&suite, &test, None, 1000);
    (scenario.spec, not_attempted.map(|o| o.reason))
}

/// The steps, each as the first line of its TOML.
fn steps(spec: &ScenarioFile) -> Vec<String> {
    let first = |text: String| text.lines().next().unwrap_or_default().trim_start_matches("op = ").to_owned();
    spec.step.iter().map(|step| first(toml::to_string(step).unwrap()).trim_matches('"').to_owned()).collect()
}

#[test]
fn both_forms_become_scenarios() {
    let check = |json: &str, expected: &[&str], exit: i32| {
        let (spec, not_attempted) = translated(json);
        assert_eq!(
            (steps(&spec), spec.expect.exit, not_attempted),
            (expected.iter().map(|s| (*s).to_owned()).collect(), exit, None),
            "{json}"
        );
        spec
    };
    let spec = check(r#"{"args": ["a", "b c"], "env": {"X": "1"}, "exit_code": 3}"#, &[], 3);
    assert_eq!((spec.run.args.len(), spec.run.env["X"].as_str()), (2, "1"));
    assert_eq!((spec.run.network, spec.run.own_loopback), (Network::None, false));
    check("{}", &[], 0);
    check(r#"{"root": null, "stdout": null}"#, &[], 0);
    check(r#"{"stdout": "x", "stderr": ""}"#, &["read-next", "end-input", "wait"], 0);
    check(r#"{"proposals": ["http"]}"#, &[], 0);
    check(r#"{"operations": [{"type": "run", "args": ["x"]}, {"type": "wait", "exit_code": 1}]}"#, &[], 1);
    let spec = check(
        r#"{"proposals": ["sockets"], "operations": [{"type": "run"}, {"type": "write", "id": "stdin", "payload": "a"},
            {"type": "connect", "id": "c"}, {"type": "send", "id": "c", "payload": "x"},
            {"type": "recv", "id": "c", "payload": "y"}, {"type": "read", "payload": "z"}, {"type": "wait"}]}"#,
        &["write", "connect-printed", "send", "recv-next", "read-next", "end-input", "wait"],
        0,
    );
    assert_eq!((spec.run.network, spec.run.own_loopback), (Network::Loopback, true));
    let spec = check(
        r#"{"world": "wasi:http/service", "proposals": ["http"],
            "servers": [{"name": "main", "endpoints": [{"path": "/a", "response": "b"},
              {"method": "post", "mode": "echo-body"}, {"response": {"status": 201, "chunks": ["x"], "trailers": {"a": "b"}}}]},
              {"name": "dead", "kind": "closed"}],
            "operations": [{"type": "run"}, {"type": "request", "path": "x", "response": {"status": 404}},
              {"type": "kill", "signal": "SIGINT"}, {"type": "wait"}]}"#,
        &["listen", "request", "kill", "wait"],
        0,
    );
    assert_eq!((spec.run.entry, spec.run.network), (EntryPointKind::Http, Network::Loopback));
    assert_eq!(spec.run.env["HTTP_SERVER_DEAD"], "127.0.0.1:{port:dead}");
    let [main, dead] = &spec.run.server[..] else { panic!("two servers") };
    assert_eq!((main.endpoint.len(), main.endpoint[1].method.as_str(), dead.closed), (3, "POST", true));
}

/// Anything that the lab does not know is a reason not to run the test; it is never left out.
#[test]
fn unknown_parts_are_reported() {
    let check = |json: &str, expected: &str| {
        let (_, not_attempted) = translated(json);
        assert!(not_attempted.as_ref().is_some_and(|reason| reason.contains(expected)), "{json}: {not_attempted:?}");
    };
    let ops = |op: &str| format!(r#"{{"operations": [{{"type": "run"}}, {op}, {{"type": "wait"}}]}}"#);
    check(r#"{"arguments": []}"#, "the field `arguments`");
    check(r#"{"operations": [{"type": "run", "cwd": "/"}, {"type": "wait"}]}"#, "the field `operations[0].cwd`");
    check(&ops(r#"{"type": "sleep", "ms": 1}"#), "the operation `sleep`");
    check(&ops(r#"{"type": "connect", "protocol_type": "udp"}"#), "`connect` with `protocol_type` `udp`");
    check(&ops(r#"{"type": "kill", "signal": "SIGHUP"}"#), "`kill` with `SIGHUP`");
    check(r#"{"proposals": ["threads"]}"#, "the proposal `threads`");
    check(r#"{"world": "wasi:cloud/x", "proposals": []}"#, "the world `wasi:cloud/x`");
    check(r#"{"servers": [{"name": "a", "kind": "slow"}]}"#, "the kind of server `slow`");
    check(r#"{"servers": [{"name": "a", "endpoints": [{"mode": "teapot"}]}]}"#, "the mode of an endpoint `teapot`");
    check(&ops(r#"{"type": "request"}"#), "names no address to send them to");
    check(r#"{"servers": [{"name": "a"}], "proposals": ["sockets"]}"#, "needs both test servers and ports");
    let twice = r#"{"operations": [{"type": "run"}, {"type": "wait"}, {"type": "run"}, {"type": "wait"}]}"#;
    check(twice, "runs its program several times");
}

#[test]
fn errors_name_field_and_remedy() {
    let check = |json: &str, expected: &str| match parse(json) {
        Ok(parsed) => panic!("{json}: {parsed:?}"),
        Err(errors) => assert!(errors.iter().any(|error| error.contains(expected)), "{json}: {errors:?}"),
    };
    let ops = |op: &str| format!(r#"{{"operations": [{{"type": "run"}}, {op}, {{"type": "wait"}}]}}"#);
    check("{", "is not JSON: EOF while parsing an object at line 1 column 1");
    check(r#"{"args": [], "env": {"A": "1", "A": "2"}}"#, "is ambiguous: `A` is given twice at line 1 column 34");
    check("[]", "`the file` is a list, not an object: write {…}");
    check(r#"{"args": "x"}"#, "`args` is a string, not a list of strings: write [\"…\"]");
    check(r#"{"args": [1]}"#, "`args` is a list, not a list of strings");
    check(r#"{"env": {"a": 1}}"#, "`env` is an object, not an object of strings: write {\"NAME\": \"VALUE\"}");
    check(r#"{"env": {"a=b": "1"}}"#, "`env` has the name `a=b`, which no variable can have");
    check(r#"{"args": ["a\u0000"]}"#, "contains the character NUL");
    check(r#"{"exit_code": "0"}"#, "`exit_code` is a string, not a whole number of 32 bits");
    check(r#"{"exit_code": 3000000000}"#, "`exit_code` is a number, not a whole number of 32 bits");
    check(r#"{"args": [], "operations": []}"#, "`args` belongs to the form without operations");
    check(r#"{"operations": {}}"#, "`operations` is an object, not a list");
    check(r#"{"operations": []}"#, "`operations` is empty: add `run` and `wait`");
    check(r#"{"operations": [1]}"#, "`operations[0]` is a number, not an object");
    check(r#"{"operations": [{}]}"#, "`operations[0].type` is missing: add the operation's name");
    check(r#"{"operations": [{"type": "run"}]}"#, "never waits for the program's end: add `wait`");
    check(r#"{"operations": [{"type": "wait"}]}"#, "`operations[0]` comes before `run`, or after `wait`");
    check(&ops(r#"{"type": "run"}"#), "`operations[1]` runs a program while another one runs: add `wait` before it");
    check(&ops(r#"{"type": "read", "id": "stdin"}"#), "`operations[1].id` is not a stream that can be read");
    check(&ops(r#"{"type": "write"}"#), "`operations[1].id` is not a stream that can be written: write \"stdin\"");
    check(&ops(r#"{"type": "send", "payload": "x"}"#), "`operations[1].id` is missing: add that of a `connect`");
    check(&ops(r#"{"type": "recv", "id": "x"}"#), "`operations[1]` uses an `id` that no earlier `connect` opened");
    check(&ops(r#"{"type": "connect", "protocol_type": "sctp"}"#), "`operations[1].protocol_type` is not a protocol");
    check(&ops(r#"{"type": "kill", "signal": "TERM"}"#), "`operations[1].signal` is not a signal: write \"SIGTERM\"");
    check(&ops(r#"{"type": "request", "path": "/a b"}"#), "`operations[1].path` is invalid");
    check(&ops(r#"{"type": "request", "headers": {"a b": "c"}}"#), "`operations[1].headers` are invalid");
    check(
        &ops(r#"{"type": "request", "response": {"status": 99}}"#),
        "`operations[1].response.status` is not a status",
    );
    check(r#"{"servers": [{"name": "a-b"}]}"#, "`servers[0].name` becomes part of a variable's name");
    check(r#"{"servers": [{"name": "a"}, {"name": "A"}]}"#, "`servers[1].name` is the name of another server");
    check(r#"{"servers": [{"name": "a", "kind": "closed", "endpoints": [{}]}]}"#, "belong to a closed server");
    let endpoint = |text: &str| format!(r#"{{"servers": [{{"name": "a", "endpoints": [{text}]}}]}}"#);
    check(&endpoint(r#"{"method": "BREW"}"#), "`servers[0].endpoints[0].method` is not one of GET");
    check(&endpoint(r#"{"response": {"body": "", "chunks": []}}"#), "set together with `body`");
    check(&endpoint(r#"{"response": {"trailers": {"a": "b"}}}"#), "need `chunks`");
    check(&endpoint(r#"{"mode": "echo-body", "response": "x"}"#), "is set for an endpoint that echoes its request");
    // Texts of the file are shortened and stay on one line.
    let long = format!(r#"{{"operations": [{{"type": "{}\n"}}, {{"type": "run"}}]}}"#, "x".repeat(500));
    assert!(parse(&long).unwrap().unknown.iter().all(|what| what.len() < 200 && !what.contains('\n')));
}

/// The documents that are committed with the lab's own suite, and folders with errors.
#[test]
fn folders_are_read() {
    let folder = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/suite")).unwrap();
    let suites = load(&folder).unwrap().suites;
    let names: Vec<&str> = suites.iter().map(|suite| suite.target.as_str()).collect();
    assert_eq!(names, ["wasm32-wasip1", "wasm32-wasip2"]);
    assert!(suites[0].name.starts_with("The lab's own tests"));
    assert_eq!(suites[0].tests.iter().filter(|test| test.root.is_some()).count(), 1);

    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for folder in ["a", "b", ".hidden", "a/root.dir", "outside"] {
        fs::create_dir_all(at(&format!("suite/{folder}"))).unwrap();
    }
    for file in ["a/one", "b/one", "b/two", ".hidden/x", "a/root.dir/not-a-test"] {
        fs::write(at(&format!("suite/{file}.wasm")), "").unwrap();
    }
    fs::write(at("suite/a/one.json"), r#"{"root": "root.dir"}"#).unwrap();
    let suites = load(&at("suite")).unwrap().suites;
    let tests: Vec<(&str, &str)> = suites
        .iter()
        .flat_map(|suite| suite.tests.iter().map(|test| (suite.name.as_str(), test.name.as_str())))
        .collect();
    assert_eq!(tests, [("a", "a-one"), ("b", "b-one"), ("b", "two")]);

    let fails = |file: &str, json: &str, expected: &str| {
        fs::write(at(&format!("suite/{file}")), json).unwrap();
        let errors = load(&at("suite")).unwrap_err();
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|error| error.contains(file) && error.contains(expected)), "{text:?}");
        fs::remove_file(at(&format!("suite/{file}"))).unwrap();
    };
    fails("b/two.json", r#"{"root": "none"}"#, "`root` is `none`, which cannot be used: No such file");
    fails("b/two.json", r#"{"root": "two.wasm"}"#, "which is not a folder");
    fails("b/two.json", r#"{"root": "../.."}"#, "outside the suite");
    fails("b/two.json", r#"{"root": "/"}"#, "outside the suite");
    fails("b/two.json", r#"{"root": ".."}"#, "outside the suite");
    fails("b/manifest.json", r#"{"version": "wasm64"}"#, "`version` is `wasm64`: use one of wasm32-wasip1");
    fails("b/manifest.json", r#"{"title": "x"}"#, "the lab does not know the field `title`: remove it");
    fails("b/manifest.json", "1", "`the file` is a number, not an object");
}

#[test]
fn tests_of_the_same_name_are_told_apart() {
    let names = |tests: &[(&str, &str)]| -> Vec<String> {
        let tests = tests.iter().map(|(name, title)| test(name, title, "{}")).collect();
        let mut suites = [Suite { name: String::new(), target: String::new(), tests }];
        name_apart(&mut suites);
        suites[0].tests.iter().map(|test| test.name.clone()).collect()
    };
    // `a/t` becomes `a-t`, which two others are called.
    let same = [("t", "a/t.wasm"), ("t", "b/t.wasm"), ("a-t", "c/a-t.wasm"), ("a-t", "d/a-t.wasm"), ("u", "b/u.wasm")];
    assert_eq!(names(&same), ["a-t", "b-t", "c-a-t", "d-a-t", "u"]);
    // Comparing each with all others, or trying all numbers for each, would take minutes.
    let alike = names(&[("t", "a/t.wasm"); 30_000]);
    assert_eq!((alike[0].as_str(), alike[29_999].as_str()), ("a-t", "a-t-30000"));
}

/// Both are shown as `\u{fffd}.wast`.
#[test]
#[cfg(target_os = "linux")]
fn files_that_look_alike_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    for name in [b"\xfe.wast", b"\xff.wast"] {
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), "(module)").unwrap();
    }
    assert!(load(dir.path()).unwrap_err()[0].to_string().ends_with("looks like another file's name: rename it"));
}
