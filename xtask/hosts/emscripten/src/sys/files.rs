//! Opens files and returns information about them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{FileType, OFlags, Stat as HostStat};

use super::paths::{Device, ResolvedPath};
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::{DescriptorKind, OpenFile};
use crate::layout::{self, Stat, Timespec};

/// Flags of `open`: those of generic Linux in both ABIs.
pub mod flag {
    /// The two bits of the access mode.
    pub const ACCESS: i32 = 3;
    /// `O_CREAT`.
    pub const CREATE: i32 = 0o100;
    /// `O_EXCL`.
    pub const EXCLUSIVE: i32 = 0o200;
    /// `O_TRUNC`.
    pub const TRUNCATE: i32 = 0o1000;
    /// `O_APPEND`.
    pub const APPEND: i32 = 0o2000;
    /// `O_NONBLOCK`.
    pub const NONBLOCK: i32 = 0o4000;
    /// `O_DIRECTORY`.
    pub const DIRECTORY: i32 = 0o200_000;
    /// `O_NOFOLLOW`.
    pub const NOFOLLOW: i32 = 0o400_000;
}

/// `open(path, flags, mode)`.
pub fn open(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    open_resolved(call, path)
}

/// `openat(dir, path, flags, mode)`.
pub fn openat(call: &mut Call) -> CallResult {
    let path = call.resolve_path_at()?;
    open_resolved(call, path)
}

fn open_resolved(call: &mut Call, path: ResolvedPath) -> CallResult {
    let flags = call.int()?;
    let mode = if flags & flag::CREATE == 0 {
        0
    } else if call.upstream {
        // 3.x passes the address of the variable arguments.
        let at = call.word()?;
        call.load(at)?
    } else {
        call.word()?
    };
    call.host().descriptors.check_capacity()?;
    let mode = mode & !call.host().umask & 0o777;
    let kind = match path {
        ResolvedPath::Device(device) => device_kind(device),
        ResolvedPath::Below(dir, path) => open_below(&dir, &path, flags, mode)?,
    };
    let mut open = OpenFile { flags: flags & (flag::ACCESS | flag::APPEND), ..OpenFile::new(kind) };
    *open.nonblocking.get_mut() = flags & flag::NONBLOCK != 0;
    Ok(call.host().descriptors.add(Arc::new(open), 0)?.into())
}

fn device_kind(device: Device) -> DescriptorKind {
    match device {
        Device::Null => DescriptorKind::Null,
        Device::Random => DescriptorKind::Random,
        Device::Standard(n) => DescriptorKind::Standard(n),
    }
}

fn open_below(dir: &Dir, path: &str, flags: i32, mode: u32) -> Result<DescriptorKind, CallError> {
    // The common case for servers: open an existing file for reading.
    if flags & (flag::ACCESS | flag::CREATE | flag::TRUNCATE | flag::DIRECTORY | flag::NOFOLLOW) == 0 {
        return open_to_read(dir, path);
    }
    let access = flags & flag::ACCESS;
    let writes = access == 1 || access == 2;
    let creates = flags & flag::CREATE != 0;
    let follow = flags & flag::NOFOLLOW == 0;
    let meta = if follow { dir.metadata(path) } else { dir.symlink_metadata(path) };
    if let Ok(meta) = &meta {
        if meta.is_symlink() {
            return Err(Errno::LOOP.into());
        }
        if meta.is_dir() {
            return match (writes || flags & flag::TRUNCATE != 0, creates && flags & flag::EXCLUSIVE != 0) {
                (_, true) => Err(Errno::EXIST.into()),
                (true, _) => Err(Errno::ISDIR.into()),
                _ => Ok(DescriptorKind::Folder(Arc::new(dir.open_dir(path)?), AtomicUsize::new(0))),
            };
        }
        if flags & flag::DIRECTORY != 0 {
            return Err(Errno::NOTDIR.into());
        }
        // A named pipe would make the host block.
        if !meta.is_file() {
            return Err(Errno::ACCES.into());
        }
    }
    let mut options = OpenOptions::new();
    options.read(access != 1).write(writes).append(writes && flags & flag::APPEND != 0).mode(mode);
    let custom = if follow { 0 } else { OFlags::NOFOLLOW.bits() as i32 };
    options.custom_flags(custom | OFlags::NONBLOCK.bits() as i32);
    if creates && !writes {
        // Linux can create a file and open it for reading only; here these are two steps.
        let mut creation = OpenOptions::new();
        creation.write(true).mode(mode);
        if flags & flag::EXCLUSIVE != 0 {
            creation.create_new(true)
        } else {
            creation.create(true)
        };
        drop(dir.open_with(path, &creation)?);
    } else if creates {
        if flags & flag::EXCLUSIVE != 0 {
            options.create_new(true)
        } else {
            options.create(true)
        };
    }
    let file = dir.open_with(path, &options)?.into_std();
    if flags & flag::TRUNCATE != 0 && writes {
        file.set_len(0)?;
    }
    Ok(DescriptorKind::File(file))
}

