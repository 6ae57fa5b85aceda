//! Active segments that do not fit into the memory or table that a module defines: it traps before anything runs.

use wasmlab_model::facts::{SegmentOutOfBounds, SegmentTarget};
use wasmparser::{Chunk, ConstExpr, DataKind, ElementItems, ElementKind, Operator, Parser, Payload, TypeRef};

/// The first active element segment and the first active data segment of a core module that end beyond their table or
/// memory, in the order of instantiation. Only those are found whose offset is constant and whose target is not imported.
pub fn out_of_bounds(bytes: &[u8]) -> Vec<SegmentOutOfBounds> {
    let mut reader = Reader::default();
    // What cannot be read has no segment that could be reported.
    let _ = read_all(bytes, &mut reader);
    reader.elements.into_iter().chain(reader.data).collect()
}

/// Reads the sections up to the data section; `None` if one of them cannot be read.
fn read_all(bytes: &[u8], reader: &mut Reader) -> Option<()> {
    let (mut parser, mut rest) = (Parser::new(0), bytes);
    loop {
        let Ok(Chunk::Parsed { payload, consumed }) = parser.parse(rest, true) else { return None };
        rest = rest.get(consumed..)?;
        match payload {
            // Nothing in the code matters, and it is most of the file.
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                rest = rest.get(size as usize..)?;
            }
            Payload::End(_) => return Some(()),
            payload => reader.read(payload),
        }
    }
}

#[derive(Default)]
struct Reader {
    /// The initial size of each memory, bytes; `None` for an imported one.
    memories: Vec<Option<u64>>,
    /// The initial size of each table, elements; `None` for an imported one.
    tables: Vec<Option<u64>>,
    /// The value of each constant integer global; `None` for any other.
    globals: Vec<Option<u64>>,
    /// The first element segment out of bounds.
    elements: Option<SegmentOutOfBounds>,
    /// The first data segment out of bounds.
    data: Option<SegmentOutOfBounds>,
}

impl Reader {
    fn read(&mut self, payload: Payload) {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports().flatten() {
                    match import.ty {
                        TypeRef::Memory(_) => self.memories.push(None),
                        TypeRef::Table(_) => self.tables.push(None),
                        TypeRef::Global(_) => self.globals.push(None),
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(memories) => {
                let page = |log2: u32| 1_u64.checked_shl(log2).unwrap_or(u64::MAX);
                let size = |memory: wasmparser::MemoryType| {
                    memory.initial.saturating_mul(page(memory.page_size_log2.unwrap_or(16)))
                };
                self.memories.extend(memories.into_iter().flatten().map(|memory| Some(size(memory))));
            }
            Payload::TableSection(tables) => {
                self.tables.extend(tables.into_iter().flatten().map(|table| Some(table.ty.initial)));
            }
            Payload::GlobalSection(globals) => {
                for global in globals.into_iter().flatten() {
                    let value = self.constant(&global.init_expr).filter(|_| !global.ty.mutable);
                    self.globals.push(value);
                }
            }
            Payload::ElementSection(elements) => {
                for (index, element) in elements.into_iter().flatten().enumerate() {
                    let ElementKind::Active { table_index, offset_expr } = element.kind else { continue };
                    let count = match element.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    };
                    let size = self.tables.get(table_index.unwrap_or(0) as usize).copied().flatten();
                    let end = || Some(self.constant(&offset_expr)?.saturating_add(count.into()));
                    self.elements = self.elements.or_else(|| out_of(SegmentTarget::Table, index, end()?, size?));
                }
            }
            Payload::DataSection(segments) => {
                for (index, segment) in segments.into_iter().flatten().enumerate() {
                    let DataKind::Active { memory_index, offset_expr } = segment.kind else { continue };
                    let size = self.memories.get(memory_index as usize).copied().flatten();
                    let length = segment.data.len() as u64;
                    let end = || Some(self.constant(&offset_expr)?.saturating_add(length));
                    self.data = self.data.or_else(|| out_of(SegmentTarget::Memory, index, end()?, size?));
                }
            }
            _ => {}
        }
    }

