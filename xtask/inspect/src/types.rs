//! Types as text, and the index spaces that they come from.

use wasmparser::{
    CompositeInnerType, FuncType, GlobalType, MemoryType, RecGroup, Result, SubType, TableType, TypeRef, ValType,
};

use wasmlab_model::facts::Signature;

/// The index spaces of one core module, imports first.
#[derive(Debug, Default)]
pub struct Spaces {
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
}

impl Spaces {
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

    /// The signature of a function by its type index.
    pub fn signature(&self, index: u32) -> Option<Signature> {
        let ty = self.function(index)?;
        let names = |types: &[ValType]| types.iter().map(ToString::to_string).collect();
        Some(Signature { params: names(ty.params()), results: names(ty.results()) })
    }

    /// An import's or export's type as text; see [`wasmlab_model::facts::Import::ty`].
    pub fn text(&self, ty: &TypeRef) -> String {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => match self.signature(*index) {
                Some(s) => format!("func ({}) -> ({})", s.params.join(", "), s.results.join(", ")),
                None => format!("func of type {index}"),
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
