//! `since` with a registry on this machine: an npm whose older versions of Node.js are the real one with less memory for
//! modules.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/trials.rs"]
mod trials;

use std::fs;

use common::{CommandResult, Workspace, result_of};
use libtest_mimic::Arguments;

/// A module that needs ten pages of memory.
const LARGE: &str = "(module (memory 10) (func (export \"f\") (result i32) i32.const 1))";

/// Lists versions, and installs a program for each: `installed` has what was installed. Versions of the line 13 cannot be
/// installed, those from 11 to 16 may use ten pages; with a file `broken.cjs`, those before 12 run it first.
const NPM: &str = r#"#!/bin/sh
[ ! -e "$HERE/offline" ] || { echo 'npm error network request failed' >&2; exit 1; }
if [ "$1" = view ]; then
  echo '["10.0.0","10.1.0","11.0.0","12.0.0","12.1.0","13.0.0","14.0.0","15.0.0","16.2.0","17.0.0-rc.1","17.0.0","18.0.0"]'
  exit
fi
version=${6#node@}
echo "$version" >> "$HERE/installed"
case $version in
  13.*) echo 'npm error no such platform' >&2; exit 1 ;;
  1[12456].*) pages= ;;
  *) pages=--wasm-max-mem-pages=5 ;;
esac
mkdir -p "$5/node_modules/node/bin"
case $version in 1[01].*) [ ! -e "$HERE/broken.cjs" ] || pages="$pages --require $5/node_modules/node/bin/broken.cjs" ;; esac
printf '#!/bin/sh\n[ "$1" != --version ] || exec echo v%s\nexec %s %s "$@"\n' "$version" "$NODE" "$pages" > "$5/node_modules/node/bin/node"
[ ! -e "$HERE/broken.cjs" ] || cp "$HERE/broken.cjs" "$5/node_modules/node/bin/"
chmod +x "$5/node_modules/node/bin/node"
"#;

/// The lab's driver cannot read a module.
const BROKEN: &str = "const fs = require('fs');
const read = fs.readFileSync;
fs.readFileSync = (...args) => {
  const bytes = read(...args);
  if (bytes[0] === 0 && bytes[1] === 0x61) throw new Error('broken');
  return bytes;
};
require('module').syncBuiltinESMExports();
";

