//! Resolves a guest's path to a given directory and a path below it.
//!
//! The directory is chosen by name. Everything below it is opened by `cap-std`, which lets no `..`, no absolute path
//! and no symbolic link lead out of the directory, even if it changes meanwhile.

use std::sync::Arc;

use cap_std::fs::Dir;

use crate::call::{Call, CallError};
use crate::descriptors::DescriptorKind;
use crate::host::components;
use crate::{Errno, Host};

/// The base of relative paths: the guest's current directory.
pub const AT_FDCWD: i32 = -100;

/// The target of a path.
pub enum ResolvedPath {
    /// A path below a directory.
    Below(Arc<Dir>, String),
    /// A device provided by the host.
    Device(Device),
}

/// Devices that programs expect to exist.
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
    /// Resolves `path`, relative to the guest's current directory.
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

    /// The innermost given directory that contains `names`.
    pub fn root(&self, names: &[String]) -> Option<&(Vec<String>, Arc<Dir>)> {
        self.roots.iter().filter(|(root, _)| names.starts_with(root)).max_by_key(|(root, _)| root.len())
    }

    /// The components of a path from the root, and whether it can only be a directory.
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
        // Keep the slash, because a file with this name is not a directory.
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
    /// Resolves the path in the next argument.
    pub fn resolve_path(&mut self) -> Result<ResolvedPath, CallError> {
        let path = self.path()?;
        Ok(self.host().find(&path)?)
    }

    /// The same, for a path that must be below a directory.
    pub fn below(&mut self) -> Result<(Arc<Dir>, String), CallError> {
        match self.resolve_path()? {
            ResolvedPath::Below(dir, path) => Ok((dir, path)),
            ResolvedPath::Device(_) => Err(Errno::PERM.into()),
        }
    }

    /// Resolves the next two arguments: a directory's descriptor and a path relative to it.
    pub fn resolve_path_at(&mut self) -> Result<ResolvedPath, CallError> {
        let (base, path) = (self.int()?, self.path()?);
        if base == AT_FDCWD || path.starts_with('/') {
            return Ok(self.host().find(&path)?);
        }
        let open = self.host().descriptors.get(base)?;
        match &open.kind {
            DescriptorKind::Folder(dir, _) if !path.is_empty() => {
                let names: Vec<String> = components(&path);
                Ok(ResolvedPath::Below(dir.clone(), relative(&names, path.ends_with('/'))))
            }
            DescriptorKind::Folder(..) => Err(Errno::NOENT.into()),
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    /// The same, for a path that must be below a directory.
    pub fn below_at(&mut self) -> Result<(Arc<Dir>, String), CallError> {
        match self.resolve_path_at()? {
            ResolvedPath::Below(dir, path) => Ok((dir, path)),
            ResolvedPath::Device(_) => Err(Errno::PERM.into()),
        }
    }
}
