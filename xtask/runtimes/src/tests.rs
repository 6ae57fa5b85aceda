//! Tests that walk the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use wasmlab_model::scenario::{EntryPointKind, ScenarioFile};
use wasmlab_protocol::{CellSpec, EntryPoint, Network, PROTOCOL_VERSION, PreopenedDir};

use crate::{CellFiles, Runtime, Source, Tool, all, base_id, custom_build, find, is_custom_build};

#[test]
fn every_column_is_described() {
    let mut ids = BTreeSet::new();
    for runtime in all() {
        let id = runtime.id();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(!runtime.engine.is_empty() && id.starts_with(runtime.engine), "{id} begins with its engine");
        assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-+".contains(c)), "{id}");
        assert!(!runtime.mode().is_empty(), "{id} has no mode");
        assert_eq!(id.rsplit_once('+').map_or("", |(_, layer)| layer), runtime.host_layer.name(), "{id}");
        assert!(!is_custom_build(id) && runtime.custom_build.is_none(), "{id} is not a custom build");
        let reference = runtime.reference_column.as_deref();
        assert!(reference.is_none_or(|id| find(id).is_some_and(|r| r.engine == runtime.engine)), "{id}: {reference:?}");
        assert_ne!(runtime.source, Source::Embedded(""), "{id} has no source");
    }
}

/// A driver alone is not enough: that of wasmtime-py is in Python.
#[test]
fn javascript_hosts_run_glue() {
    let check = |ids: &[&str], expected| {
        for id in ids {
            assert_eq!(find(id).unwrap().runs_glue(), expected, "{id}");
        }
    };
    check(&["node", "node+jco", "deno", "bun", "chromium", "firefox", "workerd"], true);
    check(&["wasmtime-py", "wasmtime-cli", "wasmi"], false);
}

/// The table in this folder's README describes every field, and no other.
#[test]
fn readme_describes_every_field() {
    let shown = format!("{:#?}", Runtime::default());
    let fields = shown.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(':')).map(|(name, _)| name);
    let fields: BTreeSet<&str> = fields.filter(|name| !name.starts_with(' ')).collect();
    let readme = include_str!("../README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let described: BTreeSet<&str> = rows.flat_map(|(names, _)| names.split(['`', ','])).map(str::trim).collect();
    let described: BTreeSet<&str> = described.into_iter().filter(|name| !name.is_empty()).collect();
    assert_eq!(described, fields);
}

/// `setup` has a command to run or a page to name for everything that may be missing.
#[test]
fn every_program_has_an_install_command_or_page() {
    for runtime in all() {
        let id = runtime.id();
        if let Some(program) = runtime.source.program() {
            assert!(!program.names.is_empty() && !program.version_args.is_empty(), "{id}");
            assert!(!program.install_hint.is_empty(), "{id}");
        }
        if let Source::Program(program) = runtime.source {
            let has_client =
                !runtime.install.is_empty() || (runtime.version_line.is_some() && runtime.package.is_some());
            assert!(has_client, "{id}: is there no package client that has it?");
            assert!(program.install_hint.contains("https://"), "{id}: `{}` names no page", program.install_hint);
        }
        for variable in runtime.variables() {
            assert!(variable.starts_with("WASMLAB_"), "{id}: {variable}");
        }
    }
}

#[test]
fn install_commands_start_with_a_client_and_do_not_prompt() {
    // Each client, and the option without which it asks.
    let clients = [
        ("apk add", None),
        ("apt-get install", Some("--yes")),
        ("dnf install", Some("--assumeyes")),
        ("brew install", None),
        ("cargo install", None),
        ("go install", None),
        ("npm install", None),
        ("pip install", None),
        ("python3 -m pip install", None),
    ];
    for install in all().iter().flat_map(|r| &r.install) {
        let text = install.command.join(" ");
        let client = clients.iter().find(|(client, _)| text.starts_with(&format!("{client} ")));
        let (_, silent) = client.unwrap_or_else(|| panic!("{text}: which client is it, and does it ask?"));
        assert!(silent.is_none_or(|option| install.command.contains(&option)), "{text} waits for a yes");
    }
}

