//! The memory layout of a guest of the fastcomp ABI.
//!
//! It was determined by the JavaScript glue, with numbers that are in the glue but not in the module: static data from
//! 1024, then the stack, which grows upwards, then the heap. The module tells where its initialized data ends, but not
//! how much zero-initialized data follows, for which a generous amount is reserved.

use crate::Guest;

/// Start of static data, always the same.
const STATIC_BASE: u32 = 1024;
/// Space reserved for zero-initialized data.
const ZERO_DATA: u32 = 1 << 20;
/// `TOTAL_STACK` of Emscripten.
const STACK: u32 = 5 << 20;

/// The value of an imported global.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GlobalValue {
    /// An `i32`.
    I32(i32),
    /// An `f64`.
    F64(f64),
}

/// The memory layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryMap {
    /// Eight bytes used to pass doubles.
    pub temp_double: u32,
    /// Where the end of the heap is stored.
    pub dynamic_top: u32,
    /// Start of the stack.
    pub stack: u32,
    /// End of the stack.
    pub stack_max: u32,
    /// Start of the heap.
    pub heap: u32,
}

impl MemoryMap {
    /// The layout for a module whose data ends at `data_end`.
    #[must_use]
    pub fn new(data_end: u32) -> Self {
        let aligned = |at: u32| at.saturating_add(15) & !15;
        let temp_double = aligned(data_end.max(STATIC_BASE).saturating_add(ZERO_DATA));
        let dynamic_top = temp_double.saturating_add(16);
        let stack = aligned(dynamic_top.saturating_add(4));
        let stack_max = stack.saturating_add(STACK);
        Self { temp_double, dynamic_top, stack, stack_max, heap: aligned(stack_max) }
    }

    /// Initializes the memory before the guest runs.
    ///
    /// # Errors
    /// If the memory is too small.
    pub fn prepare(&self, guest: &mut dyn Guest) -> Result<(), String> {
        let size = guest.size();
        if u64::from(self.heap) > size {
            return Err(format!("the guest's memory of {size} bytes is too small: its heap begins at {}", self.heap));
        }
        guest.host().dynamic_top = self.dynamic_top;
        let written = guest.write(self.dynamic_top, &self.heap.to_le_bytes());
        written.map_err(|_| "the guest's memory cannot be written".to_owned())
    }
}

/// Where the static data of a module ends; 0 if it has none or cannot be parsed.
#[must_use]
pub fn data_end(module: &[u8]) -> u32 {
    const DATA: u8 = 11;
    let mut rest = module.get(8..).unwrap_or_default();
    while let Some((id, after)) = rest.split_first() {
        let Some((size, body)) = leb(after) else { break };
        let Some((section, next)) = body.split_at_checked(size as usize) else { break };
        if *id == DATA {
            return segments_end(section).unwrap_or_default();
        }
        rest = next;
    }
    0
}

/// The highest end of any active segment.
fn segments_end(section: &[u8]) -> Option<u32> {
    const I32_CONST: u8 = 0x41;
    let (count, mut rest) = leb(section)?;
    let mut end = 0;
    for _ in 0..count {
        let (flags, after) = leb(rest)?;
        let (start, after) = match (flags, after.split_first()?) {
            (0, (&I32_CONST, offset)) => {
                let (start, after) = leb(offset)?;
                (start, after.get(1..)?)
            }
            // An offset relative to the imported base.
            (0, (_, index)) => (STATIC_BASE, leb(index)?.1.get(1..)?),
            (1, _) => (0, after),
            _ => return None,
        };
        let (size, bytes) = leb(after)?;
        end = end.max(start.checked_add(size)?);
        rest = bytes.get(size as usize..)?;
    }
    Some(end)
}

/// Parses an LEB128 number of up to 32 bits; returns it and the rest. Signed numbers are never negative here.
fn leb(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut end = 0;
    let value = leb128fmt::decode_uint_slice::<u32, 32>(bytes, &mut end).ok()?;
    Some((value, bytes.get(end..)?))
}

/// The value of the imported global `module`.`name`; `None` if the fastcomp ABI does not have it.
#[must_use]
pub fn global(module: &str, name: &str, map: &MemoryMap) -> Option<GlobalValue> {
    let word = |value: u32| Some(GlobalValue::I32(value as i32));
    match (module, name) {
        ("global", "NaN") => Some(GlobalValue::F64(f64::NAN)),
        ("global", "Infinity") => Some(GlobalValue::F64(f64::INFINITY)),
        ("env", "memoryBase" | "__memory_base") => word(STATIC_BASE),
        ("env", "tableBase" | "__table_base" | "ABORT") => word(0),
        ("env", "tempDoublePtr") => word(map.temp_double),
        ("env", "DYNAMICTOP_PTR") => word(map.dynamic_top),
        ("env", "STACKTOP") => word(map.stack),
        ("env", "STACK_MAX") => word(map.stack_max),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_end_is_read_from_the_module() {
        let module =
            |section: &[u8]| [b"\0asm\x01\0\0\0\x01\x01\0\x0b", [section.len() as u8].as_slice(), section].concat();
        // (data (i32.const 1024) "abc") (data (i32.const 16) "d")
        let two = module(&[2, 0, 0x41, 0x80, 8, 0x0b, 3, b'a', b'b', b'c', 0, 0x41, 16, 0x0b, 1, b'd']);
        assert_eq!(data_end(&two), 1027);
        assert_eq!(data_end(&module(&[1, 0, 0x23, 0, 0x0b, 2, 0, 0])), STATIC_BASE + 2);
        for cut in 0..two.len() {
            assert!(data_end(&two[..cut]) <= 1027);
        }
        assert_eq!(data_end(b""), 0);
    }

    #[test]
    fn regions_do_not_overlap() {
        for data_end in [0, 104_996, 200_001, u32::MAX] {
            let map = MemoryMap::new(data_end);
            assert!(map.temp_double >= data_end.min(u32::MAX - 15) && map.temp_double.is_multiple_of(16));
            assert!(
                map.temp_double <= map.dynamic_top
                    && map.stack <= map.stack_max
                    && map.stack_max & !15 <= map.heap | 15
            );
        }
        let map = MemoryMap::new(104_996);
        assert!(map.dynamic_top >= map.temp_double + 8 && map.stack >= map.dynamic_top + 4);
        assert_eq!(global("env", "STACKTOP", &map), Some(GlobalValue::I32(map.stack as i32)));
        assert_eq!(global("env", "nothing", &map), None);
    }
}
