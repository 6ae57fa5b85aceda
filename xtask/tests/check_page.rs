//! `reports/check.html` in headless Chromium: its answers are those of `predict`, it is quick, and hostile files are
//! text. Ignored if Chromium is not installed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use wasm_encoder::{
    CodeSection, CustomSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Module, TypeSection,
};

use self::browser::Browser;
use self::checkout::top;

#[expect(dead_code, reason = "the tests of the report's page use the rest")]
#[path = "../report/tests/page/browser.rs"]
mod browser;
#[path = "common/checkout.rs"]
mod checkout;
#[path = "common/large_module.rs"]
mod large_module;
#[path = "../engines/common/required.rs"]
#[expect(dead_code, reason = "this file uses one of its functions")]
mod required;
#[path = "common/text.rs"]
mod text;
#[path = "../report/tests/page/trials.rs"]
mod trials;

/// The folder with more guests for [`answers`], such as all that the lab built.
const MORE_GUESTS: &str = "WASMLAB_CHECK_PAGE_GUESTS";
/// How many files the page takes at once.
const AT_ONCE: usize = 20;

const TESTS: &[(&str, fn())] = &[
    ("the page answers as `predict` does", answers),
    ("malformed files are refused as `predict` refuses them", malformed),
    ("the page is silent and asks for nothing", silent),
    ("hostile names and texts are text", hostile),
    ("the keyboard reaches everything", keyboard),
    ("30 MB are answered by the worker, and the page stays responsive", large),
    ("files can be dropped, and the reader starts again after it stopped", dropped),
];

fn main() {
    trials::run(TESTS);
}

/// A browser with the published page, which keeps its answers.
fn opened() -> Browser {
    let page = top().join("reports/check.html");
    assert!(page.is_file(), "reports/check.html does not exist: `cargo xtask report --check-page` writes it");
    let mut browser = Browser::start();
    browser.open_file(&page, "");
    browser.value("globalThis.got = []; document.addEventListener('answer', (event) => got.push(event.detail)); 0");
    browser
}

/// Chooses files and waits for their answers: each has `prediction` or `error`, and `ms`.
fn chosen(browser: &mut Browser, files: &[PathBuf]) -> Vec<Value> {
    browser.value("got.length = 0");
    let input = browser.call("Runtime.evaluate", json!({ "expression": "document.getElementById('file')" }));
    let object = &input["result"]["objectId"];
    browser.call("DOM.setFileInputFiles", json!({ "files": files, "objectId": object }));
    browser
        .wait(&format!("got.length === {} && !document.getElementById('drop').hasAttribute('aria-busy')", files.len()));
    browser.value("got").as_array().unwrap().clone()
}

/// Output of `predict --output json`.
fn predicted(files: &[PathBuf]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_wasmlab"))
        .args(["predict", "--output", "json"])
        .args(files)
        .current_dir(top())
        .output()
        .unwrap();
    // 2: one of them is not WebAssembly.
    assert!(matches!(output.status.code(), Some(0 | 2)), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    printed["files"].as_array().unwrap().clone()
}

/// The page's answers are those of `predict`, except that a browser knows no folder.
fn compare(browser: &mut Browser, files: &[PathBuf]) {
    for files in files.chunks(AT_ONCE) {
        let answers = chosen(browser, files);
        for ((file, mut expected), answer) in files.iter().zip(predicted(files)).zip(answers) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            expected["file"] = json!(name);
            if let Some(invalid) = expected["invalid"].as_str() {
                let shorter = |text: &str| text.replace(&file.display().to_string(), &name);
                let text = shorter(invalid);
                expected["predictions"].as_array_mut().unwrap().iter_mut().for_each(|one| {
                    if let Some(detail) = one["detail"].as_str().map(shorter) {
                        one["detail"] = json!(detail);
                    }
                });
                expected["invalid"] = json!(text);
            }
            assert_eq!(
                answer["prediction"],
                expected,
                "{}: if the lab changed, `cargo xtask report --check-page` renews the page",
                file.display()
            );
        }
    }
}

