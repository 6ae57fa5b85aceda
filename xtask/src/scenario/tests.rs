//! Valid and invalid `scenario.toml` files; each error with its line and text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{load, load_all};
use crate::store::files;

const GOOD: &str = r#"schema = 1
title = "Adds"
family = "lib"
route = "wat"

[build]
toolchain = "wat"
source = "add.wat"
"#;

fn scenario(root: &Path, name: &str, text: &str) {
    fs::create_dir_all(root.join(name)).unwrap();
    fs::write(root.join(name).join("add.wat"), "(module)").unwrap();
    fs::write(root.join(name).join("scenario.toml"), text).unwrap();
}

/// Loads `text` and returns the first error, without the file name.
fn error_of(text: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", text);
    let errors = load(&root.path().join("add")).unwrap_err();
    let text = errors[0].to_string();
    let file = root.path().join("add").join("scenario.toml").display().to_string();
    text.strip_prefix(&file).unwrap_or_else(|| panic!("{text} does not name the file")).to_owned()
}

fn check(text: &str, expected: &str) {
    let error = error_of(text);
    assert!(error.contains(expected), "`{error}` does not say `{expected}`");
}

/// A hostile file may have tens of thousands of errors, each of which takes as long to find as parsing the file.
#[test]
fn a_limited_number_of_errors_is_looked_for() {
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", &(GOOD.to_owned() + &"[[known]]\nruntime = \"wasmi\"\n".repeat(300)));
    let errors = load(&root.path().join("add")).unwrap_err();
    assert_eq!(errors.len(), 101);
    assert!(errors[0].to_string().ends_with(":9: `known[0]`: missing field `code`"), "{}", errors[0]);
    assert!(errors[99].to_string().ends_with(":207: `known[99]`: missing field `code`"), "{}", errors[99]);
    assert!(errors[100].to_string().ends_with("more than 99 errors: correct these first"), "{}", errors[100]);
}

#[test]
fn valid_file_loads() {
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "b", GOOD);
    scenario(root.path(), "a", GOOD);
    let names: Vec<_> = load_all(root.path()).unwrap().into_iter().map(|s| s.name).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn syntax_unknown_keys_and_wrong_types_name_the_line() {
    check("schema = ", ":1: ");
    check(&GOOD.replace("family = \"lib\"", "famly = \"lib\""), ":3: unknown field `famly`");
    check(&GOOD.replace("schema = 1", "schema = \"one\""), ":1: `schema`: invalid type");
    check(&GOOD.replace("family = \"lib\"\n", ""), "missing field `family`");
    check(
        &format!("{GOOD}\n[[run.call]]\nexport = \"add\"\nargs = [\"five\"]\n"),
        ":12: `run.call[0].args`: `five` is not a value",
    );
    check(&format!("{GOOD}\n[[step]]\nop = \"dance\"\n"), "unknown variant `dance`");
}

#[test]
fn invalid_values_name_key_and_line() {
    check(&GOOD.replace("schema = 1", "schema = 2"), ":1: `schema`: is 2, but this lab reads 1");
    check(&GOOD.replace("\"wat\"\nsource", "\"cobol\"\nsource"), ":7: `build.toolchain`: `cobol` is not one of");
    check(&GOOD.replace("add.wat", "../add.wat"), ":8: `build.source`: `../add.wat` points outside");
    check(&GOOD.replace("add.wat", "/etc/passwd"), "points outside the scenario's folder");
    check(&GOOD.replace("add.wat", "sub.wat"), "is not a file in the scenario's folder");
    check(&GOOD.replace("\"lib\"", "\"My Lib\""), "is not kebab-case");
    check(
        &format!("{GOOD}wasm_opt = [\"-Oz\"]\n"),
        ":9: `build.wasm_opt`: only works if the artifact is the build's only file",
    );
    check(&format!("{GOOD}\n[run]\nentry = \"calls\"\n"), "add at least one");
    let first = "[[run.call]]\nexport = \"add\"\nafter_previous = true\n";
    check(&format!("{GOOD}\n[run]\nentry = \"calls\"\n{first}"), "no call comes before it");
    check(&format!("{GOOD}\n[run]\ntimeout_ms = 0\n"), ":11: `run.timeout_ms`");
    check(&format!("{GOOD}\n[run]\nargs = [\"a\", \"b\\u0000\"]\n"), ":11: `run.args[1]`: has a NUL character");
    check(&format!("{GOOD}\n[run]\nenv = {{ \"A=\" = \"b\" }}\n"), ":11: `run.env`: `A=`: a variable's name");
    check(&format!("{GOOD}\n[run]\nargs = [\"{{socket-fd}}\"]\n"), "there is no [[run.socket]]");
    check(
        &format!("{GOOD}\n[[run.dir]]\nguest = \"/\"\nfiles = {{ \"../x\" = \"\" }}\n"),
        "points outside the directory",
    );
    check(&format!("{GOOD}\n[[known]]\nruntime = \"*\"\ncode = \"bad-luck\"\nbecause = \"x\"\n"), "is not a code");
    check(&format!("{GOOD}\n[[known]]\nruntime = \"[\"\ncode = \"trap\"\nbecause = \"x\"\n"), "is not a glob");
    check(
        &format!("{GOOD}\n[[step]]\nop = \"request\"\nsocket = \"http\"\nexpect = {{ status = 200 }}\n"),
        "not the name of a [[run.socket]]",
    );
    check(&format!("{GOOD}\n[[step]]\nop = \"kill\"\nsignal = \"HUP\"\n"), "is not TERM, INT or KILL");
}

