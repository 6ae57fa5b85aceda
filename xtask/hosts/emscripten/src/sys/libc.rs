//! Parts of libc that the glue of Emscripten 1.38 provides besides system calls.

use crate::Errno;
use crate::call::{Call, CallError, CallResult};

/// The address of a permanently allocated text.
pub fn text(call: &mut Call, text: &str) -> Result<u32, CallError> {
    let key = format!("text {text}");
    if let Some(at) = call.host().statics.get(&key) {
        return Ok(*at);
    }
    let at = call.allocate_text(text)?;
    call.host().statics.insert(key, at);
    Ok(at)
}

/// `getenv(name)`.
pub fn getenv(call: &mut Call) -> CallResult {
    let at = call.word()?;
    if at == 0 {
        return Ok(0);
    }
    let name = call.text(at)?;
    match call.host().env.get(&name).cloned() {
        Some(value) => Ok(text(call, &value)?.into()),
        None => Ok(0),
    }
}

/// `___buildEnvironment(environ)`: stores the address of the list of `NAME=value`, which ends with 0.
pub fn build_environment(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let entries: Vec<String> = call.host().env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let list = call.allocate(4 * (entries.len() as u32 + 1))?;
    for (index, entry) in (0..).zip(&entries) {
        let entry = text(call, entry)?;
        call.store(list + index * 4, entry)?;
    }
    call.store(at, list)?;
    Ok(0)
}

/// `___setErrNo(number)`: an error number of the guest.
pub fn set_errno(call: &mut Call) -> CallResult {
    let number = call.int()?;
    call.set_errno(Errno(number))?;
    Ok(number.into())
}

/// `getpagesize()`.
pub fn getpagesize(_: &mut Call) -> CallResult {
    Ok(super::memory::PAGE_SIZE.into())
}

/// `sysconf(name)`: numbers of musl's `unistd.h`.
pub fn sysconf(call: &mut Call) -> CallResult {
    Ok(match call.int()? {
        // _SC_OPEN_MAX.
        4 => crate::descriptors::MAX_DESCRIPTORS as i64,
        // _SC_PAGESIZE.
        30 => super::memory::PAGE_SIZE.into(),
        // _SC_NPROCESSORS_CONF, _SC_NPROCESSORS_ONLN.
        83 | 84 => 1,
        // _SC_PHYS_PAGES.
        85 => call.guest.size() as i64 / i64::from(super::memory::PAGE_SIZE),
        _ => return Err(Errno::INVAL.into()),
    })
}
