//! The page in headless Chromium: filters, links, evidence and keys, and that hostile text does nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;
use wasmlab_report::check_page::{self, Reader, Stamp};

use self::browser::Browser;
use self::harness::{PANEL, SEEN, opened, page, published, sample, top};

#[path = "page/browser.rs"]
mod browser;
#[path = "page/harness.rs"]
mod harness;
#[path = "page/narrow.rs"]
mod narrow;
#[path = "../../engines/common/required.rs"]
#[expect(dead_code, reason = "this file uses one of its functions")]
mod required;
#[path = "page/trials.rs"]
mod trials;

/// The tests.
const TESTS: &[(&str, fn())] = &[
    ("the page is silent and asks for nothing", silent),
    ("a query shows the cells that it means", filters),
    ("a query that cannot be read says why and changes nothing", wrong_query),
    ("choices and views are kept in the address", address),
    ("a cell opens its evidence", evidence),
    ("a file opens its evidence, whatever its name", file_names),
    ("a library that is dropped loads", dropped_library),
    ("the keyboard reaches everything", keyboard),
    ("a panel that closes late takes no focus", late_close),
    ("a check that passes everywhere has no reasons", no_reasons),
    ("every link of the page leads somewhere", links),
    ("hostile names and output are text", hostile),
    ("the policy of the page lets nothing else run", policy),
    ("at 400 pixels nothing is cut off", narrow::readable),
    ("four thousand cells are filtered within 100 ms", speed),
];

fn main() {
    trials::run(TESTS);
}

fn silent() {
    for report in [published(), sample()] {
        let mut browser = opened(&report, "");
        assert_eq!(browser.text("document.title"), "Where WebAssembly runs");
        browser.value("[...document.querySelectorAll('details')].forEach(d => d.open = true)");
        assert_eq!(browser.complaints(), Vec::<String>::new());
        let page = format!("file://{}/index.html", browser.dir.path().display());
        let others: Vec<String> = browser.requests().into_iter().filter(|url| *url != page).collect();
        assert_eq!(others, Vec::<String>::new());
    }
}

fn filters() {
    let report = published();
    let mut browser = opened(&report, "#columns=columns");
    let mut check = |query: &str, wanted: &dyn Fn(&Cell) -> bool| {
        browser.value("document.getElementById('query').focus(), document.getElementById('query').select()");
        browser.type_text(query);
        let wanted: Vec<usize> = (0..report.cells.len()).filter(|at| wanted(&report.cells[*at])).collect();
        let empty = if wanted.is_empty() { ": nothing is shown" } else { "" };
        let status = format!("{} of {} cells match{empty}", wanted.len(), report.cells.len());
        assert_eq!(browser.text("document.getElementById('status').textContent"), status, "{query}");
        assert_eq!(browser.value(SEEN), json!(wanted), "{query}");
    };
    let code = |cell: &Cell| cell.code.map(|code| code.id()).unwrap_or_default();
    let blames = |cell: &Cell, whom: &str| cell.blame.iter().any(|blame| blame.id() == whom);
    check("runtime:wasmer and code:missing-import and not blame:toolchain", &|c| {
        c.runtime.contains("wasmer") && code(c) == "missing-import" && !blames(c, "toolchain")
    });
    check("runtime:wasmtime and verdict:gap and not blame:toolchain", &|c| {
        c.runtime.contains("wasmtime") && c.verdict == Verdict::Gap && !blames(c, "toolchain")
    });
    check("runtime=node verdict:pass", &|c| c.runtime == "node" && c.verdict == Verdict::Pass);
    check("(code=trap or verdict=fail) or runtime=bun", &|c| {
        code(c) == "trap" || c.verdict == Verdict::Fail || c.runtime == "bun"
    });
    check("not (verdict:not or verdict:pass)", &|c| !c.verdict.id().contains("not") && c.verdict != Verdict::Pass);
    check("guest=rust-*-hello stage=run", &|c| {
        c.scenario.starts_with("rust-") && c.scenario.ends_with("-hello") && c.stage == Some(wasmlab_protocol_stage())
    });
    let size = |c: &Cell| report.artifacts.iter().find(|a| a.scenario == c.scenario).map(|a| a.bytes);
    check("size>2m", &|c| size(c).is_some_and(|bytes| bytes > 2_000_000));
    check("is:switch", &|c| !c.switches.is_empty());
    check("REALLOC or \"not define\" runtime:wasmi", &|c| {
        c.detail.to_lowercase().contains("realloc") || c.runtime.contains("wasmi") && c.detail.contains("not define")
    });
}

