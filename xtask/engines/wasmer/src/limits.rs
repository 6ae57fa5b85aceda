//! Limits for memories and tables, applied when wasmer creates them.

use std::ptr::NonNull;

use wasmer::sys::vm::{VMMemory, VMMemoryDefinition, VMTable, VMTableDefinition};
use wasmer::sys::{BaseTunables, Tunables};
use wasmer::{MemoryError, MemoryStyle, MemoryType, Pages, TableStyle, TableType};
use wasmlab_protocol::MAX_TABLE_ELEMENTS;

/// wasmer's own tunables, with every maximum lowered to a limit.
pub(crate) struct Limited {
    base: BaseTunables,
    pages: Pages,
}

impl Limited {
    /// Tunables that keep memories from growing beyond `bytes`.
    pub(crate) fn new(bytes: u64) -> Self {
        let pages = u32::try_from(bytes / wasmer::WASM_PAGE_SIZE as u64).unwrap_or(u32::MAX);
        Self { base: BaseTunables::new(), pages: Pages(pages) }
    }

    fn memory(&self, ty: &MemoryType) -> Result<MemoryType, MemoryError> {
        if ty.minimum > self.pages {
            return Err(MemoryError::MinimumMemoryTooLarge { min_requested: ty.minimum, max_allowed: self.pages });
        }
        let maximum = ty.maximum.map_or(self.pages, |maximum| maximum.min(self.pages));
        Ok(MemoryType { maximum: Some(maximum), ..*ty })
    }

    fn table(ty: &TableType) -> Result<TableType, String> {
        let bound = u32::try_from(MAX_TABLE_ELEMENTS).unwrap_or(u32::MAX);
        if ty.minimum > bound {
            return Err(format!("the table's {} elements are more than the {bound} allowed", ty.minimum));
        }
        Ok(TableType { maximum: Some(ty.maximum.map_or(bound, |maximum| maximum.min(bound))), ..*ty })
    }
}

impl Tunables for Limited {
    fn memory_style(&self, memory: &MemoryType) -> MemoryStyle {
        // Based on the declared type: the code is compiled for it and cached for runs with any limit.
        self.base.memory_style(memory)
    }

    fn table_style(&self, table: &TableType) -> TableStyle {
        self.base.table_style(table)
    }

    fn create_host_memory(&self, ty: &MemoryType, style: &MemoryStyle) -> Result<VMMemory, MemoryError> {
        self.base.create_host_memory(&self.memory(ty)?, style)
    }

    unsafe fn create_vm_memory(
        &self,
        ty: &MemoryType,
        style: &MemoryStyle,
        at: NonNull<VMMemoryDefinition>,
    ) -> Result<VMMemory, MemoryError> {
        // SAFETY: the caller's guarantee about `at` is passed on.
        unsafe { self.base.create_vm_memory(&self.memory(ty)?, style, at) }
    }

    fn create_host_table(&self, ty: &TableType, style: &TableStyle) -> Result<VMTable, String> {
        self.base.create_host_table(&Self::table(ty)?, style)
    }

    unsafe fn create_vm_table(
        &self,
        ty: &TableType,
        style: &TableStyle,
        at: NonNull<VMTableDefinition>,
    ) -> Result<VMTable, String> {
        // SAFETY: the caller's guarantee about `at` is passed on.
        unsafe { self.base.create_vm_table(&Self::table(ty)?, style, at) }
    }
}
