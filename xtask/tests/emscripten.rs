//! The output of a real Emscripten.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/trials.rs"]
mod trials;

use std::process::ExitCode;

use common::Workspace;

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = vec![trials::needs("its output runs by its glue", &["emcc"], its_output_runs_by_its_glue)];
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn its_output_runs_by_its_glue() {
    let workspace = Workspace::new();
    let c = "#include <stdio.h>\n#include <stdlib.h>\nint main(int n, char **a) {\n  const char *g = getenv(\"GREETING\");\n  \
             printf(\"%s %s\\n\", a[n - 1], g ? g : \"nothing\");\n  return 5;\n}\n";
    let toml = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"emscripten\"\nsource = \"guest.c\"\n\
                artifact = \"guest.wasm\"\ncompanions = [\"guest.js\"]\nflags = [\"-O2\", \"-sWASM_ASYNC_COMPILATION=0\"]\n[run]\nargs = [\"one\"]\n\
                env = { GREETING = \"hello\" }\n[expect]\nexit = 5\nstdout = \"one hello\\n\"\n";
    workspace.write("scenarios/glue-of-emscripten/scenario.toml", toml);
    workspace.write("scenarios/glue-of-emscripten/guest.c", c);
    let ran = workspace.run(&["run-all", "--runtime", "{node,deno,bun}", "--output", "json"]);
    let report = ran.json();
    assert!(!common::measured(&report).is_empty());
    for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] != "absent") {
        assert_eq!((&cell["verdict"], &cell["execution_path"]), (&"pass".into(), &"glue:emscripten".into()), "{cell}");
    }
    let ran = workspace.run(&["run-one", "glue-of-emscripten", "node"]);
    assert!(
        ran.stdout.contains("glue-of-emscripten on node (execution path: glue:emscripten): pass"),
        "this test needs Node.js: {}",
        ran.stdout
    );
}
