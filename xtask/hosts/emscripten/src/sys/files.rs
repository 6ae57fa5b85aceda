//! Opens files and returns information about them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use cap_std::fs::{Dir, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{FileType, OFlags, Stat as HostStat};

use super::paths::{Device, ResolvedPath};
use crate::Errno;
use crate::call::{Answer, Call, Fault};
use crate::descriptors::{Kind, Open};
use crate::layout::{self, Moment, Stat};

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
pub fn open(call: &mut Call) -> Answer {
    let place = call.resolve_path()?;
    opened(call, place)
}

/// `openat(dir, path, flags, mode)`.
pub fn openat(call: &mut Call) -> Answer {
    let place = call.resolve_path_at()?;
    opened(call, place)
}

fn opened(call: &mut Call, place: ResolvedPath) -> Answer {
    let flags = call.int()?;
    let mode = if flags & flag::CREATE == 0 {
        0
    } else if call.new {
        // 3.x passes the address of the variable arguments.
        let at = call.word()?;
        call.load(at)?
    } else {
        call.word()?
    };
    call.host().descriptors.room()?;
    let mode = mode & !call.host().umask & 0o777;
    let kind = match place {
        ResolvedPath::Device(device) => device_kind(device),
        ResolvedPath::Below(dir, path) => open_below(&dir, &path, flags, mode)?,
    };
    let mut open = Open { flags: flags & (flag::ACCESS | flag::APPEND), ..Open::new(kind) };
    *open.nonblocking.get_mut() = flags & flag::NONBLOCK != 0;
    Ok(call.host().descriptors.add(Arc::new(open), 0)?.into())
}

fn device_kind(device: Device) -> Kind {
    match device {
        Device::Null => Kind::Null,
        Device::Random => Kind::Random,
        Device::Standard(n) => Kind::Standard(n),
    }
}