#[test]
fn custom_build_differs_from_its_base_in_the_program() {
    let base = find("wasmtime-cli").unwrap();
    let custom = custom_build(base, "mine", "/builds/mine/wasmtime".into());
    assert!(custom.id() == "wasmtime-cli@mine" && is_custom_build(custom.id()));
    assert_eq!((base_id(custom.id()), base_id(base.id())), (base.id(), base.id()));
    assert_eq!(custom.reference_column.as_deref(), Some(base.id()));
    assert_eq!(custom.custom_build.as_deref(), Some(Path::new("/builds/mine/wasmtime")));
    let restored =
        Runtime { id: base.id.clone(), custom_build: None, reference_column: base.reference_column.clone(), ..custom };
    assert_eq!(format!("{restored:?}"), format!("{base:?}"), "nothing else differs");
}

/// Output parsers are tested on recordings of the real program, which prove that it was tried.
#[test]
fn recorded_output_exists_for_listed_adapters() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/runtime-output");
    for runtime in all().iter().filter(|runtime| runtime.output_parser.is_some()) {
        let recorded = folder.join(runtime.id()).join("hello.txt").is_file();
        assert_eq!(recorded, !runtime.untested, "{}: recorded, and in the table", runtime.id());
        assert!(recorded || !runtime.in_ci, "{}: in CI, and never recorded", runtime.id());
    }
}

#[test]
fn golden_commands() {
    let mut commands = String::new();
    for runtime in all() {
        let id = runtime.id();
        let tool = tool(runtime);
        let mut spec = cell(runtime.mode());
        if (runtime.is_applicable)(runtime, &scenario(EntryPointKind::Command)).is_err() {
            (runtime.is_applicable)(runtime, &scenario(EntryPointKind::Http)).unwrap();
            spec.entry = EntryPoint::Http { port: 20_000 };
        }
        let (prepared, scenario) = (Path::new("/prepared"), scenario(EntryPointKind::Command));
        let files = CellFiles {
            spec_path: Path::new("/cell/spec.json"),
            module: &spec.module,
            spec: &spec,
            facts: None,
            run: &scenario.run,
            precompiled: prepared,
        };
        for (file, text) in (runtime.extra_files)(&files) {
            commands += &format!("{id} writes {file}:\n{text}\n");
        }
        for (name, value) in (runtime.env)(&tool) {
            commands += &format!("{id} has {name}={}\n", value.display());
        }
        let prepare = (runtime.precompile)(&tool, &files, prepared);
        for argv in prepare.into_iter().chain((runtime.commands)(&tool, &files)) {
            let argv: Vec<_> = argv.into_iter().map(|a| a.into_string().unwrap()).collect();
            commands += &format!("{id}: {}\n", argv.join(" "));
        }
    }
    insta::assert_snapshot!(commands);
}

fn tool(runtime: &Runtime) -> Tool {
    let driven = match runtime.source {
        Source::Driver { program, .. } => format!("/bin/{}", program.names[0]).into(),
        _ => PathBuf::new(),
    };
    let packages = match (runtime.npm_packages(), runtime.python_package) {
        ([], None) => "",
        ([], Some(_)) => "/site-packages",
        _ => "/node_modules",
    };
    Tool {
        program: format!("/bin/{}", if runtime.python_package.is_some() { "python3" } else { runtime.engine }).into(),
        version: "1.0".to_owned(),
        fingerprint: String::new(),
        support_dir: "/support".into(),
        packages_dir: packages.into(),
        aux_program: runtime.aux_program.map(|aux| format!("/bin/{}", aux.name)).unwrap_or_default().into(),
        driven_program: driven,
        ..Tool::default()
    }
}

fn scenario(entry: EntryPointKind) -> ScenarioFile {
    let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = { toolchain = \"wat\" }";
    let mut scenario: ScenarioFile = toml::from_str(text).unwrap();
    scenario.run.entry = entry;
    scenario
}

/// A cell that uses everything a command line can be given.
fn cell(mode: &str) -> CellSpec {
    CellSpec {
        protocol: PROTOCOL_VERSION,
        module: "/cell/guest.wasm".into(),
        glue: None,
        events: "/cell/events.jsonl".into(),
        mode: mode.to_owned(),
        code_cache: None,
        entry: EntryPoint::Command,
        args: ["guest.wasm", "one", "two words"].map(str::to_owned).to_vec(),
        env: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
        dirs: vec![PreopenedDir { host: "/cell/dirs/0".into(), guest: "/data".to_owned() }],
        sockets: Vec::new(),
        ports: vec![20_000],
        connect_ports: Vec::new(),
        network: Network::Loopback,
        host_functions: Vec::new(),
        result_types: BTreeMap::new(),
        memory_limit: 1 << 30,
        switches: Vec::new(),
    }
}
