//! Programs that the user names by path: `--runtime wasmtime@/path/to/wasmtime`.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::{Absence, find_tool};
use crate::lab::Lab;
use crate::machine::ToolQuery;
use wasmlab_report::visible::{VisiblePath, on_line};
use wasmlab_runtimes::{Runtime, Source};

/// Longest quotation of what a program printed, characters.
const MAX_QUOTED: usize = 100;

/// Checks, by its version, that the program of a custom build is the runtime of the column. A program that ignores its
/// arguments and exits with 0 would otherwise pass every cell.
///
/// # Errors
/// What it is instead.
pub fn check(lab: &Lab, column: &Runtime) -> Result<(), Absence> {
    let Some(program) = &column.custom_build else { return Ok(()) };
    let (Source::Program(asked) | Source::Driver { program: asked, .. }) = column.source else {
        // Engines of the lab answer in its protocol.
        return find_tool(lab, column).map(drop).or_else(|absence| absence.map_or(Ok(()), Err));
    };
    // A Python package is not a program.
    if column.python_package.is_some() && program.extension().is_some_and(|end| end == "py") {
        return Ok(());
    }
    let args = asked.version_args.iter().map(OsString::from).collect();
    let query = ToolQuery { program: program.clone(), args, env: BTreeMap::new(), depends_on: program.clone() };
    let (name, asked) = (program.visible(), asked.version_args.join(" "));
    let remedy = format!("give the path of a {} program", column.engine);
    match lab.machine.query(&query) {
        Err(why) => {
            Err(Absence::new(format!("`{name}` is not {}: it does not answer `{asked}`: {why}", column.engine), remedy))
        }
        Ok(answer) if column.is_own_version(&answer) => Ok(()),
        Ok(answer) => {
            let line: String = answer.lines().next().unwrap_or_default().chars().take(MAX_QUOTED).collect();
            let printed =
                if line.is_empty() { "printed nothing".to_owned() } else { format!("printed `{}`", on_line(&line)) };
            Err(Absence::new(
                format!("`{name}` is not {}: asked for its version (`{asked}`), it {printed}", column.engine),
                remedy,
            ))
        }
    }
}
