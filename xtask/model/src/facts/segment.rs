//! Segments that do not fit into the memory or table that they initialize.

use serde::{Deserialize, Serialize};

use crate::text::counted;

/// An active segment with a constant offset that ends beyond the memory or table that the module defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SegmentOutOfBounds {
    /// What it initializes.
    pub target: SegmentTarget,
    /// Its number among the data segments or the element segments.
    pub index: u64,
    /// Where it ends: bytes of the memory, or elements of the table.
    pub end: u64,
    /// The initial size of the memory or table, in the same unit.
    pub size: u64,
}

/// What a segment initializes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SegmentTarget {
    /// A data segment.
    Memory,
    /// An element segment.
    Table,
}

impl std::fmt::Display for SegmentOutOfBounds {
    /// `data segment 0 ends at byte 70001, but the memory has 65536 bytes initially`.
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self { target, index, end, size } = self;
        let (segment, unit, of) = match target {
            SegmentTarget::Memory => ("data", "byte", "memory"),
            SegmentTarget::Table => ("element", "element", "table"),
        };
        write!(f, "{segment} segment {index} ends at {unit} {end}, but the {of} has {} initially", counted(*size, unit))
    }
}