/// `run`, without the crate that has it.
fn wasmlab_protocol_stage<T: serde::de::DeserializeOwned>() -> T {
    serde_json::from_value(json!("run")).unwrap()
}

fn wrong_query() {
    let mut browser = opened(&published(), "#q=runtime%3Dnode");
    let seen = browser.value(SEEN);
    let mut check = |query: &str, message: &str| {
        browser.value("document.getElementById('query').focus(), document.getElementById('query').select()");
        browser.type_text(query);
        assert_eq!(browser.text("document.getElementById('query-error').textContent"), message, "{query}");
        assert_eq!(browser.value(SEEN), seen, "{query}");
    };
    check("runtime:", "`runtime:` needs a value");
    check("(verdict:pass", "a bracket is not closed");
    check("verdict:pass)", "`)` stands where nothing was opened");
    check("verdict:pass and", "the query ends too early");
    check("or verdict:pass", "`or` has nothing to join");
    check("size>big", "`size>big` needs a number, as in `size>100` or `size<2k`");
    check("runtime>1", "`runtime` is not a number: write `runtime:1`");
    check("\"open", "a quote is not closed: \"open");
    let deep = "brackets and `not` are nested more than 100 deep";
    check(&"(".repeat(300), deep);
    check(&format!("{}verdict:pass", "not ".repeat(300)), deep);
}

