//! Command-line arguments that pass a cell's inputs to its guest.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use wasmlab_protocol::{CellSpec, PreopenedDir, SOCKET_FD_PLACEHOLDER};

/// A command: the program and its first arguments.
#[must_use]
pub fn argv<const N: usize>(program: &Path, args: [&str; N]) -> Vec<OsString> {
    std::iter::once(program.into()).chain(args.map(OsString::from)).collect()
}

/// Concatenates parts, one of which may be a path, into one argument.
#[must_use]
pub fn joined<const N: usize>(pieces: [&OsStr; N]) -> OsString {
    pieces.into_iter().collect()
}

/// The guest's arguments after the program name, with the socket's descriptor filled in.
#[must_use]
pub fn guest_args(cell: &CellSpec) -> Vec<OsString> {
    let fd = (3 + cell.dirs.len()).to_string();
    cell.args.iter().skip(1).map(|arg| arg.replace(SOCKET_FD_PLACEHOLDER, &fd).into()).collect()
}

/// `--dir HOST::GUEST` and similar, one pair of arguments per directory.
#[must_use]
pub fn dir_args(cell: &CellSpec, switch: &str, separator: &str) -> Vec<OsString> {
    let pair = |dir: &PreopenedDir| joined([dir.host.as_os_str(), separator.as_ref(), dir.guest.as_ref()]);
    cell.dirs.iter().flat_map(|dir| [switch.into(), pair(dir)]).collect()
}

/// `--dir NAME`, for runtimes with [`Runtime::dirs_keep_host_paths`](crate::Runtime::dirs_keep_host_paths). A directory
/// without such a name gets its host path.
#[must_use]
pub fn host_named_dir_args(cell: &CellSpec, switch: &str) -> Vec<OsString> {
    let name = |dir: &PreopenedDir| host_name(&dir.guest).map_or_else(|| dir.host.clone().into(), OsString::from);
    let args = |name: OsString| match name.as_encoded_bytes().first() {
        // Not an option of the runtime's own.
        Some(b'-') => vec![joined([switch.as_ref(), "=".as_ref(), &name])],
        _ => vec![switch.into(), name],
    };
    cell.dirs.iter().flat_map(|dir| args(name(dir))).collect()
}

/// The relative path under which a host folder can stand for the guest's path: `data` for `/data`. `None` if
/// impossible: `/`, `.`, `..`.
#[must_use]
pub fn host_name(guest: &str) -> Option<&str> {
    let name = guest.trim_matches('/');
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.split('/').all(is_plain).then_some(name)
}

/// `--env NAME=VALUE`, one pair of arguments per variable.
#[must_use]
pub fn env_args(cell: &CellSpec, switch: &str) -> Vec<OsString> {
    cell.env.iter().flat_map(|(name, value)| [switch.into(), format!("{name}={value}").into()]).collect()
}

/// The switches that are turned on, split into words.
#[must_use]
pub fn switch_args(cell: &CellSpec) -> Vec<OsString> {
    cell.switches.iter().flat_map(|switch| switch.split(' ')).map(OsString::from).collect()
}
