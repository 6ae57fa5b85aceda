//! Runs a command: `wasi:cli/run` of WASI 0.2 or 0.3.

use wasmlab_engine::EventLog;
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi::{p2, p3};

use super::host::{self, Host};
use super::no_export;
use crate::api;
use crate::cause::of_running;

/// The interface of a command, without its version.
const RUN: &str = "wasi:cli/run";

/// Runs `unlinked` to its end.
pub(crate) async fn run(
    spec: &CellSpec,
    log: &EventLog,
    component: &Component,
    unlinked: InstancePre<Host>,
) -> Result<(), Cause> {
    let engine = unlinked.engine().clone();
    let mut store = host::store(&engine, spec)?;
    let of_instantiating = |e: wasmtime::Error| of_running(&e, Stage::Instantiate);
    let result = match p2::bindings::CommandPre::new(unlinked.clone()) {
        Ok(command) => {
            log.stage(Stage::Instantiate);
            let command = command.instantiate_async(&mut store).await.map_err(of_instantiating)?;
            log.stage(Stage::Run);
            command.wasi_cli_run().call_run(&mut store).await
        }
        Err(error) => {
            p3::bindings::CommandPre::new(unlinked.clone()).map_err(|_| no_export(&engine, component, RUN, &error))?;
            log.stage(Stage::Instantiate);
            let command = api::Command03::new(unlinked, &mut store).await.map_err(of_instantiating)?;
            log.stage(Stage::Run);
            command.run(&mut store).await
        }
    };
    match result {
        Ok(Ok(())) => Ok(()),
        // `run` returned an error, for which every host uses exit code 1.
        Ok(Err(())) => Err(Cause::Exit { code: 1 }),
        Err(error) => Err(of_running(&error, Stage::Run)),
    }
}