    /// The value of an integer expression of constants, constant globals and arithmetic.
    fn constant(&self, expression: &ConstExpr) -> Option<u64> {
        let mut stack = Vec::new();
        let mut operators = expression.get_operators_reader();
        loop {
            let value = match operators.read().ok()? {
                Operator::I32Const { value } => u64::from(value.cast_unsigned()),
                Operator::I64Const { value } => value.cast_unsigned(),
                Operator::GlobalGet { global_index } => (*self.globals.get(global_index as usize)?)?,
                Operator::I32Add => as_i32(binary(&mut stack, u64::wrapping_add)?),
                Operator::I32Sub => as_i32(binary(&mut stack, u64::wrapping_sub)?),
                Operator::I32Mul => as_i32(binary(&mut stack, u64::wrapping_mul)?),
                Operator::I64Add => binary(&mut stack, u64::wrapping_add)?,
                Operator::I64Sub => binary(&mut stack, u64::wrapping_sub)?,
                Operator::I64Mul => binary(&mut stack, u64::wrapping_mul)?,
                Operator::End => return stack.pop(),
                _ => return None,
            };
            stack.push(value);
        }
    }
}

fn binary(stack: &mut Vec<u64>, operation: fn(u64, u64) -> u64) -> Option<u64> {
    let (right, left) = (stack.pop()?, stack.pop()?);
    Some(operation(left, right))
}

/// The value modulo 2^32.
fn as_i32(value: u64) -> u64 {
    value & u64::from(u32::MAX)
}

/// The segment, if it ends beyond `size`.
fn out_of(target: SegmentTarget, index: usize, end: u64, size: u64) -> Option<SegmentOutOfBounds> {
    (end > size).then_some(SegmentOutOfBounds { target, index: index as u64, end, size })
}

#[cfg(test)]
mod tests {
    use super::out_of_bounds;
    use wasmlab_model::facts::SegmentTarget;

    const MEMORY: SegmentTarget = SegmentTarget::Memory;
    const TABLE: SegmentTarget = SegmentTarget::Table;

    fn check(fields: &str, expected: &[(SegmentTarget, u64, u64, u64)]) {
        let module = wat::parse_str(format!("(module {fields} (func $f (drop (i32.const 1))))")).unwrap();
        let found: Vec<_> = out_of_bounds(&module).iter().map(|of| (of.target, of.index, of.end, of.size)).collect();
        assert_eq!(found, expected, "{fields}");
    }

    #[test]
    fn only_a_constant_offset_into_a_defined_memory_is_out_of_bounds() {
        check(r#"(memory 1) (data (i32.const 65535) "x")"#, &[]);
        check(r#"(memory 1) (data (i32.const 65536) "")"#, &[]);
        check(r#"(memory 1) (data (i32.const 65536) "x")"#, &[(MEMORY, 0, 65537, 65536)]);
        let last = u64::from(u32::MAX) + 1;
        check(r#"(memory 1) (data "x") (data (i32.const -1) "x")"#, &[(MEMORY, 1, last, 65536)]);
        check(r#"(import "a" "m" (memory 1)) (data (i32.const 65536) "x")"#, &[]);
        let beyond = |end| [(MEMORY, 0, end, 65536)];
        check(r#"(memory 1) (global $g i32 (i32.const 65536)) (data (global.get $g) "x")"#, &beyond(65537));
        check(r#"(global $g (import "a" "g") i32) (memory 1) (data (global.get $g) "x")"#, &[]);
        check(r#"(memory 1) (data (i32.mul (i32.const 70000) (i32.const 3)) "x")"#, &beyond(210_001));
        check(r#"(memory 1) (data (i32.add (i32.const -1) (i32.const 2)) "x")"#, &[]);
        check(r#"(memory 1) (data (i32.sub (i32.const 1) (i32.const 2)) "x")"#, &beyond(1 << 32));
        check(r#"(memory 3 (pagesize 1)) (data (i32.const 2) "xx")"#, &[(MEMORY, 0, 4, 3)]);
        check(r#"(memory i64 0x1000000000000) (data (i64.const 70000) "x")"#, &[]);
        check(r#"(memory i64 1) (data (i64.const -1) "xx")"#, &[(MEMORY, 0, u64::MAX, 65536)]);
    }

    #[test]
    fn the_first_of_each_kind_is_recorded_elements_first() {
        let data = r#"(memory 1) (data (i32.const 65536) "x") (data (i32.const 65537) "x")"#;
        let both = &[(TABLE, 0, 3, 2), (MEMORY, 0, 65537, 65536)];
        check(&format!("(table 2 funcref) (elem (i32.const 1) $f $f) {data}"), both);
        check("(table 2 funcref) (elem (i32.const 0) $f $f)", &[]);
        check("(table 2 funcref) (elem declare func $f)", &[]);
    }
}
