//! Hostile names and output, and the policy that the browser enforces.

use serde_json::json;

use crate::harness::{PANEL, opened, page, sample};

const HOSTILE: &str =
    "</script></title></style><img src=x onerror=hacked=1><script>hacked=1</script>\"'&lt;<!--\u{1b}[2J\u{202e}txt";
const SHOWN: &str =
    "</script></title></style><img src=x onerror=hacked=1><script>hacked=1</script>\"'&lt;<!--\\u001b[2J\\u202etxt";

pub fn hostile() {
    let mut report = sample();
    let add = |text: &mut String| text.push_str(HOSTILE);
    for guest in &mut report.guests {
        add(&mut guest.toolchain);
        let Some(facts) = &mut guest.facts else { continue };
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
        // Bytes of the guest that were not UTF-8.
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

pub fn policy() {
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