fn address() {
    let mut browser = opened(&published(), "");
    let mut choose = |id: &str, value: &str| {
        browser.value(&format!(
            "(() => {{ const s = document.getElementById('{id}'); s.value = '{value}'; \
             s.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        ));
    };
    choose("choice-family", "tcp-echo");
    choose("choice-abi", "WASI 0.2");
    choose("choice-verdict", "gap");
    choose("choice-verdict", "pass");
    browser.value("document.querySelector('input[value=columns]').click()");
    browser.value("document.querySelector('input[value=route]').click()");
    let query = browser.text("document.getElementById('query').value");
    assert_eq!(query, "family=tcp-echo and abi=\"WASI 0.2\" and verdict=pass");
    let seen = browser.value(SEEN);
    let hash = browser.text("location.hash");
    assert_eq!(
        hash,
        "#q=family%3Dtcp-echo%20and%20abi%3D%22WASI%200.2%22%20and%20verdict%3Dpass&columns=columns&by=route"
    );
    browser.open(&page(&published()), &hash);
    assert_eq!(browser.value(SEEN), seen);
    assert_eq!(browser.text("document.getElementById('choice-abi').value"), "WASI 0.2");
    let group =
        "[...document.querySelectorAll('#columns tbody')].find(t => t.checkVisibility()).rows[0].innerText.trim()";
    assert_eq!(browser.text(group), "rust-wasip2");
    browser.value("document.getElementById('clear').click()");
    assert_eq!(browser.text("location.hash"), "");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn evidence() {
    let report = sample();
    let mut browser = opened(&report, "#columns=columns");
    let mut shown = 0;
    for (at, cell) in report.cells.iter().enumerate() {
        browser.value(&format!("document.querySelector('#columns td[data-i=\"{at}\"]').click()"));
        assert_eq!(browser.value("document.getElementById('panel').open"), json!(true));
        let text = browser.text(PANEL);
        let mut wanted = vec![cell.scenario.clone(), cell.runtime.clone(), cell.detail.clone()];
        wanted.extend(cell.code.map(|code| code.id().to_owned()));
        wanted.extend(cell.subject.clone().into_iter().chain(cell.known.clone()).chain(cell.default_result.clone()));
        wanted.extend(cell.checks.iter().map(|check| check.name.clone()));
        wanted.extend(cell.output.stdout.lines().map(ToOwned::to_owned));
        wanted.extend(report.artifacts.iter().filter(|a| a.scenario == cell.scenario).map(|a| a.sha256.clone()));
        if !cell.argv.is_empty() {
            wanted.push(format!("cargo xtask run-one {} {}", cell.scenario, cell.runtime));
            wanted.push(cell.argv[0].clone());
        }
        // What a paragraph shows has one blank where the text has several.
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for expected in wanted {
            assert!(squeezed(&text).contains(&squeezed(&expected)), "{expected:?} is not in the evidence:\n{text}");
            shown += 1;
        }
        browser.value("document.getElementById('close').click()");
    }
    assert!(shown > 20, "the sample says too little: {shown}");
    // The command is on the clipboard after a click.
    browser.value("navigator.clipboard.writeText = async text => { globalThis.copied = text; }");
    browser.value("document.querySelector('#columns td[data-i=\"0\"]').click(), document.querySelector('.command button').click()");
    let wanted = format!("cargo xtask run-one {} {}", report.cells[0].scenario, report.cells[0].runtime);
    assert_eq!(browser.text("globalThis.copied"), wanted);
}

/// A report of `check` with a file of this name.
fn report_of_file(name: &str) -> RunReport {
    let mut report = sample();
    report.command = "check".to_owned();
    report.scenarios.truncate(1);
    let old = std::mem::replace(&mut report.scenarios[0].name, name.to_owned());
    report.scenarios[0].title = format!("{name}.wat");
    report.artifacts.retain(|a| a.scenario == old);
    report.cells.retain(|c| c.scenario == old);
    report.artifacts.iter_mut().for_each(|a| {
        (a.scenario, a.origin) = (name.to_owned(), wasmlab_model::report::Origin::Given);
    });
    report.cells.iter_mut().for_each(|c| c.scenario = name.to_owned());
    report.cells[0].argv = vec!["/tmp/wasmlab-engine".to_owned(), "/tmp/wasmlab-cell-1/spec.json".to_owned()];
    report
}

fn file_names() {
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
        // A command that can work is offered; the one that ran in a folder that is gone is only shown.
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

/// The page for files with a worker that gives this answer to each file.
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

fn dropped_library() {
    let prediction = |runtime: &str, code: &str| json!({ "runtime": runtime, "version": "1", "verdict": "fails", "code": code, "subject": "_start", "detail": "d", "remedy": "name an export" });
    let group = |names: &str, at: usize| json!({ "verdict": "fails", "names": names, "members": [at], "meaning": "m" });
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
    // A file that cannot be read has bytes all the same.
    assert!(browser.text("document.querySelector('.answer').textContent").contains("Every byte 9 B"));
    // What is no file leaves no answer of another one.
    browser.value(&drop("t.setData('text/plain', 'text')"));
    assert_eq!(browser.text("document.getElementById('answers').textContent"), "");
    assert!(browser.text("document.getElementById('status').textContent").contains("not a file"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn keyboard() {
    let mut browser = opened(&published(), "");
    let focus = "(() => { const e = document.activeElement; return e.id || e.dataset.i || e.innerText.split('\\n')[0].trim(); })()";
    browser.press("/");
    assert_eq!(browser.text(focus), "query");
    browser.type_text("runtime:wasmtime family:hello");
    browser.press("Enter");
    let first = browser.text(focus);
    assert!(first.starts_with(|c: char| c.is_ascii_digit()), "Enter leads to the matrix: {first}");
    browser.press("ArrowDown");
    let below = browser.text(focus);
    browser.press("ArrowLeft");
    browser.press("ArrowLeft");
    let name = browser.text(focus);
    assert!(name.ends_with("-hello") && below != first, "{first} {below} {name}");
    browser.press("Enter");
    assert!(browser.text(PANEL).contains("Where the bytes are"), "a guest's name opens the guest");
    escape(&mut browser);
    assert_eq!(browser.value("document.getElementById('panel').open"), json!(false));
    assert_eq!(browser.text(focus), name, "the focus comes back");
    browser.press("ArrowRight");
    browser.press("Enter");
    let one = browser.text("document.getElementById('panel-title').innerText");
    browser.press("ArrowRight");
    let next = browser.text("document.getElementById('panel-title').innerText");
    assert!(one != next && next.contains(" on wasmtime-36"), "{one}, then {next}");
    browser.press("ArrowLeft");
    assert_eq!(browser.text("document.getElementById('panel-title').innerText"), one);
    escape(&mut browser);
    for _ in 0..3 {
        browser.press("ArrowUp");
    }
    assert_eq!(browser.text(focus), "wasmtime", "the head of the column");
    browser.press("Enter");
    assert!(browser.text(PANEL).contains("Why guests do not pass"), "a runtime's name opens the runtime");
    escape(&mut browser);
    // What has the focus is not below the heads that stay in sight.
    browser.value("document.getElementById('clear').click()");
    browser.press("/");
    browser.press("Enter");
    for _ in 0..30 {
        browser.press("ArrowDown");
    }
    for _ in 0..20 {
        browser.press("ArrowUp");
    }
    let clear = "document.activeElement.getBoundingClientRect().top >= document.querySelector('#engines thead th').getBoundingClientRect().bottom - 1";
    assert_eq!(browser.value(clear), json!(true));
    // One stop for Tab in the whole matrix, and every control has a name.
    let stops = browser.value("document.querySelectorAll('.wide-table:not([hidden]) .matrix [tabindex=\"0\"]').length");
    assert_eq!(stops, json!(1));
    let nameless = "[...document.querySelectorAll('button, input, select, td[data-i], svg[role=img]')]\
                    .filter(e => !(e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.innerText)?.trim()).map(e => e.outerHTML)";
    assert_eq!(browser.value(nameless), json!([]));
}

/// Closes the panel; its `close` event, which clears the address, comes some time after the key.
fn escape(browser: &mut Browser) {
    browser.press("Escape");
    browser.wait("!/(cell|guest|runtime)=/.test(location.hash)");
}

fn late_close() {
    let mut browser = opened(&published(), "");
    browser.value(
        "addEventListener('close', event => {
            if (globalThis.late) return;
            event.stopImmediatePropagation();
            globalThis.late = () => event.target.dispatchEvent(new Event('close'));
        }, true)",
    );
    browser.press("/");
    browser.press("Enter");
    browser.press("Enter");
    assert_eq!(browser.value("document.getElementById('panel').open"), json!(true));
    browser.press("Escape");
    browser.wait("typeof late === 'function'");
    browser.press("/");
    browser.value("late()");
    assert_eq!(browser.text("document.activeElement.id"), "query");
}

fn no_reasons() {
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

fn links() {
    let report = published();
    // Where it lies in the repository: links to the lessons are from there.
    let mut browser = Browser::start();
    let file = browser.dir.path().join("reports/index.html");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, page(&report)).unwrap();
    browser.open_file(&file, "");
    let sections = "[...document.querySelectorAll('nav a[href^=\"#\"], .skip')].map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))";
    assert_eq!(browser.value(sections), json!([]));
    let pages = "[...document.querySelectorAll('nav a:not([href^=\"#\"])')].map(a => a.getAttribute('href'))";
    assert_eq!(browser.value(pages), json!(["check.html"]));
    let dead = "(() => {
        const dead = [];
        // Browsers refuse hundreds of changes of the address at once.
        history.pushState = history.replaceState = () => {};
        for (const href of new Set([...document.querySelectorAll('main a[href*=\"=\"], header a[href*=\"=\"]')].map(a => a.getAttribute('href')))) {
            document.querySelector(`a[href=\"${CSS.escape(href)}\"]`).click();
            const status = document.getElementById('status').textContent;
            const alive = href.startsWith('#q=') ? !status.startsWith('0 ') && !document.getElementById('query-error').textContent : document.getElementById('panel').open;
            if (!alive) dead.push(href);
            document.getElementById('panel').close();
        }
        return dead;
    })()";
    assert_eq!(browser.value(dead), json!([]));
    let lessons = browser.value(
        "[...document.querySelectorAll('#guests tbody th a')].map(a => {
            a.click();
            const href = document.querySelector('#panel a[href$=\"README.md\"]').getAttribute('href');
            document.getElementById('panel').close();
            return href;
        })",
    );
    let lessons = lessons.as_array().unwrap();
    assert_eq!(lessons.len(), report.scenarios.len());
    for href in lessons {
        assert!(top().join("reports").join(href.as_str().unwrap()).is_file(), "{href}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

const HOSTILE: &str =
    "</script></title></style><img src=x onerror=hacked=1><script>hacked=1</script>\"'&lt;<!--\u{1b}[2J\u{202e}txt";
const SHOWN: &str =
    "</script></title></style><img src=x onerror=hacked=1><script>hacked=1</script>\"'&lt;<!--\\u001b[2J\\u202etxt";

fn hostile() {
    let mut report = sample();
    let add = |text: &mut String| text.push_str(HOSTILE);
    for artifact in &mut report.artifacts {
        add(&mut artifact.toolchain);
        let Some(facts) = &mut artifact.facts else { continue };
        facts.imports.iter_mut().flat_map(|i| [&mut i.module, &mut i.name, &mut i.ty]).for_each(add);
        facts.exports.iter_mut().for_each(|e| add(&mut e.name));
        facts.sections.iter_mut().for_each(|s| add(&mut s.name));
        facts.producers.iter_mut().for_each(|p| add(&mut p.name));
        facts.abis.iter_mut().flat_map(|a| &mut a.evidence).for_each(add);
    }
    report.scenarios.iter_mut().flat_map(|s| [&mut s.title, &mut s.family, &mut s.route]).for_each(add);
    for runtime in &mut report.runtimes {
        add(&mut runtime.mode);
        runtime.tool.version.iter_mut().chain(&mut runtime.tool.missing).chain(&mut runtime.note).for_each(add);
    }
    report.notes.iter_mut().flat_map(|n| [&mut n.subject, &mut n.text]).for_each(add);
    for cell in &mut report.cells {
        add(&mut cell.detail);
        add(&mut cell.output.stdout);
        // What was no UTF-8 when the guest wrote it.
        cell.output.stderr = format!("\u{fffd}\u{fffd}{HOSTILE}");
        cell.argv.push(HOSTILE.to_owned());
        cell.switches.iter_mut().for_each(add);
        cell.subject
            .iter_mut()
            .chain(&mut cell.remedy)
            .chain(&mut cell.known)
            .chain(&mut cell.default_result)
            .for_each(add);
        cell.checks.iter_mut().for_each(|c| add(c.message.get_or_insert_default()));
    }
    let mut browser = opened(&report, "#columns=columns");
    let mut texts = vec![browser.text("document.body.innerText")];
    for at in 0..report.cells.len() {
        browser.value(&format!("document.querySelector('#columns td[data-i=\"{at}\"]').click()"));
        texts.push(browser.text(PANEL));
        browser.value("document.getElementById('panel').close()");
    }
    for (kind, name) in
        report.scenarios.iter().map(|s| ("guest", &s.name)).chain(report.runtimes.iter().map(|r| ("runtime", &r.id)))
    {
        browser.open(&page(&report), &format!("#{kind}={name}"));
        texts.push(browser.text(PANEL));
    }
    for text in &texts {
        assert!(text.contains(SHOWN), "it is not shown as it is:\n{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    assert_eq!(browser.value("typeof hacked"), json!("undefined"));
    assert_eq!(browser.value("document.querySelectorAll('img').length + document.scripts.length"), json!(2));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert!(browser.requests().iter().all(|url| url.contains("/index.html")), "{:?}", browser.requests());
}

fn policy() {
    let mut browser = opened(&sample(), "");
    browser
        .value("document.body.append(Object.assign(document.createElement('script'), { textContent: 'hacked = 1' }))");
    browser.value(
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/x\" onerror=\"hacked = 1\">')",
    );
    let fetched = browser.text("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')");
    assert_eq!(fetched, "refused");
    assert_eq!(browser.value("typeof hacked"), json!("undefined"));
    let refusals = browser.complaints().iter().filter(|text| text.contains("Content Security Policy")).count();
    assert!(refusals >= 3, "{:?}", browser.complaints());
}

fn speed() {
    let mut report = published();
    // Real rows, twice, each cell with words of its own.
    for scenario in report.scenarios.clone() {
        let name = format!("{}-again", scenario.name);
        report.scenarios.push(wasmlab_model::report::ScenarioInfo { name, ..scenario });
    }
    for cell in report.cells.clone() {
        report.cells.push(Cell { scenario: format!("{}-again", cell.scenario), ..cell });
    }
    report.cells.truncate(4000);
    assert_eq!(report.cells.len(), 4000);
    for (at, cell) in report.cells.iter_mut().enumerate() {
        cell.output.stdout = format!("{at}: a line of output\n").repeat(15);
    }
    let html = page(&report);
    assert!(html.len() < 5_000_000, "{} bytes", html.len());
    const QUERY: &str = "runtime:wasmer and code:missing-import and not blame:toolchain";
    for columns in ["engines", "columns"] {
        let mut browser = Browser::start();
        // The page's own time on the processor: this machine has other work too.
        browser.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        browser.open(&html, &format!("#columns={columns}"));
        // The best of three rounds: what is left of loading and painting falls into some of them.
        let mut times = [f64::INFINITY; QUERY.len()];
        for _ in 0..3 {
            for (at, time) in times.iter_mut().enumerate() {
                let before = browser.busy_ms();
                // The key, and the layout that follows it.
                browser.value(&format!(
                    "query.value = {}, query.dispatchEvent(new Event('input')), document.body.getBoundingClientRect().top",
                    json!(QUERY[..=at])
                ));
                *time = time.min(browser.busy_ms() - before);
            }
        }
        let slowest = times.into_iter().fold(0.0, f64::max);
        assert!(slowest > 0.0 && slowest < 100.0, "{columns}: a keystroke took {slowest} ms");
        println!("{columns}: at most {slowest:.1} ms for a keystroke, {} bytes", html.len());
    }
}