/// Opens an existing file, then checks its type: half the system calls of checking first.
fn open_to_read(dir: &Dir, path: &str) -> Result<DescriptorKind, CallError> {
    let mut options = OpenOptions::new();
    // Opens a pipe without waiting for its other end, and closes it again.
    options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    let file = match dir.open_with(path, &options) {
        // A socket in the file system.
        Err(error) if error.raw_os_error() == Some(6) => return Err(Errno::ACCES.into()),
        opened => opened?.into_std(),
    };
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    match kind {
        FileType::RegularFile => Ok(DescriptorKind::File(file)),
        FileType::Directory => Ok(DescriptorKind::Folder(Arc::new(Dir::from_std_file(file)), AtomicUsize::new(0))),
        _ => Err(Errno::ACCES.into()),
    }
}

/// `stat64(path, buffer)`.
pub fn stat(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    put_stat_of(call, path, true)
}

/// `lstat64(path, buffer)`.
pub fn lstat(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    put_stat_of(call, path, false)
}

/// `fstatat64(dir, path, buffer, flags)`.
pub fn fstatat(call: &mut Call) -> CallResult {
    const SYMLINK_NOFOLLOW: i32 = 0x100;
    let path = call.resolve_path_at()?;
    let at = call.word()?;
    let follow = call.int()? & SYMLINK_NOFOLLOW == 0;
    let stat = stat_of(path, follow)?;
    put_stat(call, at, &stat)
}

