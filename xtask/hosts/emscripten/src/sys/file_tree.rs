//! File names: creating, renaming, removing, and the current directory.

use cap_std::fs::{DirBuilder, DirBuilderExt, OpenOptions, OpenOptionsExt, Permissions, PermissionsExt};
use rustix::fs::{AtFlags, Timespec as HostTimespec, Timestamps};

use super::paths::ResolvedPath;
use crate::Errno;
use crate::call::{Call, CallResult};
use crate::host::components;
use crate::layout::Timespec;

/// `mkdir(path, mode)`.
pub fn mkdir(call: &mut Call) -> CallResult {
    let ((dir, path), mode) = (call.below()?, call.word()?);
    let mode = mode & !call.host().umask & 0o777;
    // An existing directory gives EEXIST even if the path is the given directory itself.
    if path == "." {
        return Err(Errno::EXIST.into());
    }
    let mut builder = DirBuilder::new();
    builder.mode(mode);
    dir.create_dir_with(path, &builder)?;
    Ok(0)
}

/// `rmdir(path)`.
pub fn rmdir(call: &mut Call) -> CallResult {
    let (dir, path) = call.below()?;
    if path == "." {
        return Err(Errno::BUSY.into());
    }
    dir.remove_dir(path)?;
    Ok(0)
}

/// `unlink(path)`.
pub fn unlink(call: &mut Call) -> CallResult {
    let (dir, path) = call.below()?;
    dir.remove_file(path)?;
    Ok(0)
}

/// `unlinkat(dir, path, flags)`.
pub fn unlinkat(call: &mut Call) -> CallResult {
    const REMOVEDIR: i32 = 0x200;
    let (dir, path) = call.below_at()?;
    if call.int()? & REMOVEDIR != 0 {
        dir.remove_dir(path)?
    } else {
        dir.remove_file(path)?
    }
    Ok(0)
}

/// `rename(from, to)`.
pub fn rename(call: &mut Call) -> CallResult {
    let ((from, old), (to, new)) = (call.below()?, call.below()?);
    from.rename(old, to.as_ref(), new)?;
    Ok(0)
}

/// `renameat(dir, from, dir, to)`.
pub fn renameat(call: &mut Call) -> CallResult {
    let ((from, old), (to, new)) = (call.below_at()?, call.below_at()?);
    from.rename(old, to.as_ref(), new)?;
    Ok(0)
}

/// `link(from, to)`: another name of a file.
pub fn link(call: &mut Call) -> CallResult {
    let ((from, old), (to, new)) = (call.below()?, call.below()?);
    from.hard_link(old, to.as_ref(), new)?;
    Ok(0)
}

/// `symlink(target, path)`: `cap-std` creates no absolute ones.
pub fn symlink(call: &mut Call) -> CallResult {
    let target = call.path()?;
    let (dir, path) = call.below()?;
    dir.symlink(target, path)?;
    Ok(0)
}

/// `readlink(path, buffer, size)`.
pub fn readlink(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    read_resolved_link(call, path)
}

/// `readlinkat(dir, path, buffer, size)`.
pub fn readlinkat(call: &mut Call) -> CallResult {
    let path = call.resolve_path_at()?;
    read_resolved_link(call, path)
}

fn read_resolved_link(call: &mut Call, path: ResolvedPath) -> CallResult {
    let (at, size) = (call.word()?, call.word()?);
    let ResolvedPath::Below(dir, path) = path else { return Err(Errno::INVAL.into()) };
    if size as i32 <= 0 {
        return Err(Errno::INVAL.into());
    }
    let target = dir.read_link_contents(path)?;
    let text = target.to_string_lossy();
    let bytes = &text.as_bytes()[..text.len().min(size as usize)];
    call.guest.write(at, bytes)?;
    Ok(bytes.len() as i64)
}

/// `access(path, mode)`.
pub fn access(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    check_access(call, path)
}

/// `faccessat(dir, path, mode, flags)`.
pub fn faccessat(call: &mut Call) -> CallResult {
    let path = call.resolve_path_at()?;
    check_access(call, path)
}

fn check_access(call: &mut Call, path: ResolvedPath) -> CallResult {
    let requested = call.word()?;
    let ResolvedPath::Below(dir, path) = path else { return Ok(0) };
    let mode = dir.metadata(path)?.permissions().mode();
    // The owner's permissions: the guest has a single user, which owns everything it sees.
    if mode >> 6 & requested & 7 == requested & 7 { Ok(0) } else { Err(Errno::ACCES.into()) }
}

/// `chmod(path, mode)`.
pub fn chmod(call: &mut Call) -> CallResult {
    let ((dir, path), mode) = (call.below()?, call.word()?);
    dir.set_permissions(path, Permissions::from_mode(mode & 0o777))?;
    Ok(0)
}

