//! The page on a telephone, 400 pixels wide.

use serde_json::json;

use crate::browser::Browser;
use crate::harness::{opened, published, sample};

/// Elements that are cut off or need horizontal scrolling. Only the matrix and the charts of a history may be wider
/// than the page.
const FAULTS: &str = "(() => {
    const faults = [];
    const seen = (selector) => [...document.querySelectorAll(selector)].filter(e => e.checkVisibility());
    const say = (what, e) => faults.push(`${what}: ${e.id || e.className} ${e.textContent.trim().slice(0, 60)}`);
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const e of seen('.matrix tbody .name, .chart tbody th')) if (e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible') say('cut', e);
    for (const e of seen('.wide-table:has(> .list), #panel-body, #panel-body .wide-table')) if (e.scrollWidth > e.clientWidth) say('scrolls', e);
    for (const e of seen('.list td[data-l]')) if (!/\\w/.test(getComputedStyle(e, '::before').content)) say('has no name', e);
    for (const e of seen('button, select, input')) {
        const place = e.getBoundingClientRect();
        if (place.left < 0 || place.right > innerWidth) say('outside', e);
    }
    for (const svg of seen('.chart thead svg')) {
        let end = 0;
        for (const text of [...svg.querySelectorAll('text')].filter(text => text.checkVisibility())) {
            const place = text.getBoundingClientRect();
            if (place.left < end) say('one upon another', text);
            end = place.right;
        }
        const next = svg.closest('th').nextElementSibling;
        if (next?.checkVisibility() && next.getBoundingClientRect().right < end) say('over the next column', svg);
    }
    return faults;
})()";

/// Nothing is cut off, in the page and in the panel, with either theme.
pub fn readable() {
    for report in [published(), sample()] {
        for theme in ["light", "dark"] {
            let mut browser = opened(&report, "");
            narrow(&mut browser, theme);
            browser.value("[...document.querySelectorAll('main details')].forEach(d => d.open = true)");
            assert_eq!(browser.value("innerWidth"), json!(400));
            assert_eq!(browser.value(FAULTS), json!([]), "{theme}");
            let (runtime, guest) = (&report.runtimes[0].id, &report.guests[0].scenario);
            // For small modules, the panel shows every byte.
            let small = report.guests.iter().map(|guest| &guest.scenario).filter(|name| name.starts_with("wat-"));
            let guests = small.chain([guest]).map(|guest| format!("guest={guest}"));
            for place in guests.chain([format!("cell={guest} {runtime}"), format!("runtime={runtime}")]) {
                browser.value(&format!("location.hash = {}", json!(format!("#{place}"))));
                browser.wait("document.getElementById('panel').open");
                assert_eq!(browser.value(FAULTS), json!([]), "{place}, {theme}");
                browser.value("document.getElementById('close').click()");
            }
            assert_eq!(browser.complaints(), Vec::<String>::new());
        }
    }
}

fn narrow(browser: &mut Browser, theme: &str) {
    let size = json!({ "width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": true });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
    browser.call("Emulation.setEmulatedMedia", theme);
}
