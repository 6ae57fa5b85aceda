//! Users and groups: one of each, without privileges.

use crate::Errno;
use crate::call::{Call, CallResult};

/// The id of both.
pub const ID: u32 = 1000;
/// The name of both.
const NAME: &str = "wasm";

/// `getuid32` and similar calls.
pub fn id(_: &mut Call) -> CallResult {
    Ok(ID.into())
}

/// `setuid32` and similar calls: only to itself.
pub fn set_id(call: &mut Call) -> CallResult {
    if call.word()? == ID { Ok(0) } else { Err(Errno::PERM.into()) }
}

/// `setgroups(count, groups)`.
pub fn setgroups(_: &mut Call) -> CallResult {
    Err(Errno::PERM.into())
}

/// `getpwnam(name)`: `pw_name` 0, `pw_passwd` 4, `pw_uid` 8, `pw_gid` 12, `pw_gecos` 16, `pw_dir` 20, `pw_shell` 24.
pub fn getpwnam(call: &mut Call) -> CallResult {
    let name = call.path()?;
    if name != NAME {
        return Ok(0);
    }
    if let Some(at) = call.host().statics.get("passwd") {
        return Ok((*at).into());
    }
    let (name, none, root) =
        (super::libc::text(call, NAME)?, super::libc::text(call, "")?, super::libc::text(call, "/")?);
    let at = call.allocate(28)?;
    for (offset, word) in [(0, name), (4, none), (8, ID), (12, ID), (16, none), (20, root), (24, none)] {
        call.store(at + offset, word)?;
    }
    call.host().statics.insert("passwd".to_owned(), at);
    Ok(at.into())
}

/// `getgrnam(name)`: `gr_name` 0, `gr_passwd` 4, `gr_gid` 8, `gr_mem` 12, here an empty list.
pub fn getgrnam(call: &mut Call) -> CallResult {
    let name = call.path()?;
    if name != NAME {
        return Ok(0);
    }
    if let Some(at) = call.host().statics.get("group") {
        return Ok((*at).into());
    }
    let (name, none) = (super::libc::text(call, NAME)?, super::libc::text(call, "")?);
    let at = call.allocate(20)?;
    for (offset, word) in [(0, name), (4, none), (8, ID), (12, at + 16)] {
        call.store(at + offset, word)?;
    }
    call.host().statics.insert("group".to_owned(), at);
    Ok(at.into())
}

/// `getgrent()`: always at the end of the list.
pub fn getgrent(_: &mut Call) -> CallResult {
    Ok(0)
}