/// Every error in `text`, without the file name.
fn errors_of(text: &str) -> Vec<String> {
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", text);
    let file = root.path().join("add").join("scenario.toml").display().to_string();
    let errors = load(&root.path().join("add")).unwrap_err();
    errors.iter().map(|error| error.to_string().trim_start_matches(&file).to_owned()).collect()
}

fn check_all(text: &str, expected: &[&str]) {
    let errors = errors_of(text);
    let fit =
        errors.len() == expected.len() && errors.iter().zip(expected).all(|(error, expected)| error.contains(expected));
    assert!(fit, "{errors:#?} are not {expected:#?}");
}

#[test]
fn errors_name_the_line_of_the_right_entry() {
    let known =
        |runtime: &str, code: &str| format!("[[known]]\nruntime = \"{runtime}\"\ncode = \"{code}\"\nbecause = \"x\"\n");
    let text = format!("{GOOD}\n{}\n{}\n{}", known("wasmi", "trap"), known("node*", "bad-luck"), known("[", "trap"));
    check_all(&text, &[":17: `known[1].code`", ":21: `known[2].runtime`"]);
    // An entry that cannot be read does not hide the others.
    let text = format!("{GOOD}\n{}rem = 1\n\n{}", known("wasmi", "trap"), known("wasmtimee", "trap"));
    check_all(
        &text,
        &[":14: `known[0]`: unknown field `rem`", ":17: `known[1].runtime`: `wasmtimee` matches no runtime"],
    );
    let step = "[[step]]\nop = \"kill\"\n";
    check_all(&format!("{GOOD}\n{step}\n{step}signal = \"HUP\"\n"), &[":15: `step[1].signal`: `HUP` is not TERM"]);
    // A key in an inline table, and one that is the prefix of another key.
    let text = GOOD.replace(
        "[build]\ntoolchain = \"wat\"\nsource = \"add.wat\"",
        "build = { toolchain = \"wat\",\n  source = \"no.wat\" }",
    );
    check_all(&text, &[":7: `build.source`: `no.wat` is not a file"]);
    check_all(
        &format!("{GOOD}\n[run]\nargs = [\"{{port:x}}\"]\nentry = \"calls\"\n"),
        &[":11: `run.args`", ":12: `run.entry`"],
    );
    // For a missing key, the line of its table.
    check_all(&GOOD.replace("source = \"add.wat\"\n", ""), &[":6: `build.source`: is missing"]);
    check_all(
        &format!("{GOOD}\n[[run.port]]\nname = \"a\"\n\n[[run.port]]\nname = \"a\"\n"),
        &[":14: `run.port[1].name`"],
    );
}

