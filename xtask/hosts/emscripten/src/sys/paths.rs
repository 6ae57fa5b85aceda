//! From a guest's path to a folder that it was given and a path below it.
//!
//! The choice of the folder goes by names; everything below is opened by `cap-std`, which lets no `..`, no
//! absolute path and no symbolic link lead out of the folder, whatever changes meanwhile.

use std::sync::Arc;

use cap_std::fs::Dir;

use crate::call::{Call, Fault};
use crate::descriptors::Kind;
use crate::host::components;
use crate::{Errno, Host};

/// The guest's own folder as the base of a relative path.
pub const AT_FDCWD: i32 = -100;

/// Where a path leads.
pub enum ResolvedPath {
    /// Below a folder.
    Below(Arc<Dir>, String),
    /// A device that the host makes up.
    Device(Device),
}

/// Devices that programs expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// `/dev/null`.
    Null,
    /// `/dev/urandom` and `/dev/random`.
    Random,
    /// `/dev/stdin`, `/dev/stdout`, `/dev/stderr`.
    Standard(u8),
}

impl Host {
    /// Where `path` leads, seen from the guest's current folder.
    pub fn find(&self, path: &str) -> Result<ResolvedPath, Errno> {
        if path.is_empty() {
            return Err(Errno::NOENT);
        }
        let (names, folder) = self.absolute(path);
        if let Some(device) = device(&names) {
            return Ok(ResolvedPath::Device(device));
        }
        let (root, dir) = self.root(&names).ok_or(Errno::NOENT)?;
        let rest = relative(&names[root.len()..], folder);
        Ok(ResolvedPath::Below(dir.clone(), rest))
    }

    /// The folder that was given which `names` lead into: the deepest.
    pub fn root(&self, names: &[String]) -> Option<&(Vec<String>, Arc<Dir>)> {
        self.roots.iter().filter(|(root, _)| names.starts_with(root)).max_by_key(|(root, _)| root.len())
    }

    /// The names of a path from the top, and whether it can only be a folder.
    pub fn absolute(&self, path: &str) -> (Vec<String>, bool) {
        let folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
        let names = components(path);
        if path.starts_with('/') {
            return (names, folder);
        }
        (self.cwd.iter().cloned().chain(names).collect(), folder)
    }
}

fn relative(names: &[String], folder: bool) -> String {
    match names {
        [] => ".".to_owned(),
        // The slash stays: a file of this name is then no folder.
        names if folder => names.join("/") + "/",
        names => names.join("/"),
    }
}

fn device(names: &[String]) -> Option<Device> {
    let [dev, name] = names else { return None };
    if dev != "dev" {
        return None;
    }
    Some(match name.as_str() {
        "null" => Device::Null,
        "urandom" | "random" => Device::Random,
        "stdin" => Device::Standard(0),
        "stdout" => Device::Standard(1),
        "stderr" => Device::Standard(2),
        _ => return None,
    })
}

impl Call<'_> {
    /// Where the path of the next argument leads.
    pub fn resolve_path(&mut self) -> Result<ResolvedPath, Fault> {
        let path = self.path()?;
        Ok(self.host().find(&path)?)
    }

    /// The same for a path that must be below a folder.
    pub fn below(&mut self) -> Result<(Arc<Dir>, String), Fault> {
        match self.resolve_path()? {
            ResolvedPath::Below(dir, path) => Ok((dir, path)),
            ResolvedPath::Device(_) => Err(Errno::PERM.into()),
        }
    }

    /// Where a folder's descriptor and a path below it lead, the next two arguments.
    pub fn resolve_path_at(&mut self) -> Result<ResolvedPath, Fault> {
        let (base, path) = (self.int()?, self.path()?);
        if base == AT_FDCWD || path.starts_with('/') {
            return Ok(self.host().find(&path)?);
        }
        let open = self.host().descriptors.get(base)?;
        match &open.kind {
            Kind::Folder(dir, _) if !path.is_empty() => {
                let names: Vec<String> = components(&path);
                Ok(ResolvedPath::Below(dir.clone(), relative(&names, path.ends_with('/'))))
            }
            Kind::Folder(..) => Err(Errno::NOENT.into()),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    /// The same for a path that must be below a folder.
    pub fn below_at(&mut self) -> Result<(Arc<Dir>, String), Fault> {
        match self.resolve_path_at()? {
            ResolvedPath::Below(dir, path) => Ok((dir, path)),
            ResolvedPath::Device(_) => Err(Errno::PERM.into()),
        }
    }
}