fn main() {
    let tests: [(&str, fn()); 4] = [
        ("search names the first and the last version", search_names_the_first_and_the_last_version),
        ("range limits the search", range_limits_the_search),
        (
            "version that the lab cannot run is not one that fails",
            version_that_the_lab_cannot_run_is_not_one_that_fails,
        ),
        ("without network the error says so", without_network_the_error_says_so),
    ];
    let trials = tests.into_iter().map(|(name, test)| trials::needs(name, &["node"], test)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

struct Registry(Workspace);

impl Registry {
    fn new() -> Self {
        let workspace = Workspace::new();
        let node = fs::canonicalize(which::which("node").unwrap()).unwrap().display().to_string();
        let folder = workspace.path("").display().to_string();
        let npm = NPM.replace("$NODE", &node).replace("$HERE", folder.trim_end_matches('/'));
        programs::script(&workspace.path("bin/npm"), &npm);
        workspace.write("large.wat", LARGE);
        Self(workspace)
    }

    fn since(&self, args: &[&str]) -> CommandResult {
        let path = format!("{}:{}", self.0.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let all = [&["since", "large.wat", "--runtime", "node", "--invoke", "f"], args].concat();
        let mut command = self.0.command(&all);
        // The older versions start the real one, which is in another folder.
        let node = fs::canonicalize(which::which("node").unwrap()).unwrap();
        command.env("WASMLAB_SANDBOX_READ", node.parent().unwrap());
        result_of(command.env("WASMLAB_CACHE", self.0.path("cache")).env("PATH", path).output().unwrap())
    }

    fn installed(&self) -> Vec<String> {
        let text = fs::read_to_string(self.0.path("installed")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

fn search_names_the_first_and_the_last_version() {
    let registry = Registry::new();
    let ran = registry.since(&[]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let first = ran.stdout.lines().next().unwrap();
    assert_eq!(
        first, "large.wat runs on node since 11.0.0, and no longer since 17.0.0",
        "{}{}",
        ran.stdout, ran.stderr
    );
    let installed = registry.installed();
    assert!(installed.len() < 11 && !installed.iter().any(|version| version.contains("rc")), "{installed:?}");
    // Each installed version is kept: no version is installed again, and none is needed.
    fs::write(registry.0.path("offline"), "").unwrap();
    let again = registry.since(&["--output", "json"]);
    assert_eq!(registry.installed(), installed, "{}", again.stderr);
    let found = again.json();
    assert_eq!((found["since"].as_str(), found["stopped_in"].as_str()), (Some("11.0.0"), Some("17.0.0")), "{found}");
    assert!(again.stderr.contains("using the cached list of versions"), "{}", again.stderr);
}

fn range_limits_the_search() {
    let registry = Registry::new();
    let ran = registry.since(&["--from", "12.1", "--to", "16"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.starts_with("large.wat runs on node 12.1.0 (the oldest from --from 12.1 on) and 16.2.0; the 3 versions between them were not tried"),
        "{}",
        ran.stdout
    );
    let ran = registry.since(&["--from", "17"]);
    assert!(
        ran.code == 1 && ran.stdout.starts_with("large.wat does not run on any version"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    // A version that cannot be installed says nothing about those before it.
    let ran = registry.since(&["--from", "13", "--to", "14"]);
    assert!(
        ran.stdout.starts_with("large.wat runs on node 14.0.0; older versions could not be tried"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\ntried 1 of 2 versions\n13.0.0 cannot be installed: `npm install"), "{}", ran.stdout);
    // Only what is installed is tried, all of it.
    let installed = ["12.1.0", "14.0.0", "16.2.0", "17.0.0", "18.0.0"];
    let ran = registry.since(&["--offline", "--output", "json"]);
    let found = ran.json();
    let tried: Vec<&str> =
        found["tried"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap()).collect();
    assert_eq!((tried, found["since_is_certain"].as_bool()), (installed.to_vec(), Some(false)), "{found}");
    let ran = registry.since(&["--offline"]);
    let offline = "large.wat runs on node 12.1.0 (the oldest that is installed) to 16.2.0, and no longer since 17.0.0";
    assert!(ran.stdout.starts_with(offline), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("\ntried 5 of 11 versions; 6 are not installed\n"), "{}", ran.stdout);
    let ran = registry.since(&["--from", "99"]);
    assert!(ran.code == 2 && ran.stderr.contains("no version of node is between"), "{}", ran.stderr);
}

fn version_that_the_lab_cannot_run_is_not_one_that_fails() {
    let registry = Registry::new();
    fs::write(registry.0.path("broken.cjs"), BROKEN).unwrap();
    let ran = registry.since(&["--to", "12"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let expected = "large.wat runs on node 12.0.0 and later; older versions could not be tried\n";
    assert!(ran.stdout.starts_with(expected) && ran.stdout.contains("could not be tried: "), "{}", ran.stdout);
    let ran = registry.since(&["--to", "12", "--output", "json"]);
    let found = ran.json();
    assert_eq!(
        (&found["since_is_certain"], &found["tried"][0]["verdict"]),
        (&false.into(), &"not-run".into()),
        "{found}"
    );
}

fn without_network_the_error_says_so() {
    let registry = Registry::new();
    fs::write(registry.0.path("offline"), "").unwrap();
    let ran = registry.since(&[]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("failed to list the versions of node: `npm view node versions --json`"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("network request failed") && ran.stderr.contains("needs the network"),
        "{}",
        ran.stderr
    );
    let ran = registry.0.run(&["since", "large.wat", "--runtime", "wasmi"]);
    assert!(ran.code == 2 && ran.stderr.contains("use wasmtime, node, deno, bun"), "{}", ran.stderr);
}
