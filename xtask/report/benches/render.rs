//! `cargo bench -p wasmlab-report`: each renderer, and the comparison, over 4,000 cells. The limit is one second each.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::path::Path;
use std::sync::OnceLock;

use divan::Bencher;
use wasmlab_model::report::RunReport;
use wasmlab_report::{ALL, RenderOptions, compare, findings};

fn main() {
    divan::main();
}

/// Cells of the large report.
const CELLS: usize = 4_000;

/// The published report, repeated under other names until it has [`CELLS`] cells, each with some output.
fn large() -> &'static RunReport {
    static REPORT: OnceLock<RunReport> = OnceLock::new();
    REPORT.get_or_init(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/linux-x86_64.json");
        let whole: RunReport = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut report = whole.clone();
        for round in 1.. {
            if report.cells.len() >= CELLS {
                break;
            }
            let named = |name: &str| format!("{name}-{round}");
            report.scenarios.extend(whole.scenarios.iter().cloned().map(|mut s| {
                s.name = named(&s.name);
                s
            }));
            report.guests.extend(whole.guests.iter().cloned().map(|mut a| {
                a.scenario = named(&a.scenario);
                a
            }));
            report.cells.extend(whole.cells.iter().cloned().map(|mut c| {
                c.scenario = named(&c.scenario);
                c
            }));
        }
        report.cells.truncate(CELLS);
        for (index, cell) in report.cells.iter_mut().enumerate() {
            cell.output.stdout = "a line of a guest's output, <b>&amp;</b>\n".repeat(index % 25);
        }
        report
    })
}

#[divan::bench(args = ALL.iter().map(|renderer| renderer.id))]
fn render(bencher: Bencher, id: &str) {
    let renderer = wasmlab_report::find(id).unwrap();
    bencher.bench(|| renderer.text(large(), RenderOptions::PLAIN));
}

#[divan::bench]
fn findings_of(bencher: Bencher) {
    bencher.bench(|| findings::findings(large()).len());
}

#[divan::bench]
fn compare_reports(bencher: Bencher) {
    bencher.bench(|| compare::compare(large(), large(), |_| false).is_empty());
}
