//! The page in headless Chromium: filters, links, evidence and keys, and that hostile text does nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use wasmlab_model::report::Cell;
use wasmlab_model::verdict::Verdict;

use self::browser::Browser;
use self::harness::{PANEL, SEEN, opened, page, published, sample, top};

#[path = "page/browser.rs"]
mod browser;
#[path = "page/files.rs"]
mod files;
#[path = "page/harness.rs"]
mod harness;
#[path = "page/hostile.rs"]
mod hostile;
#[path = "page/narrow.rs"]
mod narrow;
#[path = "../../engines/common/required.rs"]
#[expect(dead_code, reason = "this file uses one of its functions")]
mod required;
#[path = "page/trials.rs"]
mod trials;

/// The tests.
const TESTS: &[(&str, fn())] = &[
    // The longest comes first, so that the others run beside it.
    ("a key that filters four thousand cells does not lay out the page for each row", speed),
    ("the page is silent and asks for nothing", silent),
    ("a query shows the cells that it means", filters),
    ("a query that cannot be read says why and changes nothing", wrong_query),
    ("choices and views are kept in the address", address),
    ("a cell opens its evidence", evidence),
    ("a file opens its evidence, whatever its name", files::file_names),
    ("a library that is dropped loads", files::dropped_library),
    ("the keyboard reaches everything", keyboard),
    ("a panel that closes late takes no focus", late_close),
    ("a check that passes everywhere has no reasons", files::no_reasons),
    ("screen readers are given rows and columns", roles),
    ("every link of the page leads somewhere", links),
    ("hostile names and output are text", hostile::hostile),
    ("the policy of the page lets nothing else run", hostile::policy),
    ("at 400 pixels nothing is cut off", narrow::readable),
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
    let mut check = |query: &str, expected: &dyn Fn(&Cell) -> bool| {
        browser.value("document.getElementById('query').focus(), document.getElementById('query').select()");
        browser.type_text(query);
        let expected: Vec<usize> = (0..report.cells.len()).filter(|at| expected(&report.cells[*at])).collect();
        let empty = if expected.is_empty() { ": nothing is shown" } else { "" };
        let status = format!("{} of {} cells match{empty}", expected.len(), report.cells.len());
        assert_eq!(browser.text("document.getElementById('status').textContent"), status, "{query}");
        assert_eq!(browser.value(SEEN), json!(expected), "{query}");
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
    let size = |c: &Cell| report.guest(&c.scenario).map(|guest| guest.bytes);
    check("size>2m", &|c| size(c).is_some_and(|bytes| bytes > 2_000_000));
    check("is:switch", &|c| !c.switches.is_empty());
    check("REALLOC or \"not define\" runtime:wasmi", &|c| {
        c.detail.to_lowercase().contains("realloc") || c.runtime.contains("wasmi") && c.detail.contains("not define")
    });
}

/// The stage `run`, without a dependency on the crate that defines it.
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
    check("verdict:pass)", "unmatched `)`");
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
        let mut expected = vec![cell.scenario.clone(), cell.runtime.clone(), cell.detail.clone()];
        expected.extend(cell.code.map(|code| code.id().to_owned()));
        expected.extend(cell.subject.clone().into_iter().chain(cell.known.clone()).chain(cell.default_result.clone()));
        expected.extend(cell.checks.iter().map(|check| check.name.clone()));
        expected.extend(cell.output.stdout.lines().map(ToOwned::to_owned));
        expected.extend(report.guests.iter().filter(|a| a.scenario == cell.scenario).map(|a| a.sha256.clone()));
        if !cell.argv.is_empty() {
            expected.push(format!("cargo xtask run-one {} {}", cell.scenario, cell.runtime));
            expected.push(cell.argv[0].clone());
        }
        // Paragraphs show several blanks as one.
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for piece in expected {
            assert!(squeezed(&text).contains(&squeezed(&piece)), "{piece:?} is not in the evidence:\n{text}");
            shown += 1;
        }
        browser.value("document.getElementById('close').click()");
    }
    assert!(shown > 20, "the sample says too little: {shown}");
    // The command is on the clipboard after a click.
    browser.value("navigator.clipboard.writeText = async text => { globalThis.copied = text; }");
    browser.value("document.querySelector('#columns td[data-i=\"0\"]').click(), document.querySelector('.command button').click()");
    let expected = format!("cargo xtask run-one {} {}", report.cells[0].scenario, report.cells[0].runtime);
    assert_eq!(browser.text("globalThis.copied"), expected);
}