#[test]
fn all_errors_are_reported_at_once() {
    let text =
        GOOD.replace("title =", "colour = \"blue\"\ntitle =") + "sauce = 1\n\n[[run.dir]]\nguest = \"/\"\nfils = {}\n";
    check_all(
        &text,
        &[
            ":2: unknown field `colour`",
            ":10: `build`: unknown field `sauce`",
            ":14: `run.dir[0]`: unknown field `fils`",
        ],
    );
    // After a value of the wrong type, later keys are not checked.
    let text = GOOD.replace("title =", "colour = \"blue\"\ntitle =") + "\n[run]\ntimeout_ms = \"long\"\n";
    check_all(&text, &[":2: unknown field `colour`", ":12: `run.timeout_ms`: invalid type: string \"long\""]);
    let text = format!("{GOOD}x = \n\n[run]\ny = [1 2]\n");
    let errors = errors_of(&text);
    assert!(
        errors.len() >= 2 && errors[0].starts_with(":9: ") && errors.last().unwrap().starts_with(":12: "),
        "{errors:#?}"
    );
}

#[test]
fn names_in_a_directory_must_not_collide() {
    let dir = |given: &str| format!("{GOOD}\n[[run.dir]]\nguest = \"/\"\n{given}\n");
    for (given, expected) in [
        ("links = { \"../x\" = \"y\" }", "`run.dir[0].links`: `../x` points outside the directory"),
        ("generated = { \"/x\" = 1 }", "`run.dir[0].generated`: `/x` points outside the directory"),
        ("files = { x = \"\" }\nlinks = { x = \"y\" }", "`run.dir[0].links`: `x` is also in `files`, as `x`"),
        (
            "files = { \"a/x\" = \"\" }\ngenerated = { \"a//x\" = 1 }",
            "`run.dir[0].generated`: `a//x` is also in `files`",
        ),
        (
            "links = { a = \"/etc\", \"a/b\" = \"y\" }",
            "`run.dir[0].links`: `a/b` must be below `a`, but that is not a folder",
        ),
        (
            "files = { \"a/b/c\" = \"\" }\nlinks = { a = \"b\" }",
            "`run.dir[0].files`: `a/b/c` must be below `a`, but that",
        ),
    ] {
        check(&dir(given), expected);
    }
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", &dir("files = { \"a/b\" = \"\" }\nlinks = { \"a/c\" = \"b\", ab = \"a\" }"));
    assert!(load(&root.path().join("add")).is_ok());
}

#[test]
fn request_steps_must_be_valid_http_to_the_guest() {
    let good = format!(
        "{GOOD}\n[[run.port]]\nname = \"http\"\n\n[[step]]\nop = \"request\"\nsocket = \"http\"\nmethod = \"GET\"\n\
         path = \"/x\"\nheaders = {{ x-lab = \"1\" }}\nexpect = {{ status = 200, headers = {{ server = \"x\" }} }}\n"
    );
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", &good);
    assert_eq!(load(&root.path().join("add")).map(|s| s.spec.step.len()), Ok(1));
    let wrong = |from: &str, to: &str, expected: &str| check(&good.replace(from, to), expected);
    wrong("\"/x\"", "\"@example.org/x\"", ":17: `step[0].path`: `@example.org/x` does not begin with /");
    wrong("\"/x\"", "\"index.html\"", "`step[0].path`: `index.html` does not begin with /");
    wrong("\"/x\"", "\"/a b\"", "`step[0].path`: `/a b` contains ' ', which a URL must encode as %XX");
    wrong("\"GET\"", "\"GE T\"", ":16: `step[0].method`: `GE T` is not a method");
    wrong("x-lab", "\"a b\"", ":18: `step[0].headers`: `a b: 1` is not a valid header");
    wrong("\"1\"", "\"1\\r\\nx: 2\"", "is not a valid header");
    wrong("server =", "\"a b\" =", "`step[0].expect.headers`: `a b: x` is not a valid header");
}

#[test]
fn links_out_of_the_scenario_are_refused() {
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", GOOD);
    fs::write(root.path().join("outside.wat"), "(module)").unwrap();
    let link = root.path().join("add/add.wat");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(root.path().join("outside.wat"), &link).unwrap();
    let errors = load(&root.path().join("add")).unwrap_err();
    assert!(errors[0].to_string().contains("is a link out of the scenario's folder"), "{}", errors[0]);
}

