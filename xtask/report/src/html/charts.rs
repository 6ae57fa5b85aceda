//! The page's charts: sizes by route, times by runtime. Scales are logarithmic, because sizes and times differ by a
//! factor of a thousand; positions and lengths are percentages of the chart's width.

use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::text::bytes;
use wasmlab_model::verdict::Verdict;

use crate::text::{GuestNames, median};

/// The sizes of one program, by route.
pub struct SizeChart {
    /// The family.
    pub family: String,
    /// The scale above it.
    pub ticks: Vec<ChartTick>,
    /// Sorted by size, smallest first.
    pub bars: Vec<SizeBar>,
}

/// A line of the scale.
pub struct ChartTick {
    /// Position, percent.
    pub at: String,
    /// Label.
    pub label: String,
}

/// One guest.
pub struct SizeBar {
    /// The scenario.
    pub scenario: String,
    /// Its displayed name.
    pub name: String,
    /// Its size.
    pub size: String,
    /// Length of its bar, percent.
    pub length: String,
    /// The segments of its bar.
    pub segments: Vec<BarSegment>,
}

/// A segment of a bar: the bytes of one kind.
pub struct BarSegment {
    /// The class that colours it.
    pub class: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its start, percent.
    pub from: String,
    /// Its share of the bar, percent.
    pub share: String,
}

/// Times by runtime.
pub struct TimeChart {
    /// The scale above it.
    pub ticks: Vec<ChartTick>,
    /// Sorted by start time, fastest first.
    pub bars: Vec<TimeBar>,
}

/// One runtime; times are medians over the guests that pass.
pub struct TimeBar {
    /// The column.
    pub runtime: String,
    /// Number of guests measured.
    pub cells: usize,
    /// Times of the process, compilation and execution.
    pub marks: Vec<TimeMark>,
}

/// A time on a chart.
pub struct TimeMark {
    /// The class that colours it.
    pub class: &'static str,
    /// The measured quantity.
    pub name: &'static str,
    /// Position, percent.
    pub at: String,
    /// `12 ms`.
    pub text: String,
}

/// A logarithmic scale.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Whole powers of ten around the values.
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).max(0.01).log10().floor();
        let high = values.fold(0.01, f64::max).log10().ceil();
        Self { low, high: if high > low { high } else { low + 1.0 } }
    }

    /// Percent of the width.
    fn at(&self, value: f64) -> f64 {
        let part = (value.max(0.01).log10() - self.low) / (self.high - self.low);
        (part * 100.0).clamp(0.0, 100.0)
    }

    fn ticks(&self, label: impl Fn(f64) -> String) -> Vec<ChartTick> {
        let mut ticks = Vec::new();
        let mut power = self.low;
        while power <= self.high {
            let value = 10_f64.powf(power);
            ticks.push(ChartTick { at: percent(self.at(value)), label: label(value) });
            power += 1.0;
        }
        ticks
    }
}

/// As an attribute of the chart.
pub fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

/// A family with fewer guests gets no chart.
const MIN_BARS: usize = 3;

/// One chart per family with several guests, largest family first.
pub fn sizes(report: &RunReport) -> Vec<SizeChart> {
    let mut families: Vec<&str> = report.scenarios.iter().map(|s| s.family.as_str()).collect();
    families.sort_unstable();
    families.dedup();
    let mut charts: Vec<SizeChart> = families.into_iter().filter_map(|family| size_chart(report, family)).collect();
    charts.sort_by_key(|chart| std::cmp::Reverse(chart.bars.len()));
    charts
}

