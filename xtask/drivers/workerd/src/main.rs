//! Runs a cell in a worker of workerd, Cloudflare's runtime: writes a configuration that consists of the lab's script,
//! the module and its files, starts `workerd test`, which calls the script once and needs no port, and records what the
//! script reports.

mod config;
mod stdin;
mod worker;

use std::process::ExitCode;

use wasmlab_driver::{CellEnd, CellInput, Driver};
use wasmlab_engine::EventWriter;

/// The modes are the columns: the plain worker, with WASI 0.1 from Cloudflare's package, and with components transpiled
/// by jco.
const DRIVER: Driver = Driver {
    name: "workerd",
    version: env!("CARGO_PKG_VERSION"),
    modes: &["workerd", "workerd+workers-wasi", "workerd+jco"],
    run,
    open_session: None,
};

fn main() -> ExitCode {
    DRIVER.main()
}

fn run(cell: CellInput, writer: &mut EventWriter) -> Result<CellEnd, String> {
    let config = config::write(&cell, &stdin::read(), &worker::release_date(&cell.program)?)?;
    worker::run(&cell.program, &config, writer)
}