/// `fchmod(fd, mode)`.
pub fn fchmod(call: &mut Call) -> CallResult {
    let (fd, mode) = (call.int()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    if let crate::descriptors::DescriptorKind::File(file) = &open.kind {
        rustix::fs::fchmod(file, rustix::fs::Mode::from_raw_mode(mode & 0o777))?;
    }
    Ok(0)
}

/// `chown32(path, user, group)` and `lchown32`: only to the guest's own user.
pub fn chown(call: &mut Call) -> CallResult {
    let (dir, path) = call.below()?;
    let (user, group) = (call.word()?, call.word()?);
    dir.symlink_metadata(path)?;
    check_owner(user, group)
}

/// `fchown32(fd, user, group)`.
pub fn fchown(call: &mut Call) -> CallResult {
    let (fd, user, group) = (call.int()?, call.word()?, call.word()?);
    call.host().descriptors.get(fd)?;
    check_owner(user, group)
}

/// The guest may give a file only to itself.
fn check_owner(user: u32, group: u32) -> CallResult {
    let same = |id: u32| id == u32::MAX || id == super::users::ID;
    if same(user) && same(group) { Ok(0) } else { Err(Errno::PERM.into()) }
}

/// `chdir(path)`.
pub fn chdir(call: &mut Call) -> CallResult {
    let path = call.path()?;
    let ResolvedPath::Below(dir, below) = call.host().find(&path)? else { return Err(Errno::NOTDIR.into()) };
    if !dir.metadata(&below)?.is_dir() {
        return Err(Errno::NOTDIR.into());
    }
    // Resolve links and `..`: the result is what `getcwd` returns, and must not grow without end.
    let below = dir.canonicalize(below)?;
    let (names, _) = call.host().absolute(&path);
    let root = call.host().root(&names).map(|(name, _)| name.clone()).unwrap_or_default();
    let below = components(below.to_str().ok_or(Errno::NOENT)?);
    call.host().cwd = [root, below].concat();
    Ok(0)
}

/// `getcwd(buffer, size)`.
pub fn getcwd(call: &mut Call) -> CallResult {
    let (at, size) = (call.word()?, call.word()?);
    let text = format!("/{}\0", call.host().cwd.join("/"));
    if text.len() > size as usize {
        return Err(Errno::RANGE.into());
    }
    call.guest.write(at, text.as_bytes())?;
    Ok(text.len() as i64)
}

/// `utimensat(dir, path, times, flags)`.
pub fn utimensat(call: &mut Call) -> CallResult {
    const SYMLINK_NOFOLLOW: i32 = 0x100;
    let (dir, path) = call.below_at()?;
    let (at, follow) = (call.word()?, call.int()? & SYMLINK_NOFOLLOW == 0);
    let mut times = [Timespec { seconds: 0, nanos: rustix::fs::UTIME_NOW as u32 }; 2];
    if at != 0 {
        for (time, at) in times.iter_mut().zip([at, at.wrapping_add(8)]) {
            let (seconds, nanos) = crate::layout::split(call.bytes(at)?);
            *time = Timespec { seconds: (seconds as i32).into(), nanos };
        }
    }
    set_times(&dir, &path, times, follow)
}

/// libc's `utimes(path, times)`.
pub fn utimes(call: &mut Call) -> CallResult {
    let (dir, path) = call.below()?;
    let at = call.word()?;
    let mut times = [Timespec { seconds: 0, nanos: rustix::fs::UTIME_NOW as u32 }; 2];
    if at != 0 {
        for (time, at) in times.iter_mut().zip([at, at.wrapping_add(8)]) {
            *time = Timespec::from_timeval(call.bytes(at)?)?;
        }
    }
    set_times(&dir, &path, times, true)
}

fn set_times(dir: &cap_std::fs::Dir, path: &str, times: [Timespec; 2], follow: bool) -> CallResult {
    let host_time = |time: Timespec| HostTimespec { tv_sec: time.seconds, tv_nsec: time.nanos.into() };
    let times = Timestamps { last_access: host_time(times[0]), last_modification: host_time(times[1]) };
    if follow {
        // By descriptor, so that cap-std resolves the path and not the kernel alone.
        let mut options = OpenOptions::new();
        // Without waiting for the other end, in case it is a named pipe.
        options.read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
        let file = dir.open_with(path, &options)?;
        rustix::fs::futimens(&file, &times)?;
    } else {
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or((".", path));
        let parent = dir.open_dir(parent)?;
        if matches!(name, "." | "..") {
            return Err(Errno::INVAL.into());
        }
        rustix::fs::utimensat(&parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(0)
}
