//! Types as text, and the index spaces they are read from.

use wasmparser::{
    CompositeInnerType, FuncType, GlobalType, MemoryType, RecGroup, Result, SubType, TableType, TypeRef, ValType,
};

use std::cell::Cell;

use wasmlab_model::facts::Signature;

/// Maximum size of all import and export types as text, bytes. A module of 1 MB can refer to one long type a hundred
/// thousand times, which would be gigabytes; modules from toolchains stay far below.
const MAX_TEXT: usize = 64 << 20;

/// The text that was written out so far, against that limit.
#[derive(Debug, Default)]
pub struct TextBudget(Cell<usize>);

impl TextBudget {
    /// Cost of a string besides its text, bytes.
    const EACH: usize = 40;

    /// Counts strings, with this many bytes of text in all. Whether they may be written out.
    pub fn allows(&self, strings: usize, text: usize) -> bool {
        let total = self.0.get().saturating_add(strings * Self::EACH).saturating_add(text);
        self.0.set(total);
        total <= MAX_TEXT
    }
}

/// The index spaces of one core module, imports first.
#[derive(Debug, Default)]
pub struct IndexSpaces {
    /// Types, with recursion groups flattened.
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
    text: TextBudget,
}

impl IndexSpaces {
    /// Adds a recursion group.
    pub fn add_types(&mut self, group: Result<RecGroup>) -> Result<()> {
        self.types.extend(group?.into_types());
        Ok(())
    }

    /// Adds an import or a definition.
    pub fn add(&mut self, ty: &TypeRef) {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => self.functions.push(*index),
            TypeRef::Table(table) => self.tables.push(*table),
            TypeRef::Memory(memory) => self.memories.push(*memory),
            TypeRef::Global(global) => self.globals.push(*global),
            TypeRef::Tag(tag) => self.tags.push(tag.func_type_idx),
        }
    }

    /// The function type at a type index, if there is one: a malformed module may have another kind or none there.
    fn function(&self, index: u32) -> Option<&FuncType> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The signature at a type index; `None` if there is no function type, or if writing it out would exceed the limit
    /// on text.
    pub fn signature(&self, index: u32) -> Option<Signature> {
        let ty = self.function(index)?;
        if !self.text.allows(ty.params().len() + ty.results().len(), 0) {
            return None;
        }
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect();
        Some(Signature { params: names(ty.params()), results: names(ty.results()) })
    }

    /// A function type that is not written out.
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
