//! Shows a run's events on stderr: a progress bar on a terminal, plain lines elsewhere. Cached results get no line.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::matrix::{MatrixEvent, inherited_limits_text};
use wasmlab_model::report::Cell;
use wasmlab_report::visible::on_line;

/// Minimum time between two lines about the same build without a terminal.
const MIN_LINE_INTERVAL: Duration = Duration::from_secs(15);

/// Shows the events of a run.
pub struct ProgressReporter {
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    began: Instant,
    last_line: Instant,
    cells: usize,
    done: usize,
    engine_began: Option<Instant>,
}

impl ProgressReporter {
    /// A reporter for stderr.
    pub fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{elapsed:>4} {bar:20} {pos}/{len} cells  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, ..Self::plain() }
    }

    /// A reporter that prints plain lines even on a terminal.
    pub fn plain() -> Self {
        let now = Instant::now();
        let state = State { began: now, last_line: now, cells: 0, done: 0, engine_began: None };
        Self { bar: None, state: Mutex::new(state) }
    }

    /// Shows one event.
    pub fn handle(&self, event: &MatrixEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            MatrixEvent::Planned { cells } => {
                state.cells = *cells;
                if let Some(bar) = &self.bar {
                    bar.set_length(*cells as u64);
                }
                if let Some(limits) = inherited_limits_text() {
                    self.line(&format!("note: {limits}"));
                }
            }
            MatrixEvent::GuestStarted { scenario } => self.message(&format!("guest {scenario}")),
            MatrixEvent::GuestDone { scenario, guest } => match guest {
                Ok(guest) if guest.cached => {}
                Ok(guest) => match guest.build_ms {
                    Some(ms) if ms >= 1000 => self.line(&format!("built   {scenario} in {:.1} s", ms as f64 / 1000.0)),
                    _ => {}
                },
                Err(none) => self.line(&format!("no guest {scenario}: {}: {}", none.code, none.detail)),
            },
            MatrixEvent::EnginesPlanned { engines, minutes, others } => {
                self.line(&announcement(engines, *minutes, *others));
            }
            MatrixEvent::EngineBuilding { engine, crates, of, line } => {
                let is_first = state.engine_began.is_none();
                let took = state.engine_began.get_or_insert_with(Instant::now).elapsed().as_secs();
                let text = format!("building engine {engine}: {crates} of {of} crates, {took} s");
                self.message(&format!("{text}  {}", line.trim()));
                if self.bar.is_none() && (is_first || state.last_line.elapsed() > MIN_LINE_INTERVAL) {
                    state.last_line = Instant::now();
                    output::print_progress(&text);
                }
            }
            MatrixEvent::EngineDone { engine, absent } => {
                let took = state.engine_began.take().map_or(0.0, |b| b.elapsed().as_secs_f64());
                match absent {
                    None => self.line(&format!("built   engine {engine} in {took:.1} s")),
                    Some(absence) => self.line(&format!("no engine {engine}: {}", absence.reason)),
                }
            }
            MatrixEvent::CellDone { cell } => {
                state.done += 1;
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
                if !cell.cached && cell.verdict.is_measured() {
                    let at = state.began.elapsed().as_secs_f64();
                    let done = state.done.min(state.cells);
                    self.line(&format!("{at:6.1} s {done:>3}/{} {}", state.cells, verdict(cell)));
                }
            }
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(on_line(text)),
            None => output::print_progress(&on_line(text)),
        }
    }

    fn message(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(on_line(text).into_owned());
        }
    }

    /// Removes the progress bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says what has to be built before some columns can run, and how to avoid the wait.
fn announcement(engines: &[&str], minutes: u32, others: bool) -> String {
    let names = wasmlab_model::names::listed(engines);
    match (minutes, others) {
        (0, _) => format!("building {names}: a minute or two"),
        (_, false) => format!("building {names}: about {minutes} minutes, once"),
        (_, true) => format!(
            "building {names}: about {minutes} minutes, once; other columns run meanwhile\n\
             Ctrl-C keeps the results so far, and `--engines quick` skips the slow builds"
        ),
    }
}

fn verdict(cell: &Cell) -> String {
    let code = cell.code.map(|c| format!(" {c}")).unwrap_or_default();
    format!("{} on {}: {}{code}", cell.scenario, cell.runtime, cell.verdict.id())
}