#[test]
fn ports_have_names_instead_of_numbers() {
    check(&format!("{GOOD}\n[[run.port]]\nname = \"http\"\nnumber = 80\n"), "unknown field `number`");
    check(&format!("{GOOD}\n[[run.port]]\nname = \"a\"\n[[run.port]]\nname = \"a\"\n"), "names two sockets or ports");
    check(&format!("{GOOD}\n[run]\nargs = [\"{{port:http}}\"]\n"), "`http` is not the name of a [[run.port]]");
    check(&format!("{GOOD}\n[run]\nentry = \"http\"\n"), "there is no [[run.port]]");
}

#[test]
fn server_errors_name_key_line_and_remedy() {
    let good = format!(
        "{GOOD}\n[run]\nnetwork = \"loopback\"\nargs = [\"{{port:api}}\"]\n\n[[run.server]]\nname = \"api\"\nstatus = 404\n\
         body = \"no\"\nheaders = {{ x-lab = \"1\" }}\n\n[[expect.request]]\nserver = \"api\"\npath = \"/x\"\n"
    );
    let root = tempfile::tempdir().unwrap();
    scenario(root.path(), "add", &good);
    assert_eq!(load(&root.path().join("add")).map(|s| s.spec.run.server.len()), Ok(1));
    let wrong = |from: &str, to: &str, expected: &str| check(&good.replace(from, to), expected);
    wrong(
        "network = \"loopback\"",
        "",
        "`run.network`: does not let the guest reach its [[run.server]]: write `network = \"loopback\"` under",
    );
    wrong("api", "The API", "`run.server[0].name`: `The API` is not kebab-case");
    wrong("[[run.server]]", "[[run.port]]\nname = \"api\"\n[[run.server]]", "or the name of another server");
    wrong("status = 404", "status = 42", ":16: `run.server[0].status`: is 42: use a response status from 200 to 599");
    wrong("status = 404", "status = 204", "`run.server[0].body`: is set, but a response with status 204 has no body");
    wrong("status = 404", "port = 80", "unknown field `port`");
    wrong("x-lab", "Connection", ":18: `run.server[0].headers`: has `Connection`, which the lab sets itself");
    wrong("\"1\"", "\"1\\r\\nx: 2\"", "is not a valid header");
    wrong(
        "server = \"api\"",
        "server = \"other\"",
        "`expect.request[0].server`: `other` is not the name of a [[run.server]]",
    );
    wrong("path = \"/x\"", "path = \"x\"", "`expect.request[0].path`: `x` does not begin with /");
    wrong("{port:api}", "{port:other}", "`other` is not the name of a [[run.port]] or [[run.server]]");
}

#[test]
fn missing_files_and_colliding_names_are_errors() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("empty")).unwrap();
    let errors = load_all(root.path()).unwrap_err();
    assert!(errors[0].to_string().contains("empty/scenario.toml: the file cannot be read"));
    assert!(load_all(&root.path().join("nowhere")).unwrap_err()[0].to_string().contains("nowhere"));

    let scenarios = ["a", "A"].map(|name| {
        let mut s = super::Scenario { name: name.to_owned(), dir: name.into(), spec: super::parse(GOOD).unwrap() };
        s.dir = root.path().join(name);
        s
    });
    assert!(super::same_names(&scenarios)[0].message.contains("already contains a scenario of this name"));
}

/// Routes are compared on the same program. A build reads only its own folder, so a source exists in several folders.
#[test]
fn copies_of_a_source_are_equal() {
    #[derive(serde::Deserialize)]
    struct List {
        copies: Vec<BTreeSet<PathBuf>>,
    }
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("scenarios");
    let read = |file: &Path| fs::read(scenarios.join(file)).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let list: List = toml::from_str(&fs::read_to_string(scenarios.join("copies.toml")).unwrap()).unwrap();
    for copies in &list.copies {
        let contents: BTreeSet<Vec<u8>> = copies.iter().map(|file| read(file)).collect();
        assert!(
            copies.len() > 1 && contents.len() == 1,
            "scenarios/copies.toml lists these files, and they differ: {copies:?}"
        );
    }
    let mut equal: BTreeMap<Vec<u8>, BTreeSet<PathBuf>> = BTreeMap::new();
    for file in files::walk(&scenarios, &["target", "node_modules"]).unwrap() {
        equal.entry(read(&file)).or_default().insert(file);
    }
    for copies in equal.into_values().filter(|copies| copies.len() > 1) {
        assert!(list.copies.contains(&copies), "these files are equal: list them in scenarios/copies.toml: {copies:?}");
    }
}