/// The files below a folder with this end of their name.
fn files_below(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files_below(&entry, end));
        } else if entry.extension().is_some_and(|e| e == end) {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn answers() {
    let mut browser = opened();
    let mut guests = files_below(&top().join("fixtures"), "wasm");
    assert!(guests.len() > 40, "{} guests", guests.len());
    guests.extend(files_below(&top().join("fixtures/hostile"), "wat"));
    if let Some(more) = std::env::var_os(MORE_GUESTS) {
        guests.extend(files_below(Path::new(&more), "wasm"));
    }
    compare(&mut browser, &guests);
    // The page shows everything in the answer.
    let one_of = |fixture: &str| files_below(&top().join("fixtures").join(fixture), "wasm").remove(0);
    for (fixture, key, of) in [("zig-hello", "uncertain", "name"), ("rust-wasip2-http-client", "switches", "")] {
        let answer = chosen(&mut browser, &[one_of(fixture)]).remove(0);
        let text = browser.text("document.getElementById('answers').innerText");
        let all = answer["prediction"]["predictions"].as_array().unwrap().iter();
        let listed =
            all.filter(|one| one["outcome"] != "fails").flat_map(|one| one[key].as_array().into_iter().flatten());
        let expected: Vec<&str> = listed.filter_map(|item| item.as_str().or(item[of].as_str())).collect();
        assert!(!expected.is_empty(), "{fixture} has no {key}");
        for name in expected {
            assert!(text::unwrapped(&text).contains(name), "{name:?} is not on the page:\n{text}");
        }
    }
    let answer = chosen(&mut browser, &[one_of("c-clang-hello")]).remove(0);
    let text = browser.text("document.getElementById('answers').innerText");
    let squeezed = |text: &str| text::unwrapped(text).replace('`', "");
    let all = answer["prediction"]["predictions"].as_array().unwrap();
    assert!(all.iter().any(|one| one["outcome"] == "runs") && all.iter().any(|one| one["outcome"] == "fails"));
    for one in all.iter().filter(|one| one["outcome"] == "fails") {
        for field in ["code", "subject", "remedy"] {
            let Some(expected) = one[field].as_str() else { continue };
            assert!(squeezed(&text).contains(&squeezed(expected)), "{expected:?} is not on the page:\n{text}");
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn malformed() {
    let mut browser = opened();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, contents: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, contents).unwrap();
        path
    };
    let module = wasm_with_names("env", "f", "x");
    let files = [
        file("empty.wasm", b""),
        file("page.wasm", b"<!doctype html><title>404</title>"),
        file("page.wat", b"<!doctype html><title>404</title>"),
        file("short.wasm", &module[..module.len() - 3]),
        file("header.wasm", b"\0asm"),
        file("version.wasm", b"\0asm\x07\0\0\0"),
        file("zeros.wasm", &vec![0; 1 << 20]),
        file("type.wat", b"(module (func (result i32)))"),
        file("syntax.wat", b"(module\n  (func (param i32) (oops)))"),
        // In short lines: a message quotes its line, and is cut at a length that counts the file's path.
        file("deep.wat", "(\n".repeat(100_000).as_bytes()),
        file("utf8.wat", b"(module (func $\xff))"),
    ];
    compare(&mut browser, &files);
    let text = browser.text("document.getElementById('answers').innerText");
    assert!(text.contains("syntax.wat:2:"), "the place of the mistake is shown:\n{text}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// A module with an import, an export and a custom section of these names.
fn wasm_with_names(module: &str, name: &str, custom: &str) -> Vec<u8> {
    let (mut types, mut imports, mut functions) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    types.ty().function([], []);
    imports.import(module, name, EntityType::Function(0));
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export(name, ExportKind::Func, 1).export("_start", ExportKind::Func, 1);
    let mut code = CodeSection::new();
    let mut body = Function::new([]);
    body.instructions().end();
    code.function(&body);
    let mut built = Module::new();
    built.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    built.section(&CustomSection { name: custom.into(), data: (&[1, 2, 3]).into() });
    built.finish()
}

fn silent() {
    let mut browser = opened();
    chosen(&mut browser, &files_below(&top().join("fixtures/c-clang-hello"), "wasm"));
    browser.value("[...document.querySelectorAll('details')].forEach((details) => (details.open = true))");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let page = format!("file://{}/reports/check.html", top().display());
    let others: Vec<String> =
        browser.requests().into_iter().filter(|url| *url != page && !url.starts_with("blob:")).collect();
    assert_eq!(others, Vec::<String>::new());
}

fn hostile() {
    let mut browser = opened();
    let dir = tempfile::tempdir().unwrap();
    let script = "</script><img src=x onerror=\"globalThis.pwned = 1\"><svg onload=alert(1)>{{7*7}}`${1}`";
    let direction = "\u{202e}exe.\u{1b}[31m\u{200b}";
    let long = "n".repeat(1 << 20);
    let names = [
        ("<img src=x onerror=pwned=1>.wasm", wasm_with_names(script, script, script)),
        ("direction\u{202e}.wasm", wasm_with_names(direction, direction, direction)),
        ("__proto__.wasm", wasm_with_names("__proto__", "constructor", "toString")),
        ("long.wasm", wasm_with_names(&long, &long, &long)),
    ];
    let files: Vec<PathBuf> = names
        .iter()
        .map(|(name, bytes)| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    compare(&mut browser, &files);
    browser.value("[...document.querySelectorAll('details')].forEach((details) => (details.open = true))");
    let text = browser.text("document.getElementById('answers').innerText");
    assert!(text.contains("<img src=x onerror=\"globalThis.pwned = 1\">"), "the name is shown");
    assert!(text.contains("\\u202e") && !text.contains('\u{202e}') && !text.contains('\u{1b}'), "as what it is");
    assert_eq!(browser.value("globalThis.pwned"), Value::Null);
    assert_eq!(
        browser.value("document.querySelectorAll('#answers img, #answers script, svg[onload]').length"),
        json!(0)
    );
    let length = browser.value("document.getElementById('answers').innerText.length").as_u64().unwrap();
    assert!(length < 200_000, "a long name is cut: {length}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn keyboard() {
    let mut browser = opened();
    let focus = "document.activeElement.id || document.activeElement.innerText";
    let mut seen = Vec::new();
    for _ in 0..6 {
        browser.press("Tab");
        seen.push(browser.text(focus));
    }
    for expected in ["theme", "file", "example"] {
        assert!(seen.iter().any(|name| name == expected), "Tab does not reach {expected}: {seen:?}");
    }
    browser.value("document.getElementById('example').focus()");
    browser.press("Enter");
    browser.wait("got.length === 1");
    browser.wait("document.getElementById('status').textContent.includes('Runs on')");
    let nameless = "[...document.querySelectorAll('button, input, summary, svg[role=img], [role=region]')]\
                    .filter((e) => !(e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.textContent)?.trim()).map((e) => e.outerHTML)";
    assert_eq!(browser.value(nameless), json!([]));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    // Nothing is cut off on a small screen.
    for width in [400, 1280] {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        let wide = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= width, "{wide} pixels on a screen of {width}");
    }
}

fn large() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("large.wasm");
    let bytes = large_module::thirty_megabytes();
    assert!(bytes.len() > 30_000_000, "{} bytes", bytes.len());
    fs::write(&file, bytes).unwrap();
    // The first file of a page: nothing is compiled yet.
    let mut browser = opened();
    browser.value(
        "document.getElementById('file').addEventListener('change', () => (globalThis.begun = performance.now())); \
         document.addEventListener('answer', () => (globalThis.ended = performance.now())); 0",
    );
    // Count only the page's own processor time, because this machine has other work, too.
    browser.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
    let before = browser.busy_ms();
    let answer = chosen(&mut browser, std::slice::from_ref(&file)).remove(0);
    let busy = browser.busy_ms() - before;
    assert!(answer["prediction"]["predictions"].as_array().is_some_and(|all| !all.is_empty()), "{answer}");
    let ms = browser.value("ended - begun").as_f64().unwrap();
    println!("{ms:.0} ms until the answer, of which the page itself was busy for {busy:.0} ms");
    // The worker does the work: the page itself is busy only for a moment.
    assert!(busy * 2.0 < ms, "the page was busy for {busy} of {ms} ms");
}

fn dropped() {
    let mut browser = opened();
    let drop = |files: &str| {
        format!(
            "(() => {{ got.length = 0; const data = new DataTransfer(); for (const file of {files}) data.items.add(file); \
             for (const kind of ['dragover', 'drop']) document.getElementById('drop').dispatchEvent(\
             new DragEvent(kind, {{ bubbles: true, cancelable: true, dataTransfer: data }})); }})()"
        )
    };
    browser.value(&drop("[new File(['(module)'], 'a.wat'), new File(['(module'], 'b.wat')]"));
    browser.wait("got.length === 2 && document.querySelectorAll('.answer').length === 2");
    let status = browser.text("document.getElementById('status').textContent");
    assert!(status.contains("a.wat: ") && status.contains("b.wat: Not a valid file"), "{status}");
    // The size of a file that cannot be read: refused at once, and the next one is read.
    let huge = "Object.defineProperty(new File(['x'], 'huge.wasm'), 'size', { value: 2 ** 30 })";
    browser.value(&format!("globalThis.huge = {huge}; 0"));
    browser.value(
        "got.length = 0; Object.defineProperty(document.getElementById('file'), 'files', \
         { value: [huge, new File(['(module)'], 'next.wat')], configurable: true }); \
         document.getElementById('file').dispatchEvent(new Event('change')); 0",
    );
    browser.wait("got.length === 2");
    assert!(browser.text("got[0].error").contains("larger than 512 MiB"));
    assert_eq!(browser.text("got[1].prediction.file"), "next.wat");
}