/// `fstat64(fd, buffer)`.
pub fn fstat(call: &mut Call) -> CallResult {
    let (fd, at) = (call.int()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let stat = match (&open.kind, open.fd()) {
        // What the host's streams are, or when they were used, is hidden from the guest.
        (DescriptorKind::Standard(n), _) => device_stat(Device::Standard(*n)),
        (DescriptorKind::Random | DescriptorKind::Null, _) | (_, None) => device_stat(Device::Null),
        (_, Some(fd)) => from_host(&rustix::fs::fstat(fd)?),
    };
    put_stat(call, at, &stat)
}

fn put_stat_of(call: &mut Call, path: ResolvedPath, follow: bool) -> CallResult {
    let at = call.word()?;
    let stat = stat_of(path, follow)?;
    put_stat(call, at, &stat)
}

fn stat_of(path: ResolvedPath, follow: bool) -> Result<Stat, CallError> {
    let (dir, path) = match path {
        ResolvedPath::Device(device) => return Ok(device_stat(device)),
        ResolvedPath::Below(dir, path) => (dir, path),
    };
    let meta = if follow { dir.metadata(path)? } else { dir.symlink_metadata(path)? };
    let time = |seconds: i64, nanos: i64| Timespec { seconds, nanos: nanos as u32 };
    Ok(Stat {
        dev: meta.dev(),
        ino: meta.ino(),
        mode: meta.mode(),
        nlink: meta.nlink() as u32,
        size: meta.len(),
        blocks: meta.blocks(),
        times: [
            time(meta.atime(), meta.atime_nsec()),
            time(meta.mtime(), meta.mtime_nsec()),
            time(meta.ctime(), meta.ctime_nsec()),
        ],
    })
}

fn put_stat(call: &mut Call, at: u32, stat: &Stat) -> CallResult {
    let bytes = if call.upstream { stat.wide() } else { stat.narrow()? };
    call.guest.write(at, &bytes)?;
    Ok(0)
}

/// The attributes of a character device.
fn device_stat(device: Device) -> Stat {
    let ino = match device {
        Device::Null => 4,
        Device::Random => 5,
        Device::Standard(n) => 6 + u64::from(n),
    };
    Stat { dev: 1, ino, mode: 0o20_666, nlink: 1, ..Stat::default() }
}

/// Converts the host's `fstat` of a file that the guest opened.
pub fn from_host(stat: &HostStat) -> Stat {
    let time = |seconds: i64, nanos: i64| Timespec { seconds, nanos: nanos as u32 };
    Stat {
        dev: stat.st_dev,
        ino: stat.st_ino,
        mode: stat.st_mode,
        nlink: stat.st_nlink as u32,
        size: stat.st_size as u64,
        blocks: stat.st_blocks as u64,
        times: [
            time(stat.st_atime, stat.st_atime_nsec as i64),
            time(stat.st_mtime, stat.st_mtime_nsec as i64),
            time(stat.st_ctime, stat.st_ctime_nsec as i64),
        ],
    }
}

/// `statfs64(path, size, buffer)`: reports a made-up disk, not this machine's.
pub fn statfs(call: &mut Call) -> CallResult {
    let path = call.resolve_path()?;
    let (size, at) = (call.word()?, call.word()?);
    stat_of(path, true)?;
    if size != 64 {
        return Err(Errno::INVAL.into());
    }
    // f_type 0, f_bsize 4, f_blocks 8, f_bfree 12, f_bavail 16, f_files 20, f_ffree 24, f_fsid 28, f_namelen 36.
    let fields = [0, 4096, 1_000_000, 500_000, 500_000, 100_000, 50_000, 0, 0, 255, 4096];
    for (index, field) in (0..).zip(fields) {
        call.store(at.wrapping_add(index * 4), field)?;
    }
    Ok(0)
}

/// `getdents64(fd, buffer, size)`.
pub fn getdents(call: &mut Call) -> CallResult {
    let (fd, at, size) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let DescriptorKind::Folder(dir, position) = &open.kind else { return Err(Errno::NOTDIR.into()) };
    let first = position.load(std::sync::atomic::Ordering::Relaxed);
    let (upstream, mut bytes, mut next) = (call.upstream, Vec::new(), first);
    let record = layout::dirent(upstream, 0, 0, 0, "").len();
    let fits = size as usize / record;
    if fits == 0 {
        return Err(Errno::INVAL.into());
    }
    for (ino, kind, name) in sorted_entries(dir)?.into_iter().skip(first).take(fits) {
        next += 1;
        bytes.extend(layout::dirent(upstream, ino, next as u32, kind, &name));
    }
    if !bytes.is_empty() {
        call.guest.write(at, &bytes)?;
    }
    position.store(next, std::sync::atomic::Ordering::Relaxed);
    Ok(bytes.len() as i64)
}

/// Inode, type and name of every entry of a directory, sorted, so that a guest that reads it in parts misses nothing.
fn sorted_entries(dir: &Dir) -> Result<Vec<(u64, u8, String)>, CallError> {
    const FOLDER: u8 = 4;
    const FILE: u8 = 8;
    const LINK: u8 = 10;
    let mut entries = vec![(1, FOLDER, ".".to_owned()), (1, FOLDER, "..".to_owned())];
    for entry in dir.entries()? {
        let entry = entry?;
        let ty = entry.file_type()?;
        let kind = match (ty.is_dir(), ty.is_symlink(), ty.is_file()) {
            (true, ..) => FOLDER,
            (_, true, _) => LINK,
            (.., true) => FILE,
            _ => 0,
        };
        entries.push((entry_ino(&entry), kind, entry.file_name().to_string_lossy().into_owned()));
    }
    entries[2..].sort_by(|a, b| a.2.cmp(&b.2));
    Ok(entries)
}

fn entry_ino(entry: &cap_std::fs::DirEntry) -> u64 {
    // Some file systems have no inode numbers here.
    entry.metadata().map_or(0, |m| m.ino())
}