fn open_below(dir: &Dir, path: &str, flags: i32, mode: u32) -> Result<Kind, Fault> {
    // The common case for servers: open an existing file for reading.
    if flags & (flag::ACCESS | flag::CREATE | flag::TRUNCATE | flag::DIRECTORY | flag::NOFOLLOW) == 0 {
        return open_to_read(dir, path);
    }
    let access = flags & flag::ACCESS;
    let writes = access == 1 || access == 2;
    let makes = flags & flag::CREATE != 0;
    let follow = flags & flag::NOFOLLOW == 0;
    let meta = if follow { dir.metadata(path) } else { dir.symlink_metadata(path) };
    if let Ok(meta) = &meta {
        if meta.is_symlink() {
            return Err(Errno::LOOP.into());
        }
        if meta.is_dir() {
            return match (writes || flags & flag::TRUNCATE != 0, makes && flags & flag::EXCLUSIVE != 0) {
                (_, true) => Err(Errno::EXIST.into()),
                (true, _) => Err(Errno::ISDIR.into()),
                _ => Ok(Kind::Folder(Arc::new(dir.open_dir(path)?), AtomicUsize::new(0))),
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
    if makes && !writes {
        // Linux can create a file and open it for reading only; here these are two steps.
        let mut making = OpenOptions::new();
        making.write(true).mode(mode);
        if flags & flag::EXCLUSIVE != 0 {
            making.create_new(true)
        } else {
            making.create(true)
        };
        drop(dir.open_with(path, &making)?);
    } else if makes {
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
    Ok(Kind::File(file))
}

/// Opens an existing file, then checks its type: half the system calls of checking first.
fn open_to_read(dir: &Dir, path: &str) -> Result<Kind, Fault> {
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
        FileType::RegularFile => Ok(Kind::File(file)),
        FileType::Directory => Ok(Kind::Folder(Arc::new(Dir::from_std_file(file)), AtomicUsize::new(0))),
        _ => Err(Errno::ACCES.into()),
    }
}

/// `stat64(path, buffer)`.
pub fn stat(call: &mut Call) -> Answer {
    let place = call.resolve_path()?;
    place_stat(call, place, true)
}

/// `lstat64(path, buffer)`.
pub fn lstat(call: &mut Call) -> Answer {
    let place = call.resolve_path()?;
    place_stat(call, place, false)
}

/// `fstatat64(dir, path, buffer, flags)`.
pub fn fstatat(call: &mut Call) -> Answer {
    const SYMLINK_NOFOLLOW: i32 = 0x100;
    let place = call.resolve_path_at()?;
    let at = call.word()?;
    let follow = call.int()? & SYMLINK_NOFOLLOW == 0;
    let stat = stat_of(place, follow)?;
    put_stat(call, at, &stat)
}

/// `fstat64(fd, buffer)`.
pub fn fstat(call: &mut Call) -> Answer {
    let (fd, at) = (call.int()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let stat = match (&open.kind, open.fd()) {
        // What the host's streams are, or when they were used, is hidden from the guest.
        (Kind::Standard(n), _) => device_stat(Device::Standard(*n)),
        (Kind::Random | Kind::Null, _) | (_, None) => device_stat(Device::Null),
        (_, Some(fd)) => from_host(&rustix::fs::fstat(fd)?),
    };
    put_stat(call, at, &stat)
}

fn place_stat(call: &mut Call, place: ResolvedPath, follow: bool) -> Answer {
    let at = call.word()?;
    let stat = stat_of(place, follow)?;
    put_stat(call, at, &stat)
}

fn stat_of(place: ResolvedPath, follow: bool) -> Result<Stat, Fault> {
    let (dir, path) = match place {
        ResolvedPath::Device(device) => return Ok(device_stat(device)),
        ResolvedPath::Below(dir, path) => (dir, path),
    };
    let meta = if follow { dir.metadata(path)? } else { dir.symlink_metadata(path)? };
    let moment = |seconds: i64, nanos: i64| Moment { seconds, nanos: nanos as u32 };
    Ok(Stat {
        dev: meta.dev(),
        ino: meta.ino(),
        mode: meta.mode(),
        nlink: meta.nlink() as u32,
        size: meta.len(),
        blocks: meta.blocks(),
        times: [
            moment(meta.atime(), meta.atime_nsec()),
            moment(meta.mtime(), meta.mtime_nsec()),
            moment(meta.ctime(), meta.ctime_nsec()),
        ],
    })
}

fn put_stat(call: &mut Call, at: u32, stat: &Stat) -> Answer {
    let bytes = if call.new { stat.wide() } else { stat.narrow()? };
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
    let moment = |seconds: i64, nanos: i64| Moment { seconds, nanos: nanos as u32 };
    Stat {
        dev: stat.st_dev,
        ino: stat.st_ino,
        mode: stat.st_mode,
        nlink: stat.st_nlink as u32,
        size: stat.st_size as u64,
        blocks: stat.st_blocks as u64,
        times: [
            moment(stat.st_atime, stat.st_atime_nsec as i64),
            moment(stat.st_mtime, stat.st_mtime_nsec as i64),
            moment(stat.st_ctime, stat.st_ctime_nsec as i64),
        ],
    }
}

/// `statfs64(path, size, buffer)`: reports a made-up disk, not this machine's.
pub fn statfs(call: &mut Call) -> Answer {
    let place = call.resolve_path()?;
    let (size, at) = (call.word()?, call.word()?);
    stat_of(place, true)?;
    if size != 64 {
        return Err(Errno::INVAL.into());
    }
    // f_type 0, f_bsize 4, f_blocks 8, f_bfree 12, f_bavail 16, f_files 20, f_ffree 24, f_fsid 28, f_namelen 36.
    let words = [0, 4096, 1_000_000, 500_000, 500_000, 100_000, 50_000, 0, 0, 255, 4096];
    for (index, word) in (0..).zip(words) {
        call.store(at.wrapping_add(index * 4), word)?;
    }
    Ok(0)
}

/// `getdents64(fd, buffer, size)`.
pub fn getdents(call: &mut Call) -> Answer {
    let (fd, at, size) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let Kind::Folder(dir, done) = &open.kind else { return Err(Errno::NOTDIR.into()) };
    let first = done.load(std::sync::atomic::Ordering::Relaxed);
    let (new, mut bytes, mut next) = (call.new, Vec::new(), first);
    let record = layout::dirent(new, 0, 0, 0, "").len();
    let fits = size as usize / record;
    if fits == 0 {
        return Err(Errno::INVAL.into());
    }
    for (ino, kind, name) in listed(dir)?.into_iter().skip(first).take(fits) {
        next += 1;
        bytes.extend(layout::dirent(new, ino, next as u32, kind, &name));
    }
    if !bytes.is_empty() {
        call.guest.write(at, &bytes)?;
    }
    done.store(next, std::sync::atomic::Ordering::Relaxed);
    Ok(bytes.len() as i64)
}

/// Inode, type and name of every entry of a directory, sorted, so that a guest that reads it in parts misses nothing.
fn listed(dir: &Dir) -> Result<Vec<(u64, u8, String)>, Fault> {
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
