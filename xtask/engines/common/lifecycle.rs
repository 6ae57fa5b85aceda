//! Cases about the engine itself: cached code, command line, information.

use std::fs;

use wasmlab_protocol::{Cause, EngineInfo};

use super::cases::ADD;
use super::harness::{Cell, EngineUnderTest};

pub fn compiled_code(subject: EngineUnderTest) {
    let mut cell = Cell::new(subject, ADD).call("add", &["i32:2", "i32:3"]);
    cell.spec.code_cache = Some(cell.dir().join("compiled"));
    for round in 0..2 {
        let seen = cell.run();
        assert_eq!(seen.results(), ["i32:5"]);
        assert_eq!(seen.cached(), round > 0 && subject.traits.keeps_code);
    }
    if !subject.traits.keeps_code {
        return;
    }
    // Another module in the same folder must not run the first one's code.
    fs::write(&cell.spec.module, wat::parse_str(ADD.replace("i32.add", "i32.sub")).unwrap()).unwrap();
    let seen = cell.run();
    assert_eq!((seen.results(), seen.cached()), (vec!["i32:-1".to_owned()], false));
}

pub fn damaged_code(subject: EngineUnderTest) {
    let mut cell = Cell::new(subject, ADD).call("add", &["i32:2", "i32:3"]);
    let dir = cell.dir().join("compiled");
    cell.spec.code_cache = Some(dir.clone());
    if !subject.traits.keeps_code {
        // It uses no file of that folder.
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("code"), "not compiled code at all").unwrap();
        let seen = cell.run();
        assert_eq!((seen.results(), seen.cached()), (vec!["i32:5".to_owned()], false));
        return;
    }
    cell.run();
    let file = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let intact = fs::read(&file).unwrap();
    let mut flipped = intact.clone();
    flipped[intact.len() / 2] ^= 1;
    let damages = [&intact[..intact.len() / 2], b"", b"not compiled code at all", &flipped];
    for damage in damages {
        fs::write(&file, damage).unwrap();
        let seen = cell.run();
        assert_eq!((seen.results(), seen.cached()), (vec!["i32:5".to_owned()], false));
        // The cache has been repaired.
        assert!(cell.run().cached());
    }
}

pub fn unusable_specs(subject: EngineUnderTest) {
    let mut cell = Cell::new(subject, ADD);
    cell.spec.mode = "no-such-mode".to_owned();
    let seen = cell.run();
    assert_eq!((seen.status.code(), seen.events.len()), (Some(70), 0), "{}", seen.stderr);
    let mut cell = Cell::new(subject, ADD);
    cell.spec.protocol += 1;
    let seen = cell.run();
    assert_eq!((seen.status.code(), seen.events.len()), (Some(70), 0));
    assert!(seen.stderr.contains("protocol"), "{}", seen.stderr);
    let output = (subject.command)().arg("run").output().unwrap();
    assert_eq!(output.status.code(), Some(70));
    // A missing module is an error of the cell.
    let mut cell = Cell::new(subject, ADD);
    cell.spec.module.push("nowhere");
    assert!(matches!(cell.run().cause(), Cause::EngineError { .. }));
}

fn read_info(subject: EngineUnderTest) -> EngineInfo {
    let output = (subject.command)().arg("info").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn info(subject: EngineUnderTest) {
    let info = read_info(subject);
    assert_eq!((info.engine.as_str(), info.protocol), (subject.engine, wasmlab_protocol::PROTOCOL_VERSION));
    assert!(info.modes.iter().any(|mode| mode == subject.mode), "{info:?}");
    assert!(info.version.split('.').count() == 3 && info.version.starts_with(|c: char| c.is_ascii_digit()), "{info:?}");
}

/// A switch listed by an engine is off by default and takes effect when named, except in modes that lack the feature.
pub fn switches(subject: EngineUnderTest) {
    let info = read_info(subject);
    let modules = [
        ("custom-page-sizes", r#"(module (memory 1 (pagesize 1)) (func (export "_start")))"#),
        (
            "wide-arithmetic",
            r#"(module (func (export "_start") (i64.mul_wide_s (i64.const 1) (i64.const 2)) (drop) (drop)))"#,
        ),
        // Two thousand frames: more than an interpreter's thousand, fewer than the limit of any compiling engine.
        (
            "stack",
            r#"(module (func $f (param i32) (result i32)
            (if (result i32) (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
            (func (export "_start") (drop (i32.add (i32.const 1) (call $f (i32.const 2000))))))"#,
        ),
    ];
    let has_switch = |feature: &&str| info.switches.iter().any(|switch| switch.enables == *feature);
    let found: Vec<&str> = modules.iter().map(|(feature, _)| *feature).filter(has_switch).collect();
    assert_eq!(found, subject.traits.enables, "features that switches enable");
    for (enables, module) in modules {
        let Some(switch) = info.switches.iter().find(|switch| switch.enables == enables) else { continue };
        let mut cell = Cell::new(subject, module);
        assert_ne!(cell.run().cause(), &Cause::Returned, "{switch:?}");
        cell.spec.switches = vec![switch.name.clone()];
        let seen = cell.run();
        if !subject.traits.lacks.contains(&enables) {
            assert_eq!(seen.cause(), &Cause::Returned, "{switch:?}");
        }
    }
    let mut cell = Cell::new(subject, ADD).call("add", &["i32:2", "i32:3"]);
    cell.spec.switches = vec!["Config::nothing_like_it(true)".to_owned()];
    let refused = cell.run().status.code() == Some(70);
    assert_ne!(refused, subject.traits.switches_of_program, "an unknown switch");
    for switch in &info.switches {
        cell.spec.switches = vec![switch.name.clone()];
        let seen = cell.run();
        if subject.traits.lacks.contains(&switch.enables.as_str()) {
            let is_refused = matches!(seen.cause(), Cause::Unsupported { feature, .. } if feature == "switch");
            assert!(is_refused, "{switch:?}: {:?}", seen.cause());
        } else {
            assert_eq!(seen.results(), ["i32:5"], "{switch:?}: {:?}", seen.cause());
        }
        let accepted = info.modes.iter().any(|mode| {
            cell.spec.mode = mode.clone();
            cell.run().results() == ["i32:5"]
        });
        assert!(accepted, "no mode accepts {switch:?}");
        cell.spec.mode = subject.mode.to_owned();
    }
}