fn size_chart(report: &RunReport, family: &str) -> Option<SizeChart> {
    let of_family = |name: &str| report.scenarios.iter().find(|s| s.name == name && s.family == family);
    let mut guests: Vec<_> = report.guests.iter().filter_map(|a| Some((of_family(&a.scenario)?, a))).collect();
    if guests.len() < MIN_BARS {
        return None;
    }
    guests.sort_by_key(|(_, guest)| guest.bytes);
    let scale = Scale::of(guests.iter().map(|(_, guest)| guest.bytes as f64));
    let names = GuestNames::of(report);
    let bars = guests.iter().map(|(scenario, guest)| SizeBar {
        scenario: scenario.name.clone(),
        name: names.guest_name(&scenario.name).to_owned(),
        size: bytes(guest.bytes),
        length: percent(scale.at(guest.bytes as f64).max(0.5)),
        segments: guest.facts.as_ref().map(|facts| segments(guest.bytes, &facts.sizes)).unwrap_or_default(),
    });
    let label = |value: f64| match value {
        v if v < 1e3 => format!("{v} B"),
        v if v < 1e6 => format!("{} kB", v / 1e3),
        v => format!("{} MB", v / 1e6),
    };
    Some(SizeChart { family: family.to_owned(), ticks: scale.ticks(label), bars: bars.collect() })
}

fn segments(total: u64, sizes: &wasmlab_model::facts::Sizes) -> Vec<BarSegment> {
    let sections = [sizes.code, sizes.data, sizes.names, sizes.debug, sizes.custom];
    let known = sections.into_iter().fold(0, u64::saturating_add);
    let parts = [
        ("code", "code", sizes.code),
        ("data", "data", sizes.data),
        ("names", "names", sizes.names),
        ("debug", "debug information", sizes.debug),
        ("custom", "custom sections", sizes.custom),
        ("rest", "imports, types and the rest", total.saturating_sub(known)),
    ];
    let whole = total.max(known).max(1) as f64;
    let mut from = 0.0;
    let mut out = Vec::new();
    for (class, name, bytes) in parts.into_iter().filter(|(_, _, bytes)| *bytes > 0) {
        let share = bytes as f64 / whole * 100.0;
        out.push(BarSegment { class, name, from: percent(from), share: percent(share) });
        from += share;
    }
    out
}

/// Times by runtime; `None` if the report has none, as in a published one.
pub fn times(report: &RunReport) -> Option<TimeChart> {
    let mut rows: Vec<(&str, usize, [Option<f64>; 3])> = Vec::new();
    for runtime in report.runtimes.iter().filter(|r| r.tool.present) {
        let is_one =
            |cell: &&Cell| cell.runtime == runtime.id && cell.verdict == Verdict::Pass && cell.duration_ms > 0.0;
        let cells: Vec<&Cell> = report.cells.iter().filter(is_one).collect();
        let times = [
            median(cells.iter().map(|c| c.duration_ms)),
            median(cells.iter().filter_map(|c| c.compile_ms)),
            median(cells.iter().filter_map(|c| c.run_ms)),
        ];
        if !cells.is_empty() {
            rows.push((&runtime.id, cells.len(), times));
        }
    }
    if rows.is_empty() {
        return None;
    }
    rows.sort_by(|a, b| a.2[0].unwrap_or(f64::MAX).total_cmp(&b.2[0].unwrap_or(f64::MAX)));
    let scale = Scale::of(rows.iter().flat_map(|row| row.2).flatten());
    let kinds = [("process", "whole process"), ("compile", "compiling"), ("run", "running")];
    let bars = rows.into_iter().map(|(runtime, cells, times)| {
        let marks = kinds.iter().zip(times).filter_map(|((class, name), time)| {
            let time = time?;
            Some(TimeMark { class, name, at: percent(scale.at(time)), text: milliseconds(time) })
        });
        TimeBar { runtime: runtime.to_owned(), cells, marks: marks.collect() }
    });
    let bars = bars.collect();
    Some(TimeChart { ticks: scale.ticks(milliseconds), bars })
}

/// `0.12 ms`, `37 ms`, `1.2 s`.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{} ms", (ms * 100.0).round() / 100.0),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{} s", (ms / 100.0).round() / 10.0),
    }
}
