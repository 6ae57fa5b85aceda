//! The page of a check of files, and the page on which files are dropped.

use serde_json::json;
use wasmlab_model::report::RunReport;
use wasmlab_model::verdict::Verdict;
use wasmlab_report::check_page::{self, Reader, Stamp};

use crate::browser::Browser;
use crate::harness::{opened, page, sample};

/// A report of `check` with a file of this name.
fn report_of_file(name: &str) -> RunReport {
    let mut report = sample();
    report.command = "check".to_owned();
    report.scenarios.truncate(1);
    let old = std::mem::replace(&mut report.scenarios[0].name, name.to_owned());
    report.scenarios[0].title = format!("{name}.wat");
    report.guests.retain(|a| a.scenario == old);
    report.cells.retain(|c| c.scenario == old);
    report.guests.iter_mut().for_each(|a| {
        (a.scenario, a.origin) = (name.to_owned(), wasmlab_model::report::Origin::Given);
    });
    report.cells.iter_mut().for_each(|c| c.scenario = name.to_owned());
    report.cells[0].argv = vec!["/tmp/wasmlab-engine".to_owned(), "/tmp/wasmlab-cell-1/spec.json".to_owned()];
    report
}

pub fn file_names() {
    let mut browser = Browser::start();
    for (name, shown) in [
        ("My App", "My App"),
        ("100% of  it", "100% of it"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("]]>`@octocat` [x](y)", "]]>`@octocat` [x](y)"),
        ("a\"b c", "a\"b c"),
        ("esc\u{1b}[2J", "esc\\u001b[2J"),
    ] {
        let report = report_of_file(name);
        browser.open(&page(&report), "");
        let title = "document.getElementById('panel').open ? document.getElementById('panel-title').innerText.replace(/\\s+/g, ' ') : ''";
        for table in ["engines", "columns"] {
            browser.value(&format!("document.querySelector('input[value={table}]').click()"));
            browser.value(&format!("document.querySelector('#{table} td[data-i]').click()"));
            assert!(browser.text(title).starts_with(&format!("{shown}.wat on ")), "{name}: {}", browser.text(title));
            let hash = browser.text("location.hash");
            browser.open(&page(&report), &hash);
            assert!(browser.text(title).starts_with(&format!("{shown}.wat on ")), "{name} by {hash}");
            browser.value("document.getElementById('close').click()");
        }
        browser.value("document.querySelector('#columns td[data-i=\"0\"]').click()");
        // A command that still works can be copied; the one that ran in a removed folder is only shown.
        let copies =
            browser.text("[...document.querySelectorAll('#panel .command pre')].map(p => p.innerText).join('|')");
        assert!(copies.starts_with("cargo xtask check ") && copies.ends_with(" --runtime wasmi"), "{copies}");
        assert!(browser.text("document.getElementById('panel').textContent").contains("/tmp/wasmlab-cell-1/spec.json"));
        // The guest's panel, and only its rows.
        browser.value("document.querySelector('#guests tbody th a').click()");
        assert_eq!(browser.text(title), format!("{shown}.wat"));
        browser.value("document.querySelector('#panel .button').click()");
        let error = browser.text("document.getElementById('query-error').textContent");
        let status = browser.text("document.getElementById('status').textContent");
        assert_eq!((error.as_str(), status.starts_with("0 ")), ("", false), "{name}: {status}");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

/// The page for files, with a worker that gives this answer for each file.
fn page_for_files(answer: &serde_json::Value) -> String {
    let stamp = Stamp { sources: "0".to_owned(), compiler: "rustc".to_owned() };
    let html = check_page::page(&Reader::new(b"\0asm", stamp), &[]);
    let worker = format!(
        "onmessage = ({{ data }}) => postMessage(data.wasm ? {{ ready: true }} : {{ answer: {answer}, ms: 1 }});"
    );
    let (before, rest) = html.split_once("<script type=\"text/plain\" id=\"worker\">").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    format!("{before}<script type=\"text/plain\" id=\"worker\">{worker}</script>{after}")
}

pub fn dropped_library() {
    let prediction = |runtime: &str, code: &str| json!({ "runtime": runtime, "version": "1", "outcome": "fails", "code": code, "subject": "_start", "detail": "d", "remedy": "name an export", "only_loads": code == "no-entry-point" });
    let group = |names: &str, at: usize| json!({ "outcome": "fails", "names": names, "members": [at], "meaning": "m" });
    let predictions = json!([prediction("wasmi", "no-entry-point"), prediction("node", "missing-import")]);
    let answer = json!({
        "line": "9 B",
        "prediction": { "predictions": predictions },
        "groups": [group("wasmi 2.0", 0), group("node 24", 1)],
        "bytes": [{ "offset": 0, "bytes": "00 61 73 6d 01 00 00 00", "depth": 0, "meaning": "header" }, { "offset": 8, "bytes": "01", "depth": 0, "meaning": "?" }],
    });
    let mut browser = Browser::start();
    browser.open(&page_for_files(&answer), "");
    let drop = |files: &str| {
        format!(
            "(() => {{ const t = new DataTransfer(); {files}; dispatchEvent(new DragEvent('drop', {{ dataTransfer: t, cancelable: true }})); }})()"
        )
    };
    browser.value(&drop("t.items.add(new File(['x'], 'lib.wat'))"));
    browser.wait("document.querySelector('.answer') !== null");
    let parts = "[...document.querySelectorAll('.part-of')].map(p => p.innerText.replace(/\\s+/g, ' ')).join('|')";
    let parts = browser.text(parts);
    let (loads, fails) = parts.split_once('|').unwrap();
    assert!(loads.starts_with("Loads on ✓ wasmi 2.0") && loads.contains("name an export"), "{parts}");
    assert!(fails.starts_with("Does not ✗ node 24") && !fails.contains("wasmi"), "{parts}");
    // The bytes of an unreadable file are shown, too.
    assert!(browser.text("document.querySelector('.answer').textContent").contains("Every byte 9 B"));
    // Dropping something other than a file removes the previous answer.
    browser.value(&drop("t.setData('text/plain', 'text')"));
    assert_eq!(browser.text("document.getElementById('answers').textContent"), "");
    assert!(browser.text("document.getElementById('status').textContent").contains("not a file"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

pub fn no_reasons() {
    let mut report = report_of_file("app");
    for cell in &mut report.cells {
        (cell.verdict, cell.code, cell.subject, cell.remedy) = (Verdict::Pass, None, None, None);
    }
    report.codes.clear();
    let mut browser = opened(&report, "");
    assert_eq!(browser.value("document.querySelectorAll('#reasons, a[href=\"#reasons\"]').length"), json!(0));
    assert!(!browser.text("document.body.innerText").contains("what would change it"));
    // The filters keep a distance from the answer.
    let gap = "document.getElementById('tools').getBoundingClientRect().top - document.getElementById('families').getBoundingClientRect().bottom";
    assert!(browser.value(gap).as_f64().is_some_and(|gap| gap >= 20.0), "{}", browser.value(gap));
    assert_eq!(browser.value("document.querySelectorAll('#reasons').length"), json!(0));
    let mut browser = opened(&report_of_file("app"), "");
    assert_eq!(browser.value("document.querySelectorAll('#reasons').length"), json!(1));
}
