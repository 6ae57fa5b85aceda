//! Types as text, and the index spaces that they come from.

use wasmparser::{
    CompositeInnerType, FuncType, GlobalType, MemoryType, RecGroup, Result, SubType, TableType, TypeRef, ValType,
};

use std::cell::Cell;

use wasmlab_model::facts::Signature;

/// Bytes that the types of imports and exports may take as text. A module of a megabyte can name one long type a
/// hundred thousand times, which would be gigabytes; one that a toolchain made stays far below.
const MAX_TEXT: usize = 64 << 20;

/// The index spaces of one core module, imports first.
#[derive(Debug, Default)]
pub struct IndexSpaces {
    /// Types, recursion groups laid flat.
    pub types: Vec<SubType>,
    /// Type index of each function.
    pub functions: Vec<u32>,
    /// Tables.
    pub tables: Vec<TableType>,
    /// Memories.
    pub memories: Vec<MemoryType>,
    /// Globals.
    pub globals: Vec<GlobalType>,
    /// Type index of each tag.
    pub tags: Vec<u32>,
    /// Bytes of types as text so far.
    text: Cell<usize>,
}

impl IndexSpaces {
    /// Adds a group of types.
    pub fn add_types(&mut self, group: Result<RecGroup>) -> Result<()> {
        self.types.extend(group?.into_types());
        Ok(())
    }

    /// Adds what an import or definition brings.
    pub fn add(&mut self, ty: &TypeRef) {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => self.functions.push(*index),
            TypeRef::Table(table) => self.tables.push(*table),
            TypeRef::Memory(memory) => self.memories.push(*memory),
            TypeRef::Global(global) => self.globals.push(*global),
            TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
        }
    }

    /// The function type at a type index; a malformed module may have none there.
    fn function(&self, index: u32) -> Option<&FuncType> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The signature of a function by its type index; none where there is no such type, or where the binary has named
    /// so many and so long ones that this one is not to be written out.
    pub fn signature(&self, index: u32) -> Option<Signature> {
        /// What a type's name takes as text and as a string of its own.
        const EACH: usize = 40;
        let ty = self.function(index)?;
        let text = self.text.get().saturating_add((ty.params().len() + ty.results().len()) * EACH);
        self.text.set(text);
        if text > MAX_TEXT {
            return None;
        }
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect();
        Some(Signature { params: names(ty.params()), results: names(ty.results()) })
    }

    /// A function's type that is not written out.
    fn short(&self, index: u32) -> String {
        match self.function(index) {
            Some(ty) => format!("func of {} parameters and {} results", ty.params().len(), ty.results().len()),
            None => format!("func of type {index}"),
        }
    }

    /// An import's or export's type as text; see [`wasmlab_model::facts::Import::ty`].
    pub fn text(&self, ty: &TypeRef) -> String {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => match self.signature(*index) {
                Some(s) => format!("func ({}) -> ({})", s.params.join(", "), s.results.join(", ")),
                None => self.short(*index),
            },
            TypeRef::Table(t) => {
                format!("table {}{} {}", flag(t.table64, "i64 "), range(t.initial, t.maximum), t.element_type)
            }
            TypeRef::Memory(m) => {
                let page = m
                    .page_size_log2
                    .map(|p| format!(" pagesize {}", 1u64.checked_shl(p).unwrap_or(0)))
                    .unwrap_or_default();
                format!(
                    "memory {}{}{}{page}",
                    flag(m.memory64, "i64 "),
                    range(m.initial, m.maximum),
                    flag(m.shared, " shared")
                )
            }
            TypeRef::Global(g) => {
                format!("global {}{}{}", g.content_type, flag(g.mutable, " mut"), flag(g.shared, " shared"))
            }
            TypeRef::Tag(tag) => match self.signature(tag.func_type_idx) {
                Some(s) => format!("tag ({})", s.params.join(", ")),
                None => format!("tag of type {}", tag.func_type_idx),
            },
        }
    }
}

fn flag(on: bool, text: &'static str) -> &'static str {
    if on { text } else { "" }
}

fn range(initial: u64, maximum: Option<u64>) -> String {
    format!("{initial}..{}", maximum.map(|m| m.to_string()).unwrap_or_default())
}
