//! Combines the results of a cell's processes: facts only.

use std::time::Duration;

use jiff::Timestamp;
use wasmlab_model::observation::{Limit, Observation, Outcome, ProcessRecord};
use wasmlab_model::subjects::PREOPENED_SOCKET;
use wasmlab_runtimes::SocketPassing;

use super::canary;
use super::plan::CellPlan;
use super::preopens;
use super::processes::ProcessResult;
use super::workdir::Workdir;

/// Builds the observation from the last process; earlier ones are listed in it.
pub fn assemble(plan: &CellPlan, workdir: &Workdir, results: Vec<ProcessResult>, began: Timestamp) -> Observation {
    let mut whole = Observation {
        events: workdir.event_channel.events(),
        requests: workdir.servers.requests(),
        files: preopens::read_expected_files(plan.scenario, &workdir.paths.dirs, &workdir.opened_dirs, began),
        escapes: preopens::replaced(&workdir.paths.dirs, &workdir.opened_dirs),
        ..Observation::not_started()
    };
    let last = results.len().saturating_sub(1);
    for (index, result) in results.into_iter().enumerate() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr, wall_micros) = match &result.completed {
            Some(completed) => (text(&completed.stdout), text(&completed.stderr), micros(completed.wall)),
            None => (String::new(), String::new(), 0),
        };
        if let Some(completed) = &result.completed {
            whole.wall_micros += wall_micros;
            whole.cpu_micros += micros(completed.cpu);
            whole.peak_rss_bytes = whole.peak_rss_bytes.max(completed.peak_rss);
        }
        whole.escapes.extend(workdir.canary.escapes(&format!("{stdout}\n{stderr}")));
        let ProcessResult { role, argv, outcome, client_progress, .. } = result;
        if index < last {
            whole.previous.push(ProcessRecord { role, argv, outcome, stdout, stderr, wall_micros });
        } else {
            whole = Observation { role, argv, outcome, stdout, stderr, client_progress, ..whole };
        }
    }
    let scope = canary::Scope { since: workdir.filled, bytes: plan.limits.disk };
    let left = canary::search(&workdir.canary, &workdir.paths.dirs, &workdir.opened_dirs, scope);
    whole.escapes.extend(left.escapes);
    whole.escapes.dedup();
    if left.is_too_wide && matches!(whole.outcome, Outcome::Exited(_) | Outcome::Signaled(_) | Outcome::Stopped) {
        // As if it had run until its disk usage was measured, which exceeds every limit.
        whole.outcome = Outcome::Limit(Limit::Disk { bytes: plan.limits.disk, files: plan.limits.files });
    }
    if plan.runtime.sockets == SocketPassing::None && !plan.scenario.spec.run.socket.is_empty() {
        whole.unsupported_inputs.push(PREOPENED_SOCKET.to_owned());
    }
    whole
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
