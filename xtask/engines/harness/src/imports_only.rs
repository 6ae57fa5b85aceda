//! A module's imports without the rest of it, so that an engine can link before it compiles.
//!
//! Compiling a large module takes many seconds, which are wasted if one of its imports has no definition.

use wasmlab_protocol::{Cause, Stage};

use crate::{CompiledCode, EventLog};

/// Ends the cell of a large module that is valid and lacks an import, before the module is compiled. Does nothing if
/// its code is cached.
///
/// `link` gets a module with the same imports and nothing else, and returns the cause if one has no definition;
/// `is_valid` tells whether the whole module is valid.
///
/// # Errors
/// The cause that `link` returned.
pub fn try_imports_only(
    log: &EventLog,
    module: &[u8],
    cache: Option<&CompiledCode>,
    link: impl FnOnce(&[u8]) -> Result<(), Cause>,
    is_valid: impl FnOnce() -> bool,
) -> Result<(), Cause> {
    let Some(imports) = imports_only(module) else { return Ok(()) };
    if cache.is_some_and(CompiledCode::exists) {
        return Ok(());
    }
    let Err(cause) = link(&imports) else { return Ok(()) };
    // Other errors in the module come first: the compile stage reports them.
    if !is_valid() {
        return Ok(());
    }
    log.stage(Stage::Validate);
    log.stage(Stage::Link);
    Err(cause)
}

/// Size of the smallest module that is linked first, bytes: smaller ones compile quickly anyway.
const LARGE: usize = 1 << 20;

/// A module with the types and imports of `module` and nothing else. `None` for a small module, a component, and a file
/// whose sections cannot be read.
#[must_use]
pub fn imports_only(module: &[u8]) -> Option<Vec<u8>> {
    if module.len() < LARGE { None } else { types_and_imports(module) }
}

fn types_and_imports(module: &[u8]) -> Option<Vec<u8>> {
    const HEADER: &[u8] = b"\0asm\x01\0\0\0";
    const CUSTOM: u8 = 0;
    const TYPES: u8 = 1;
    const IMPORTS: u8 = 2;
    let mut rest = module.strip_prefix(HEADER)?;
    let mut copy = HEADER.to_vec();
    while let [id, after_id @ ..] = rest {
        let (size, body) = unsigned(after_id)?;
        let next = body.get(usize::try_from(size).ok()?..)?;
        match *id {
            TYPES | IMPORTS => copy.extend_from_slice(&rest[..rest.len() - next.len()]),
            CUSTOM => {}
            // Every other section follows these two.
            _ => break,
        }
        rest = next;
    }
    Some(copy)
}

/// A 32-bit number in LEB128, and the bytes after it.
fn unsigned(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut end = 0;
    let number = leb128fmt::decode_uint_slice::<u32, 32>(bytes, &mut end).ok()?;
    Some((number, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::{LARGE, imports_only, types_and_imports};

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";
    /// `(type (func))`, and `(import "a" "b" (func (type 0)))`, the latter with a longer encoding of its size.
    const TYPES: &[u8] = &[1, 4, 1, 0x60, 0, 0];
    const IMPORTS: &[u8] = &[2, 0x87, 0, 1, 1, b'a', 1, b'b', 0, 0];

    #[test]
    fn other_sections_are_removed() {
        let check = |sections: &[&[u8]], expected: Option<&[&[u8]]>| {
            let module = [HEADER, &sections.concat()].concat();
            let expected = expected.map(|sections| [HEADER, &sections.concat()].concat());
            assert_eq!(types_and_imports(&module), expected, "{sections:?}");
        };
        let (custom, memory): (&[u8], &[u8]) = (&[0, 2, 1, b'n'], &[5, 3, 1, 0, 1]);
        check(&[], Some(&[]));
        check(&[custom, TYPES, custom, IMPORTS, memory, custom], Some(&[TYPES, IMPORTS]));
        check(&[memory], Some(&[]));
        // Sections that end after the file, or whose size is incomplete.
        check(&[TYPES, &[2, 9, 1]], None);
        check(&[&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0]], None);
        assert_eq!(types_and_imports(b"\0asm\x0d\0\x01\0"), None);
    }

    #[test]
    fn small_modules_are_compiled_at_once() {
        assert_eq!(imports_only(HEADER), None);
        let large = [HEADER, TYPES, &[0, 0x80, 0x80, 0x40], &vec![0; LARGE]].concat();
        assert_eq!(imports_only(&large), Some([HEADER, TYPES].concat()));
    }
}
