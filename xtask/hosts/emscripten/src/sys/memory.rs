//! Memory: heap growth, mappings, copies.

use std::os::unix::fs::FileExt;

use crate::call::{Call, CallResult};
use crate::descriptors::DescriptorKind;
use crate::{Errno, Termination};

/// Page size of WebAssembly.
const WASM_PAGE: u64 = 1 << 16;
/// `PAGE_SIZE` of Emscripten 1.38's runtime.
pub const PAGE_SIZE: u32 = 16_384;

/// Maximum number of mappings, Linux's default.
const MAX_MAPPINGS: usize = 65_530;

/// `enlargeMemory()` of the fastcomp ABI: the end of the heap, at `DYNAMICTOP_PTR`, is beyond the memory.
pub fn enlarge(call: &mut Call) -> CallResult {
    let at = call.host().dynamic_top;
    let heap_end = u64::from(call.load(at)?);
    let size = call.guest.size();
    if heap_end <= size {
        return Ok(1);
    }
    let pages = (heap_end - size).div_ceil(WASM_PAGE);
    Ok(u32::try_from(pages).is_ok_and(|pages| call.guest.grow(pages)).into())
}

/// `getTotalMemory()`.
pub fn total(call: &mut Call) -> CallResult {
    Ok(call.guest.size() as i64)
}

/// `abortOnCannotGrowMemory()`: instead of aborting, `sbrk` fails and `malloc` returns 0, as in C.
pub fn cannot_grow(_: &mut Call) -> CallResult {
    Ok(0)
}

/// 3.x: `emscripten_resize_heap(size)`.
pub fn resize_heap(call: &mut Call) -> CallResult {
    let requested = u64::from(call.word()?);
    let size = call.guest.size();
    let pages = requested.saturating_sub(size).div_ceil(WASM_PAGE);
    Ok(u32::try_from(pages).is_ok_and(|pages| call.guest.grow(pages)).into())
}

/// `emscripten_memcpy_big(to, from, size)`.
pub fn memcpy(call: &mut Call) -> CallResult {
    let (to, from, size) = (call.word()?, call.word()?, call.word()?);
    let outside =
        || Termination::Abort(format!("copies {size} bytes from {from} to {to}, at least partly outside its memory"));
    if call.check(to, size).and_then(|()| call.check(from, size)).is_err() {
        return Err(outside().into());
    }
    let from = from as usize;
    call.guest.memory_mut().copy_within(from..from + size as usize, to as usize);
    Ok(to.into())
}

/// `mmap2(address, size, protection, flags, fd, pages)`: anonymous memory, or a copy of a file.
pub fn mmap(call: &mut Call) -> CallResult {
    let (_, size, protection, flags, fd, offset) =
        (call.word()?, call.word()?, call.int()?, call.int()?, call.int()?, call.word()?);
    // Each one is recorded until the guest unmaps it.
    if call.host().mapped.len() >= MAX_MAPPINGS {
        return Err(Errno::NOMEM.into());
    }
    let anonymous = flags & 0x20 != 0;
    let shared_write = flags & 1 != 0 && protection & 2 != 0;
    if size == 0 {
        return Err(Errno::INVAL.into());
    }
    if u64::from(size) > call.guest.size() {
        return Err(Errno::NOMEM.into());
    }
    let file = if anonymous { None } else { Some(call.host().descriptors.get(fd)?) };
    if file.as_ref().is_some_and(|open| shared_write || !matches!(open.kind, DescriptorKind::File(_))) {
        // Writes to the mapping would have to reach the file.
        return Err(Errno::NODEV.into());
    }
    let at = call.guest.call("_memalign", &[PAGE_SIZE as i32, size as i32])?.unwrap_or_default() as u32;
    if at == 0 {
        return Err(Errno::NOMEM.into());
    }
    let mut rest = call.slice_mut(at, size)?;
    rest.fill(0);
    if let Some(open) = file {
        let DescriptorKind::File(file) = &open.kind else { return Err(Errno::NODEV.into()) };
        let mut offset = u64::from(offset) * 4096;
        while !rest.is_empty() {
            let len = file.read_at(rest, offset)?;
            if len == 0 {
                break;
            }
            offset += len as u64;
            rest = &mut rest[len..];
        }
    }
    call.host().mapped.insert(at, size);
    Ok(at.into())
}

/// `munmap(address, size)`: only complete mappings.
pub fn munmap(call: &mut Call) -> CallResult {
    let (at, size) = (call.word()?, call.word()?);
    if call.host().mapped.get(&at) != Some(&size) {
        return Err(Errno::INVAL.into());
    }
    call.host().mapped.remove(&at);
    call.guest.call("_free", &[at as i32])?;
    Ok(0)
}

/// `llvm.stacksave`.
pub fn stacksave(call: &mut Call) -> CallResult {
    let stack = call.guest.call("stackSave", &[])?.unwrap_or_default();
    let stacks = &mut call.host().stacks;
    if stacks.len() >= 1 << 16 {
        return Err(
            Termination::Abort("keeps more than 65,536 saved stack pointers, the host's limit".to_owned()).into()
        );
    }
    stacks.push(stack);
    Ok(stacks.len() as i64 - 1)
}

/// `llvm.stackrestore(number)`.
pub fn stackrestore(call: &mut Call) -> CallResult {
    let number = call.word()? as usize;
    let Some(stack) = call.host().stacks.get(number).copied() else {
        return Err(Termination::Abort("restores a stack pointer that it never saved".to_owned()).into());
    };
    call.host().stacks.truncate(number);
    call.guest.call("stackRestore", &[stack])?;
    Ok(0)
}