/// A third-party scenario can neither refer to this machine nor crash the lab.
#[test]
#[cfg(unix)]
fn scenario_cannot_refer_to_this_machine() {
    use std::os::unix::fs::symlink;
    let dir = |rest: &str| format!("{GOOD}\n[[run.dir]]\nguest = \"/data\"\n{rest}\n");
    check(&dir("host = \"/tmp\""), "names a folder of this machine");
    check(&dir("modified = 9223372036854775807"), "is after the year 9999");
    let root = tempfile::tempdir().unwrap();
    for (name, target) in [("out", "/etc/passwd"), ("zero", "/dev/zero")] {
        scenario(root.path(), name, &dir("copy = \"root\""));
        fs::create_dir(root.path().join(name).join("root")).unwrap();
        symlink(target, root.path().join(name).join("root/file")).unwrap();
    }
    let errors = load_all(root.path()).unwrap_err();
    let expected = "`root/file` is not a regular file inside the scenario's folder";
    assert!(errors.len() == 2 && errors.iter().all(|e| e.message.contains(expected)), "{errors:?}");
}

#[test]
fn values_that_do_not_fit_and_values_that_make_no_sense_are_reported_together() {
    let root = tempfile::tempdir().unwrap();
    let rest = "rank = \"first\"\n[build]\ntoolchain = \"cobol\"\n[run]\ntimout = 5\ntimeout_ms = \"long\"\nargs = [1]\n\
                [[known]]\nruntime = \"*\"\ncode = \"bad-luck\"\nbecause = \"x\"\n";
    let (head, _) = GOOD.split_once("\n[build]").unwrap();
    scenario(root.path(), "add", &format!("{head}{rest}"));
    let errors = load(&root.path().join("add")).unwrap_err();
    let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [5, 7, 9, 10, 11, 14].map(Some), "{errors:?}");
}

#[test]
fn each_table_that_lacks_a_key_is_named() {
    let check = |good: &str, bad: &str, expected: [&str; 2]| {
        let root = tempfile::tempdir().unwrap();
        scenario(root.path(), "add", &[GOOD, good, bad, bad].concat());
        let errors: Vec<String> = load(&root.path().join("add")).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        std::iter::zip(&errors, expected).for_each(|(error, expected)| assert!(error.contains(expected), "{errors:?}"));
    };
    let known = "[[known]]\nruntime = \"wasmi\"\ncode = \"trap\"\nbecause = \"x\"\n";
    let expected = [":13: `known[1]`: missing field `code`", ":15: `known[2]`: missing field `code`"];
    check(known, "[[known]]\nruntime = \"wasmi\"\n", expected);
    let expected = [":11: `run.call[1]`: missing field `export`", ":13: `run.call[2]`: missing field `export`"];
    check("[[run.call]]\nexport = \"a\"\n", "[[run.call]]\nargs = []\n", expected);
    let expected = [":9: `step[0]`: missing field `op`", ":11: `step[1]`: missing field `op`"];
    check("", "[[step]]\nfoo = 1\n", expected);
    // The type of a step depends on its key `op`, so the parser only has the position of the array.
    let kill = "[[step]]\nop = \"kill\"\n";
    let expected = [":11: `step[1]`: missing field `data`", ":13: `step[2]`: missing field `data`"];
    check(kill, "[[step]]\nop = \"write\"\n", expected);
    let expected = [":11: `step[1]`: unknown field `sgnal`", ":14: `step[2]`: unknown field `sgnal`"];
    check(kill, "[[step]]\nop = \"kill\"\nsgnal = 1\n", expected);
    let expected = [":12: `step[1].op`: unknown variant `dance`", ":14: `step[2].op`: unknown variant `dance`"];
    check(kill, "[[step]]\nop = \"dance\"\n", expected);
    // An error behind a table is none of its own.
    let expected = [":9: `run.server[0]`: missing field `name`", ":11: `run.server[1]`: missing field `name`"];
    check("", "[[run.server]]\n\n", expected);
    let expected = [":9: `run.server[0]`: missing field `name`", ":12: `run.call[0]`: unknown field `exprt`"];
    check("[[run.server]]\n\n[[run.call]]\nexprt = \"a\"\n", "", expected);
}
