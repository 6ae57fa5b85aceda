//! Which cells are ready: a cell waits for its guest and for its engine, and some are measured again at the end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::measure::{Attempt, MeasuredCell};
use super::{GuestRow, Results};
use crate::engines::Absence;
use wasmlab_model::report::Cell;
use wasmlab_process as process;
use wasmlab_runtimes::Tool;

/// Which of the cells that are ready a worker takes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The one that was ready first.
    Arrival,
    /// The one with the largest guest. Started last, it would keep one core busy while the others have nothing to do.
    LargestFirst,
}

/// Shared by the threads that build and the workers.
pub(super) struct Scheduler {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Shared, because every cell of a row reads it, and the facts of a guest can be large.
    rows: Vec<Option<Arc<GuestRow>>>,
    columns: Vec<Option<Result<Tool, Absence>>>,
    /// Cells whose guest and engine are ready.
    ready: VecDeque<(usize, usize)>,
    /// Cells to measure again at the end, when no engine is being compiled.
    again: VecDeque<(usize, usize)>,
    /// Number of cells without a verdict.
    left: usize,
    cells: BTreeMap<(usize, usize), Cell>,
}

impl State {
    fn take_ready(&mut self, order: Order) -> Option<(usize, usize)> {
        let size = |(row, _): (usize, usize)| self.rows[row].as_ref().map_or(0, |row| row.bytes);
        match order {
            Order::Arrival => self.ready.pop_front(),
            // Reversed, so that of equals the first one is taken.
            Order::LargestFirst => {
                let (index, _) = self.ready.iter().enumerate().rev().max_by_key(|(_, at)| size(**at))?;
                self.ready.remove(index)
            }
        }
    }
}

impl Scheduler {
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let state = State {
            rows: vec![None; rows],
            columns: vec![None; columns],
            ready: VecDeque::new(),
            again: VecDeque::new(),
            left: rows * columns,
            cells: BTreeMap::new(),
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guest and the engine of a cell, as far as they are settled.
    pub(super) fn settled(
        &self,
        (row, column): (usize, usize),
    ) -> (Option<Arc<GuestRow>>, Option<Result<Tool, Absence>>) {
        let state = self.lock();
        (state.rows[row].clone(), state.columns[column].clone())
    }

    /// The results at the end.
    pub(super) fn into_results(self) -> Results {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rows = state.rows.into_iter().map(|row| row.map(Arc::unwrap_or_clone)).collect();
        Results { rows, columns: state.columns, cells: state.cells }
    }

    pub(super) fn finish_row(&self, index: usize, row: GuestRow) {
        let mut state = self.lock();
        state.rows[index] = Some(Arc::new(row));
        let columns: Vec<usize> = (0..state.columns.len()).filter(|c| state.columns[*c].is_some()).collect();
        state.ready.extend(columns.into_iter().map(|column| (index, column)));
        self.changed.notify_all();
    }

    pub(super) fn finish_column(&self, index: usize, column: Result<Tool, Absence>) {
        let mut state = self.lock();
        state.columns[index] = Some(column);
        let rows: Vec<usize> = (0..state.rows.len()).filter(|r| state.rows[*r].is_some()).collect();
        state.ready.extend(rows.into_iter().map(|row| (row, index)));
        self.changed.notify_all();
    }

    /// Records the result of a cell for which the lab failed to provide the guest or the program; `false` if it failed
    /// to provide both, and the cell has its result.
    pub(super) fn fail(&self, at: (usize, usize), cell: &Cell) -> bool {
        let mut state = self.lock();
        let is_first = state.cells.insert(at, cell.clone()).is_none();
        if is_first {
            state.left -= 1;
            self.changed.notify_all();
        }
        is_first
    }

    /// The next cell; `None` if none is left or the run is cancelled.
    pub(super) fn next(&self, order: Order) -> Option<((usize, usize), Attempt)> {
        let mut state = self.lock();
        loop {
            if process::cancelled() {
                return None;
            }
            if state.left == 0 {
                return state.again.pop_front().map(|at| (at, Attempt::Second));
            }
            if let Some(at) = state.take_ready(order) {
                return Some((at, Attempt::First));
            }
            let wait = Duration::from_millis(100);
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records the result of a cell; `None` if the run was cancelled meanwhile.
    pub(super) fn done(&self, (at, turn): ((usize, usize), Attempt), measured: Option<MeasuredCell>) {
        let mut state = self.lock();
        if turn == Attempt::First {
            state.left -= 1;
        }
        if let Some(measured) = measured {
            state.cells.insert(at, measured.cell);
            if measured.remeasure {
                state.again.push_back(at);
            }
        }
        if state.left == 0 {
            self.changed.notify_all();
        }
    }
}