fn keyboard() {
    let mut browser = opened(&published(), "");
    let focus = "(() => { const e = document.activeElement; return e.id || e.dataset.i || e.innerText.split('\\n')[0].trim(); })()";
    browser.press("/");
    assert_eq!(browser.text(focus), "query");
    browser.type_text("runtime:wasm family:hello");
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
    assert!(one != next && next.contains(" on tinywasm"), "{one}, then {next}");
    browser.press("ArrowLeft");
    assert_eq!(browser.text("document.getElementById('panel-title').innerText"), one);
    escape(&mut browser);
    for _ in 0..3 {
        browser.press("ArrowUp");
    }
    assert_eq!(browser.text(focus), "wasmi", "the head of the column");
    browser.press("Enter");
    assert!(browser.text(PANEL).contains("Why guests do not pass"), "a runtime's name opens the runtime");
    escape(&mut browser);
    // The focused cell is not hidden under the sticky headings.
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

fn links() {
    let report = published();
    // At its place in the repository, because links to lessons are relative to it.
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

/// Rows that are laid out independently keep their roles.
fn roles() {
    let report = published();
    for table in ["engines", "columns"] {
        let mut browser = opened(&report, &format!("#columns={table}"));
        let columns =
            browser.value(&format!("document.querySelectorAll('#{table} thead th').length")).as_u64().unwrap();
        let groups = browser.value(&format!("document.querySelectorAll('#{table} .group').length")).as_u64().unwrap();
        browser.wait("!document.querySelector('.typing')");
        let grid = browser
            .call("Runtime.evaluate", json!({ "expression": format!("document.querySelector('#{table} table')") }));
        let query = json!({ "objectId": grid["result"]["objectId"] });
        let rows = report.scenarios.len() as u64;
        let expected = [
            ("row", 1 + rows + groups),
            ("columnheader", columns),
            ("rowheader", rows + groups),
            ("gridcell", rows * (columns - 1)),
        ];
        for (role, count) in expected {
            let mut query = query.clone();
            query["role"] = json!(role);
            let found = browser.call("Accessibility.queryAXTree", query);
            let mut count = count;
            if role == "gridcell" {
                // A group's row has an additional, empty cell.
                let fillers = format!(
                    "[...document.querySelectorAll('#{table} .group td')].filter(td => td.checkVisibility()).length"
                );
                count += browser.value(&fillers).as_u64().unwrap();
            }
            let nodes = found["nodes"].as_array().unwrap();
            assert_eq!(nodes.iter().filter(|node| node["ignored"] == false).count() as u64, count, "{table}: {role}");
        }
    }
}

fn speed() {
    let mut report = published();
    // Real rows, twice, each cell with its own text.
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
        // For the printed time, count only the page's own processor time, because this machine has other work, too.
        browser.call("Performance.enable", json!({ "timeDomain": "threadTicks" }));
        browser.open(&html, &format!("#columns={columns}"));
        // The best of three rounds, because some include leftover work of loading and painting.
        let mut best = [(f64::INFINITY, f64::INFINITY); QUERY.len() + 1];
        for _ in 0..3 {
            // Let the page come to rest before the first key.
            std::thread::sleep(std::time::Duration::from_millis(1000));
            for (at, (layouts, busy)) in best.iter_mut().enumerate() {
                // The last step removes the whole query, so that every cell is shown again.
                let query = QUERY.get(..=at).unwrap_or_default();
                let before = (browser.metric("LayoutCount"), browser.busy_ms());
                // The key, and the layout that follows it.
                browser.value(&format!(
                    "query.value = {}, query.dispatchEvent(new Event('input')), document.body.getBoundingClientRect().top",
                    json!(query)
                ));
                *layouts = layouts.min(browser.metric("LayoutCount") - before.0);
                *busy = busy.min(browser.busy_ms() - before.1);
            }
        }
        let most = best.iter().map(|(layouts, _)| *layouts).fold(0.0, f64::max);
        let slowest = best.iter().map(|(_, busy)| *busy).fold(0.0, f64::max);
        // A filter that measures while it hides would lay out the page once for each row.
        assert!((1.0..=4.0).contains(&most), "{columns}: a keystroke took {most} layouts");
        println!("{columns}: at most {slowest:.1} ms and {most} layouts for a keystroke, {} bytes", html.len());
    }
}
